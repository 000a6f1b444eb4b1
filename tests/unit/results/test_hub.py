"""What results shows while Redis is away, holds garbage, or holds what the log never gave."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisAway

from infra.local.valkey import EmbeddedValkey
from services.results.feed import Frame, frame
from services.results.hub import Cache, Hub, Projector
from shared.contract.codec import encode
from shared.contract.elections import Phase
from tests.support.standings import standing

pytestmark = pytest.mark.asyncio

TRUE = frame(encode(standing(1, Phase.OPEN)), 1)
FORGED = frame(encode(standing(9, Phase.OPEN)), 2)
BOUND_S = 10.0


class Away:
    """A Redis that is not there."""

    async def put(self, _: Frame) -> None:
        """Raise RedisError."""
        raise RedisAway("connection refused")

    async def follow(self) -> AsyncIterator[Frame]:
        """Raise RedisError."""
        raise RedisAway("connection refused")
        yield TRUE


async def until(said: Callable[[], bool]) -> None:
    """Wait until something is so, within a bound."""
    async with asyncio.timeout(BOUND_S):
        while not said():
            await asyncio.sleep(0.01)


async def test_without_redis_the_log_is_shown_and_readiness_tells_until_when_it_is_not() -> None:
    """From the start on; marked stale."""
    hub = Hub()
    projector = Projector(cast("Cache", Away()), hub, lambda: True)
    hub.stale = False
    projector.offer(TRUE)
    assert projector.readiness() == (False, f"not shown yet: {TRUE.key}")
    await projector.start()
    await until(lambda: projector.readiness()[0])
    assert hub.frames[TRUE.key] is TRUE
    assert hub.stale
    await projector.stop()


async def test_before_the_log_s_end_nothing_is_shown_and_what_is_newest_there_is_read_whole() -> None:
    """What has the head of a standing and is none is passed over, at the end as after it; the next is shown."""
    hub, at_end = Hub(), False
    projector = Projector(cast("Cache", Away()), hub, lambda: at_end)
    await projector.start()
    broken = frame(FORGED.body.replace(b'"status"', b'"stat"'), 1)
    for offered in (TRUE, broken):
        projector.offer(offered)
    await asyncio.sleep(0.1)
    assert hub.frames == {}
    at_end = True
    await until(lambda: projector.readiness()[0])
    assert hub.frames == {}
    with pytest.raises(ValueError, match="not a Standing"):
        projector.offer(broken)
    projector.offer(FORGED)
    await until(lambda: FORGED.key in hub.frames)
    assert hub.frames[FORGED.key] is FORGED
    await projector.stop()


@pytest.mark.parametrize("body", [b"garbage", FORGED.body])
async def test_neither_garbage_nor_a_forged_standing_in_redis_is_shown(
    valkey: EmbeddedValkey, body: bytes
) -> None:
    """Nor do they keep the true one from being shown, or end the task that reads."""
    redis = Redis.from_url(valkey.url)
    name = f"forged:standing:{FORGED.key}"
    await redis.hset(name, mapping={"sequence": 10**9, "as_of_ms": 1, "body": body})
    await redis.sadd("forged:standings", name, b"\xff\x00", "forged:standing:of/text")
    await redis.set("forged:standing:of/text", "no hash")
    hub = Hub()
    cache = Cache(Redis.from_url(valkey.url), "forged")
    projector = Projector(cache, hub, lambda: True)
    await projector.start()
    await asyncio.sleep(0.2)
    assert hub.frames == {}
    await redis.publish("forged:standings:new", b"\xff")
    projector.offer(TRUE)
    await until(lambda: TRUE.key in hub.frames)
    assert hub.frames[TRUE.key].body == TRUE.body
    await projector.stop()
    await cache.stop()
    found = [of.key for of in await held(valkey)]
    assert found == [FORGED.key] * (body == FORGED.body), "what is beside it is read all the same"
    await redis.delete(name, "forged:standings", "forged:standing:of/text")
    await redis.aclose()


async def held(valkey: EmbeddedValkey) -> list[Frame]:
    """Return what a gateway reads of the forged deployment."""
    cache, found = Cache(Redis.from_url(valkey.url), "forged"), []
    with suppress(TimeoutError):
        async with asyncio.timeout(0.5):
            async for one in cache.follow():
                found.append(one)  # noqa: PERF401  what came before the bound is kept
    await cache.stop()
    return found
