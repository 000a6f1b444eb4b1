"""A witness: follows a log's checkpoints, keeps what it has seen, and cosigns a checkpoint only if it takes nothing back.

It keeps every leaf's hash, 33 bytes a ballot, in the same files as the log, and works the signed root out by itself. So a log
that shows it something else than before is found, and two witnesses who were shown different logs find out by comparing their
folders: the first leaf that differs is named.

A cosignature is C2SP's cosignature/v1: Ed25519 over "cosignature/v1", the time, and the checkpoint's text.
"""

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from services.proofs.notes import DASH, Checkpoint, NamedKey, read_checkpoint
from services.proofs.tiles import (
    HEIGHT,
    WIDTH,
    BadTile,
    StoredTree,
    TileReader,
    check_tiles,
    tile_path,
    tree_at,
)
from services.proofs.tree import BadProof, check_consistency, consistency_proof
from shared.contract.signing import public_key, sign

CHECKPOINT: Final = "checkpoint"
_COSIGNATURE = b"\x04"
_TIME_BYTES = 8


class Fork(Exception):
    """A log that shows something else than it has signed before, and where."""


class Folder:
    """The files of one shard as a witness keeps them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, path: str) -> bytes | None:
        """Return a file, None if there is none."""
        try:
            return (self.path / path).read_bytes()
        except FileNotFoundError:
            return None

    def write(self, path: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        whole = self.path / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        beside = whole.with_name(f"{whole.name}.writing")
        beside.write_bytes(content)
        beside.replace(whole)


@dataclass(frozen=True)
class Cosigner:
    """A witness's name and private key."""

    name: str
    private: bytes

    @property
    def key_id(self) -> bytes:
        """Return the four bytes that stand before each of its cosignatures."""
        public = bytes.fromhex(public_key(self.private))
        return sha256(self.name.encode() + b"\n" + _COSIGNATURE + public).digest()[:4]

    def line(self, text: str, at_s: int) -> str:
        """Return the line that cosigns a checkpoint's text at a time, in seconds since 1970."""
        signature = bytes.fromhex(sign(self.private, _cosigned(text, at_s)))
        body = b64encode(self.key_id + at_s.to_bytes(_TIME_BYTES) + signature).decode()
        return f"{DASH} {self.name} {body}\n"


def see(
    folder: Folder, note: str, log: NamedKey, tiles: TileReader, cosigner: Cosigner, at_s: int
) -> Checkpoint:
    """Take a log's newest checkpoint, with its tiles; keep and cosign it. Raises Fork, BadNote, BadTile."""
    found, before = read_checkpoint(note, log), kept(folder, log)
    if found.origin != log.name:
        raise Fork(f"{log.name}: its checkpoint is of {found.origin}")
    if before is not None and found.size < before.size:
        raise Fork(f"{log.name}: {found.size} leaves, it had signed {before.size}")
    shown = _Shown(folder, tiles, 0 if before is None else before.size // WIDTH)
    try:
        _demand(shown, before, found)
    except BadProof as fault:
        raise Fork(f"{log.name}: {fault}{_where(folder, tiles, before, found)}") from fault
    for path, content in shown.new.items():
        folder.write(path, content)
    folder.write(CHECKPOINT, (note.rstrip("\n") + "\n" + cosigner.line(found.text(), at_s)).encode())
    return found


def _demand(shown: "_Shown", before: Checkpoint | None, found: Checkpoint) -> None:
    """Work a root out, and that it takes nothing back. Raises BadProof, BadTile."""
    check_tiles(shown, found.size, found.root, 0 if before is None else before.size)
    if before is not None:
        proof = consistency_proof(before.size, found.size, tree_at(shown, found.size).node)
        check_consistency(before.size, before.root, found.size, found.root, proof)


def kept(folder: Folder, log: NamedKey) -> Checkpoint | None:
    """Return the last checkpoint that a witness has kept, None if it has seen none. Raises BadNote."""
    note = folder.read(CHECKPOINT)
    return None if note is None else read_checkpoint(note.decode(), log)


def compare(one: Folder, other: Folder, log: NamedKey) -> int:
    """Return up to which leaf two witnesses were shown the same log. Raises Fork, BadNote, BadTile."""
    first, second = kept(one, log), kept(other, log)
    if first is None or second is None:
        return 0
    size = min(first.size, second.size)
    place = _first_other(tree_at(one, first.size), tree_at(other, second.size), size)
    if place is not None:
        raise Fork(
            f"{log.name}: leaf {place} is not the same in {one.path} ({first.size} leaves) and {other.path} "
            f"({second.size} leaves); both roots are signed by the log"
        )
    return size


class _Shown:
    """What a log shows: its tiles, but those that are full and kept already. What is new is collected."""

    def __init__(self, folder: Folder, tiles: TileReader, full: int) -> None:
        self.new: dict[str, bytes] = {}
        self._known = {tile_path(0, number) for number in range(full)}
        self._folder = folder
        self._tiles = tiles

    def read(self, path: str) -> bytes | None:
        found = (
            self._folder.read(path) if path in self._known else self.new.get(path) or self._tiles.read(path)
        )
        if found is not None and path not in self._known:
            self.new[path] = found
        return found


def _where(folder: Folder, tiles: TileReader, before: Checkpoint | None, found: Checkpoint) -> str:
    """Return the first leaf that is another one than was kept, in words."""
    if before is None:
        return ""
    try:
        place = _first_other(tree_at(folder, before.size), tree_at(tiles, found.size), before.size)
    except (BadTile, LookupError) as fault:
        return f" ({fault})"
    return "" if place is None else f"; leaf {place} is another one than it showed before"


def _first_other(one: StoredTree, other: StoredTree, size: int) -> int | None:
    for number in range(size // WIDTH):
        if one.node(HEIGHT, number) != other.node(HEIGHT, number):
            size = WIDTH * (number + 1)
            break
    else:
        number = size // WIDTH
    return next((at for at in range(WIDTH * number, size) if one.node(0, at) != other.node(0, at)), None)


def _cosigned(text: str, at_s: int) -> bytes:
    return f"cosignature/v1\ntime {at_s}\n{text}".encode()
