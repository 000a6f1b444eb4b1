"""From the log to Redis to this gateway, whatever is restarted on the way."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import structlog
from redis.exceptions import RedisError

from services.results.cache import Cache
from services.results.feed import Frame, advances
from services.results.hub import Hub

REWRITE_EVERY_S = 1.0
RETRY_S = 0.5

log = structlog.get_logger()


class Projector:
    """Keeps Redis in step with the log, and the hub in step with Redis."""

    def __init__(self, cache: Cache, hub: Hub) -> None:
        self._cache = cache
        self._hub = hub
        self._newest: dict[str, Frame] = {}
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def offer(self, offered: Frame) -> None:
        """Take a standing from the log."""
        if advances(self._newest.get(offered.key), offered):
            self._newest[offered.key] = offered
            self._news.set()

    async def start(self) -> None:
        """Begin; returns at once."""
        for work in (self._write, self._read):
            self._tasks.append(asyncio.create_task(self._keep(work), name=work.__name__))

    async def stop(self) -> None:
        """Stop."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _keep(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await work()
            except (RedisError, OSError) as fault:
                self._hub.stale = True
                log.warning("Redis is away", fault=repr(fault), retry_s=RETRY_S)
                await asyncio.sleep(RETRY_S)

    async def _write(self) -> None:
        """Write what is new at once, and everything again each second: what Redis lost is back then."""
        while True:
            for newest in list(self._newest.values()):
                await self._cache.put(newest)
            self._hub.stale = False
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(REWRITE_EVERY_S):
                    await self._news.wait()

    async def _read(self) -> None:
        async for found in self._cache.follow():
            self._hub.offer(found)
