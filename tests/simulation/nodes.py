"""The services as processes of the simulation: the real parts, put together as each `app.py` does, on simulated ports."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from services.counting.rounds import Rounds
from services.counting.tally import PartitionOf, Tally
from services.validation.judge import Judge, Outputs
from shared.runtime.follower import Limits
from shared.runtime.process.health import Health
from shared.runtime.process.telemetry import ShardReport
from shared.runtime.shards import Shards, Work
from shared.runtime.snapshots import Snapshot, Snapshots
from tests.simulation.auditor import Auditor
from tests.simulation.broker import Broker
from tests.simulation.cache import SimRedis
from tests.simulation.disk import Machine, SimDisk
from tests.simulation.invariants import CAST, CONTROLS, HISTORY, JUDGED, PUBLISHED, ROLLS, TALLIES, hold
from tests.simulation.loop import VirtualLoop
from tests.simulation.ports import SimLog
from tests.simulation.process import Process
from tests.support.elections import LOG_ID, ROOT_KEY


@dataclass
class Site:
    """What all processes of a deployment share."""

    loop: VirtualLoop
    random: Random
    broker: Broker
    auditor: Auditor
    redis: SimRedis
    shards: int
    contest_partitions: int
    limits: dict[str, Limits]


class WatchedSnapshots(Snapshots):
    """Snapshots that show the auditor what was saved, and hold themselves to what they promise."""

    def __init__(self, site: Site, service: str, machine: Machine, disk: SimDisk, process: str) -> None:
        super().__init__(Path("/data") / service, f"{service}/1", disk, process)
        self._auditor = site.auditor
        self._machine = machine
        self._service = service

    def write(self, name: str, snapshot: Snapshot) -> None:
        """Write; then it is sure. A shard's old owner may fail, or be killed, at the last step: then its older state is the newest."""
        key = self._service, name
        self._machine.promised[key] = min(snapshot.position, self._machine.promised.get(key, 0))
        super().write(name, snapshot)
        self._auditor.saved(self._service, name, snapshot.position, snapshot.state)
        self._machine.promised[key] = snapshot.position

    def load(self, name: str) -> Snapshot | None:
        """Load; what was sure is there, unless bits have rotted."""
        found = super().load(name)
        promised = self._machine.promised.get((self._service, name), 0)
        position = 0 if found is None else found.position
        hold(
            position >= promised,
            "a saved snapshot survives",
            f"{self._service} {name}: {position} of {promised}",
        )
        return found


class Member:
    """A group's member: it takes the group's orders to begin and end shards one after another."""

    def __init__(self, process: Process, shards: Shards, log: SimLog) -> None:
        self.process = process
        self.shards = shards
        self._log = log
        self._orders: asyncio.Queue[tuple[bool, int, asyncio.Event]] = asyncio.Queue()

    def assign(self, shard: int, *, begin: bool) -> asyncio.Event:
        """Give an order; the event is set when it has been carried out."""
        done = asyncio.Event()
        self._orders.put_nowait((begin, shard, done))
        return done

    def reports(self) -> list[ShardReport]:
        """Return what shards say of themselves; check that none says it has caught up before it has."""
        reports = self.shards.reports()
        for report in reports:
            source = self._log.sources.get(report.shard)
            honest = report.state != "running" or (source and 0 <= source.named_end <= report.position)
            hold(bool(honest), "readiness is honest", report)
        return reports

    async def follow_orders(self) -> None:
        """Carry orders out for ever."""
        while True:
            begin, shard, done = await self._orders.get()
            if begin:
                self.shards.begin([shard])
            else:
                await self.shards.end([shard])
            done.set()


class Node:
    """A service on a machine: a process that can be started, killed, paused and started again."""

    services: ClassVar[tuple[str, ...]] = ()

    def __init__(self, site: Site, name: str, machine: Machine) -> None:
        self.site = site
        self.name = name
        self.machine = machine
        self.starts = 0
        self.process = Process(name)
        self.process.alive = False
        self.members: dict[str, Member] = {}
        self.health = Health()

    @property
    def alive(self) -> bool:
        """Whether its process runs."""
        return self.process.alive

    def start(self) -> None:
        """Start a process."""
        self.starts += 1
        self.process = Process(f"{self.name}/{self.starts}")
        self.disk = SimDisk(self.machine, self.process)
        self.health = Health()
        self.members = {service: self._member(service) for service in self.services}
        for member in self.members.values():
            self.spawn(member.follow_orders())
        self.spawn(self.run())

    def spawn(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Start a task of the process."""
        return self.site.loop.spawn(self.process, coroutine)

    async def run(self) -> None:
        """Do what a process of this service does beside its shards."""

    async def ask(self, answer: Callable[[], Awaitable[Any]], within_s: float) -> Any:
        """Let the process answer, as a client does. Raises TimeoutError, or what the answer raises."""
        if not self.alive:
            raise TimeoutError(f"{self.name} is down")
        given: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.spawn(_deliver(answer, given))
        async with asyncio.timeout(within_s):
            return await given

    def _member(self, service: str) -> Member:
        site, topic = self.site, FOLLOWED[service]
        snapshots = WatchedSnapshots(site, service, self.machine, self.disk, self.process.name)
        work = Work(
            service,
            topic,
            lambda shard: MACHINES[service](site, shard),
            snapshots,
            site.limits[service],
            OUTPUTS.get(service, ""),
            founded=topic == CAST,
        )
        log = SimLog(site.broker, self.process, topic)
        return Member(self.process, Shards(work, log, self.name, self.health), log)


async def _deliver(answer: Callable[[], Awaitable[Any]], given: "asyncio.Future[Any]") -> None:
    try:
        result = await answer()
    except Exception as fault:  # noqa: BLE001  it is what the client is answered
        if not given.done():
            given.set_exception(fault)
    else:
        if not given.done():
            given.set_result(result)


FOLLOWED = {"validation": CAST, "counting.tally": JUDGED, "counting.rounds": TALLIES}
OUTPUTS = {"validation": JUDGED}
MACHINES: dict[str, Callable[[Site, int], Any]] = {
    "validation": lambda site, shard: Judge(
        LOG_ID, ROOT_KEY, shard, site.shards, Outputs(JUDGED, CONTROLS, ROLLS)
    ),
    "counting.tally": lambda site, shard: Tally(
        shard, site.shards, TALLIES, PartitionOf(site.contest_partitions)
    ),
    "counting.rounds": lambda _, partition: Rounds(partition, PUBLISHED, HISTORY),
}


class ValidationNode(Node):
    """A judge for each shard it is given."""

    services = ("validation",)


class CountingNode(Node):
    """A tally for each shard, rounds for each partition of contests."""

    services = ("counting.tally", "counting.rounds")
