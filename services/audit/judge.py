"""The auditor's own judge: what one shard's log makes of one election, in plain dictionaries.

It is written from the contract's words alone and shares no rule with validation, so that two programs must err alike to err
unseen; the table of the election's life stands here once more for that reason. Beside the definition it holds one small
entry an elector, and one for each different ballot. An elector's entry is the ballot that counts, void or not: the first one
or, where the definition says so, the last. Ids of ballots that gave way are kept, so that a retry brings none back.
"""

from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NamedTuple

from shared.contract.ballots import marks_fault
from shared.contract.batches import BALLOT_CHARS, MARKS_CHARS, MAX_MOVED_CHARS, Runs
from shared.contract.chain import START
from shared.contract.codes import COMMITMENT_BYTES, VotingCode, commitment
from shared.contract.elections import Election, config_hash
from shared.contract.events import (
    CandidateReinstated,
    CandidateWithdrawn,
    CodeReissued,
    Control,
    ElectionCancelled,
    ElectionCertified,
    ElectionClosed,
    ElectionOpened,
    ElectionPaused,
    ElectionResumed,
    ElectorRestored,
    ElectorVoided,
    KeyReplaced,
    RollCommitted,
)
from shared.contract.packs import Ballot
from shared.contract.verdicts import NoEffect, Reason

SectionRankings = tuple[int, tuple[str, ...]]
"""The section a ballot is cast in (some contests count sections apart), and its marks for each contest."""

_WHEN_NOT_OPEN = {
    "configured": Reason.NOT_OPEN,
    "paused": Reason.PAUSED,
    "closed": Reason.CLOSED,
    "cancelled": Reason.CLOSED,
}
MOVES = {
    ("configured", ElectionOpened): "open",
    ("open", ElectionPaused): "paused",
    ("paused", ElectionResumed): "open",
    ("open", ElectionClosed): "closed",
    ("paused", ElectionClosed): "closed",
    ("closed", ElectionCertified): "closed",
    ("configured", ElectionCancelled): "cancelled",
    ("open", ElectionCancelled): "cancelled",
    ("paused", ElectionCancelled): "cancelled",
    ("closed", ElectionCancelled): "cancelled",
}
"""The auditor's own table, on purpose not that of shared/contract/lifecycle.py: what is wrong there must not be wrong here."""


class Effect(NamedTuple):
    """What a control did: why it did nothing, or the ballot it took out of the count or brought back."""

    why: NoEffect | None = None
    retracted: SectionRankings | None = None
    restored: SectionRankings | None = None
    batch: Counter[SectionRankings] | None = None
    """Of an order about a batch: how many ballots it took out or brought back are alike."""


