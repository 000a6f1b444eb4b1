"""What may stand against a ballot: one small rule each, in the order they are asked.

Rule 1: a rule reads the ballot and what this shard's log has said before it, nothing else: no clock, no look-up.
Rule 2: the first rule that objects gives the reason.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from services.validation.box import BallotBox
from shared.contract.ballots import marks_fault
from shared.contract.codec import HotBallot
from shared.contract.codes import code_mac
from shared.contract.elections import Election, Phase
from shared.contract.ids import shard_of
from shared.contract.verdicts import Reason

MAX_REMEMBERED_MARKS = 200_000


@dataclass
class Polling:
    """One election as one shard knows it."""

    definition: Election
    shard: int
    shards: int
    key: bytes
    box: BallotBox
    phase: Phase = Phase.CONFIGURED
    withdrawn: set[tuple[str, str]] = field(default_factory=set)
    """Contest and candidate. It decides no verdict: a ballot may rank whom it likes."""
    electors: int = 0
    fitting: set[tuple[str, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.electors = self.definition.electors

    def place(self, elector: int) -> int:
        """Return an elector's place in this shard's box."""
        return elector // self.shards


Rule = Callable[[HotBallot, Polling], Reason | None]

_OUT_OF_PHASE = {
    Phase.CONFIGURED: Reason.NOT_OPEN,
    Phase.PAUSED: Reason.PAUSED,
    Phase.CLOSED: Reason.CLOSED,
    Phase.CERTIFIED: Reason.CLOSED,
}


def elector_is_of_this_shard(ballot: HotBallot, polling: Polling) -> Reason | None:
    """An elector's ballots meet in one shard, or one vote a person could not be kept."""
    return None if shard_of(ballot.elector, polling.shards) == polling.shard else Reason.WRONG_SHARD


def elector_is_on_the_roll(ballot: HotBallot, polling: Polling) -> Reason | None:
    """Numbers run from 0 to the number of electors."""
    return None if ballot.elector < polling.electors else Reason.UNKNOWN_ELECTOR


def section_exists(ballot: HotBallot, polling: Polling) -> Reason | None:
    """Sections are places in the election's list."""
    return None if ballot.section < len(polling.definition.sections) else Reason.UNKNOWN_SECTION


def code_is_genuine(ballot: HotBallot, polling: Polling) -> Reason | None:
    """The MAC covers number and section, so neither can be chosen."""
    return None if ballot.mac == code_mac(polling.key, ballot.elector, ballot.section) else Reason.BAD_CODE


def election_is_open(ballot: HotBallot, polling: Polling) -> Reason | None:  # noqa: ARG001
    """The ballot's place in the log against the controls decides; no clock does."""
    return _OUT_OF_PHASE.get(polling.phase)


def ballot_is_new(ballot: HotBallot, polling: Polling) -> Reason | None:
    """The same ballot again, as a retry sends it, counts once."""
    return Reason.SAME_BALLOT if polling.box.holds(polling.place(ballot.elector), ballot.ballot_id) else None


def elector_is_not_void(ballot: HotBallot, polling: Polling) -> Reason | None:
    """An operator may void an elector, before or after the vote."""
    return Reason.VOID_ELECTOR if polling.box.is_void(polling.place(ballot.elector)) else None


def elector_has_not_voted(ballot: HotBallot, polling: Polling) -> Reason | None:
    """The first ballot stands."""
    return Reason.ALREADY_VOTED if polling.box.has_voted(polling.place(ballot.elector)) else None


def every_contest_has_a_ranking(ballot: HotBallot, polling: Polling) -> Reason | None:
    """A paper holds one ranking for each contest; a blank one is a ranking too."""
    return None if len(ballot.papers) == len(polling.definition.contests) else Reason.UNKNOWN_CONTEST


def rankings_fit_the_paper(ballot: HotBallot, polling: Polling) -> Reason | None:
    """Marks name candidates and ranks that are on the paper, in their one spelling."""
    if ballot.papers in polling.fitting:
        return None
    for marks, contest in zip(ballot.papers, polling.definition.contests, strict=True):
        if marks_fault(marks, len(contest.candidates), contest.max_ranks_on_paper):
            return Reason.BAD_RANKING
    if len(polling.fitting) < MAX_REMEMBERED_MARKS:
        polling.fitting.add(ballot.papers)
    return None


RULES: tuple[Rule, ...] = (
    elector_is_of_this_shard,
    elector_is_on_the_roll,
    section_exists,
    code_is_genuine,
    election_is_open,
    ballot_is_new,
    elector_is_not_void,
    elector_has_not_voted,
    every_contest_has_a_ranking,
    rankings_fit_the_paper,
)


def objection(ballot: HotBallot, polling: Polling) -> Reason | None:
    """Return the first rule's objection, None if the ballot counts."""
    for rule in RULES:
        reason = rule(ballot, polling)
        if reason is not None:
            return reason
    return None
