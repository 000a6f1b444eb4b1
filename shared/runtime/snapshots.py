"""Saved states of shards: a cache of the log, never the truth.

A file is the SHA-256 of all that follows, a line of JSON (format, version, position), and the state. It is written
beside, synced and renamed, and the one before it is kept: whatever happens, a whole one is found, or none and the
log is replayed.
"""

import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import structlog

FORMAT = "livecount-snapshot/1"

log = structlog.get_logger()


@dataclass(frozen=True)
class Snapshot:
    """A shard's state after the records before `position`."""

    position: int
    state: bytes


class Snapshots:
    """The snapshots of one service, a pair of files a shard. `version` names the layout of the state."""

    def __init__(self, folder: Path, version: str) -> None:
        self._folder = folder
        self._version = version

    def save(self, name: str, snapshot: Snapshot) -> None:
        """Write a snapshot; the one before it becomes the previous generation."""
        self._folder.mkdir(parents=True, exist_ok=True)
        newest, previous, beside = self._paths(name)
        with beside.open("wb") as file:
            content = self._content(snapshot)
            file.write(_checksum(content) + b"\n" + content)
            file.flush()
            os.fsync(file.fileno())
        if newest.exists():
            newest.replace(previous)
        beside.replace(newest)
        self._sync_folder()

    def load(self, name: str) -> Snapshot | None:
        """Return the newest whole snapshot, or None if there is none."""
        for path in self._paths(name)[:2]:
            if path.exists():
                try:
                    return self._read(path)
                except (ValueError, OSError) as fault:
                    log.warning("snapshot passed over", path=str(path), fault=str(fault))
        return None

    def _read(self, path: Path) -> Snapshot:
        checksum, _, content = path.read_bytes().partition(b"\n")
        if checksum != _checksum(content):
            raise ValueError("its content does not match its checksum")
        line, _, state = content.partition(b"\n")
        header = json.loads(line)
        if (header["format"], header["version"]) != (FORMAT, self._version):
            raise ValueError(
                f"is of {header['format']} {header['version']}, expected {FORMAT} {self._version}"
            )
        return Snapshot(header["position"], state)

    def _content(self, snapshot: Snapshot) -> bytes:
        header = {"format": FORMAT, "version": self._version, "position": snapshot.position}
        return json.dumps(header).encode() + b"\n" + snapshot.state

    def _paths(self, name: str) -> tuple[Path, Path, Path]:
        folder = self._folder
        return folder / f"{name}.snapshot", folder / f"{name}.previous", folder / f"{name}.writing"

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _checksum(content: bytes) -> bytes:
    return sha256(content).hexdigest().encode()
