"""From the log through Redis to what this gateway shows, and to the clients who wait for the next standing.

Several gateways share a Redis: each writes into it what it reads from the log.

* Redis holds nothing that decides a vote. What it loses is written again from the log within a second.
* A write goes in only if it is newer, so several writers do no harm.
* Redis decides nothing that is shown, either: what it holds is shown only if this gateway's own reading of the log gave the
  same bytes. What the log gives is shown once it has been written there; while Redis is away at once, and marked stale.
* A client has one slot: a slow one misses standings between, never the newest.
* Nothing is kept of a key without listeners: a client that invents keys fills no memory.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any, cast

import structlog
from prometheus_client import Counter
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from services.results.feed import Frame, advances, frame
from shared.contract.codec import UnknownVersion
from shared.runtime.process.health import Readiness
from shared.runtime.supervision import Supervised

REWRITE_EVERY_S = 1.0
RETRY_S = 0.5
LOOK_EVERY_S = 0.02
"""How often it is looked whether the log's end is reached."""
ANSWER_WITHIN_S = 2.0
"""Redis is away if it takes longer to write one standing."""

_PUT_IF_NEWER = """
local held = redis.call('HGET', KEYS[1], 'sequence')
if held and tonumber(held) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'sequence', ARGV[1], 'as_of_ms', ARGV[2], 'body', ARGV[3])
redis.call('SADD', KEYS[2], KEYS[1])
redis.call('PUBLISH', KEYS[3], KEYS[1])
return 1
"""

FOREIGN = Counter("livecount_results_foreign_total", "Found in Redis: what is no standing")

log = structlog.get_logger()


