"""A small disk of its own for a folder, to be filled: a tmpfs, so that what a service meets is the real ENOSPC.

Mounting needs root. Without it there is no such disk, and the report says that this fault was left out.
"""

import errno
import os
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Final, Self

CHUNK: Final = bytes(1024 * 1024)


def can_mount() -> bool:
    """Return whether this user may mount a tmpfs."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


class Disk:
    """A folder on a disk of so many MiB; a context."""

    def __init__(self, folder: Path, mib: int) -> None:
        self.folder = folder
        self.mib = mib
        self._ballast = folder / "ballast"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={self.mib}m,mode=700", "livecount", str(self.folder)]
        subprocess.run(command, check=True, capture_output=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True, capture_output=True)

    def fill(self) -> None:
        """Leave no byte free."""
        try:
            with self._ballast.open("wb", buffering=0) as ballast:
                while ballast.write(CHUNK):
                    pass
        except OSError as fault:
            if fault.errno != errno.ENOSPC:
                raise

    def empty(self) -> None:
        """Take the ballast away."""
        self._ballast.unlink(missing_ok=True)
