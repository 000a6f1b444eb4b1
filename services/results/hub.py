"""What this gateway shows at present, and who waits for the next.

Rule 1: a client has one slot: if it is slow it misses standings between, never the newest.
Rule 2: while Redis is away the newest is served from memory and marked stale.
Rule 3: nothing is kept of a key that nobody listens to, or whoever makes keys up would fill the memory.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from services.results.feed import Frame, advances


class Hub:
    """The newest frame of each contest."""

    def __init__(self) -> None:
        self.frames: dict[str, Frame] = {}
        self.stale = True
        self.closing = asyncio.Event()
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def offer(self, offered: Frame) -> None:
        """Show a frame if it advances its contest, and wake those who wait for it."""
        if advances(self.frames.get(offered.key), offered):
            self.frames[offered.key] = offered
            for news in self._waiting.get(offered.key, ()):
                news.set()

    def close(self) -> None:
        """Say goodbye to every client."""
        self.closing.set()
        for waiting in self._waiting.values():
            for news in waiting:
                news.set()

    @property
    def clients(self) -> int:
        """Live connections at present."""
        return sum(map(len, self._waiting.values()))

    @property
    def keys(self) -> int:
        """Contests that somebody listens to at present."""
        return len(self._waiting)

    @contextmanager
    def listen(self, key: str) -> Iterator[asyncio.Event]:
        """Give an event that is set whenever the contest has a newer frame."""
        news = asyncio.Event()
        listeners = self._waiting.setdefault(key, set())
        listeners.add(news)
        try:
            yield news
        finally:
            listeners.discard(news)
            if not listeners:
                del self._waiting[key]
