"""One run: a seed in, what went wrong out."""

import asyncio
import gc
import traceback
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from random import Random

from shared.contract.codec import decode_as
from shared.contract.events import ElectionAnnounced
from shared.runtime.follower import Limits
from shared.runtime.telemetry import ShardReport
from tests.simulation.auditor import ANNOUNCED, CAST, JUDGED, PUBLISHED, TOLD, Auditor, Violation, hold
from tests.simulation.broker import Broker, Record
from tests.simulation.cache import SimRedis
from tests.simulation.desks import IntakeNode, OperatorNode
from tests.simulation.disk import Machine
from tests.simulation.elections import FAIRS, PICNICS
from tests.simulation.group import Group
from tests.simulation.loop import VirtualLoop
from tests.simulation.monkey import Monkey
from tests.simulation.nodes import CountingNode, Node, ResultsNode, Site, ValidationNode
from tests.simulation.telling import Say, prepared
from tests.simulation.workload import People

SETTLE_WITHIN_S = 60.0
SETTLE_EVERY_S = 0.25
LOAD_BOUND_S = 120.0
LOOK_EVERY_S = 1.0
LOSSY = 0.04
"""The part of the runs in which the log breaks its promise: then nothing wrong may be said, and the gap is told."""


@dataclass
class Outcome:
    """What a run came to."""

    seed: int
    violation: str | None = None
    occurred: Counter[str] = field(default_factory=Counter)
    trace: str = ""
    steps: int = 0
    virtual_s: float = 0.0


def simulate(seed: int, say: Say | None = None) -> Outcome:
    """Run a seed. `say` is told of every log line and every record."""
    with prepared(say):
        return World(seed, say).outcome()


