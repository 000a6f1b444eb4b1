"""The auditor's own judge: what one shard's log makes of one election, in plain dictionaries. Pure.

Rule 1: it is written from the contract's words alone, so that two programs must err alike to err unseen.
Rule 2: beside the definition it holds one small entry an elector who voted, and one for each different paper.

An elector's entry is the first ballot that counted, void or not: a restore brings that one back.
"""

from collections import Counter
from dataclasses import dataclass, field

from shared.contract.ballots import marks_fault
from shared.contract.codec import HotBallot, Unreadable, decode_cast
from shared.contract.codes import code_mac, fingerprint
from shared.contract.elections import Election, Phase, config_hash
from shared.contract.events import (
    CandidateReinstated,
    CandidateWithdrawn,
    Control,
    ElectionConfigured,
    ElectionOpened,
    ElectorRestored,
    ElectorVoided,
)
from shared.contract.ids import shard_of
from shared.contract.verdicts import Reason

Papers = tuple[str, ...]
"""Marks for each contest."""

Cast = tuple[int, Papers]
"""The papers of one elector, and the section they are cast in: some contests count sections apart."""

_WHEN_NOT_OPEN = {"configured": Reason.NOT_OPEN, "paused": Reason.PAUSED}  # closed, certified: CLOSED
_MOVES = {
    ("configured", "election-opened/1"): "open",
    ("open", "election-paused/1"): "paused",
    ("paused", "election-resumed/1"): "open",
    ("open", "election-closed/1"): "closed",
    ("paused", "election-closed/1"): "closed",
    ("closed", "election-certified/1"): "certified",
}


class WrongSecret(Exception):
    """The election was opened under the codes of another secret: nothing can be judged with this one."""


@dataclass
class ShardAudit:
    """One election in one shard. `key` is the election's voting-code key."""

    election: str
    shard: int
    shards: int
    key: bytes
    definition: Election | None = None
    phase: str = "configured"
    reasons: Counter[str] = field(default_factory=Counter)
    papers: Counter[Cast] = field(default_factory=Counter)
    retracted: int = 0
    withdrawn: set[tuple[str, str]] = field(default_factory=set)
    """Contest and candidate."""
    _voted: dict[int, tuple[bytes, Cast]] = field(default_factory=dict)
    _void: set[int] = field(default_factory=set)
    _alike: dict[Cast, Cast] = field(default_factory=dict)

    def take(self, value: bytes) -> Reason | None:
        """Take the next record; return a ballot's verdict, None for anything that is no ballot of this election.

        Raises UnknownVersion, WrongSecret.
        """
        record = decode_cast(value)
        if isinstance(record, Unreadable):
            return Reason.MALFORMED
        if isinstance(record, HotBallot):
            return self._take_ballot(record)
        if record.election == self.election:
            self._take_control(record)
        return None

    @property
    def accepted(self) -> int:
        """Ballots that count."""
        return len(self._voted) - self.retracted

    @property
    def final(self) -> bool:
        """Whether no ballot after this can count."""
        return self.phase in (Phase.CLOSED, Phase.CERTIFIED)

    def _take_ballot(self, ballot: HotBallot) -> Reason | None:
        if ballot.election != self.election:
            return None
        if self.definition is None:
            return Reason.UNKNOWN_ELECTION
        reason = self._why_not(ballot, self.definition) or Reason.ACCEPTED
        self.reasons[reason] += 1
        if reason is Reason.ACCEPTED:
            cast = (ballot.section, ballot.papers)
            cast = self._alike.setdefault(cast, cast)
            self._voted[ballot.elector] = (bytes.fromhex(ballot.ballot_id), cast)
            self.papers[cast] += 1
        return reason

    def _why_not(self, ballot: HotBallot, definition: Election) -> Reason | None:
        return (
            self._why_no_elector(ballot, definition)
            or self._why_not_now(ballot)
            or self._why_no_paper((ballot.section, ballot.papers), definition)
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

    def _why_no_paper(self, cast: Cast, definition: Election) -> Reason | None:
        if cast in self._alike:  # one like it has counted
            return None
        _, papers = cast
        if len(papers) != len(definition.contests):
            return Reason.UNKNOWN_CONTEST
        for marks, contest in zip(papers, definition.contests, strict=True):
            if marks_fault(marks, len(contest.candidates), contest.max_ranks_on_paper) is not None:
                return Reason.BAD_RANKING
        return None

    def _take_control(self, control: Control) -> None:
        if isinstance(control, ElectionConfigured):
            if self.definition is None and control.definition.id == self.election:
                self.definition = control.definition
        elif self.definition is not None:
            self._take_order(control, self.definition)

    def _take_order(self, control: Control, definition: Election) -> None:
        if isinstance(control, ElectorVoided | ElectorRestored):
            self._change_elector(control, definition)
            return
        if isinstance(control, CandidateWithdrawn | CandidateReinstated):
            self._change_candidate(control, definition)
            return
        after = _MOVES.get((self.phase, control.type))
        if after is None:
            return
        if isinstance(control, ElectionOpened):
            if control.config_hash != config_hash(definition):
                return
            if control.code_key != fingerprint(self.key):
                raise WrongSecret(
                    f"opened under key {control.code_key}, this secret gives {fingerprint(self.key)}"
                )
        self.phase = after

    def _change_candidate(
        self, control: CandidateWithdrawn | CandidateReinstated, definition: Election
    ) -> None:
        if self.phase == "certified":
            return
        named = (control.contest, control.candidate)
        if isinstance(control, CandidateReinstated):
            self.withdrawn.discard(named)
            return
        there = {
            (contest.id, of.id)
            for contest in definition.contests
            for of in contest.candidates
            if not of.excluded
        } - self.withdrawn
        if named in there and sum(contest == control.contest for contest, _ in there) > 1:
            self.withdrawn.add(named)

    def _change_elector(self, control: ElectorVoided | ElectorRestored, definition: Election) -> None:
        elector, voiding = control.elector, isinstance(control, ElectorVoided)
        ours = elector < definition.electors and shard_of(elector, self.shards) == self.shard
        if not ours or self.phase == "certified" or voiding == (elector in self._void):
            return
        (self._void.add if voiding else self._void.remove)(elector)
        if elector in self._voted:
            step = 1 if voiding else -1
            self.retracted += step
            self.papers[self._voted[elector][1]] -= step
