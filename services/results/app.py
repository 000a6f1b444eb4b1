"""Composition root of results."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from services.results.cache import Cache
from services.results.feed import frame
from services.results.hub import Hub
from services.results.pages import STATIC, Pages
from services.results.projector import Projector
from services.results.routes import Api
from services.results.settings import ResultsSettings
from shared.contract.codec import decode_as
from shared.contract.events import ElectionAnnounced
from shared.contract.topics import COUNTS_PUBLISHED, ELECTIONS_ANNOUNCED
from shared.runtime.kafka.reader import open_reader
from shared.runtime.process.collector import calm_collector
from shared.runtime.process.health import Health, health_routes
from shared.runtime.projection import Projection

CATCH_UP_WITHIN_S = 60.0


def create_app(settings: ResultsSettings, hub: Hub) -> Starlette:
    """Return the application; `hub.close()` ends its live connections."""
    health = Health()
    redis = Redis.from_url(settings.redis)
    projector = Projector(Cache(redis, settings.namespace), hub)

    follow = partial(open_reader, settings.kafka)
    announced: Projection[ElectionAnnounced] = Projection(
        follow,
        ELECTIONS_ANNOUNCED.name(settings.namespace),
        lambda value: decode_as(ElectionAnnounced, value),
    )

    def take(_: str, body: bytes, as_of_ms: int) -> None:
        projector.offer(frame(body, as_of_ms))

    counts: Projection[bytes] = Projection(
        follow, COUNTS_PUBLISHED.name(settings.namespace), lambda body: body, take
    )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        health.set("results", ready=False, detail="reading standings")
        for part in (announced, counts, projector):
            await part.start()
        await announced.wait_caught_up(CATCH_UP_WITHIN_S)
        await counts.wait_caught_up(CATCH_UP_WITHIN_S)
        health.set("results", ready=True)
        calm_collector()
        yield
        for part in (projector, counts, announced):
            await part.stop()
        await redis.aclose()

    routes = [
        *Api(settings, announced, hub).routes(),
        *Pages(announced, hub).routes(),
        *health_routes(health),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Starlette(routes=routes, lifespan=lifespan)
