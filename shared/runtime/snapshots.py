"""Saved states of shards: a cache of the log, never the truth.

A file is the SHA-256 of all that follows, a line of JSON (format, version, position, digests of the last record and the first),
and the state. It is written under another name, synced and renamed, and the one before it is kept: whatever happens, a whole one
is found, or none and the log is replayed. The other name is this process's own: two processes that share a folder (a shard's old owner and its new one)
do not overwrite one another's. A process writes one at a time, in a thread: the event loop does not wait for the disk.
"""

import asyncio
import errno
import json
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog

from shared.runtime.disk import BESIDE, Disk, LocalDisk, write_whole

FORMAT = "livecount-snapshot/2"

FOR_THE_MOMENT: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})
"""What the system says where a process has no file handle or no memory left."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Snapshot:
    """A shard's state after the records before `position`."""

    position: int
    state: bytes
    last: bytes
    """The digest of the last of them: the log that is followed must still hold that record there."""
    first: bytes
    """The digest of the first."""


class Snapshots:
    """The snapshots of one service, a pair of files a shard. `version` names the layout of the state."""

    def __init__(
        self, folder: Path, version: str, disk: Disk | None = None, process: str | None = None
    ) -> None:
        self._folder = folder
        self._version = version
        self._disk = disk or LocalDisk()
        self._process = process or secrets.token_hex(8)
        self._turn = asyncio.Lock()

    @property
    def busy(self) -> bool:
        """Whether a snapshot is being saved."""
        return self._turn.locked()

    async def save(self, name: str, snapshot: Snapshot) -> None:
        """Write a snapshot in a thread, after those before it. Raises OSError."""
        async with self._turn:
            await asyncio.to_thread(self.write, name, snapshot)

    def write(self, name: str, snapshot: Snapshot) -> None:
        """Write a snapshot; the one before it becomes the previous generation. Raises OSError."""
        newest, previous = self._paths(name)
        header = self._header(snapshot)
        parts = (_checksum(header, snapshot.state), b"\n", header, snapshot.state)
        write_whole(self._disk, newest, parts, process=self._process, previous=previous)
        self._disk.sync_folder(self._folder)

    def load(self, name: str) -> Snapshot | None:
        """Return the newest whole snapshot, or None if there is none. Removes what was left half-written.

        Raises OSError if a file cannot be opened for the moment: that is no reason to replay the whole log.
        """
        self._tidy(name)
        for path in self._paths(name):
            try:
                if self._disk.exists(path):
                    return self._read(path)
            except (ValueError, OSError) as fault:
                if isinstance(fault, OSError) and fault.errno in FOR_THE_MOMENT:
                    raise
                log.warning("snapshot passed over", path=str(path), fault=str(fault))
        return None

    def _tidy(self, name: str) -> None:
        try:
            for found in self._disk.names(self._folder):
                if found.startswith(f"{name}.") and found.endswith(BESIDE):
                    self._disk.remove(self._folder / found)
        except OSError as fault:
            log.warning("half-written snapshots left", folder=str(self._folder), fault=str(fault))

    def _read(self, path: Path) -> Snapshot:
        checksum, _, content = self._disk.read(path).partition(b"\n")
        if checksum != _checksum(content):
            raise ValueError("its content does not match its checksum")
        line, _, state = content.partition(b"\n")
        header = dict(json.loads(line))
        found = header.get("format"), header.get("version")
        if found != (FORMAT, self._version):
            raise ValueError(f"is of {found[0]} {found[1]}, expected {FORMAT} {self._version}")
        return Snapshot(
            int(header["position"]), state, bytes.fromhex(header["last"]), bytes.fromhex(header["first"])
        )

    def _header(self, snapshot: Snapshot) -> bytes:
        header = {
            "format": FORMAT,
            "version": self._version,
            "position": snapshot.position,
            "last": snapshot.last.hex(),
            "first": snapshot.first.hex(),
        }
        return json.dumps(header).encode() + b"\n"

    def _paths(self, name: str) -> tuple[Path, Path]:
        return self._folder / f"{name}.snapshot", self._folder / f"{name}.previous"


def _checksum(*parts: bytes) -> bytes:
    checksum = sha256()
    for part in parts:
        checksum.update(part)
    return checksum.hexdigest().encode()
