"""Shows what children write to their log files, each line under its writer's name and colour.

A log file is bounded: once shown, one that has outgrown MAX_LOG_BYTES is emptied. Its writer appends, so it goes on at
the new end.
"""

import os
from itertools import cycle
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

MAX_LOG_BYTES: Final = 64 * 1024 * 1024
READ_BYTES: Final = 256 * 1024
NAME_COLUMNS: Final = 12
COLOURS: Final = (
    "cyan",
    "green",
    "magenta",
    "yellow",
    "blue",
    "bright_cyan",
    "bright_green",
    "bright_magenta",
)


class LogFollower:
    """The lines added to a file from now on."""

    def __init__(self, path: Path, max_log_bytes: int = MAX_LOG_BYTES) -> None:
        self._path = path
        self._max_log_bytes = max_log_bytes
        self._position = path.stat().st_size if path.exists() else 0

    def lines(self) -> list[str]:
        """Return the whole lines added since the last call, of at most READ_BYTES (a longer line comes in parts)."""
        if not self._path.exists():
            return []
        with self._path.open("rb") as log:
            log.seek(self._position)
            added = log.read(READ_BYTES)
        whole = added.rfind(b"\n") + 1 or len(added) // READ_BYTES * READ_BYTES
        self._position += whole
        self._empty_if_outgrown()
        return added[:whole].decode(errors="replace").splitlines()

    def _empty_if_outgrown(self) -> None:
        if self._max_log_bytes < self._position == self._path.stat().st_size:
            os.truncate(self._path, 0)
            self._position = 0


class Speaker:
    """Prints lines under names, each name in a colour of its own."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._colours = cycle(COLOURS)
        self._names: dict[str, Text] = {}

    def say(self, name: str, message: str) -> None:
        """Print news of the named part."""
        self._print(name, Text(message, style="bold"))

    def relay(self, name: str, line: str) -> None:
        """Print a line that the named part has written, in its own colours."""
        self._print(name, Text.from_ansi(line))

    def _print(self, name: str, line: Text) -> None:
        if name not in self._names:
            self._names[name] = Text(f"{name:<{NAME_COLUMNS}} ", style=next(self._colours))
        self._console.print(self._names[name] + line, soft_wrap=True)