class Projector:
    """Keeps Redis in step with the log, and the hub in step with Redis, whatever is restarted meanwhile.

    Nothing is shown before the log's own end at the start is reached: a client that comes back would be shown the past.
    """

    def __init__(self, cache: "Cache", hub: "Hub", caught_up: Callable[[], bool]) -> None:
        self._cache = cache
        self._hub = hub
        self._caught_up = caught_up
        self._newest: dict[str, Frame] = {}
        self._news = asyncio.Event()
        self._tasks = [
            Supervised(work.__name__, partial(self._keep, work)) for work in (self._write, self._read)
        ]

    def offer(self, offered: Frame) -> None:
        """Note a standing from the log; it is written soon. Raises ValueError, UnknownVersion if it cannot be read.

        Before the log's end is reached its head alone is read: of many standings only the newest is shown.
        """
        if not advances(self._newest.get(offered.key), offered):
            return
        if self._caught_up():
            offered.read()
        self._newest[offered.key] = offered
        self._news.set()
        if self._hub.stale:
            self._show(offered)

    def readiness(self) -> Readiness:
        """Whether all that the log gave can be shown; an answer without it would say that there is nothing."""
        missing = [key for key in self._newest if key not in self._hub.frames]
        return not missing, f"not shown yet: {', '.join(missing[:3])}" if missing else ""

    async def start(self) -> None:
        """Begin; returns at once."""
        for task in self._tasks:
            task.start()

    async def stop(self) -> None:
        """Stop."""
        for task in self._tasks:
            await task.stop()

    def _show(self, offered: Frame) -> None:
        if not self._caught_up():
            return
        try:
            offered.read()
        except (ValueError, UnknownVersion) as fault:
            if self._newest.get(offered.key) is offered:
                del self._newest[offered.key]
            log.warning("no standing, passed over", key=offered.key, fault=str(fault).splitlines()[0])
        else:
            self._hub.offer(offered)

    async def _keep(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while True:
            try:
                await work()
            except (RedisError, OSError) as fault:
                self._hub.stale = True
                for newest in list(self._newest.values()):
                    self._show(newest)
                log.warning("Redis is away", fault=repr(fault), retry_s=RETRY_S)
                await asyncio.sleep(RETRY_S)

    async def _write(self) -> None:
        """Write what is new at once, and everything again each second: what Redis lost is back then.

        Before the log's end is reached nothing is written: what is newest then may be old by the time it is written.
        """
        while not self._caught_up():  # noqa: ASYNC110  # a projection has no event for it, and 20 ms are soon enough
            await asyncio.sleep(LOOK_EVERY_S)
        while True:
            for newest in list(self._newest.values()):
                async with asyncio.timeout(ANSWER_WITHIN_S):
                    await self._cache.put(newest)
                self._show(newest)
            self._hub.stale = False
            self._news.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(REWRITE_EVERY_S):
                    await self._news.wait()

    async def _read(self) -> None:
        async for found in self._cache.follow():
            own = self._newest.get(found.key)
            if own is not None and own.body == found.body:
                self._show(own)


class Cache:
    """The standings of one deployment in Redis: the newest of each contest, and a channel that announces new ones."""

    def __init__(self, redis: Redis, namespace: str) -> None:
        self._redis = redis
        self._prefix = f"{namespace}:standing:"
        self._index = f"{namespace}:standings"
        self._channel = f"{namespace}:standings:new"
        self._put = redis.register_script(_PUT_IF_NEWER)

    async def start(self) -> None:
        """Nothing: the first use connects."""

    async def stop(self) -> None:
        """Disconnect."""
        await self._redis.aclose()

    async def put(self, newest: Frame) -> None:
        """Write a standing if it is newer than the one held, and announce it. Raises RedisError."""
        keys = [self._prefix + newest.key, self._index, self._channel]
        await self._put(keys=keys, args=[newest.sequence, newest.as_of_ms, newest.body])

    async def follow(self) -> AsyncIterator[Frame]:
        """Yield every standing held, then each new one as it comes. Raises RedisError."""
        async with self._redis.pubsub() as subscription:
            await subscription.subscribe(self._channel)
            for name in sorted(await cast("Awaitable[set[bytes]]", self._redis.smembers(self._index))):
                if (held := await self._get(name)) is not None:
                    yield held
            async for message in subscription.listen():
                if message["type"] == "message" and (new := await self._get(message["data"])) is not None:
                    yield new

    async def _get(self, name: bytes) -> Frame | None:
        try:
            as_of_ms, body = await cast(
                "Awaitable[list[bytes | None]]", self._redis.hmget(name.decode(), ["as_of_ms", "body"])
            )
            return None if as_of_ms is None or body is None else frame(body, int(as_of_ms))
        except (ValueError, UnknownVersion, ResponseError) as fault:
            FOREIGN.inc()
            log.warning("Redis holds what is no standing", name=name, fault=str(fault).splitlines()[0])
            return None


class Hub:
    """The newest frame of each contest, and the clients who wait for the next."""

    def __init__(self, slots: "Slots | None" = None) -> None:
        self.slots = slots or Slots(sys.maxsize, sys.maxsize)
        self.frames: dict[str, Frame] = {}
        self.stale = True
        self.closing = False
        self.on_shown: Callable[[Frame | None, Frame], None] | None = None
        """Is given each frame that is shown, and the one that was shown before it."""
        self._listeners: dict[str, set[Listener]] = {}

    def offer(self, offered: Frame) -> None:
        """Show a frame if it advances its contest, and wake those who wait for it."""
        before = self.frames.get(offered.key)
        if advances(before, offered):
            self.frames[offered.key] = offered
            if self.on_shown is not None:
                self.on_shown(before, offered)
            for listener in self._listeners.get(offered.key, ()):
                listener.wake()

    def close(self) -> None:
        """End every client's stream."""
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
    def listen(self, key: str) -> Iterator["Listener"]:
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


class Listener:
    """A client who waits for a contest's news. News that come while it does not wait are not kept: it looks first, then waits."""

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


class Slots:
    """Places for what lasts (streams), bounded for each address and in all."""

    def __init__(self, most: int, most_per_address: int) -> None:
        self._most = most
        self._most_per_address = most_per_address
        self._taken: dict[str, int] = {}
        self._all = 0

    @property
    def room(self) -> bool:
        """Whether there is a place for anybody."""
        return self._all < self._most

    def free(self, address: str) -> bool:
        """Return whether there is a place for an address."""
        return self.room and self._taken.get(address, 0) < self._most_per_address

    @contextmanager
    def taken(self, address: str) -> Iterator[None]:
        """Hold a place."""
        self._taken[address] = self._taken.get(address, 0) + 1
        self._all += 1
        try:
            yield
        finally:
            self._all -= 1
            self._taken[address] -= 1
            if not self._taken[address]:
                del self._taken[address]
