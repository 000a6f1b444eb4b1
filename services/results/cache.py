"""Redis between the log and the gateways: the newest standing of each contest, and word of new ones.

Rule 1: it holds nothing that decides a vote. What is lost is written again from the log within a second.
Rule 2: a write goes in only if it is newer, so several projectors do no harm.
"""

from collections.abc import AsyncIterator, Awaitable
from typing import cast

from redis.asyncio import Redis

from services.results.feed import Frame, frame

_IF_NEWER = """
local held = redis.call('HGET', KEYS[1], 'sequence')
if held and tonumber(held) >= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'sequence', ARGV[1], 'as_of_ms', ARGV[2], 'body', ARGV[3])
redis.call('SADD', KEYS[2], KEYS[1])
redis.call('PUBLISH', KEYS[3], KEYS[1])
return 1
"""


class Cache:
    """The standings of one deployment in Redis."""

    def __init__(self, redis: Redis, namespace: str) -> None:
        self._redis = redis
        self._prefix = f"{namespace}:standing:"
        self._index = f"{namespace}:standings"
        self._channel = f"{namespace}:standings:new"
        self._put = redis.register_script(_IF_NEWER)

    async def put(self, newest: Frame) -> None:
        """Write a standing if it is newer than the one held, and tell the gateways. Raises RedisError."""
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
        as_of_ms, body = await cast(
            "Awaitable[list[bytes | None]]", self._redis.hmget(name.decode(), ["as_of_ms", "body"])
        )
        return None if as_of_ms is None or body is None else frame(body, int(as_of_ms))
