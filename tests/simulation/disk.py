"""The simulated disk of one machine. What is not synced may be torn after a loss of power, names may be old.

Rule 1: while the power lasts everything written is seen, by every process; a killed process loses nothing written.
Rule 2: after a loss of power a file that was not synced is cut or spoilt, and of the names changed since their folder
        was synced only the first few, in order, are changed.
Rule 3: a disk that is full for a moment refuses a write at random; one that is too small refuses whatever does not fit, until
        something is removed. A process without a file handle left can open nothing for a moment.
"""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random

from tests.simulation.process import Dead, Process


class File:
    """What was written, and whether it is sure."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.synced = False


Names = dict[Path, File | None]
"""Names and the files they stand for; None: no file any more."""


class Machine:
    """A disk and what is sure of it. `occurs` draws faults."""

    def __init__(self, random: Random, occurs: Callable[[str, float], bool]) -> None:
        self.random = random
        self.occurs = occurs
        self.full_rate = 0.0
        self.handles_rate = 0.0
        self.capacity = sys.maxsize
        self.promised: dict[tuple[str, str], int] = {}
        self.names: dict[Path, File] = {}
        self._sure: dict[Path, File] = {}
        self._changes: list[Names] = []

    def change(self, names: Names) -> None:
        """Change what names stand for, all at once."""
        _apply(self.names, names)
        self._changes.append(names)

    def sync_names(self) -> None:
        """Make all names sure."""
        self._sure = dict(self.names)
        self._changes.clear()

    def room_for(self, path: Path) -> int:
        """Return how many bytes a file of this name may have."""
        return self.capacity - sum(len(file.content) for of, file in self.names.items() if of != path)

    def wipe(self) -> None:
        """Lose everything, and what was promised of it."""
        self.names, self._sure, self._changes = {}, {}, []
        self.promised.clear()

    def lose_power(self) -> None:
        """Forget what was not sure."""
        kept = self.random.randint(0, len(self._changes))
        if kept < len(self._changes):
            self.occurs("names lost with the power", 1.0)
        self.names = self._sure
        for names in self._changes[:kept]:
            _apply(self.names, names)
        self._sure, self._changes = dict(self.names), []
        for file in self.names.values():
            if not file.synced:
                self._tear(file)

    def rot(self) -> None:
        """Flip a bit of one file."""
        files = [path for path, file in self.names.items() if file.content]
        if files:
            file = self.names[self.random.choice(files)]
            place = self.random.randrange(len(file.content))
            flipped = file.content[place] ^ (1 << self.random.randrange(8))
            file.content = file.content[:place] + bytes([flipped]) + file.content[place + 1 :]
            self.promised.clear()
            self.occurs("bit flipped on disk", 1.0)

    def _tear(self, file: File) -> None:
        self.occurs("file torn with the power", 1.0)
        cut = self.random.randrange(len(file.content) + 1)
        rest = len(file.content) - cut
        file.content = file.content[:cut] + (bytes(rest) if self.random.random() < 0.5 else b"")
        file.synced = True


class SimDisk:
    """A process's way to its machine's disk. It dies at the n-th call if it has been asked to."""

    def __init__(self, machine: Machine, process: Process) -> None:
        self.machine = machine
        self.dies_at_call = -1
        self.die: Callable[[], None] = lambda: None
        self._process = process
        self.calls = 0

    def write(self, path: Path, parts: Iterable[bytes]) -> None:
        """Write a whole file."""
        self._open()
        content = b"".join(parts)
        room = len(content)
        if self.machine.occurs("disk full", self.machine.full_rate):
            room = self.machine.random.randrange(len(content))
        elif self.machine.room_for(path) < len(content):
            self.machine.occurs("disk too small", 1.0)
            room = max(0, self.machine.room_for(path))
        self.machine.change({path: File(content[:room])})
        if room < len(content):
            raise OSError(28, "No space left on device")

    def sync(self, path: Path) -> None:
        """Make a file's content sure."""
        self._open()
        self.machine.names[path].synced = True

    def read(self, path: Path) -> bytes:
        """Return a whole file."""
        self._open()
        return self.machine.names[path].content

    def exists(self, path: Path) -> bool:
        """Whether there is such a file."""
        self._begin()
        return path in self.machine.names

    def rename(self, path: Path, target: Path) -> None:
        """Give a file another name."""
        self._begin()
        file = self.machine.names.get(path)
        if file is None:
            raise FileNotFoundError(2, "No such file or directory", str(path))
        self.machine.change({target: file, path: None})

    def remove(self, path: Path) -> None:
        """Remove a file."""
        self._begin()
        if path in self.machine.names:
            self.machine.change({path: None})

    def names(self, folder: Path) -> list[str]:
        """Return the names in a folder."""
        self._open()
        return sorted(path.name for path in self.machine.names if path.parent == folder)

    def sync_folder(self, folder: Path) -> None:  # noqa: ARG002  a machine has one
        """Make its names sure."""
        self._open()
        self.machine.sync_names()

    def _open(self) -> None:
        self._begin()
        if self.machine.occurs("no file handle left", self.machine.handles_rate):
            raise OSError(24, "Too many open files")

    def _begin(self) -> None:
        self._process.check()
        self.calls += 1
        if self.calls == self.dies_at_call:
            self.die()
            raise Dead


def _apply(names: dict[Path, File], changes: Names) -> None:
    for path, file in changes.items():
        if file is None:
            names.pop(path, None)
        else:
            names[path] = file
