"""Composition root of the operator: a Faust worker that watches the shards, with the API in the same loop.

Orders do not wait for the monitor: the API is served before Faust's consumer has joined its group.
"""

import asyncio
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import faust
import uvicorn
from faust.app.base import BootStrategy
from mode import Service

from services.operator.api import create_api
from services.operator.book import ControlBook
from services.operator.controls import ControlLog
from services.operator.monitor import Monitor
from services.operator.orders import Order
from services.operator.recount import recount
from services.operator.service import OperatorService
from services.operator.settings import OperatorSettings, read_token
from shared.contract.codec import decode_as
from shared.contract.recounts import Recount
from shared.contract.standings import Standing
from shared.contract.topics import COUNTS_PUBLISHED, MONITOR_APP
from shared.runtime.kafka.reader import open_reader, read_record
from shared.runtime.kafka.sink import open_sink
from shared.runtime.process.health import Health
from shared.runtime.projection import Projection

HEALTH_EVERY_S = 0.5
SESSION_TIMEOUT_S = 10.0
SHUTDOWN_BOUND_S = 5


def create_app(settings: OperatorSettings) -> faust.App:
    """Return the operator's worker. Raises ValueError if no log is named or the token is missing."""
    settings.require_log()
    token = read_token(settings)
    health = Health()

    follow = partial(open_reader, settings.kafka)
    book = ControlBook()
    log = ControlLog(
        partial(open_sink, settings.kafka),
        follow,
        partial(read_record, settings.kafka),
        settings.namespace,
        book,
    )
    standings: Projection[Standing] = Projection(
        follow, COUNTS_PUBLISHED.name(settings.namespace), lambda value: decode_as(Standing, value)
    )
    app = _faust_app(settings)
    monitor = Monitor(app, settings.namespace)

    async def recounted(election: str, watermark: Sequence[int]) -> Recount:
        return await recount(settings, election, watermark)

    service = OperatorService(
        log, book, standings.newest, recounted, settings.log_id, settings.root_key, settings.shards
    )
    api = create_api(service, monitor.figures, health, token, new_order)
    config = uvicorn.Config(
        api,
        host=settings.host,
        port=settings.port,
        log_config=None,
        lifespan="off",
        timeout_graceful_shutdown=SHUTDOWN_BOUND_S,
    )
    app.boot_strategy = _ApiFirst(app, OperatorApi(config, log, standings, health))
    return app


def new_order(by: str, reason: str) -> Order:
    """Return an order of this moment, with an id of its own."""
    at = datetime.now(UTC).isoformat()  # noqa: TID251  # the one clock of this process
    return Order(by=by, reason=reason, at=at, control_id=secrets.token_hex(16))


class OperatorApi(Service):
    """The API's server and what it follows, as a service of the worker."""

    def __init__(
        self, config: uvicorn.Config, log: ControlLog, standings: Projection[Standing], health: Health
    ) -> None:
        super().__init__()
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None
        self._log = log
        self._standings = standings
        self._health = health

    async def on_start(self) -> None:
        """Begin to serve and to follow; does not wait for either."""
        self._note_health()
        await self._log.start()
        await self._standings.start()
        self._serving = asyncio.create_task(self._server.serve(), name="operator api")

    async def on_stop(self) -> None:
        """Let requests end, within a bound, and let go of Kafka."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving
        await self._standings.stop()
        await self._log.stop()

    @Service.task
    async def watch(self) -> None:
        """Keep readiness true; end the process if the server has ended."""
        while not self.should_stop:
            self._note_health()
            if self._serving is not None and self._serving.done():
                raise RuntimeError("the API's server has ended")
            await self.sleep(HEALTH_EVERY_S)

    def _note_health(self) -> None:
        parts: dict[str, Projection[object]] = {
            "elections": self._log.elections,  # type: ignore[dict-item]
            "controls": self._log.judged,  # type: ignore[dict-item]
            "standings": self._standings,  # type: ignore[dict-item]
        }
        for name, part in parts.items():
            self._health.set(name, ready=part.caught_up and not part.alarm, detail=part.alarm or "")


def _faust_app(settings: OperatorSettings) -> faust.App:
    folder = settings.data_dir / "faust" / MONITOR_APP
    folder.mkdir(parents=True, exist_ok=True)
    return faust.App(
        f"{settings.namespace}-{MONITOR_APP}",
        broker=f"kafka://{settings.kafka.replace(',', ';kafka://')}",
        broker_session_timeout=SESSION_TIMEOUT_S,
        store="memory://",
        web_host=settings.host,
        web_bind=settings.host,
        web_port=settings.monitor_port,
        datadir=folder,
        topic_disable_leader=True,
        topic_allow_declare=False,
        topic_partitions=1,
        autodiscover=False,
    )


class _ApiFirst(BootStrategy):
    """Starts the API before all that Faust needs for the monitor."""

    def __init__(self, app: faust.App, api: Service) -> None:
        super().__init__(app)
        self._api = api

    def server(self) -> Iterable[Any]:
        """Return what a worker starts, in order; it stops in the opposite one."""
        return [self._api, *super().server()]


class _Server(uvicorn.Server):
    """Leaves signals to the worker."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
