"""Composition root of results."""

from functools import partial

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from services.results.embeds import Embeds, OnlyEmbedsFramed
from services.results.feed import Publisher, frame
from services.results.history import History
from services.results.hub import Cache, Hub, Projector
from services.results.limits import RequestLimit
from services.results.pages import Pages, Static, environment
from services.results.picture import Painter
from services.results.routes import Api
from services.results.settings import ResultsSettings
from services.results.spans import ShownSpans
from services.results.webhooks import Webhooks
from shared.contract.events import ElectionAnnounced
from shared.contract.topics import COUNTS_HISTORY, COUNTS_PUBLISHED
from shared.runtime.kafka.reader import open_reader
from shared.runtime.process.health import Health
from shared.runtime.process.http import Part, create_site
from shared.runtime.process.tracing import open_tracing
from shared.runtime.projection import Projection, announcements


def create_app(settings: ResultsSettings, hub: Hub) -> Starlette:
    """Return the application; `hub.close()` ends its live connections."""
    cache = Cache(Redis.from_url(settings.redis, **settings.redis_options()), settings.namespace)
    projector = Projector(cache, hub, lambda: counts.caught_up)
    follow = partial(open_reader, settings.brokers)
    announced = announcements(follow, settings.namespace, log_id=settings.log_id, root_key=settings.root_key)
    topic, past = (topic.name(settings.namespace) for topic in (COUNTS_PUBLISHED, COUNTS_HISTORY))
    history = History(settings.brokers, topic, past)
    course: Projection[None] = Projection(follow, past, lambda _: None, on_record=history.course.note)
    counts: Projection[bytes] = Projection(
        follow,
        topic,
        lambda body: body,
        lambda _, body, as_of_ms: projector.offer(frame(body, as_of_ms)),
        on_record=history.places.note,
    )
    routes = routes_of(settings, announced, hub, history)
    health = Health()
    health.watch("standings", projector.readiness)
    parts: list[Part] = [
        cache,
        history,
        announced,
        counts,
        course,
        projector,
        Webhooks(settings, hub, history.course.corrects),
    ]
    if (tracing := open_tracing("results", settings)) is not None:
        hub.on_shown = ShownSpans(tracing).shown
        parts.append(tracing)
    site = create_site("results", routes, health, parts)
    return with_limits(site, settings)


def routes_of(
    settings: ResultsSettings, announced: Projection[ElectionAnnounced], hub: Hub, history: History
) -> list[BaseRoute]:
    """Return everything that is answered about what a hub shows."""
    templates = environment()
    embeds = Embeds(hub, templates, Painter(settings.picture_font), settings.public_url)
    publisher = Publisher(settings.read_publishing_key(), history.course.corrects)
    return [
        *Api(settings, announced, hub, history, publisher).routes(),
        *Pages(announced, hub, history, templates, embeds.base).routes(),
        *embeds.routes(),
        Mount("/static", Static()),
    ]


def with_limits(site: Starlette, settings: ResultsSettings) -> Starlette:
    """Return a site that says who may frame its answers, and how often an address may ask."""
    if settings.max_requests_per_minute:
        site.add_middleware(RequestLimit, per_minute=settings.max_requests_per_minute)
    site.add_middleware(OnlyEmbedsFramed)
    return site
