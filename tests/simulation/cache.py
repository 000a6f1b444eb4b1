"""The simulated Redis: what `services.results.hub.Cache` asks of it, and its absences."""

import asyncio
from collections.abc import AsyncIterator

from redis.exceptions import ConnectionError as RedisAway

from services.results.feed import Frame


class SimRedis:
    """The standings that Redis holds, and who listens."""

    def __init__(self) -> None:
        self.away = False
        self.held: dict[str, Frame] = {}
        self.listening: list[asyncio.Queue[str | None]] = []

    def flush(self) -> None:
        """Lose everything."""
        self.held.clear()

    def go(self) -> None:
        """Drop every connection."""
        self.away = True
        listening, self.listening = self.listening, []
        for queue in listening:
            queue.put_nowait(None)


class SimCache:
    """One process's connection. A write goes in only if it is newer, as the script in Redis has it."""

    def __init__(self, redis: SimRedis) -> None:
        self._redis = redis

    async def put(self, newest: Frame) -> None:
        """Write a standing if it is newer than the one held, and announce it. Raises RedisError."""
        await self._reach()
        held = self._redis.held.get(newest.key)
        if held is not None and held.sequence >= newest.sequence:
            return
        self._redis.held[newest.key] = newest
        for queue in self._redis.listening:
            queue.put_nowait(newest.key)

    async def follow(self) -> AsyncIterator[Frame]:
        """Yield every standing held, then each new one. Raises RedisError."""
        await self._reach()
        queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._redis.listening.append(queue)
        for key in sorted(self._redis.held):
            queue.put_nowait(key)
        while True:
            news = await queue.get()
            if news is None:
                raise RedisAway("connection lost")
            held = self._redis.held.get(news)
            if held is not None:
                yield held

    async def _reach(self) -> None:
        await asyncio.sleep(0.001)
        if self._redis.away:
            raise RedisAway("connection refused")
