"""What may stand against a ballot: to the elector, to the time, to the vote, to the paper, asked in this order.

Rule 1: a rule reads the ballot and what this shard's log has said before it, nothing else: no clock, no look-up.
Rule 2: the first objection is the reason.
"""

from dataclasses import dataclass, field

from services.validation.box import BallotBox
from shared.contract.ballots import marks_fault
from shared.contract.codec import HotBallot
from shared.contract.codes import code_mac
from shared.contract.elections import Election, Phase
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
    sections: int = 0
    fitting: set[tuple[str, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.electors, self.sections = self.definition.electors, len(self.definition.sections)

    def place(self, elector: int) -> int:
        """Return an elector's place in this shard's box."""
        return elector // self.shards


_OUT_OF_PHASE = {
    Phase.CONFIGURED: Reason.NOT_OPEN,
    Phase.PAUSED: Reason.PAUSED,
    Phase.CLOSED: Reason.CLOSED,
    Phase.CERTIFIED: Reason.CLOSED,
}


def objection(ballot: HotBallot, polling: Polling) -> Reason | None:
    """Return what stands against a ballot, None if it counts."""
    return (
        _to_the_elector(ballot, polling)
        or _OUT_OF_PHASE.get(polling.phase)
        or _to_the_vote(ballot, polling)
        or _to_the_paper(ballot, polling)
    )


def _to_the_elector(ballot: HotBallot, polling: Polling) -> Reason | None:
    """An elector's ballots meet in one shard, numbers and sections are those of the roll, and the code is genuine."""
    elector, section = ballot.elector, ballot.section
    if elector % polling.shards != polling.shard:
        return Reason.WRONG_SHARD
    if elector >= polling.electors:
        return Reason.UNKNOWN_ELECTOR
    if section >= polling.sections:
        return Reason.UNKNOWN_SECTION
    return None if ballot.mac == code_mac(polling.key, elector, section) else Reason.BAD_CODE


def _to_the_vote(ballot: HotBallot, polling: Polling) -> Reason | None:
    """The first ballot stands, and a retry of it counts once; an operator may void an elector, before or after it."""
    box, place = polling.box, polling.place(ballot.elector)
    if not box.is_touched(place):
        return None
    if box.holds(place, ballot.ballot_id):
        return Reason.SAME_BALLOT
    return Reason.VOID_ELECTOR if box.is_void(place) else Reason.ALREADY_VOTED


def _to_the_paper(ballot: HotBallot, polling: Polling) -> Reason | None:
    """A paper holds one ranking for each contest, each in its one spelling; a blank one is a ranking too."""
    papers, contests = ballot.papers, polling.definition.contests
    if papers in polling.fitting:
        return None
    if len(papers) != len(contests):
        return Reason.UNKNOWN_CONTEST
    for marks, contest in zip(papers, contests, strict=True):
        if marks_fault(marks, len(contest.candidates), contest.max_ranks_on_paper):
            return Reason.BAD_RANKING
    if len(polling.fitting) < MAX_REMEMBERED_MARKS:
        polling.fitting.add(papers)
    return None
