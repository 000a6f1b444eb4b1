"""The auditor's own judge: what one shard's log makes of one election, in plain dictionaries. Pure.

It is written from the contract's words alone and shares no code with validation, the table of phases included: a mistake is
not seen only if two programs make the same one. Beside the definition it holds one small entry for each elector who voted, and
one for each different ballot. An elector's entry is the first ballot that counted, void or not: a restore brings that one back.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.contract.ballots import marks_fault
from shared.contract.codec import HotBallot
from shared.contract.codes import code_mac, fingerprint
from shared.contract.elections import Election, config_hash
from shared.contract.events import (
    CandidateReinstated,
    CandidateWithdrawn,
    Control,
    ElectionCertified,
    ElectionClosed,
    ElectionConfigured,
    ElectionOpened,
    ElectionPaused,
    ElectionResumed,
    ElectorRestored,
    ElectorVoided,
)
from shared.contract.ids import shard_of
from shared.contract.verdicts import NoEffect, Reason

SectionRankings = tuple[int, tuple[str, ...]]
"""A ballot without its elector: the section it is cast in, and marks for each contest."""

_WHEN_NOT_OPEN = {"configured": Reason.NOT_OPEN, "paused": Reason.PAUSED}  # closed, certified: CLOSED
MOVES = {
    ("configured", ElectionOpened): "open",
    ("open", ElectionPaused): "paused",
    ("paused", ElectionResumed): "open",
    ("open", ElectionClosed): "closed",
    ("paused", ElectionClosed): "closed",
    ("closed", ElectionCertified): "certified",
}
"""The auditor's own table, on purpose not that of shared/contract/lifecycle.py: what is wrong there must not be wrong here."""


class WrongSecret(RuntimeError):
    """The election was opened under the codes of another secret: nothing can be judged with this one."""


class Effect(NamedTuple):
    """What a control did: why it did nothing, or the ballot it took out of the count or brought back."""

    why: NoEffect | None = None
    retracted: SectionRankings | None = None
    restored: SectionRankings | None = None