@dataclass
class ShardAudit:
    """One election in one shard."""

    definition: Election
    log_id: str
    shard: int
    shards: int
    last_control: str
    phase: str = "configured"
    effects: bytes = START
    reasons: Counter[str] = field(default_factory=Counter)
    ballots: Counter[SectionRankings] = field(default_factory=Counter)
    """How many ballots that count are alike."""
    retracted: int = 0
    certificate: ElectionCertified | None = None
    withdrawn: set[tuple[str, str]] = field(default_factory=set)
    """Contest and candidate."""
    _followed: set[str] = field(default_factory=set)
    """Ids of the controls before the last one: none of them comes again."""
    _codes: dict[int, bytes] = field(default_factory=dict)
    _voted: dict[int, tuple[bytes, SectionRankings]] = field(default_factory=dict)
    _void: set[int] = field(default_factory=set)
    _gave_way: set[tuple[int, bytes]] = field(default_factory=set)
    """Elector and ballot id of ballots that a later one has superseded."""
    _alike: dict[SectionRankings, SectionRankings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.officials = {official.key for official in self.definition.officials}
        self._mine = range(self.shard, self.definition.electors, self.shards)

    @property
    def accepted(self) -> int:
        """Ballots that count."""
        return len(self._voted) - self.retracted

    @property
    def electors_who_voted(self) -> set[int]:
        """Electors who have voted, void or not."""
        return set(self._voted)

    def counting_ballot(self, elector: int) -> bytes | None:
        """Return the id of an elector's ballot that counts; None if there is none, or it is void."""
        ballot_id, _ = self._voted.get(elector, (None, None))
        return None if elector in self._void else ballot_id

    def judge_ballot(self, ballot: Ballot) -> tuple[Reason, SectionRankings | None]:
        """Judge the election's next ballot; return its reason, and the ballot that it takes out of the count, if any."""
        against, before = self._why_not(ballot), self._voted.get(ballot.elector)
        if against is not None:
            self.reasons[against] += 1
            return against, None
        reason = Reason.ACCEPTED if before is None else Reason.SUPERSEDING
        self.reasons[reason] += 1
        cast = (ballot.section, ballot.rankings)
        cast = self._alike.setdefault(cast, cast)
        self._voted[ballot.elector] = (ballot.ballot_id, cast)
        self.ballots[cast] += 1
        if before is None:
            return reason, None
        self._gave_way.add((ballot.elector, before[0]))
        self.ballots[before[1]] -= 1
        if not self.ballots[
            before[1]
        ]:  # or whoever votes without end fills memory with what nobody has any more
            del self.ballots[before[1]]
            self._alike.pop(before[1], None)
        return reason, before[1]

    def judge_roll(self, chunk: RollCommitted, signers: set[str]) -> NoEffect | None:
        """Judge a chunk of the roll; return why it has no effect."""
        if not signers & self.officials:
            return NoEffect.NOT_SIGNED
        if chunk.shard != self.shard:
            return NoEffect.NOT_HERE
        if self.phase != "configured":
            return NoEffect.OUT_OF_PHASE
        size = len(chunk.commitments) // COMMITMENT_BYTES
        end = chunk.first + size
        if chunk.first > len(self._codes) or end > len(self._mine):
            return NoEffect.ROLL_NOT_WHOLE
        codes = {
            chunk.first + n: chunk.commitments[COMMITMENT_BYTES * n : COMMITMENT_BYTES * (n + 1)]
            for n in range(size)
        }
        if all(self._codes.get(place) == code for place, code in codes.items()):
            return NoEffect.NO_CHANGE
        self._codes.update(codes)
        for place in range(end, len(self._codes)):
            del self._codes[place]
        return None

    def judge_control(self, control: Control, signers: set[str], root_key: str) -> Effect:
        """Judge the election's next control; return what it did."""
        if not self._is_signed(control, signers, root_key):
            return Effect(NoEffect.NOT_SIGNED)
        if control.control_id == self.last_control:
            return Effect(NoEffect.NO_CHANGE)
        if control.before(self.shard) != self.last_control or control.control_id in self._followed:
            return Effect(NoEffect.OUT_OF_ORDER)
        self._followed.add(self.last_control)
        self.last_control = control.control_id
        is_over = self.phase == "cancelled"
        effect = Effect(NoEffect.OUT_OF_PHASE) if is_over else self._carry_out(control)
        if effect.why is None:
            self.certificate = control if isinstance(control, ElectionCertified) else None
        return effect

    def _is_signed(self, control: Control, signers: set[str], root_key: str) -> bool:
        if isinstance(control, KeyReplaced):
            others = self.officials - {control.old}
            return root_key in signers and (not others or bool(signers & others))
        needed = self.definition.approvals
        if isinstance(control, ElectionCancelled) and len(self.definition.officials) > 1:
            needed = max(needed, 2)
        after_the_close = self.phase == "closed" and isinstance(control, ElectorVoided | ElectorRestored)
        if after_the_close and self.definition.smallest_group > 1:
            needed = max(needed, 2)
        return len(signers & self.officials) >= needed

    def _carry_out(self, control: Control) -> Effect:
        match control:
            case ElectorVoided() | ElectorRestored():
                return self._change_electors(control)
            case CodeReissued():
                return Effect(self._why_no_new_code(control))
            case CandidateWithdrawn() | CandidateReinstated():
                return Effect(self._why_no_change(control))
            case KeyReplaced():
                if control.old not in self.officials or control.new.key in self.officials:
                    return Effect(NoEffect.NO_CHANGE)
                self.officials = (self.officials - {control.old}) | {control.new.key}
                return Effect()
            case _:
                return Effect(self._why_no_move(control))

    def _why_not(self, ballot: Ballot) -> Reason | None:  # noqa: PLR0911  one line a rule
        elector, section = ballot.elector, ballot.section
        if elector % self.shards != self.shard:
            return Reason.WRONG_SHARD
        if elector not in self._mine:
            return Reason.UNKNOWN_ELECTOR
        cast = (section, ballot.rankings)
        before = self._voted.get(elector)
        if before == (ballot.ballot_id, cast):
            return Reason.SAME_BALLOT
        if (elector, ballot.ballot_id) in self._gave_way:
            return Reason.SUPERSEDED
        if section >= len(self.definition.sections):
            return Reason.UNKNOWN_SECTION
        code = commitment(self.log_id, self.definition.id, VotingCode(elector, section, ballot.secret))
        if self._codes.get(elector // self.shards) != code:
            return Reason.BAD_CODE
        if self.phase != "open":
            return _WHEN_NOT_OPEN[self.phase]
        if elector in self._void:
            return Reason.VOID_ELECTOR
        is_final = self.definition.revote != "last-counts"
        if before is not None and (is_final or before[0] == ballot.ballot_id):
            return Reason.ALREADY_VOTED
        return self._why_no_ballot(cast)

    def _why_no_ballot(self, cast: SectionRankings) -> Reason | None:
        if cast in self._alike:  # one like it has counted
            return None
        _, rankings = cast
        if len(rankings) != len(self.definition.contests):
            return Reason.UNKNOWN_CONTEST
        for marks, contest in zip(rankings, self.definition.contests, strict=True):
            if marks_fault(marks, len(contest.candidates), contest.max_ranks_on_ballot) is not None:
                return Reason.BAD_RANKING
        return None

    def _why_no_move(self, control: Control) -> NoEffect | None:
        after = MOVES.get((self.phase, type(control)))
        if after is None:
            return NoEffect.OUT_OF_PHASE
        if isinstance(control, ElectionOpened):
            if control.config_hash != config_hash(self.definition):
                return NoEffect.OTHER_DEFINITION
            codes = b"".join(self._codes[place] for place in range(len(self._codes)))
            expected = (len(self._mine), sha256(codes).hexdigest())
            named = [(part.electors, part.digest) for part in control.roll[self.shard : self.shard + 1]]
            if len(self._codes) != len(self._mine) or named != [expected]:
                return NoEffect.ROLL_NOT_WHOLE
        if isinstance(control, ElectionCertified):
            named_heads = control.effects[self.shard : self.shard + 1]
            if named_heads != (self.effects.hex(),):
                return NoEffect.SUPERSEDED
        self.phase = after
        return None

    def _why_no_change(self, control: CandidateWithdrawn | CandidateReinstated) -> NoEffect | None:
        contests = {contest.id: contest for contest in self.definition.contests}
        if control.contest not in contests:
            return NoEffect.NOT_HERE
        named = (control.contest, control.candidate)
        if isinstance(control, CandidateReinstated):
            if named not in self.withdrawn:
                return NoEffect.NO_CHANGE
            self.withdrawn.remove(named)
            return None
        listed = {(control.contest, of.id) for of in contests[control.contest].candidates if not of.excluded}
        if named not in listed - self.withdrawn:
            return NoEffect.NO_CHANGE
        if len(listed - self.withdrawn) == 1:
            return NoEffect.LAST_CANDIDATE
        self.withdrawn.add(named)
        return None

    def _why_no_new_code(self, control: CodeReissued) -> NoEffect | None:
        if self.phase == "closed":
            return NoEffect.OUT_OF_PHASE
        if control.elector is None or control.elector not in self._mine:
            return NoEffect.NOT_HERE
        place, code = control.elector // self.shards, bytes.fromhex(control.commitment)
        if not code or self._codes.get(place, bytes(COMMITMENT_BYTES)) == code:
            return NoEffect.NO_CHANGE
        if place not in self._codes:
            return NoEffect.ROLL_NOT_WHOLE
        self._codes[place] = code
        return None

    def _change_electors(self, control: ElectorVoided | ElectorRestored) -> Effect:
        voiding = isinstance(control, ElectorVoided)
        if control.electors is not None:
            return self._change_batch(control.electors, voiding=voiding)
        return self._change_elector(control.elector, voiding=voiding)

    def _change_elector(self, elector: int | None, *, voiding: bool) -> Effect:
        if elector is None or elector not in self._mine:
            return Effect(NoEffect.NOT_HERE)
        if voiding == (elector in self._void):
            return Effect(NoEffect.NO_CHANGE)
        shown = self.definition.live_tallies and self.definition.smallest_group > 1 and self.phase != "closed"
        if shown and elector in self._voted:
            return Effect(NoEffect.COUNTED_LIVE)
        (self._void.add if voiding else self._void.remove)(elector)
        if elector not in self._voted:
            return Effect()
        step, cast = (1 if voiding else -1), self._voted[elector][1]
        self.retracted += step
        self.ballots[cast] -= step
        return Effect(retracted=cast) if voiding else Effect(restored=cast)

    def _change_batch(self, runs: Runs, *, voiding: bool) -> Effect:
        mine = [n for first, last in runs for n in range(first, last + 1) if n in self._mine]
        if not mine:
            return Effect(NoEffect.NOT_HERE)
        if (
            self.definition.live_tallies
            and self.definition.smallest_group > 1
            and self.phase in ("open", "paused")
        ):
            return Effect(NoEffect.COUNTED_LIVE)
        turned = {n for n in mine if (n in self._void) != voiding}
        if not turned:
            return Effect(NoEffect.NO_CHANGE)
        moved = Counter(self._voted[n][1] for n in turned if n in self._voted)
        chars = sum(
            many * (BALLOT_CHARS + sum(MARKS_CHARS + len(marks) for marks in rankings))
            for (_, rankings), many in moved.items()
        )
        if chars > MAX_MOVED_CHARS:
            return Effect(NoEffect.TOO_LARGE)
        self._void ^= turned
        for cast, many in moved.items():
            step = many if voiding else -many
            self.retracted += step
            self.ballots[cast] -= step
        return Effect(batch=moved)
