"""The live count of a contest, whatever its method: changes in, a count out.

Rule 1: a method is exact: after any changes its count equals `tabulate` of the profile they add up to.
Rule 2: changes may come in any order and may be negative; after each `apply` no ranking has fewer than no ballots.
Rule 3: where whole ballots move, the rounds are kept up with every batch (`LiveRounds`). They are counted afresh from
        the distinct rankings (`Recounted`) where a change of one ballot changes the worth of all: STV and Meek's
        method; where seats are filled one after another; and under the one switch whose reading of a paper depends on
        the round it is read in, `overvote = "exhaust-if-several-continue"`.
"""

from collections.abc import Iterable
from typing import Final, Protocol

from shared.contract.elections import Contest, Method
from shared.rcv.count.live_rounds import LiveRounds
from shared.rcv.count.rankings import Change, Rankings
from shared.rcv.count.rounds import Count
from shared.rcv.count.situation import divides_votes
from shared.rcv.count.tabulate import recount


class LiveMethod(Protocol):
    """A contest that is counted while ballots arrive and leave."""

    def apply(self, changes: Iterable[Change]) -> None:
        """Take changes of the profile: section, marks, and by how many ballots they became more."""

    def withdraw(self, candidate: int) -> None:
        """Count as if nobody could vote for `candidate`."""

    def restore(self, candidate: int) -> None:
        """Take a withdrawal back."""

    def count(self) -> Count:
        """Return the count of all that was applied so far."""


class Recounted:
    """One contest, counted afresh from its distinct rankings whenever somebody asks."""

    def __init__(self, contest: Contest, sections: int) -> None:
        self._contest = contest
        self._rankings = Rankings(len(contest.candidates), sections, contest.rules)

    def apply(self, changes: Iterable[Change]) -> None:
        """Take changes of the profile."""
        self._rankings.add(changes)

    def withdraw(self, candidate: int) -> None:
        """Count as if nobody could vote for `candidate`."""
        self._contest = self._contest.excluding({candidate})

    def restore(self, candidate: int) -> None:
        """Take a withdrawal back."""
        self._contest = self._contest.excluding({candidate}, excluded=False)

    def count(self) -> Count:
        """Return the count of all that was applied so far."""
        return recount(self._rankings, self._contest)


def open_method(contest: Contest, sections: int) -> LiveMethod:
    """Return the live count of `contest` over so many sections, with no ballots yet."""
    return LiveRounds(contest, sections) if moves_whole_ballots(contest) else Recounted(contest, sections)


def moves_whole_ballots(contest: Contest) -> bool:
    """Return whether a ballot counts whole for one candidate after another, whoever else arrives."""
    by_rounds = contest.method in _BY_ROUNDS and not divides_votes(contest)
    return by_rounds and contest.rules.overvote != "exhaust-if-several-continue"


_BY_ROUNDS: Final[frozenset[Method]] = frozenset(
    {"plurality", "supplementary", "irv", "bottoms-up", "electoral-college", "stv-wigm"}
)
