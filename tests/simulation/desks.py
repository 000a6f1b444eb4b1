"""The two services people speak to: intake and the operator, on simulated ports."""

from collections.abc import Sequence
from contextlib import suppress

from services.audit.ledger import ShardLedger
from services.audit.report import NoElection, report_of
from services.intake.admission import Admissions, Form, Refusal
from services.intake.log import BallotLog, LogUnavailable
from services.operator.controls import ControlLog
from services.operator.desk import Desk, OrderRefused
from shared.contract.codec import decode_as
from shared.contract.codes import election_key
from shared.contract.elections import Phase
from shared.contract.events import ElectionAnnounced
from shared.contract.recounts import Recount
from shared.contract.standings import Standing
from shared.runtime.log import LogAway, Reader, Sink
from shared.runtime.projection import Projection
from tests.simulation.invariants import ANNOUNCED, CAST, NAMESPACE, PUBLISHED, hold
from tests.simulation.memory import standing_of
from tests.simulation.nodes import Node
from tests.simulation.ports import open_reader
from tests.simulation.sink import open_sink
from tests.support.elections import MASTER

MAX_PENDING = 50
LIFE = tuple(Phase)
PAUSABLE = {Phase.OPEN, Phase.PAUSED}
ORDER_LATE_S = 0.9
"""What the operator's side gave up arrives within this time: shorter than it waits before the next order."""
ORDERS_LATE_MORE_OFTEN = 4.0


class IntakeNode(Node):
    """Admits ballots as `services.intake.routes` does: a receipt only for what is acknowledged."""

    async def run(self) -> None:
        """Follow the announcements and connect."""
        site, process = self.site, self.process
        announced: Projection[ElectionAnnounced] = Projection(
            lambda topic: open_reader(site.broker, process, topic),
            ANNOUNCED,
            lambda value: decode_as(ElectionAnnounced, value),
            self._note,
        )
        self.phases: dict[str, Phase] = {}
        self.log = BallotLog(lambda: open_sink(site.broker, process), CAST, MAX_PENDING)
        self.admissions = Admissions(announced.newest, MASTER, lambda: announced.caught_up)
        await announced.start()
        while True:
            with suppress(LogAway):
                await self.log.start()
                return

    def _note(self, election: str, announced: ElectionAnnounced, _at_ms: int) -> None:
        """What is known of an election never goes back, unless an order was given up half-way."""
        before = self.phases.get(election, Phase.CONFIGURED)
        back = LIFE.index(announced.phase) < LIFE.index(before) and {before, announced.phase} != PAUSABLE
        given_up = election in self.site.auditor.given_up
        hold(given_up or not back, "I2 no announcement goes back", f"{before} {announced.phase}")
        self.phases[election] = announced.phase

    async def cast(self, election: str, form: Form) -> str | Refusal:
        """Return a receipt once the ballot is recorded, or why it is not admitted."""
        admission = self.admissions.of(election)
        admitted = admission if isinstance(admission, Refusal) else admission.admit(form)
        if isinstance(admitted, Refusal):
            return admitted
        try:
            await self.log.append([admitted])
        except LogUnavailable as fault:
            return Refusal(503, "Ballots cannot be recorded now", "", str(fault))
        return admitted.receipt


class OperatorNode(Node):
    """The operator's desk."""

    async def run(self) -> None:
        """Follow announcements and standings."""
        site, process = self.site, self.process

        async def follow(topic: str) -> Reader:
            return await open_reader(site.broker, process, topic)

        async def sink() -> Sink:
            return await open_sink(site.broker, process, ORDER_LATE_S, ORDERS_LATE_MORE_OFTEN)

        log = ControlLog(sink, follow, NAMESPACE)
        standings: Projection[Standing] = Projection(follow, PUBLISHED, standing_of)
        self.desk = Desk(log, standings.newest, self._recount, MASTER, site.shards)
        await log.start()
        await standings.start()

    async def _recount(self, election: str, watermark: Sequence[int]) -> Recount:
        log, shards = self.site.broker.partitions(CAST), len(watermark)
        ledgers = [
            ShardLedger(shard, shards, lambda name: election_key(MASTER, name)) for shard in range(shards)
        ]
        for ledger, upto in zip(ledgers, watermark, strict=True):
            for record in log[ledger.shard].records[:upto]:
                ledger.take(record.value)
        try:
            return report_of(election, [ledger.count_of(election) for ledger in ledgers])
        except NoElection as fault:
            raise OrderRefused(str(fault)) from fault
