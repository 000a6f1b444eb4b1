"""What a terminal shows while something takes its time: nothing within the first second, and nothing in the end."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

PATIENCE_S = 1.0


Hush = Callable[[], None]
"""Takes what is shown away for good, as before somebody is asked something."""


@contextmanager
def waiting(doing: str) -> "Iterator[Bar]":
    """Show that `doing` goes on, how far it is and for how long already, once it has taken `PATIENCE_S`; yield what shows it."""
    bar = Bar(doing)
    if not sys.stderr.isatty():
        yield bar
        return
    timer = Timer(PATIENCE_S, bar.show)
    timer.daemon = True
    timer.start()
    try:
        yield bar
    finally:
        timer.cancel()
        bar.end()


class Bar:
    """A bar on standard error that runs until it is ended; ended before it is shown, it never is."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._lock = Lock()
        self._ended = False
        self._progress: Progress | None = None
        self._ballots = 0

    def show(self) -> None:
        """Draw the bar, unless it has ended by now."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
        progress = Progress(*columns, console=Console(stderr=True), transient=True)
        with self._lock:
            if not self._ended:
                progress.add_task(self._said(), total=None)
                progress.start()
                self._progress = progress

    def read(self, ballots: int) -> None:
        """Say how many ballots have been read."""
        with self._lock:
            self._ballots = ballots
            if self._progress is not None:
                self._progress.update(self._progress.task_ids[0], description=self._said())

    def end(self) -> None:
        """Take the bar away."""
        with self._lock:
            self._ended = True
            if self._progress is not None:
                self._progress.stop()
            self._progress = None

    def _said(self) -> str:
        return f"{self._doing}: {self._ballots:,} ballots read" if self._ballots else self._doing
