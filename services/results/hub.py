"""What this gateway shows at present, and who waits for the next.

Rule 1: a client has one slot: if it is slow it misses standings between, never the newest.
Rule 2: while Redis is away the newest is served from memory and marked stale.
Rule 3: nothing is kept of a key that nobody listens to, or whoever makes keys up would fill the memory.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from services.results.feed import Frame, advances


class Listener:
    """One who waits for a contest's news. What comes while nobody waits is not kept: look, then wait, at one go."""

    def __init__(self) -> None:
        self._news: asyncio.Future[None] | None = None

    async def wait(self) -> None:
        """Wait until woken."""
        self._news = asyncio.get_running_loop().create_future()
        await self._news

    def wake(self) -> None:
        """End the wait, if there is one."""
        if self._news is not None and not self._news.done():
            self._news.set_result(None)


class Hub:
    """The newest frame of each contest."""

    def __init__(self) -> None:
        self.frames: dict[str, Frame] = {}
        self.stale = True
        self.closing = False
        self._listeners: dict[str, set[Listener]] = {}

    def offer(self, offered: Frame) -> None:
        """Show a frame if it advances its contest, and wake those who wait for it."""
        if advances(self.frames.get(offered.key), offered):
            self.frames[offered.key] = offered
            for listener in self._listeners.get(offered.key, ()):
                listener.wake()

    def close(self) -> None:
        """Say goodbye to every client."""
        self.closing = True
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.wake()

    @property
    def clients(self) -> int:
        """Live connections at present."""
        return sum(map(len, self._listeners.values()))

    @property
    def keys(self) -> int:
        """Contests that somebody listens to at present."""
        return len(self._listeners)

    @contextmanager
    def listen(self, key: str) -> Iterator[Listener]:
        """Give a listener that is woken whenever the contest has a newer frame."""
        listener = Listener()
        listeners = self._listeners.setdefault(key, set())
        listeners.add(listener)
        try:
            yield listener
        finally:
            listeners.discard(listener)
            if not listeners:
                del self._listeners[key]
