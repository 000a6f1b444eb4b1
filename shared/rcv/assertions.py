"""Assertions for a risk-limiting audit of an instant run-off: if all are true of the ballots, the winner is right.

A sample of the ballots cannot confirm an order of elimination, but it can confirm that one candidate has more votes than
another. RAIRE (Blom, Stuckey and Teague, "RAIRE: Risk-Limiting Audits for IRV Elections", 2019, arXiv:1903.08804) finds such
comparisons that together contradict every order with another winner, the least margin as large as can be:

* not eliminated before ("winner only"): the winner's first preferences are more than all ballots that name the loser and not
  the winner before; so the winner outlasts the loser in every order.
* not eliminated next: with only some candidates standing, the winner has more votes than the loser.

Orders are built from their end. A tail is a last part of an order, first to last who goes; it is contradicted by an assertion
about its first candidate, so all orders with this end are. The search splits the tail that is hardest to contradict, until
every tail is contradicted at least as easily as the hardest one that cannot be split further.

Undeclared write-ins fall first whatever their votes, so no order has one later: they are passed over on ballots, as are those who
have withdrawn.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from math import ceil, log
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.contract.elections import Contest
from shared.rcv.count.profile import Columns
from shared.rcv.count.tabulate import tabulate
from shared.rcv.count.ties import Ask
from shared.rcv.scenarios import can_be_called, counted, pairwise

INFLATOR: Final = 1.03905
"""Of errors, the usual choice for comparison audits: see `comparison_sample`."""

Tail = tuple[int, ...]


class NoAssertions(ValueError):
    """No assertions can show the winner to be right, and why."""


@dataclass(frozen=True, slots=True)
class Assertion:
    """More ballots are for the winner than for the loser."""

    winner: int
    loser: int
    votes: tuple[int, int]
    """Ballots for the winner, and for the loser."""
    standing: frozenset[int] | None
    """Among whom the two are compared; None: the winner is not eliminated before the loser, whoever is still there."""

    @property
    def margin(self) -> int:
        """Return by how many ballots it is true."""
        return self.votes[0] - self.votes[1]


@dataclass(frozen=True, slots=True)
class Assertions:
    """Assertions that imply the winner, and how close the contest is."""

    winner: int
    ballots: int
    """All ballots of the contest, those that rank nobody included."""
    needed: tuple[Assertion, ...]
    """The closest first."""
    are_best: bool
    """Whether no other assertions have a larger least margin; not if the search was cut short."""
    changes: tuple[int, int]
    """How many ballots, counted as something else, could change who wins: at least (half of the least margin, for one ballot moves
    a margin by 2), and at most (half of the margin between the last two); 0 if nobody else stands."""


def assertions(
    profile: Columns, contest: Contest, ask: Ask | None = None, go_on: Callable[[int], bool] = lambda _: True
) -> Assertions:
    """Return the assertions of an instant run-off.

    `go_on` is asked, with the number of tails looked at, whether to search on for the best; after a no any will do. Raises
    NoAssertions: for another method, ranks with several names, if nobody is elected, or if a tie decides who is.
    """
    if not can_be_called(contest) or profile.several:
        raise NoAssertions(
            "expected an instant run-off without a minimum of votes, one candidate at each rank"
        )
    elected = tabulate(profile, contest, ask).elected
    if len(elected) != 1:
        raise NoAssertions("expected a contest that elects somebody: nobody has votes")
    search = _Search(profile, contest, elected[0])
    least, are_best = search.least_margin(go_on)
    needed = sorted(
        search.with_margin(least), key=lambda of: (of.margin, of.winner, of.loser, sorted(of.standing or ()))
    )
    total = int(profile.columns()[2].sum())
    return Assertions(elected[0], total, tuple(needed), are_best, (_half(least), _half(search.last_margin())))


def comparison_sample(margin: int, ballots: int, risk: float) -> int:
    """Return how many ballots confirm a margin at a risk limit if each is compared with its record and none differs.

    The super-simple method: Lindeman and Stark, "A Gentle Introduction to Risk-Limiting Audits", 2012, with an inflator of 1.03905.
    """
    return min(ballots, ceil(log(risk) / log(1 - margin / ballots / (2 * INFLATOR))))


def polling_sample(votes: tuple[int, int], ballots: int, risk: float) -> int:
    """Return how many ballots are expected to confirm a lead at a risk limit if only the ballots are looked at.

    BRAVO: Lindeman, Stark and Yates, 2012, section 4. At most all of them: a full hand count.
    """
    more, fewer = votes
    share = more / (more + fewer)
    for_winner, for_loser = log(2 * share), log(2 - 2 * share) if fewer else 0.0
    drift = (more * for_winner + fewer * for_loser) / ballots
    return min(ballots, ceil((log(1 / risk) + for_winner / 2) / drift))


def electable(contest: Contest) -> tuple[int, ...]:
    """Return whom assertions are about: all who can be elected."""
    return tuple(place for place in contest.included if not contest.candidates[place].write_in)


class _Search:
    """Over tails: see the module."""

    def __init__(self, profile: Columns, contest: Contest, winner: int) -> None:
        self._paths, _, self._ballots = profile.columns()
        self._all = electable(contest)
        self._winner = winner
        self._preferred = pairwise(profile)
        self._votes: dict[frozenset[int], NDArray[np.int64]] = {}
        self._firsts = self._votes_among(frozenset(self._all))
        self._others: list[Tail] = [(c,) for c in self._all if c != winner]
        """The shortest tails that end with another winner."""

    def least_margin(self, go_on: Callable[[int], bool]) -> tuple[int, bool]:
        """Return a margin that suffices to contradict every tail, and whether it is the largest such. Raises NoAssertions.

        The tail with the smallest margin is split, until it is a whole order: all others are contradicted at least as easily.
        """
        frontier: list[tuple[int, Tail]] = [(self._best_margin(tail), tail) for tail in self._others]
        heapify(frontier)
        looked = len(frontier)
        while frontier:
            margin, tail = heappop(frontier)
            is_whole = len(tail) == len(self._all)
            if is_whole and not margin:
                raise NoAssertions("a tie decides who is elected: no comparison of votes can confirm it")
            if is_whole or (margin and not go_on(looked)):
                return margin, is_whole
            for longer in self._split(tail):
                heappush(frontier, (max(margin, self._best_margin(longer)), longer))
            looked += len(self._all) - len(tail)
        return 0, True

    def with_margin(self, least: int) -> frozenset[Assertion]:
        """Return assertions that contradict every tail, none by less than a margin for which `least_margin` has shown that there are some."""
        chosen: set[Assertion] = set()
        tails = [*self._others]
        while tails:
            tail = tails.pop()
            enough = [of for of in self._contradicting(tail) if of.margin >= least]
            if not enough:
                tails += self._split(tail)
            elif chosen.isdisjoint(enough):
                chosen.add(max(enough, key=lambda of: (of.standing is None, of.margin)))
        return frozenset(chosen)

    def _split(self, tail: Tail) -> Iterator[Tail]:
        return ((candidate, *tail) for candidate in self._all if candidate not in tail)

    def _best_margin(self, tail: Tail) -> int:
        """Return the largest margin by which a tail is contradicted, 0 if it is not."""
        return max(0, *[of.margin for of in self._contradicting(tail)])

    def last_margin(self) -> int:
        """Return the margin between the last two, if the one with the fewest votes goes each time; 0 if nobody else stands."""
        standing = set(self._all)
        while len(standing) > 2:
            votes = self._votes_among(frozenset(standing))
            standing.remove(min(standing, key=lambda c: (votes[c], c == self._winner)))
        if len(standing) < 2:
            return 0
        votes = self._votes_among(frozenset(standing))
        first, second = standing
        return int(abs(votes[first] - votes[second]))

    def _contradicting(self, tail: Tail) -> Iterator[Assertion]:
        """Yield comparisons that, if true, contradict that all others go before the first of a tail, and that one then."""
        first, *later = tail
        for other in self._all:
            if other not in tail:
                yield self._outlasts(other, first)
        standing = frozenset(tail)
        votes = self._votes_among(standing)
        for other in later:
            yield self._outlasts(first, other)
            yield Assertion(first, other, (int(votes[first]), int(votes[other])), standing)

    def _outlasts(self, winner: int, loser: int) -> Assertion:
        votes = int(self._firsts[winner]), int(self._preferred[loser, winner])
        return Assertion(winner, loser, votes, None)

    def _votes_among(self, standing: frozenset[int]) -> NDArray[np.int64]:
        """Return the votes of each candidate while only these are in the count."""
        votes = self._votes.get(standing)
        if votes is None:
            is_standing = np.zeros(256, np.bool_)
            is_standing[list(standing)] = True
            holds = is_standing[self._paths]
            rows = np.flatnonzero(holds.any(axis=1))
            holders = self._paths[rows, holds[rows].argmax(axis=1)].astype(np.intp)
            votes = self._votes[standing] = counted(holders, self._ballots[rows], 256)
        return votes


def _half(margin: int) -> int:
    return (margin + 1) // 2
