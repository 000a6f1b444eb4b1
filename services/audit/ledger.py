"""What must stand in `ballots.judged` of one shard, made of its cast records alone.

Every election in the shard is judged, since its chain runs through them all. An election is known from the control that
configures it on; what comes before belongs to no election.
"""

from collections import Counter
from dataclasses import dataclass, field

from services.audit.judge import Effect, SectionRankings, ShardAudit
from shared.contract.chain import START, digest, link
from shared.contract.codec import ADMITTED, decode_cast
from shared.contract.elections import Election, Phase
from shared.contract.events import (
    NO_CONTROL,
    Control,
    ElectionCertified,
    ElectionConfigured,
    LogFounded,
    RollCommitted,
    SignedRecord,
    VersionAdmitted,
    derived,
)
from shared.contract.packs import Pack
from shared.contract.verdict_ranges import AnonymousBallot, Verdict, outcome_words, runs
from shared.contract.verdicts import Ballot, ControlJudged, NoEffect, Reason, ballots_alike

Judged = tuple[Verdict, ...] | ControlJudged
"""What becomes of one record: a verdict for each ballot, or one for a control."""


class ForeignLog(RuntimeError):
    """The shard is not of the log that the settings name."""


@dataclass(frozen=True)
class LogIdentity:
    """Which log is meant: its id, and the public key that founded it."""

    log_id: str
    root_key: str


@dataclass(frozen=True)
class ShardCount:
    """What the first `watermark` records of one shard make of one election."""

    watermark: int
    head: str
    definition: Election | None = None
    phase: Phase | None = None
    effects: str = START.hex()
    reasons: Counter[str] = field(default_factory=Counter)
    ballots: Counter[SectionRankings] = field(default_factory=Counter)
    accepted: int = 0
    retracted: int = 0
    withdrawn: frozenset[tuple[str, str]] = frozenset()
    """Contest and candidate."""
    certificate: ElectionCertified | None = None
    last_control: str = NO_CONTROL


