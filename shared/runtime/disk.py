"""The disk as snapshots need it. What is not synced may be gone, torn or old after a crash.

Content is safe after `sync`, a new or changed name after `sync_folder`.
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

BESIDE: Final = ".writing"
"""How the name of a file ends that is not whole yet."""


class Disk(Protocol):
    """Every call raises OSError where the disk fails."""

    def write(self, path: Path, parts: Iterable[bytes]) -> None:
        """Write a whole file; its folder is made if need be."""

    def sync(self, path: Path) -> None:
        """Make a file's content safe."""

    def read(self, path: Path) -> bytes:
        """Return a whole file."""

    def exists(self, path: Path) -> bool:
        """Whether there is such a file."""

    def rename(self, path: Path, target: Path) -> None:
        """Give a file another name; what had that name is gone."""

    def remove(self, path: Path) -> None:
        """Remove a file, or nothing if there is none."""

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder, in order; none if there is no folder."""

    def sync_folder(self, folder: Path) -> None:
        """Make the folder's names safe."""


def write_whole(
    disk: Disk, path: Path, parts: Iterable[bytes], *, process: str = "", previous: Path | None = None
) -> None:
    """Write a file whole or not at all: beside it, synced, renamed. It is safe once its folder is synced. Raises OSError.

    `process` keeps apart what several processes write at once; what had the name before has the name `previous` then.
    """
    beside = path.parent / f"{path.name}{process and '.'}{process}{BESIDE}"
    disk.write(beside, parts)
    disk.sync(beside)
    if previous is not None and disk.exists(path):
        disk.rename(path, previous)
    disk.rename(beside, path)


def write_together(disk: Disk, files: Mapping[Path, bytes]) -> None:
    """Write files, each whole or not at all, as `write_whole` does. Raises OSError: then some may be written.

    Each step is made for all of them before the next. A disk that is to sync one file before it is given the next takes three
    times as long, and a quarter more CPU.
    """
    beside = {path: path.parent / f"{path.name}{BESIDE}" for path in files}
    for path, content in files.items():
        disk.write(beside[path], (content,))
    for path in files:
        disk.sync(beside[path])
    for path in files:
        disk.rename(beside[path], path)


class LocalDisk:
    """The disk of this machine."""

    def write(self, path: Path, parts: Iterable[bytes]) -> None:
        """Write a whole file, for its owner's eyes only; its folder is made if need be."""
        if not path.parent.is_dir():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(path, "wb", opener=_owner_only) as file:
            file.writelines(parts)

    def sync(self, path: Path) -> None:
        """Make a file's content safe."""
        _sync(path)

    def read(self, path: Path) -> bytes:
        """Return a whole file."""
        return path.read_bytes()

    def exists(self, path: Path) -> bool:
        """Whether there is such a file."""
        return path.exists()

    def rename(self, path: Path, target: Path) -> None:
        """Give a file another name; what had that name is gone."""
        path.replace(target)

    def remove(self, path: Path) -> None:
        """Remove a file, or nothing if there is none."""
        path.unlink(missing_ok=True)

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder, in order; none if there is no folder."""
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []

    def sync_folder(self, folder: Path) -> None:
        """Make the folder's names safe."""
        _sync(folder)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _owner_only(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
