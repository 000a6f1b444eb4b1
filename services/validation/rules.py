"""What may stand against a ballot: to the elector, to the time, to the vote, to the paper, asked in this order.

Rule 1: a rule reads the ballot and what this shard's log has said before it, nothing else: no clock, no look-up.
Rule 2: the first objection is the reason.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from services.validation.box import BallotBox
from shared.contract.ballots import marks_fault
from shared.contract.codec import HotBallot
from shared.contract.codes import code_macs
from shared.contract.elections import Contest, Election, Phase
from shared.contract.verdicts import Reason


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
    electors: int = field(init=False)
    sections: int = field(init=False)
    mac_of: Callable[[int, int], int] = field(init=False)

    def __post_init__(self) -> None:
        self.electors, self.sections = self.definition.electors, len(self.definition.sections)
        self.mac_of = code_macs(self.key)

    def place(self, elector: int) -> int:
        """Return an elector's place in this shard's box."""
        return elector // self.shards


_OUT_OF_PHASE = {
    Phase.CONFIGURED: Reason.NOT_OPEN,
    Phase.PAUSED: Reason.PAUSED,
    Phase.CLOSED: Reason.CLOSED,
    Phase.CERTIFIED: Reason.CLOSED,
}


def objection(ballot: HotBallot, polling: Polling) -> Reason | None:  # noqa: PLR0911  a list of rules, in order
    """Return what stands against a ballot, None if it counts. Every ballot comes through here: 2 us, 1 of them the MAC.

    An elector's ballots meet in one shard, numbers and sections are those of the roll, and the code is genuine.
    """
    elector, section = ballot.elector, ballot.section
    if elector % polling.shards != polling.shard:
        return Reason.WRONG_SHARD
    if elector >= polling.electors:
        return Reason.UNKNOWN_ELECTOR
    if section >= polling.sections:
        return Reason.UNKNOWN_SECTION
    if ballot.mac != polling.mac_of(elector, section):
        return Reason.BAD_CODE
    if polling.phase is not Phase.OPEN:
        return _OUT_OF_PHASE[polling.phase]
    if polling.box.is_touched(polling.place(elector)):
        return _to_the_vote(ballot, polling)
    return _to_the_paper(ballot, polling)


def _to_the_vote(ballot: HotBallot, polling: Polling) -> Reason:
    """The first ballot stands, and a retry of it counts once; an operator may void an elector, before or after it."""
    box, place = polling.box, polling.place(ballot.elector)
    if box.holds(place, ballot.ballot_id):
        return Reason.SAME_BALLOT
    return Reason.VOID_ELECTOR if box.is_void(place) else Reason.ALREADY_VOTED


def _to_the_paper(ballot: HotBallot, polling: Polling) -> Reason | None:
    """A paper holds one ranking for each contest, each in its one spelling; a blank one is a ranking too."""
    known = polling.box.numbers
    if len(ballot.rankings) != len(known):
        return Reason.UNKNOWN_CONTEST
    for contest, marks in enumerate(ballot.rankings):
        if marks not in known[contest] and not _fits(marks, polling.definition.contests[contest]):
            return Reason.BAD_RANKING
    return None


def _fits(marks: str, contest: Contest) -> bool:
    return marks_fault(marks, len(contest.candidates), contest.max_ranks_on_paper) is None
