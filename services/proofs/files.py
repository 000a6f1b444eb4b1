"""A shard's tree as files: tiles and the signed checkpoint as C2SP's tlog-tiles names them, and the rows beside them.

Rule 1: a file is written whole or not at all, and stays. A checkpoint is signed once all its tiles are safe, and shown once it
        is safe itself.
Rule 2: one process signs. If another one has signed here meanwhile, this one signs nothing more.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from services.proofs.notes import Checkpoint, NamedKey, read_checkpoint, signed_note
from services.proofs.rows import SEGMENT, Row, find_in
from services.proofs.shard import CHECKPOINT, ROWS
from services.proofs.tiles import WIDTH
from services.proofs.tree import HASH_BYTES
from shared.runtime.disk import Disk, write_together
from shared.runtime.log import Outgoing, SendFailed


class TreeFiles:
    """The files of one shard: where its tree is read, and the sink that it is written to."""

    def __init__(self, folder: Path, signer: NamedKey, private: bytes, disk: Disk) -> None:
        self._folder = folder
        self._signer = signer
        self._private = private
        self._disk = disk
        self.note = ""
        """The newest checkpoint that may be shown, none before there is one."""

    def load(self) -> Checkpoint | None:
        """Return the last checkpoint that was signed, made safe before it is shown. Raises BadNote, OSError."""
        if self._disk.exists(self._folder / CHECKPOINT):
            self._disk.sync(self._folder / CHECKPOINT)
            self._disk.sync_folder(self._folder)
        self.note = self._stored_note()
        return self.checkpoint()

    def checkpoint(self) -> Checkpoint | None:
        """Return what the newest checkpoint says. Raises BadNote."""
        return read_checkpoint(self.note, self._signer) if self.note else None

    def read(self, path: str) -> bytes | None:
        """Return a file, None if there is none."""
        whole = self._folder / path
        return self._disk.read(whole) if self._disk.exists(whole) else None

    def write(self, path: str, content: bytes) -> None:
        """Write a file, whole or not at all; it is safe once its folder is synced."""
        self._write({path: content})

    def find(self, who: bytes, upto: int) -> Iterator[Row]:
        """Yield the ballots below leaf `upto` whose key is that of `who`, by the full segments."""
        for number in range(upto // SEGMENT):
            content = self.read(f"{ROWS}/{number:06d}")
            if content is not None:
                yield from find_in(content, SEGMENT * number, who)

    async def send(self, items: Sequence[Outgoing]) -> None:
        """Write files, in a thread: the event loop does not wait for the disk. Raises SendFailed."""
        try:
            await asyncio.to_thread(self.publish, items)
        except OSError as fault:
            raise SendFailed(f"{self._folder}: {fault}") from fault

    async def stop(self) -> None:
        """Nothing is held."""

    def publish(self, items: Sequence[Outgoing]) -> None:
        """Write files; sign and show the checkpoint if there is one among them. Raises OSError, SendFailed."""
        files = {item.topic: item.value for item in items}
        text = files.pop(CHECKPOINT, None)
        self._write(files)
        for folder in self._folders(files):
            self._disk.sync_folder(folder)
        if text is not None:
            self._sign(text.decode())
        for path, content in files.items():
            if len(content) == WIDTH * HASH_BYTES and not path.startswith(ROWS):
                self._forget_partial(path)

    def _write(self, files: Mapping[str, bytes]) -> None:
        """Write files, each whole or not at all; they are safe once their folders are synced."""
        others = {self._folder / path: content for path, content in files.items()}
        for path in [path for path, content in others.items() if self._holds(path, content)]:
            self._disk.sync(path)
            del others[path]
        write_together(self._disk, others)

    def _holds(self, path: Path, content: bytes) -> bool:
        return self._disk.exists(path) and self._disk.read(path) == content

    def _sign(self, text: str) -> None:
        if self._stored_note() != self.note:
            raise SendFailed(f"{self._folder}: another process signs checkpoints here")
        note = signed_note(text, self._signer, self._private)
        self.write(CHECKPOINT, note.encode())
        self._disk.sync_folder(self._folder)
        self.note = note

    def _stored_note(self) -> str:
        return (self.read(CHECKPOINT) or b"").decode(errors="replace")

    def _folders(self, files: Iterable[str]) -> list[Path]:
        """Return the folders of files, from that of the shard on."""
        nearest = {path.rpartition("/")[0] for path in files}  # a folder has many files: look at each once
        below = {parent for path in nearest for parent in (Path(path), *Path(path).parents)}
        return sorted(self._folder / parent for parent in below)

    def _forget_partial(self, path: str) -> None:
        """Remove the partial tiles that a full one makes needless: their hashes are its first ones."""
        folder = self._folder / f"{path}.p"
        for name in self._disk.names(folder):
            self._disk.remove(folder / name)
