"""All of Livecount on one machine: Kafka, Valkey and every service, each its own process, kept alive until stopped.

Parts start in order, each ready before what rests on it, and stop in the reverse order, each within a bound. A part
that dies is started again by itself; nothing else restarts with it. After the first SIGINT or SIGTERM everything stops
in order; after a second one, at once.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Self

from rich.console import Console

from infra.local import folder, ports
from infra.local.kafka import EmbeddedKafka
from infra.local.logs import LogFollower, Speaker
from infra.local.service import Service, ServiceSpec
from infra.local.supervision import Kept, Part
from infra.local.valkey import EmbeddedValkey

FOLLOW_S: Final = 0.1


@dataclass(frozen=True)
class Addresses:
    """Where Kafka ("host:port,host:port") and Redis ("redis://host:port/0") are."""

    kafka: str
    redis: str


@dataclass(frozen=True)
class Plan:
    """What a stack is made of.

    All state and logs are in the folder `data`. `services` lists the services, given the addresses; `topics` is awaited
    with Kafka's address before any service starts. `kafka` and `redis` are addresses of servers to use in place of
    embedded ones. Nothing starts unless all `ports` are free. `settings` are by which others reach the deployment, next
    to the servers' addresses: folder.py.
    """

    data: Path
    services: Callable[[Addresses], Iterable[ServiceSpec]]
    topics: Callable[[str], Awaitable[None]]
    kafka: str | None = None
    redis: str | None = None
    ports: tuple[int, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


class Stack:
    """Livecount's processes, as an async context: ready inside it, stopped in order after it.

    Entering raises FolderInUseError or PortsTakenError before anything starts; then ChildFailedError, JarError, OSError
    or what `topics` raises, and leaves nothing running. `addresses` and `services` (by name) are there from then on, `kafka`
    and `valkey` if they are embedded. Of the services' logs the lines that `shown` takes are printed; all are in the data folder.
    """

    addresses: Addresses
    services: Mapping[str, Service]
    kafka: EmbeddedKafka
    valkey: EmbeddedValkey

    def __init__(
        self, plan: Plan, console: Console | None = None, shown: Callable[[str], bool] = bool
    ) -> None:
        self._plan = plan
        self._speaker = Speaker(console or Console(highlight=False))
        self._shown = shown
        self._kept: list[Kept] = []
        self._followers: dict[str, LogFollower] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._lock = ExitStack()
        self._announcement = ExitStack()

    async def __aenter__(self) -> Self:
        try:
            self._lock.enter_context(folder.held(self._plan.data))
            ports.require_free(*self._plan.ports)
            self.addresses = await self._start_servers()
            await self._plan.topics(self.addresses.kafka)
            self.services = await self._start_services()
            servers = {"LIVECOUNT_KAFKA": self.addresses.kafka, "LIVECOUNT_REDIS": self.addresses.redis}
            announced = folder.announced(self._plan.data, {**servers, **self._plan.settings})
            self._announcement.enter_context(announced)
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    async def _start_servers(self) -> Addresses:
        kafka, redis = self._plan.kafka, self._plan.redis
        embedded: dict[str, Part] = {}
        if kafka is None:
            embedded["kafka"] = self.kafka = EmbeddedKafka(self._plan.data / "kafka")
            kafka = self.kafka.bootstrap
        if redis is None:
            embedded["valkey"] = self.valkey = EmbeddedValkey(self._plan.data / "valkey")
            redis = self.valkey.url
        await self._start(embedded)
        return Addresses(kafka, redis)

    async def _start_services(self) -> dict[str, Service]:
        logs = self._plan.data / "logs"
        specs = self._plan.services(self.addresses)
        services = {spec.name: Service(spec, logs / f"{spec.name}.log") for spec in specs}
        self._followers = {name: LogFollower(service.child.log) for name, service in services.items()}
        self._tasks.append(asyncio.create_task(self._follow_logs()))
        await self._start(services)
        return services

    async def _start(self, parts: Mapping[str, Part]) -> None:
        kept = [Kept(name, part, partial(self._speaker.say, name)) for name, part in parts.items()]
        self._kept += kept
        await asyncio.gather(*(part.start() for part in kept))
        self._tasks += [asyncio.create_task(part.keep()) for part in kept]

    async def _stop(self) -> None:
        self._announcement.close()
        with self._lock:
            await self._stop_parts()

    async def _stop_parts(self) -> None:
        for task in self._tasks:
            task.cancel()
        ended = await asyncio.gather(*self._tasks, return_exceptions=True)
        for part in reversed(self._kept):
            await part.stop()
        self._show_logs()
        for fault in ended:
            if isinstance(fault, Exception):
                raise fault

    async def _follow_logs(self) -> None:
        while True:
            self._show_logs()
            await asyncio.sleep(FOLLOW_S)

    def _show_logs(self) -> None:
        for name, follower in self._followers.items():
            for line in filter(self._shown, follower.lines()):
                self._speaker.relay(name, line)


def cancel_on_signals() -> None:
    """Have the first SIGINT or SIGTERM cancel the current task; a second one ends this process at once."""
    loop = asyncio.get_running_loop()
    task = asyncio.current_task()
    assert task is not None, "called outside a task"

    def on_signal() -> None:
        for signum in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(signum)
            # Python's own answer to SIGINT, KeyboardInterrupt, would wait for the threads that stop parts.
            signal.signal(signum, signal.SIG_DFL)
        task.cancel()

    for signum in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(signum, on_signal)
