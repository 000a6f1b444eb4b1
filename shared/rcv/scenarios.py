"""What if: questions to a contest's rankings that change nothing.

Rule 1: each is a pure function of the rankings, or of a count of them.
Rule 2: what is called safe holds whatever the ballots still out say, ties included. It may be that more is safe.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from shared.contract.elections import Contest
from shared.rcv.count.profile import Profile
from shared.rcv.count.rounds import Count, Round, Transfer, transfers_from
from shared.rcv.count.tabulate import tabulate

Matrix = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class DroppedOut:
    """What happens if a candidate drops out before the count."""

    candidate: int
    transfers: tuple[Transfer, ...]
    """Where the ballots go that have the candidate as first choice."""
    count: Count
    """The new result."""


@dataclass(frozen=True, slots=True)
class Final:
    """Two candidates as the last two: ballots for each, and those that rank neither or both alike."""

    pair: tuple[int, int]
    votes: tuple[int, int]
    neither: int

    @property
    def winner(self) -> int | None:
        """Who has more; None if they are level."""
        first, second = self.votes
        return None if first == second else self.pair[first < second]


@dataclass(frozen=True, slots=True)
class SafeCall:
    """Candidates who will fall before all others who are left, whatever the ballots still out say."""

    fallen: tuple[int, ...]
    bound: int
    """What they could have at most, all together: their votes, and every ballot still out."""
    least: int
    """What each of the others has at least. It is more than the bound: that is why the call is safe."""


@dataclass(frozen=True, slots=True)
class Safe:
    """How far a count is settled with so many ballots still out."""

    out: int
    calls: tuple[SafeCall, ...]
    elected: int | None
    """Who is certain to be elected; None if nobody is yet."""


def if_dropped_out(rankings: Profile, contest: Contest, candidate: int) -> DroppedOut:
    """Return where the votes of `candidate` go and who is elected if he or she drops out."""
    already = {*contest.excluded}
    moved = rankings.handed_over(candidate, already, already | {candidate})
    transfers = transfers_from(candidate, moved, rankings.candidates)
    return DroppedOut(candidate, transfers, tabulate(rankings, contest.excluding({candidate})))


def pairwise(rankings: Profile) -> Matrix:
    """Return by candidate and candidate the ballots that prefer the first to the second: shape (n, n).

    Whoever is ranked is preferred to whoever is not; candidates at one rank are not preferred to one another.
    """
    paths, _, ballots = rankings.columns()
    place = np.full((len(paths), rankings.candidates), paths.shape[1], np.uint8)
    for at in range(paths.shape[1] - 1, -1, -1):
        rows = np.flatnonzero(paths[:, at] < rankings.candidates)
        place[rows, paths[rows, at]] = at
    for (row, at), named in rankings.several.items():
        for c in named:
            place[row, c] = min(place[row, c], at) if c >= 0 else place[row, c]
    return np.stack([ballots @ (place[:, [c]] < place) for c in range(rankings.candidates)])


def condorcet_winner(matrix: Matrix, excluded: Collection[int] = ()) -> int | None:
    """Return the candidate who beats every other one, two at a time; None if nobody does (Condorcet, 1785)."""
    among = [c for c in range(len(matrix)) if c not in excluded]
    beats_all = (c for c in among if all(matrix[c, d] > matrix[d, c] for d in among if d != c))
    return next(beats_all, None)


def finals(rankings: Profile, contest: Contest) -> tuple[Final, ...]:
    """Return every pair of candidates as the last two."""
    matrix = pairwise(rankings)
    _, _, ballots = rankings.columns()
    total = int(ballots.sum())
    return tuple(
        Final((a, b), (int(matrix[a, b]), int(matrix[b, a])), total - int(matrix[a, b] + matrix[b, a]))
        for a, b in combinations(contest.included, 2)
    )


def safe(count: Count, out: int) -> Safe:
    """Return which eliminations, and whose election, `out` further ballots cannot change in an instant run-off.

    For contests without a minimum of votes: below one, candidates fall whoever else does.

    The bound. A candidate who falls hands on ballots; none of the others ever loses one. So if candidates together,
    with every ballot still out, have fewer than the least of the others, each of them falls before any of the others,
    in whatever order, and the tallies when all of them are out depend on no order. From there the argument goes on.
    A candidate with more than half of the votes, all ballots still out included, is elected; a write-in never is.
    """
    calls: list[SafeCall] = []
    pending: list[int] = []
    start = count.rounds[0]
    for round_ in count.rounds:
        winner = _certain(start, count.elected, out)
        if winner is not None:
            return Safe(out, tuple(calls), winner)
        pending += sorted(round_.eliminated)
        call = _call(start, pending, out) if pending else None
        if call is not None and round_ is not count.rounds[-1]:
            calls.append(call)
            start, pending = count.rounds[round_.number], []
    return Safe(out, tuple(calls), _certain(start, count.elected, out))


def _call(start: Round, fallen: Sequence[int], out: int) -> SafeCall | None:
    rest = [start.votes[c] for c in start.continuing if c not in fallen]
    bound = sum(start.votes[c] for c in fallen) + out
    return SafeCall(tuple(fallen), bound, min(rest)) if rest and bound < min(rest) else None


def _certain(round_: Round, elected: Sequence[int], out: int) -> int | None:
    votes = round_.votes
    leader = max(round_.continuing, key=votes.__getitem__)
    return leader if leader in elected and 2 * votes[leader] > sum(votes) + out else None


def votes_needed(count: Count) -> dict[int, int]:
    """Return for each eliminated candidate how many more votes, then, would have let somebody else fall.

    One more than the margin to the next one; none is needed where the tie rule decided.
    """
    return {
        decision.candidate: 0 if decision.tied else decision.margin + 1
        for round_ in count.rounds
        for decision in round_.decisions
        if decision.outcome == "eliminated" and decision.margin is not None
    }


def changes_needed(count: Count) -> int | None:
    """Return the fewest further ballots that could change who falls or is elected first; None if nobody else could.

    An upper bound of the margin of victory: more than the margin of one round, for the one behind.
    """
    margins = [
        decision.margin + (0 if decision.tied else 1)
        for round_ in count.rounds
        for decision in round_.decisions
        if decision.margin is not None
    ]
    return min(margins, default=None)
