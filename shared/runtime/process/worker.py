"""A stream service's process: a Faust worker that runs followers of shards and serves their health.

Faust gives the process its service tree, signals and timers, but the log goes through followers of our own: an agent that
raises loses the event, and Faust's tables do not survive a kill. Faust starts none of its own Kafka clients, since there
is no agent to feed, and not its web server: the process answers as every other one does (see `server`).
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import faust
from faust.app import BootStrategy
from mode import Service
from starlette.types import ASGIApp

from shared.contract.topics import MONITOR_SHARDS
from shared.runtime.kafka.group import ShardGroup
from shared.runtime.kafka.reader import PartitionsCheck
from shared.runtime.kafka.sink import open_sink
from shared.runtime.process.collector import calm_collector
from shared.runtime.process.health import Health
from shared.runtime.process.http import Part, create_site
from shared.runtime.process.server import Server, limits_of, listen, server_config
from shared.runtime.process.telemetry import Reporter, configure_logging
from shared.runtime.settings import Settings


class HttpService(Service):
    """An application served inside a worker, in its event loop. A server that ends by itself ends the worker."""

    def __init__(self, app: ASGIApp, settings: Settings, port: int) -> None:
        super().__init__()
        self._limits = limits_of(settings)
        self._server = Server(server_config(app, self._limits, tls=settings.http_tls, lifespan="off"))
        self._at = settings.host, port
        self._serving: asyncio.Task[None] | None = None

    async def on_start(self) -> None:
        """Begin to serve; does not wait for it. Raises OSError if the address is taken."""
        listening = listen(*self._at, self._limits)
        self._serving = asyncio.create_task(self._server.serve([listening]), name=f"http {self._at}")

    async def on_stop(self) -> None:
        """Let requests end, within a bound."""
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving

    @Service.task
    async def watch(self) -> None:
        """End the worker if the server has ended. Raises RuntimeError."""
        assert self._serving is not None
        await asyncio.wait([self._serving])
        if not self._server.should_exit:
            raise RuntimeError("the HTTP server has ended")


class PartService(Service):
    """A part of a process (see `http.Part`) as a service of its worker."""

    def __init__(self, part: Part) -> None:
        super().__init__()
        self._part = part

    async def on_start(self) -> None:
        """Begin."""
        await self._part.start()

    async def on_stop(self) -> None:
        """End."""
        await self._part.stop()


def faust_app(name: str, settings: Settings, **more: Any) -> faust.App:
    """Return a Faust app that declares no topic, discovers nothing and serves nothing by itself.

    What is added with `add_dependency` starts first, in that order, and stops last.
    """
    folder = settings.data_dir / "faust" / name
    folder.mkdir(parents=True, exist_ok=True)
    identity = settings.brokers.identity
    return faust.App(
        f"{settings.namespace}-{name}",
        broker=f"kafka://{settings.kafka.replace(',', ';kafka://')}",
        broker_credentials=None if identity is None else faust.SSLCredentials(identity.context()),
        store="memory://",
        datadir=folder,
        topic_disable_leader=True,
        topic_allow_declare=False,
        autodiscover=False,
        web_enabled=False,
        **more,
    )


def create_worker(
    name: str,
    settings: Settings,
    groups: Sequence[ShardGroup],
    health: Health,
    partitions: Mapping[str, int],
    parts: Sequence[Part] = (),
) -> faust.App:
    """Return a Faust app that runs `groups`, reports to the monitor, and serves /live, /ready and /metrics.

    It does not start where a topic has other than the stated number of `partitions`. Other `parts` start first, and stop last.
    """
    app = faust_app(name, settings)
    app.boot_strategy = BootStrategy(app, enable_kafka=False)
    site = create_site(name, [], health)
    reporter = Reporter(
        lambda: open_sink(settings.brokers),
        MONITOR_SHARDS.name(settings.namespace),
        lambda: [r for group in groups for r in group.reports()],
    )
    check = PartService(PartitionsCheck(settings.brokers, partitions))
    for service in (
        *map(PartService, parts),
        check,
        HttpService(site, settings, settings.port),
        *groups,
        PartService(reporter),
    ):
        app.add_dependency(service)
    return app


class Worker(faust.Worker):
    """Faust's, with the logs of every other service.

    Its own would make a line of every debug message of every library, some for each request to Kafka, to turn a spinner.
    """

    def __init__(self, app: faust.App, name: str, settings: Settings) -> None:
        super().__init__(app, redirect_stdouts=False, quiet=True)
        self._name, self._settings = name, settings

    def on_setup_root_logger(self, logger: logging.Logger, level: int) -> None:  # noqa: ARG002  both are Faust's
        """Take the place of the handlers that Faust has just set up."""
        self.spinner = None
        configure_logging(self._name, self._settings.log_level)


def run_worker(app: faust.App, name: str, settings: Settings) -> None:
    """Run the app until SIGTERM or SIGINT."""
    configure_logging(name, settings.log_level)
    calm_collector()
    Worker(app, name, settings).execute_from_commandline()
