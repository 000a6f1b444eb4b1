"""The two services people speak to: intake and the operator, on simulated ports."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from services.audit.ledger import ShardLedger
from services.audit.recount import NoElection, recount_of
from services.intake.admission import Admission, Admissions
from services.intake.ends import LogEnds
from services.intake.forms import Form
from services.intake.log import BallotLog, LogUnavailable
from services.intake.outcomes import Refusal
from services.intake.roll import KnownRolls
from services.operator.book import ControlBook
from services.operator.controls import ControlLog
from services.operator.refusals import OrderRefused
from services.operator.service import OperatorService
from shared.contract.codec import decode_as
from shared.contract.elections import Phase
from shared.contract.events import ElectionAnnounced, RollKnown
from shared.contract.recounts import Recount
from shared.contract.standings import Standing
from shared.runtime.log import LogAway, Reader, Sink
from shared.runtime.projection import Projection, announcements
from tests.simulation.invariants import CAST, NAMESPACE, PUBLISHED, ROLLS, hold
from tests.simulation.memory import standing_of
from tests.simulation.nodes import Node
from tests.simulation.ports import open_ends, open_reader
from tests.simulation.sink import open_sink
from tests.support.elections import LOG_ID, ROOT_KEY
from tests.support.evidence import IDENTITY

MAX_PENDING = 50
LIFE = tuple(Phase)
PAUSABLE = {Phase.OPEN, Phase.PAUSED}
ORDER_LATE_S = 0.9
"""What the operator's side gave up arrives within this time: shorter than it waits before the next order."""
ORDERS_LATE_MORE_OFTEN = 4.0


class IntakeNode(Node):
    """Takes ballots as `services.intake.routes` does: a receipt only for what is acknowledged."""

    async def run(self) -> None:
        """Follow the announcements and connect."""
        site, process = self.site, self.process
        announced = announcements(
            lambda topic: open_reader(site.broker, process, topic), NAMESPACE, self._note, LOG_ID, ROOT_KEY
        )
        self.phases: dict[str, Phase] = {}
        rolls = KnownRolls()
        ends = LogEnds(lambda: open_ends(site.broker, process, CAST), rolls.judged)
        self.log = BallotLog(
            lambda: open_sink(site.broker, process), CAST, MAX_PENDING, ends, site.random.randbytes
        )
        known: Projection[RollKnown] = Projection(
            lambda topic: open_reader(site.broker, process, topic),
            ROLLS,
            lambda value: decode_as(RollKnown, value),
            lambda _, record, __: rolls.add(record),
        )
        self.admissions = Admissions(
            announced.newest, rolls.rolls, lambda: announced.caught_up and known.caught_up
        )
        await announced.start()
        await known.start()
        await ends.start()
        while True:
            with suppress(LogAway):
                await self.log.start()
                return

    def _note(self, election: str, announced: ElectionAnnounced, _at_ms: int) -> None:
        """What is known of an election never goes back."""
        before = self.phases.get(election, Phase.CONFIGURED)
        back = LIFE.index(announced.phase) < LIFE.index(before) and {before, announced.phase} != PAUSABLE
        hold(not back, "I2 no announcement goes back", f"{before} {announced.phase}")
        self.phases[election] = announced.phase

    async def cast(self, election: str, form: Form) -> str | Refusal:
        """Return a receipt once the ballot is recorded, or why it is not taken."""
        admission = self.admissions.of(election)
        admitted = admission.admit(form) if isinstance(admission, Admission) else admission
        if isinstance(admitted, Refusal):
            return admitted
        try:
            await self.log.append([admitted])
        except LogUnavailable as fault:
            return Refusal(503, "Ballots cannot be recorded now", "", str(fault))
        return admitted.receipt


class OperatorNode(Node):
    """Takes orders as `services.operator.api` does."""

    async def run(self) -> None:
        """Follow announcements and standings."""
        site, process = self.site, self.process

        async def follow(topic: str) -> Reader:
            return await open_reader(site.broker, process, topic)

        async def sink() -> Sink:
            return await open_sink(site.broker, process, ORDER_LATE_S, ORDERS_LATE_MORE_OFTEN)

        async def read(topic: str, shard: int, offset: int) -> bytes:
            await asyncio.sleep(site.broker.delay_s())
            return site.broker.partition(topic, shard).records[offset].value

        book = ControlBook()
        log = ControlLog(sink, follow, read, NAMESPACE, book)
        standings: Projection[Standing] = Projection(follow, PUBLISHED, standing_of)
        self.service = OperatorService(
            log, book, standings.newest, self._recount, LOG_ID, ROOT_KEY, site.shards
        )
        await log.start()
        await standings.start()

    async def _recount(self, election: str, watermark: Sequence[int]) -> Recount:
        log, shards = self.site.broker.partitions(CAST), len(watermark)
        ledgers = [ShardLedger(shard, shards, IDENTITY) for shard in range(shards)]
        for ledger, upto in zip(ledgers, watermark, strict=True):
            for record in log[ledger.shard].records[:upto]:
                ledger.judge(record.value)
        try:
            return recount_of(election, [ledger.count_of(election) for ledger in ledgers])
        except NoElection as fault:
            raise OrderRefused(str(fault)) from fault
