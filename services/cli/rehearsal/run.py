"""One rehearsal: an election held from its configuration to its close, in a deployment that is up, and its reports.

Every wait has a bound, and says what it waited for when it is over.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path

from services.cli.clients.ballots import Casting, CastingFailed
from services.cli.clients.operator import OperatorError, Patience
from services.cli.clients.results import LOOK_EVERY_S, ResultsClient
from services.cli.rehearsal.check import Incoherent, JudgedBallots, differences
from services.cli.rehearsal.deployment import Deployment
from services.cli.rehearsal.script import Disturbances, Order, Step, ballot_forms, script
from services.cli.rehearsal.subject import Subject
from shared.contract.lifecycle import Command
from shared.contract.standings import Balance, Standing, Status
from shared.contract.topics import BALLOTS_CAST, BALLOTS_JUDGED
from shared.rcv.reports.disk import write_files
from shared.runtime.kafka.reader import KafkaReader, open_reader
from shared.runtime.watermark import Gap

PATIENCE = Patience(tries=480)
"""Four minutes: on a busy machine a service may need a second start, a minute each."""
CAST_RETRY_S = 2.0
"""Between two tries of a casting that intake does not answer: with the tries it has, two minutes."""

Seen = Callable[[int, int, int], None]
"""Is called with how many ballots are cast, how many are counted, and how many there are."""


class RehearsalFailed(RuntimeError):
    """The rehearsal cannot go on, and why."""


@dataclass(frozen=True)
class Outcome:
    """What came of a rehearsal."""

    records: int
    balance: Balance
    retries: int
    """Requests that had to be sent again."""
    seconds: Mapping[str, float]
    """By step."""
    differences: Sequence[str]
    """None, if all is well."""
    killed: Sequence[str]
    written: Sequence[Path]


class Rehearsal:
    """One election, of this id, in a deployment. Every method raises RuntimeError where it cannot go on."""

    def __init__(self, where: Deployment, subject: Subject, election: str, seen: Seen) -> None:
        self._where = where
        self._subject = subject
        self._election = election
        self._seen = seen
        self._operator = where.operator(by="rehearsal", patience=PATIENCE)
        self._results = ResultsClient(where.client, where.at["results"], election, (subject.contest.id,))
        self._ballots = 0
        self._casts: list[Casting] = []
        self._codes: Sequence[str] = ()

    @property
    def recorded(self) -> int:
        """How many ballots intake has acknowledged."""
        return sum(casting.recorded for casting in self._casts)

    @property
    def retries(self) -> int:
        """How many requests to intake had to be sent again."""
        return sum(casting.retries for casting in self._casts)

    async def open(self) -> None:
        """Configure the election, make its codes, open it."""
        await self._operator.configure(self._where.with_officer(self._subject.election(self._election)))
        self._codes = await self._operator.open_with_new_codes(self._election)

    async def cast(self, steps: Sequence[Step]) -> None:
        """Take the steps, one after another."""
        self._ballots = sum(len(step.ballots) for step in steps)
        watching = asyncio.create_task(self._watch())
        try:
            for step in steps:
                await self._take(step)
        finally:
            watching.cancel()

    async def close(self) -> Standing:
        """Close the election and return its last standing."""
        await self._operator.order(self._election, Command.CLOSE)
        await self._results.until("the last standing", lambda of: of.status is Status.COMPLETE)
        return self._results.standings[self._subject.contest.id]

    async def read_back(self, upto: Sequence[int]) -> JudgedBallots:
        """Return what is in the logs up to a watermark. Raises as `JudgedBallots.read` does, too."""
        judged_ballots, where = JudgedBallots(self._election), self._where
        async with (
            await open_reader(where.kafka, BALLOTS_CAST.name(where.namespace), where.shards) as cast,
            await open_reader(where.kafka, BALLOTS_JUDGED.name(where.namespace), where.shards) as judged,
        ):
            ends = await judged.ends()
            for shard, end in enumerate(upto):
                judged_ballots.read(
                    shard, await _records(cast, shard, end), await _records(judged, shard, ends[shard])
                )
        return judged_ballots

    async def _take(self, step: Step) -> None:
        try:
            async with asyncio.TaskGroup() as acts:
                for victim in step.kills:
                    acts.create_task(self._where.kill(victim))
                acts.create_task(self._give(step.orders))
                acts.create_task(self._cast_all(step))
        except* (CastingFailed, OperatorError) as group:
            raise RehearsalFailed(str(group.exceptions[0])) from group

    async def _give(self, orders: Sequence[Order]) -> None:
        """Give orders one after another: of two that are proposed at once only one follows the order before it."""
        for order in orders:
            await self._operator.order(self._election, order.command, **order.about)

    async def _cast_all(self, step: Step) -> None:
        """Cast a step's ballots; the very first alone, for intake may not have heard of the opening yet."""
        casting = Casting(
            self._where.client,
            f"{self._where.at['intake']}/v1/elections/{self._election}/ballots",
            ballot_forms(self._subject.contest, step.ballots, self._codes),
            rate=inf,
            retry_s=CAST_RETRY_S,
            one_by_one=0 if self.recorded else 1,
        )
        self._casts.append(casting)
        await casting.run()

    async def _watch(self) -> None:
        while True:
            await self._results.look()
            for standing in self._results.standings.values():
                self._seen(self.recorded, standing.balance.cast, self._ballots)
            await asyncio.sleep(LOOK_EVERY_S)


async def _records(log: KafkaReader, shard: int, upto: int) -> list[bytes]:
    return [value async for batch in log.records(shard, upto) for value in batch]


async def rehearse(
    where: Deployment, subject: Subject, election: str, how: Disturbances, out: Path, seen: Seen
) -> Outcome:
    """Rehearse a subject as the election of this id, and write its reports below `out`.

    Raises RuntimeError; OSError; ValueError if nothing can be reported of what came out.
    """
    began_s, seconds = time.monotonic(), dict[str, float]()

    def done(stage: str) -> None:
        seconds[stage] = time.monotonic() - began_s - sum(seconds.values())

    steps = script(subject.contest, subject.ballots, how)
    ballots = [ballot for step in steps for ballot in step.ballots]
    rehearsal = Rehearsal(where, subject, election, seen)
    await rehearsal.open()
    done("open")
    await rehearsal.cast(steps)
    done("cast")
    standing = await rehearsal.close()
    done("close")
    found: list[str] = []
    written: Sequence[Path] = []
    try:
        judged = await rehearsal.read_back(standing.watermark)
    except (Gap, Incoherent) as fault:
        found.append(str(fault))
    else:
        found += await asyncio.to_thread(lambda: list(differences(subject, ballots, judged, standing)))
        written = await asyncio.to_thread(lambda: write_files(out, subject.reports(judged.counted)))
    done("check and report")
    killed = [victim for step in steps for victim in step.kills]
    return Outcome(len(subject.ballots), standing.balance, rehearsal.retries, seconds, found, killed, written)
