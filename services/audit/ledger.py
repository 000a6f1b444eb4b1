"""What must stand in `ballots.judged` of one shard, made of its cast records alone. Pure.

Every election in the shard is judged, since its chain runs through them all. An election is known from the control on that
configures it; what comes before is of no election.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from services.audit.judge import Effect, SectionRankings, ShardAudit
from shared.contract.chain import START, link
from shared.contract.codec import HotBallot, Unreadable, decode_cast
from shared.contract.elections import Election, Phase
from shared.contract.events import Control, ElectionCertified, ElectionConfigured
from shared.contract.verdict_ranges import Verdict
from shared.contract.verdicts import AnonymousBallot, ControlJudged, NoEffect, Reason


@dataclass(frozen=True)
class ShardCount:
    """What the first `watermark` records of one shard make of one election."""

    watermark: int
    head: str
    definition: Election | None = None
    phase: Phase | None = None
    reasons: Counter[str] = field(default_factory=Counter)
    ballots: Counter[SectionRankings] = field(default_factory=Counter)
    accepted: int = 0
    retracted: int = 0
    withdrawn: frozenset[tuple[str, str]] = frozenset()
    """Contest and candidate."""
    certificate: ElectionCertified | None = None


class ShardLedger:
    """The auditor's own judging of one shard. `key_of` gives an election's voting-code key."""

    def __init__(self, shard: int, shards: int, key_of: Callable[[str], bytes]) -> None:
        self.shard = shard
        self.position = 0
        self._head = START
        self._shards = shards
        self._key_of = key_of
        self._audits: dict[str, ShardAudit] = {}

    @property
    def head(self) -> bytes:
        """Head of the chain after the records taken."""
        return self._head

    def take(self, value: bytes) -> Verdict | ControlJudged:
        """Take the next record; return what must become of it. Raises UnknownVersion, WrongSecret."""
        record = decode_cast(value)
        if isinstance(record, HotBallot):
            judged: Verdict | ControlJudged = self._take_ballot(record, value)
        elif isinstance(record, Unreadable):
            judged = Verdict("", Reason.MALFORMED, None)
            self._link(Reason.MALFORMED, value)
        else:
            judged = self._take_control(record, value)
        self.position += 1
        return judged

    def count_of(self, election: str) -> ShardCount:
        """Return a copy of what the records so far make of an election."""
        audit = self._audits.get(election)
        if audit is None:
            return ShardCount(self.position, self._head.hex())
        return ShardCount(
            self.position,
            self._head.hex(),
            audit.definition,
            Phase(audit.phase),
            audit.reasons.copy(),
            audit.ballots.copy(),
            audit.accepted,
            audit.retracted,
            frozenset(audit.withdrawn),
            audit.certificate,
        )

    def _take_ballot(self, ballot: HotBallot, value: bytes) -> Verdict:
        audit = self._audits.get(ballot.election)
        reason = Reason.UNKNOWN_ELECTION if audit is None else audit.take_ballot(ballot)
        self._link(reason, value)
        counts = reason is Reason.ACCEPTED
        return Verdict(ballot.election, reason, (ballot.section, ballot.rankings) if counts else None)

    def _take_control(self, control: Control, value: bytes) -> ControlJudged:
        did = self._effect(control)
        self._link(did.why or "applied", value)
        return ControlJudged(
            source=self.position,
            control=control,
            effect="ignored" if did.why else "applied",
            why=did.why,
            retracted=_anonymous(did.retracted),
            restored=_anonymous(did.restored),
            head=self._head.hex(),
        )

    def _effect(self, control: Control) -> Effect:
        if isinstance(control, ElectionConfigured) and control.election != control.definition.id:
            return Effect(NoEffect.OTHER_ELECTION)
        audit = self._audits.get(control.election)
        if audit is not None:
            return audit.take_control(control)
        if not isinstance(control, ElectionConfigured):
            return Effect(NoEffect.UNKNOWN_ELECTION)
        name = control.election
        self._audits[name] = ShardAudit(control.definition, self.shard, self._shards, self._key_of(name))
        return Effect()

    def _link(self, outcome: str, value: bytes) -> None:
        self._head = link(self._head, outcome, value)


def _anonymous(ballot: SectionRankings | None) -> AnonymousBallot | None:
    return None if ballot is None else AnonymousBallot(section=ballot[0], rankings=ballot[1])