class ShardLedger:
    """The auditor's own judging of one shard."""

    def __init__(self, shard: int, shards: int, identity: LogIdentity) -> None:
        self.shard = shard
        self.position = 0
        self._head = START
        self._shards = shards
        self._identity = identity
        self._admitted = frozenset(ADMITTED)
        self._audits: dict[str, ShardAudit] = {}

    @property
    def head(self) -> bytes:
        """Head of the chain after the records judged so far."""
        return self._head

    def judge(self, value: bytes) -> Judged:
        """Judge the next record; return what must become of it. Raises UnknownVersion, ForeignLog."""
        record = decode_cast(value, self._admitted)
        content = record.content() if isinstance(record, SignedRecord) else None
        if self.position == 0 and not isinstance(content, LogFounded):
            raise ForeignLog(f"shard {self.shard}: its first record does not found a log")
        if isinstance(record, Pack):
            judged: Judged = self._judge_pack(record, value)
        elif isinstance(record, SignedRecord) and content is not None:
            judged = self._judge_content(record, content, value)
        else:
            judged = (Verdict("", Reason.MALFORMED, None),)
            self._link(outcome_words(((Reason.MALFORMED.value, 1),)), value)
        self.position += 1
        return judged

    def audit(self, election: str) -> ShardAudit | None:
        """Return an election as the records so far make it; None if it is not configured yet."""
        return self._audits.get(election)

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
            audit.effects.hex(),
            audit.reasons.copy(),
            audit.ballots.copy(),
            audit.accepted,
            audit.retracted,
            frozenset(audit.withdrawn),
            audit.certificate,
            audit.last_control,
        )

    def _judge_pack(self, pack: Pack, value: bytes) -> tuple[Verdict, ...]:
        audit = self._audits.get(pack.election)
        verdicts = []
        for ballot in pack.each():
            reason, before = (Reason.UNKNOWN_ELECTION, None) if audit is None else audit.judge_ballot(ballot)
            counts = reason in (Reason.ACCEPTED, Reason.SUPERSEDING)
            accepted = AnonymousBallot(ballot.section, ballot.rankings) if counts else None
            superseded = None if before is None else AnonymousBallot(*before)
            verdicts.append(Verdict(pack.election, reason.value, accepted, superseded))
        words = outcome_words(runs([verdict.reason for verdict in verdicts]))
        self._link(words, value)
        if audit is not None and any(verdict.ballot is not None for verdict in verdicts):
            audit.effects = link(audit.effects, words, digest(value))
        return tuple(verdicts)

    def _judge_content(
        self,
        record: SignedRecord,
        content: LogFounded | VersionAdmitted | RollCommitted | Control,
        value: bytes,
    ) -> ControlJudged:
        if isinstance(content, LogFounded | VersionAdmitted):
            signers = record.signers([self._identity.root_key])
            return self._judged(None, self._judge_log(content, signers), signers, None, value)
        audit = self._audits.get(content.election)
        signers = record.signers({self._identity.root_key, *(() if audit is None else audit.officials)})
        if content.log != self._identity.log_id:
            effect = Effect(NoEffect.OTHER_LOG)
        elif isinstance(content, ElectionConfigured):
            effect = Effect(self._configure(content, signers))
        elif audit is None:
            effect = Effect(NoEffect.UNKNOWN_ELECTION)
        elif isinstance(content, RollCommitted):
            effect = Effect(audit.judge_roll(content, signers))
        else:
            effect = audit.judge_control(content, signers, self._identity.root_key)
        audit = self._audits.get(content.election)
        if (
            audit is not None
            and effect.why is None
            and not isinstance(content, RollCommitted | ElectionCertified)
        ):
            audit.effects = link(audit.effects, "applied", digest(value))
        control = None if isinstance(content, RollCommitted) else derived(content)
        return self._judged(control, effect, signers, audit, value)

    def _judge_log(self, content: LogFounded | VersionAdmitted, signers: set[str]) -> Effect:
        identity = self._identity
        if isinstance(content, VersionAdmitted):
            if content.log != identity.log_id or not signers:
                return Effect(NoEffect.NOT_SIGNED)
            self._admitted |= {content.version}
            return Effect()
        if self.position:
            return Effect(NoEffect.NO_CHANGE)
        if (content.log, content.shard, content.shards) != (identity.log_id, self.shard, self._shards):
            raise ForeignLog(
                f"shard {self.shard}: expected log {identity.log_id} of {self._shards} shards, "
                f"found shard {content.shard} of {content.shards} of log {content.log}"
            )
        if not signers:
            raise ForeignLog(f"shard {self.shard}: its founding record is not signed by {identity.root_key}")
        self._admitted = frozenset(content.admitted)
        return Effect()

    def _configure(self, control: ElectionConfigured, signers: set[str]) -> NoEffect | None:
        if self._identity.root_key not in signers:
            return NoEffect.NOT_SIGNED
        if control.election != control.definition.id:
            return NoEffect.OTHER_ELECTION
        if control.election in self._audits:
            return NoEffect.NO_CHANGE
        if control.follows != NO_CONTROL:
            return NoEffect.OUT_OF_ORDER
        self._audits[control.election] = ShardAudit(
            control.definition, self._identity.log_id, self.shard, self._shards, control.control_id
        )
        return None

    def _judged(
        self,
        control: Control | None,
        effect: Effect,
        signers: set[str],
        audit: ShardAudit | None,
        value: bytes,
    ) -> ControlJudged:
        self._link(effect.why or "applied", value)
        return ControlJudged(
            shard=self.shard,
            source=self.position,
            control=control,
            signers=tuple(sorted(signers)),
            effect="ignored" if effect.why else "applied",
            why=effect.why,
            retracted=_ballot(effect.retracted),
            restored=_ballot(effect.restored),
            batch=ballots_alike(effect.batch or {}),
            head=self._head.hex(),
            effects=None if audit is None else audit.effects.hex(),
        )

    def _link(self, outcome: str, value: bytes) -> None:
        self._head = link(self._head, outcome, digest(value))


def _ballot(cast: SectionRankings | None) -> Ballot | None:
    return None if cast is None else Ballot(section=cast[0], rankings=cast[1])