class World:
    """A deployment, its people and its monkey, all drawn from a seed."""

    def __init__(self, seed: int, say: Say | None = None) -> None:
        random = self._random = Random(seed)
        self._seed = seed
        self._trace = blake2b(digest_size=8)
        self._say = say
        self.loop = VirtualLoop(random)  # type: ignore[abstract]  # as much of a loop as is needed
        if say is not None:
            say.loop = self.loop
        shard_count, partitions = random.choice((1, 1, 2, 2, 3, 4)), random.choice((1, 1, 2))
        self.auditor = Auditor(shard_count)
        broker = Broker(self.loop, random, self._appended)
        for topic, number in (
            (CAST, shard_count),
            (JUDGED, shard_count),
            (TOLD, partitions),
            (PUBLISHED, partitions),
        ):
            broker.create(topic, number)
        broker.create(ANNOUNCED, 1)
        self.site = Site(
            self.loop, random, broker, self.auditor, SimRedis(), shard_count, partitions, _limits(random)
        )
        self._nodes = self._make_nodes()
        self._groups = {
            service: Group(self.loop, random, service, number)
            for service, number in (
                ("validation", shard_count),
                ("counting.tally", shard_count),
                ("counting.rounds", partitions),
            )
        }
        self._monkey = Monkey(self.site, self._nodes, self._groups)
        if random.random() < LOSSY:
            self.auditor.lossy = True
            broker.loses = random.choice((JUDGED, TOLD)), random.randint(2, 8)

    def outcome(self) -> Outcome:
        """Run to the end and tell what was found."""
        collecting = gc.isenabled()
        gc.disable()
        try:
            violation = self._run()
        finally:
            if collecting:
                gc.enable()
        occurred = self.site.broker.occurred + self.auditor.occurred
        for group in self._groups.values():
            occurred["zombie"] += group.zombies
            occurred["shard moved"] += group.moves
        occurred.update({"runs": 1, "acknowledged": sum(len(people.acknowledged) for people in self._people)})
        return Outcome(
            self._seed, violation, occurred, self._trace.hexdigest(), self.loop.steps, self.loop.time()
        )

    def _run(self) -> str | None:
        try:
            self.loop.run(self._live())
        except Violation as violation:
            return str(violation)
        except Exception as fault:  # noqa: BLE001  whatever it is, the run has failed by it
            place = traceback.extract_tb(fault.__traceback__)[-1]
            return f"{type(fault).__name__} in {Path(place.filename).name}:{place.lineno}: {fault}"
        finally:
            for node in self._nodes:
                self.loop.kill(node.process)
            self.loop.kill(self.loop.world)
            self.loop.close()
        return None

    async def _live(self) -> None:
        random = self._random
        elections = [random.choice(PICNICS), *([random.choice(FAIRS)] if random.random() < 0.15 else [])]
        for election in elections:
            self.auditor.expect(election)
        for node in self._nodes:
            self._monkey.start(node)
        intake, operator = self._intake, self._operator
        self._people = [People(self.site, intake, operator, election) for election in elections]
        self._monkey.unleash()
        harm = self.loop.spawn(self.loop.world, self._monkey.work())
        watch = self.loop.spawn(self.loop.world, self._watch())
        async with asyncio.timeout(LOAD_BOUND_S):
            await asyncio.gather(*(people.live() for people in self._people))
        self._monkey.heal()
        await harm
        if self.auditor.lossy:
            await self._alarm()
        else:
            await self._settle()
            await self._finish()
        watch.cancel()

    async def _alarm(self) -> None:
        """The log has lost a verdict: nothing wrong was published, and the shard says what is missing."""
        await asyncio.sleep(SETTLE_WITHIN_S / 2)
        reports = self._look()["counting.tally"]
        lost = sum(self.auditor.lost())
        told = any("missing" in report.detail for report in reports)
        hold(told or not lost, "I7 a gap is told", reports)

    async def _watch(self) -> None:
        """Look at what shards say of themselves, now and then."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._look()

    def _look(self) -> dict[str, list[ShardReport]]:
        """Return every service's reports; a shard that stops says why and is not ready."""
        found: dict[str, list[ShardReport]] = {service: [] for service in self._groups}
        for node in self._nodes:
            for service, member in node.members.items() if node.alive else ():
                found[service] += (reports := member.reports())
                stopped = [report for report in reports if report.state == "stopped"]
                hold(not stopped, "no shard stops but for a reason in the log", stopped)
        return found

    async def _settle(self) -> None:
        """Wait until everything has caught up, within a bound."""
        deadline = self.loop.time() + SETTLE_WITHIN_S
        while (missing := self._missing()) is not None:
            hold(self.loop.time() < deadline, f"within {SETTLE_WITHIN_S:g} s all catches up", missing)
            await asyncio.sleep(SETTLE_EVERY_S)

    def _missing(self) -> str | None:
        for service, reports in self._look().items():
            running = [report.shard for report in reports if report.state == "running" and not report.detail]
            if sorted(running) != list(range(self._groups[service].shards)):
                return f"{service} runs {running}: {reports}"
        if (missing := self.auditor.settled()) is not None:
            return missing
        for key, newest in self.auditor.newest.items():
            shown = self._results.hub.frames.get(key)
            if shown is None or shown.sequence < newest.sequence:
                return f"{key}: results shows {shown and shown.sequence} of {newest.sequence}"
        return None

    async def _finish(self) -> None:
        for people in self._people:
            await people.finish()
        await self._settle()
        for people in self._people:
            await people.certify()
        await self._settle()
        acknowledged = {
            id_: elector for people in self._people for id_, elector in people.acknowledged.items()
        }
        self.auditor.conclude(acknowledged)
        self._conclude_phases()

    def _conclude_phases(self) -> None:
        """What is announced last of an election stands in every shard."""
        announced = {
            record.key: decode_as(ElectionAnnounced, record.value)
            for record in self.site.broker.partition(ANNOUNCED, 0).keyed
        }
        for name, truth in self.auditor.truths.items():
            phases = set(truth.at(truth.end).phases)
            said = {str(announced[name].phase)} if name in announced else {None}
            hold(phases == said, "what is announced stands in every shard", f"{name}: {phases} {said}")

    def _make_nodes(self) -> list[Node]:
        random, site = self._random, self.site
        machines = [self._machine() for _ in range(4)]
        apart = random.random() < 0.7
        self._results = ResultsNode(site, "results", self._machine())
        self._intake = IntakeNode(site, "intake", self._machine())
        self._operator = OperatorNode(site, "operator", self._machine())
        nodes: list[Node] = [self._results, self._intake, self._operator]
        for number in range(random.choice((1, 2, 2))):
            nodes.append(ValidationNode(site, f"validation-{number}", machines[number if apart else 0]))
            nodes.append(CountingNode(site, f"counting-{number}", machines[2 + number if apart else 2]))
        return nodes

    def _machine(self) -> Machine:
        return Machine(self._random, self._occurs)

    def _occurs(self, fault: str, rate: float) -> bool:
        return self.site.broker.occurs(fault, rate)

    def _appended(self, topic: str, partition: int, record: Record) -> None:
        self._trace.update(b"%a %d %d %a" % (topic, partition, record.offset, self.loop.time()))
        self._trace.update(record.value)
        if self._say is not None:
            self._say.record(topic, partition, record)
        self.auditor.appended(topic, partition, record)


def _limits(random: Random) -> dict[str, Limits]:
    def some(tick_ms: tuple[int, ...]) -> Limits:
        return Limits(
            batch_records=random.choice((2, 5, 1000)),
            wait_ms=random.choice((300, 2_000)),
            tick_ms=random.choice(tick_ms),
            say_after_records=random.choice((3, 1000)),
            snapshot_every_s=random.choice((0.0, 0.5, 2.0)),
        )

    return {
        "validation": some((0,)),
        "counting.tally": some((0, 100, 500)),
        "counting.rounds": some((200, 1000)),
    }
