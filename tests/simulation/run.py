"""One run: a seed in, what went wrong out."""

import asyncio
import gc
import traceback
from collections import Counter
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from random import Random

from services.counting.app import REPUBLISH_S
from shared.runtime.process.telemetry import ShardReport
from tests.simulation.auditor import Auditor
from tests.simulation.broker import Record
from tests.simulation.calamity import Calamity
from tests.simulation.deployment import Deployment
from tests.simulation.elections import FAIRS, PICNICS
from tests.simulation.invariants import CAST, JUDGED, PUBLISHED, TALLIES, Violation, hold
from tests.simulation.loop import VirtualLoop
from tests.simulation.monkey import Monkey
from tests.simulation.tile import TileWatch
from tests.simulation.transcript import Transcript, prepared
from tests.simulation.workload import People

SETTLE_WITHIN_S = 60.0
SETTLE_EVERY_S = 0.25
LOAD_BOUND_S = 1_500.0
"""A dozen orders of an election, each given a dozen times for ten seconds: no run has to take longer."""
LOOK_EVERY_S = 1.0
AGED = 0.2
"""The part of the runs after which an hour passes: compaction leaves the last standing of each contest, whoever wrote it."""
CALAMITY = 0.1
"""The part of the runs at whose end a shard of the log is cut, written on, made again or replaced."""
LOSSY = 0.04
"""The part of the runs in which the log breaks its promise: then nothing wrong may be published, and the gap is reported."""


@dataclass
class Outcome:
    """What a run came to."""

    seed: int
    violation: str | None = None
    occurred: Counter[str] = field(default_factory=Counter)
    trace: str = ""
    steps: int = 0
    virtual_s: float = 0.0


def simulate(seed: int, transcript: Transcript | None = None) -> Outcome:
    """Run a seed; every log line and every record goes into the transcript."""
    with prepared(transcript):
        return World(seed, transcript).outcome()


class World:
    """A deployment, its people and its monkey, all drawn from a seed."""

    def __init__(self, seed: int, transcript: Transcript | None = None) -> None:
        random = self._random = Random(seed)
        self._seed = seed
        self._trace = blake2b(digest_size=8)
        self._transcript = transcript
        self.loop = VirtualLoop(random)  # type: ignore[abstract]  # as much of a loop as is needed
        if transcript is not None:
            transcript.loop = self.loop
        self.auditor = Auditor(random.choice((1, 1, 2, 2, 3, 4)))
        self._tile = TileWatch(self.loop, random, self.auditor)
        self._deployed = Deployment(self.loop, random, self.auditor, self._appended)
        self.site, self._nodes = self._deployed.site, self._deployed.nodes
        self._monkey = Monkey(self.site, self._nodes, self._deployed.groups)
        if random.random() < LOSSY:
            self.auditor.lossy = True
            self.site.broker.loses = random.choice((JUDGED, TALLIES)), random.randint(2, 8)

    def outcome(self) -> Outcome:
        """Run to the end and say what was found."""
        collecting = gc.isenabled()
        gc.disable()
        try:
            violation = self._run()
        finally:
            if collecting:
                gc.enable()
        occurred = self.site.broker.occurred + self.auditor.occurred
        for group in self._deployed.groups.values():
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
        intake, operators = self._deployed.intake, self._deployed.operators
        self._people = [People(self.site, intake, operators, election) for election in elections]
        self._monkey.unleash()
        harm = self.loop.spawn(self.loop.world, self._monkey.work())
        watch = self.loop.spawn(self.loop.world, self._watch())
        async with asyncio.timeout(LOAD_BOUND_S):
            await asyncio.gather(*(people.live() for people in self._people))
        self._monkey.heal()
        self._monkey.replace(self._deployed.results)
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
        reported = any("missing" in report.detail for report in reports)
        hold(reported or not lost, "I7 a gap is reported", reports)

    async def _watch(self) -> None:
        """Look at what shards say of themselves, now and then."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self._look()
            self._tile.hear(self._nodes)
            for operator in self._deployed.operators:
                if operator.alive and hasattr(operator, "service"):
                    self._tile.look(operator.service)

    def _look(self) -> dict[str, list[ShardReport]]:
        """Return every service's reports; no shard stops as long as the log keeps its promises."""
        found = self._reports()
        stopped = [report for reports in found.values() for report in reports if report.state == "stopped"]
        hold(self.auditor.blind or not stopped, "no shard stops but for a reason in the log", stopped)
        return found

    def _reports(self) -> dict[str, list[ShardReport]]:
        """Return what every service says of its shards."""
        found: dict[str, list[ShardReport]] = {service: [] for service in self._deployed.groups}
        for node in self._nodes:
            for service, member in node.members.items() if node.alive else ():
                found[service] += member.reports()
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
            if sorted(running) != list(range(self._deployed.groups[service].shards)):
                return f"{service} runs {running}: {reports}"
        if (missing := self.auditor.settled()) is not None:
            return missing
        for key, newest in self.auditor.newest.items():
            shown = self._deployed.results.hub.frames.get(key)
            if shown is None or shown.sequence < newest.sequence:
                return f"{key}: results shows {shown and shown.sequence} of {newest.sequence}"
        return None

    async def _age(self) -> None:
        """An hour passes: a gateway that starts then finds the newest standing, though an older one was written after it."""
        self.site.broker.arrive_late(PUBLISHED)
        await asyncio.sleep(2 * REPUBLISH_S)
        self.site.broker.aged = True
        self._monkey.replace(self._deployed.results)
        await self._settle()

    async def _finish(self) -> None:
        if self._random.random() < AGED:
            await self._age()
        for people in self._people:
            await people.finish()
        await self._settle()
        for people in self._people:
            await people.certify()
        await self._settle()
        self._monkey.replace(self._deployed.results)
        await self._settle()
        acknowledged = {
            id_: elector for people in self._people for id_, elector in people.acknowledged.items()
        }
        self.auditor.conclude(acknowledged)
        self._conclude_phases()
        if self._random.random() < CALAMITY:
            await self._lose_the_log()

    async def _lose_the_log(self) -> None:
        """The log is no longer what it was: the shard says so, and nothing that was published changes."""
        self.auditor.blind = True
        calamity = Calamity(self.site, self._nodes, self._monkey, self.auditor.log.heads)
        calamity.strike()
        await asyncio.sleep(SETTLE_WITHIN_S / 2)
        calamity.check(self._reports()["validation"])

    def _conclude_phases(self) -> None:
        """What is announced last of an election stands in every shard."""
        announced = self.auditor.announced
        for name, truth in self.auditor.truths.items():
            phases = set(truth.at(truth.end).phases)
            said = {str(announced[name].phase)} if name in announced else {None}
            hold(phases == said, "what is announced stands in every shard", f"{name}: {phases} {said}")

    def _appended(self, topic: str, partition: int, record: Record) -> None:
        self._trace.update(b"%a %d %d %a" % (topic, partition, record.offset, self.loop.time()))
        self._trace.update(record.value)
        if self._transcript is not None:
            self._transcript.record(topic, partition, record)
        if topic == CAST:
            self._tile.appended(partition)
        self.auditor.appended(topic, partition, record)
