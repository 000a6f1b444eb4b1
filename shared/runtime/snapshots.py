"""Saved states of shards: a cache of the log, never the truth.

A file is one line of JSON (format, position, length, SHA-256) and the state. It is written beside, synced and
renamed, and the one before it is kept: whatever happens, a whole one is found, or none and the log is replayed.
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
            file.write(self._header(snapshot) + b"\n" + snapshot.state)
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
                except (ValueError, KeyError, OSError) as fault:
                    log.warning("snapshot passed over", path=str(path), fault=str(fault))
        return None

    def _read(self, path: Path) -> Snapshot:
        line, _, state = path.read_bytes().partition(b"\n")
        header = json.loads(line)
        if header["format"] != FORMAT or header["version"] != self._version:
            raise ValueError(
                f"is of {header['format']} {header['version']}, expected {FORMAT} {self._version}"
            )
        if header["bytes"] != len(state) or header["sha256"] != sha256(state).hexdigest():
            raise ValueError("its content does not match its checksum")
        return Snapshot(header["position"], state)

    def _header(self, snapshot: Snapshot) -> bytes:
        return json.dumps(
            {
                "format": FORMAT,
                "version": self._version,
                "position": snapshot.position,
                "bytes": len(snapshot.state),
                "sha256": sha256(snapshot.state).hexdigest(),
            }
        ).encode()

    def _paths(self, name: str) -> tuple[Path, Path, Path]:
        folder = self._folder
        return folder / f"{name}.snapshot", folder / f"{name}.previous", folder / f"{name}.writing"

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
