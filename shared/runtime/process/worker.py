"""A stream service's process: a Faust worker that owns its followers, and answers for their health.

Faust gives the process its service tree, signals, timers and web server. The log goes through followers of our
own: an agent that raises loses the event, and its tables do not survive a kill.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import faust
import structlog
from faust.app.base import BootStrategy
from faust.web import Request, Response, View
from mode import Service
from prometheus_client import generate_latest

from shared.runtime.kafka.group import ShardGroup
from shared.runtime.kafka.sink import open_sink
from shared.runtime.process.collector import calm_collector
from shared.runtime.process.health import Health
from shared.runtime.process.telemetry import Reporter, configure_logging
from shared.runtime.settings import Settings

log = structlog.get_logger()


def create_worker(
    name: str, settings: Settings, groups: Sequence[ShardGroup], health: Health, monitor: str
) -> faust.App:
    """Return a Faust app that runs `groups`, reports on topic `monitor`, and serves /live, /ready and /metrics."""
    folder = settings.data_dir / "faust" / name
    folder.mkdir(parents=True, exist_ok=True)
    app = faust.App(
        f"{settings.namespace}-{name}",
        broker=f"kafka://{settings.kafka.replace(',', ';kafka://')}",
        store="memory://",
        web_host=settings.host,
        web_bind=settings.host,
        web_port=settings.port,
        datadir=folder,
        topic_disable_leader=True,
        topic_allow_declare=False,
        autodiscover=False,
    )
    reporter = Reporter(
        lambda: open_sink(settings.kafka), monitor, lambda: [r for group in groups for r in group.reports()]
    )
    app.boot_strategy = FollowerBoot(app, [*groups, _Reporting(reporter)])
    _add_pages(app, health)
    return app


class FollowerBoot(BootStrategy):
    """Starts web server and followers, and none of Faust's own Kafka clients: there is no agent to feed."""

    def __init__(self, app: faust.App, followers: Sequence[Service]) -> None:
        super().__init__(app)
        self._followers = followers

    def server(self) -> Iterable[Any]:
        """Return what a worker starts, in order; it stops in the opposite one."""
        return [*self.sensors(), *self.web_server(), *self._followers]


def run_worker(app: faust.App, name: str, settings: Settings) -> None:
    """Run the app until SIGTERM or SIGINT."""
    configure_logging(name, settings.log_level)
    calm_collector()
    faust.Worker(app, loglevel="warning", redirect_stdouts=False, quiet=True).execute_from_commandline()


class _Reporting(Service):
    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self._reporter = reporter

    async def on_start(self) -> None:
        await self._reporter.start()

    async def on_stop(self) -> None:
        await self._reporter.stop()


def _add_pages(app: faust.App, health: Health) -> None:
    @app.page("/live")
    async def live(view: View, _: Request) -> Response:
        return view.json({"live": True})

    @app.page("/ready")
    async def ready(view: View, _: Request) -> Response:
        return view.json(dict(health.as_json()), status=200 if health.ready else 503)

    @app.page("/metrics")
    async def metrics(view: View, _: Request) -> Any:
        return view.text(generate_latest().decode(), content_type="text/plain")