@dataclass
class ShardAudit:
    """One election in one shard. `key` is the election's voting-code key."""

    definition: Election
    shard: int
    shards: int
    key: bytes
    phase: str = "configured"
    reasons: Counter[str] = field(default_factory=Counter)
    ballots: Counter[SectionRankings] = field(default_factory=Counter)
    retracted: int = 0
    certificate: ElectionCertified | None = None
    withdrawn: set[tuple[str, str]] = field(default_factory=set)
    """Contest and candidate."""
    _voted: dict[int, tuple[bytes, SectionRankings]] = field(default_factory=dict)
    _void: set[int] = field(default_factory=set)
    _alike: dict[SectionRankings, SectionRankings] = field(default_factory=dict)

    @property
    def accepted(self) -> int:
        """Ballots that count."""
        return len(self._voted) - self.retracted

    def take_ballot(self, ballot: HotBallot) -> Reason:
        """Take the election's next ballot; return its verdict."""
        reason = self._why_not(ballot, self.definition) or Reason.ACCEPTED
        self.reasons[reason] += 1
        if reason is Reason.ACCEPTED:
            cast = (ballot.section, ballot.rankings)
            cast = self._alike.setdefault(cast, cast)
            self._voted[ballot.elector] = (bytes.fromhex(ballot.ballot_id), cast)
            self.ballots[cast] += 1
        return reason

    def take_control(self, control: Control) -> Effect:
        """Take the election's next control; return what it did. Raises WrongSecret."""
        if isinstance(control, ElectorVoided | ElectorRestored):
            return self._change_elector(control)
        if isinstance(control, CandidateWithdrawn | CandidateReinstated):
            return self._change_candidate(control)
        return Effect(self._why_no_move(control))

    def _why_not(self, ballot: HotBallot, definition: Election) -> Reason | None:
        return (
            self._why_no_elector(ballot, definition)
            or self._why_not_now(ballot)
            or self._why_unfit((ballot.section, ballot.rankings), definition)
        )

    def _why_no_elector(self, ballot: HotBallot, definition: Election) -> Reason | None:
        if shard_of(ballot.elector, self.shards) != self.shard:
            return Reason.WRONG_SHARD
        if ballot.elector >= definition.electors:
            return Reason.UNKNOWN_ELECTOR
        if ballot.section >= len(definition.sections):
            return Reason.UNKNOWN_SECTION
        genuine = code_mac(self.key, ballot.elector, ballot.section)
        return None if ballot.mac == genuine else Reason.BAD_CODE

    def _why_not_now(self, ballot: HotBallot) -> Reason | None:
        if self.phase != "open":
            return _WHEN_NOT_OPEN.get(self.phase, Reason.CLOSED)
        before = self._voted.get(ballot.elector)
        if before is not None and before[0] == bytes.fromhex(ballot.ballot_id):
            return Reason.SAME_BALLOT
        if ballot.elector in self._void:
            return Reason.VOID_ELECTOR
        return None if before is None else Reason.ALREADY_VOTED

    def _why_unfit(self, cast: SectionRankings, definition: Election) -> Reason | None:
        if cast in self._alike:  # one like it has counted
            return None
        _, rankings = cast
        if len(rankings) != len(definition.contests):
            return Reason.UNKNOWN_CONTEST
        for marks, contest in zip(rankings, definition.contests, strict=True):
            if marks_fault(marks, len(contest.candidates), contest.max_ranks_on_paper) is not None:
                return Reason.BAD_RANKING
        return None

    def _why_no_move(self, control: Control) -> NoEffect | None:
        if isinstance(control, ElectionConfigured):
            return NoEffect.NO_CHANGE
        after = MOVES.get((self.phase, type(control)))
        if after is None:
            return NoEffect.OUT_OF_PHASE
        if isinstance(control, ElectionOpened):
            if control.config_hash != config_hash(self.definition):
                return NoEffect.OTHER_DEFINITION
            if control.code_key != fingerprint(self.key):
                raise WrongSecret(
                    f"opened under key {control.code_key}, this secret gives {fingerprint(self.key)}"
                )
        if isinstance(control, ElectionCertified):
            self.certificate = control
        self.phase = after
        return None

    def _change_candidate(self, control: CandidateWithdrawn | CandidateReinstated) -> Effect:
        why = self._why_no_change(control)
        if why is None:
            self.withdrawn ^= {(control.contest, control.candidate)}
        return Effect(why)

    def _why_no_change(self, control: CandidateWithdrawn | CandidateReinstated) -> NoEffect | None:
        if self.phase == "certified":
            return NoEffect.OUT_OF_PHASE
        contests = {contest.id: contest for contest in self.definition.contests}
        if control.contest not in contests:
            return NoEffect.NOT_HERE
        named = (control.contest, control.candidate)
        if isinstance(control, CandidateReinstated):
            return None if named in self.withdrawn else NoEffect.NO_CHANGE
        listed = {(control.contest, of.id) for of in contests[control.contest].candidates if not of.excluded}
        if named not in listed - self.withdrawn:
            return NoEffect.NO_CHANGE
        return NoEffect.LAST_CANDIDATE if len(listed - self.withdrawn) == 1 else None

    def _change_elector(self, control: ElectorVoided | ElectorRestored) -> Effect:
        elector, voiding = control.elector, isinstance(control, ElectorVoided)
        if self.phase == "certified":
            return Effect(NoEffect.OUT_OF_PHASE)
        if elector >= self.definition.electors or shard_of(elector, self.shards) != self.shard:
            return Effect(NoEffect.NOT_HERE)
        if voiding == (elector in self._void):
            return Effect(NoEffect.NO_CHANGE)
        (self._void.add if voiding else self._void.remove)(elector)
        if elector not in self._voted:
            return Effect()
        step, cast = (1 if voiding else -1), self._voted[elector][1]
        self.retracted += step
        self.ballots[cast] -= step
        return Effect(retracted=cast) if voiding else Effect(restored=cast)
