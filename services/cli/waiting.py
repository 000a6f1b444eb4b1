"""What a terminal shows while something takes its time: nothing within the first second, and nothing in the end."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock, Timer

PATIENCE_S = 1.0


Hush = Callable[[], None]
"""Takes what is shown away for good, as before somebody is asked something."""


@contextmanager
def waiting(doing: str) -> Iterator[Hush]:
    """Show that `doing` goes on, and for how long already, once it has taken `PATIENCE_S`; yield how to stop that."""
    bar = Bar(doing)
    if not sys.stderr.isatty():
        yield bar.end
        return
    timer = Timer(PATIENCE_S, bar.show)
    timer.daemon = True
    timer.start()
    try:
        yield bar.end
    finally:
        timer.cancel()
        bar.end()


class Bar:
    """A bar on standard error that runs until it is ended; ended before it is shown, it never is."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._lock = Lock()
        self._ended = False
        self._end: Callable[[], None] | None = None

    def show(self) -> None:
        """Draw the bar, unless it has ended by now."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
        progress = Progress(*columns, console=Console(stderr=True), transient=True)
        with self._lock:
            if not self._ended:
                progress.add_task(self._doing, total=None)
                progress.start()
                self._end = progress.stop

    def end(self) -> None:
        """Take the bar away."""
        with self._lock:
            self._ended = True
            if self._end is not None:
                self._end()
            self._end = None
