"""Composition root of the operator: a Faust worker that watches the shards, with the API in the same loop.

Orders do not wait for the monitor: the API is served before Faust's consumer has joined its group.
"""

import asyncio
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import faust
import structlog
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from services.operator.access import Sessions
from services.operator.api.app import create_api
from services.operator.api.guards import TokenCheck
from services.operator.book import ControlBook
from services.operator.console.pages import Console
from services.operator.controls import ControlLog
from services.operator.monitor import Monitor
from services.operator.openid import Client, Provider, parse_grants
from services.operator.orders import Order
from services.operator.own_log import OwnLog
from services.operator.recount import recount, trace
from services.operator.refusals import NotReady
from services.operator.schedule import Schedule
from services.operator.service import OperatorService
from services.operator.settings import OperatorSettings, read_client_secret, read_token
from services.operator.watch import Watch
from shared.contract.codec import decode_as
from shared.contract.recounts import Recount
from shared.contract.standings import Standing
from shared.contract.topics import COUNTS_PUBLISHED, MONITOR_APP
from shared.runtime.disk import LocalDisk
from shared.runtime.kafka.reader import open_reader, read_record
from shared.runtime.kafka.sink import open_sink
from shared.runtime.process.health import Health
from shared.runtime.process.worker import HttpService, PartService, faust_app
from shared.runtime.projection import Projection
from shared.runtime.supervision import Supervised

SESSION_TIMEOUT_S = 10.0
LOOK_EVERY_S = 0.5

log = structlog.get_logger()


def create_app(settings: OperatorSettings) -> faust.App:
    """Return the operator's worker. Raises ValueError if no log is named, or the token or the provider's secret is missing."""
    settings.require_log()
    token = read_token(settings)
    health = Health()

    follow = partial(open_reader, settings.brokers)
    book = ControlBook()
    log = ControlLog(
        partial(open_sink, settings.brokers),
        follow,
        partial(read_record, settings.brokers),
        settings.namespace,
        book,
    )
    standings: Projection[Standing] = Projection(
        follow, COUNTS_PUBLISHED.name(settings.namespace), lambda value: decode_as(Standing, value)
    )
    app = faust_app(MONITOR_APP, settings, broker_session_timeout=SESSION_TIMEOUT_S, topic_partitions=1)
    monitor = Monitor(app, settings.namespace)

    async def recounted(election: str, watermark: Sequence[int]) -> Recount:
        return await recount(settings, election, watermark)

    service = OperatorService(
        log, book, standings.newest, recounted, settings.log_id, settings.root_key, settings.shards
    )
    folder = settings.data_dir / "scheduled" / settings.namespace
    service.tracer = partial(trace, settings)
    service.schedule = Schedule(LocalDisk(), folder, utc_now)
    sessions = Sessions(service, token, time.monotonic)
    provider = create_provider(settings)
    watch = Watch(settings, monitor.figures, service)
    api = create_api(service, watch.figures, health, sessions, new_order)
    console = Console(
        service, watch.figures, sessions, new_order, origin=settings.console_url, provider=provider
    )
    site = create_site(console, api)
    health.watch("elections", log.elections.readiness)
    health.watch("controls", log.judged.readiness)
    health.watch("standings", standings.readiness)
    own_log = OwnLog(service)
    health.watch("log", own_log.readiness)
    for part in (
        PartService(own_log),
        PartService(log),
        PartService(standings),
        PartService(watch),
        PartService(Punctual(service)),
        HttpService(site, settings, settings.port),
        HttpService(
            TokenCheck(Starlette(routes=monitor.routes()), sessions), settings, settings.monitor_port
        ),
    ):
        app.add_dependency(part)
    return app


def create_site(console: Console, api: ASGIApp) -> Starlette:
    """Return what one port serves: the console, which has sessions of its own, and the API, which asks for the token."""
    site = Starlette(routes=[*console.routes(), Mount("/", api)])
    site.router.redirect_slashes = False  # it would lead to whatever host the request names
    return site


def create_provider(settings: OperatorSettings) -> Provider | None:
    """Return the OpenID provider that is set, None if none is. It is not asked yet. Raises ValueError without its secret."""
    if not settings.oidc_issuer:
        return None
    client = Client(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        secret=read_client_secret(settings),
        origin=settings.console_url,
        claim=settings.oidc_claim,
        grants=parse_grants(settings.oidc_roles),
    )
    return Provider(client, time.monotonic)


class Punctual:
    """Looks every LOOK_EVERY_S for what is due."""

    def __init__(self, service: OperatorService) -> None:
        self._service = service
        self._task = Supervised("schedule", self._keep_looking)

    async def start(self) -> None:
        """Begin to look; returns at once."""
        self._task.start()

    async def stop(self) -> None:
        """Look no more."""
        await self._task.stop()

    async def _keep_looking(self) -> None:
        begun = False
        while True:
            try:
                if not begun:
                    await self._service.begin()
                    begun = True
                await self._service.carry_out_due()
            except NotReady as fault:
                log.info("orders left half-way wait", fault=str(fault))
            except OSError as fault:
                log.warning("scheduled order cannot be forgotten", fault=str(fault))
            await asyncio.sleep(LOOK_EVERY_S)


def utc_now() -> datetime:
    """Return the time by this machine's clock."""
    return datetime.now(UTC)  # noqa: TID251  # when a scheduled order is written; its verdict knows no clock


def new_order(by: str, reason: str) -> Order:
    """Return an order of this moment, with an id of its own."""
    return Order(by=by, reason=reason, at=utc_now().isoformat(), control_id=secrets.token_hex(16))
