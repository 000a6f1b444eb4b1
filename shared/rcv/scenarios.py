"""What if: questions to a contest's ballots that change nothing.

Who wins if candidates drop out, and where do their votes go; who beats whom, two at a time; what can the ballots that
are still outstanding no longer change. Each answer is a pure function of the profile, or of a count of it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Final as Constant
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.contract.elections import Contest
from shared.rcv.count.piles import Piles
from shared.rcv.count.profile import SEVERAL, Columns
from shared.rcv.count.rounds import Count, Transfer
from shared.rcv.count.tabulate import tabulate
from shared.rcv.count.ties import Ask

Matrix = NDArray[np.int64]

NOT_AT_ALL = -1
"""Fewer than no further ballots."""

MAX_OF_TWO: Constant = 8
"""Candidates who stand up to which every two can be dropped out together: 28 pairs. Their number grows with the square: of 20 there
are 190, which would add 14 kB to a standing of 79."""


@dataclass(frozen=True, slots=True)
class DroppedOut:
    """What happens if candidates drop out before the count."""

    candidates: tuple[int, ...]
    transfers: tuple[Transfer, ...]
    """Where the ballots go that each of them holds in the first round, in ballots."""
    elected: tuple[int, ...]
    """Who is elected then, in order."""


@dataclass(frozen=True, slots=True)
class TwoDroppedOut:
    """What happens if two candidates drop out before the count."""

    candidates: tuple[int, int]
    elected: tuple[int, ...]
    """Who is elected then, in order."""


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
    """Candidates who will be eliminated before all others, whatever the outstanding ballots say."""

    eliminated: tuple[int, ...]
    bound: int
    """What they could have at most, all together: their votes, and every outstanding ballot."""
    least: int
    """What each of the others has at least. It is more than the bound: that is why the call is safe."""


@dataclass(frozen=True, slots=True)
class Safe:
    """How far a count is settled with so many ballots outstanding. It may be that more is safe than this says."""

    outstanding: int
    calls: tuple[SafeCall, ...]
    leader: int
    """Who has the most votes once all who are called have gone."""
    votes: int
    """What the leader has then."""
    of: int
    """What all have then, together with every outstanding ballot."""
    elected: int | None
    """The leader, if more than half of that is the leader's: then the election is certain. None if it is not."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Answers about one count: those that were asked for."""

    count: Count
    """As the ballots are."""
    drops: tuple[DroppedOut, ...] = ()
    finals: tuple[Final, ...] = ()
    condorcet: int | None = None
    """Who wins every final; None if nobody does, or finals were not asked for."""
    safe: Safe | None = None
    safe_up_to: int | None = None
    """With how many further ballots at most the election is still certain; None if it is not, or cannot be said."""
    changes_needed: int | None = None
    votes_needed: Mapping[int, int] = field(default_factory=dict)
    of_two: tuple[TwoDroppedOut, ...] = ()


def what_if(
    profile: Columns,
    contest: Contest,
    ask: Ask | None = None,
    count: Count | None = None,
    *,
    with_two: bool = False,
) -> WhatIf:
    """Return all answers: each candidate dropped out alone, every final and, if it `can_be_called`, how safe it is.

    With `with_two` also every two candidates dropped out (`pairs_to_drop`). Costs a count for each candidate and each of these
    pairs, and one for the ballots as they are unless `count` is that. Raises as `tabulate` does.
    """
    count = tabulate(profile, contest, ask) if count is None else count
    alone = contest.included if len(contest.included) > 1 else ()
    drops = tuple(if_dropped_out(profile, contest, [c], ask) for c in alone)
    of_two = tuple(
        TwoDroppedOut(pair, tabulate(profile, contest.excluding(pair), ask).elected)
        for pair in (pairs_to_drop(contest) if with_two else ())
    )
    return with_count(count, contest, drops, of_two, finals(profile, contest))


def pairs_to_drop(contest: Contest) -> tuple[tuple[int, int], ...]:
    """Return every two candidates whose dropping out together is answered: none of more than `MAX_OF_TWO`, or if nobody were left."""
    return tuple(combinations(contest.included, 2)) if 2 < len(contest.included) <= MAX_OF_TWO else ()


def with_count(
    count: Count,
    contest: Contest,
    drops: tuple[DroppedOut, ...],
    of_two: tuple[TwoDroppedOut, ...],
    pairs: tuple[tuple[Final, ...], int | None],
) -> WhatIf:
    """Return answers with what follows from the count alone; `pairs` are every final, and who wins all of theirs."""
    up_to = safe_up_to(count) if can_be_called(contest) else None
    in_ballots = not count.places
    return WhatIf(
        count,
        drops,
        *pairs,
        safe(count, up_to or 0) if can_be_called(contest) else None,
        up_to,
        changes_needed(count) if in_ballots else None,
        votes_needed(count) if in_ballots else {},
        of_two,
    )


def if_dropped_out(
    profile: Columns, contest: Contest, candidates: Sequence[int], ask: Ask | None = None
) -> DroppedOut:
    """Return where the votes of candidates go, and who is elected, if they drop out. Raises as `tabulate` does.

    Raises ValueError if nobody would be left.
    """
    without = contest.excluding(candidates)
    if not without.included:
        raise ValueError("nobody would be left to be elected")
    transfers = Piles(profile, contest, 1).eliminate(candidates)
    return DroppedOut(tuple(candidates), transfers, tabulate(profile, without, ask).elected)


def pairwise(profile: Columns) -> Matrix:
    """Return by candidate and candidate the ballots that prefer the first to the second: shape (n, n).

    Whoever is ranked is preferred to whoever is not; candidates at one rank are not preferred to one another.
    """
    paths, _, ballots = profile.columns()
    several = sorted({row for row, _ in profile.several})
    if not several:
        return preferences(paths, ballots, profile.candidates)
    plain = np.ones(len(paths), np.bool_)
    plain[several] = False
    # Few rows have a rank of several. By row and candidate the place of the rank that names them; of those not ranked a
    # place after all others.
    place = np.full((len(paths), profile.candidates), paths.shape[1], np.uint8)
    for row in several:
        for at, c in reversed(list(enumerate(paths[row].tolist()))):
            named = profile.several[row, at] if c == SEVERAL else (c,)
            place[row, [c for c in named if 0 <= c < profile.candidates]] = at
    untidy = [ballots[several] @ (place[several][:, [c]] < place[several]) for c in range(profile.candidates)]
    return preferences(paths[plain], ballots[plain], profile.candidates) + np.stack(untidy)


def preferences(paths: NDArray[np.uint8], ballots: NDArray[np.int64], candidates: int) -> Matrix:
    """Return by candidate and candidate the ballots that prefer the first to the second, of rankings without ranks of several.

    Ballots prefer c to d that rank c, less those that rank d before c: so only pairs of marks are counted.
    """
    ranked = np.zeros(candidates, np.int64)
    before = np.zeros((candidates, candidates), np.int64)
    for later in range(paths.shape[1]):
        rows = np.flatnonzero(paths[:, later] < candidates)
        if not rows.size:
            break
        marked, held = paths[rows, later].astype(np.intp), ballots[rows]
        ranked += counted(marked, held, candidates)
        for earlier in range(later):
            pairs = paths[rows, earlier].astype(np.intp) * candidates + marked
            before += counted(pairs, held, candidates**2).reshape(candidates, candidates)
    preferred = ranked[:, None] - before.T
    np.fill_diagonal(preferred, 0)
    return preferred


def counted(at: NDArray[np.intp], ballots: NDArray[np.int64], cells: int) -> NDArray[np.int64]:
    """Return the ballots at each of so many cells: exact, for a sum of ballots is far below 2 ** 53."""
    return np.bincount(at, ballots, cells).astype(np.int64)


def condorcet_winner(matrix: Matrix, excluded: Collection[int] = ()) -> int | None:
    """Return the candidate who beats every other one, two at a time; None if nobody does (Condorcet, 1785)."""
    among = [c for c in range(len(matrix)) if c not in excluded]
    beats_all = (c for c in among if all(matrix[c, d] > matrix[d, c] for d in among if d != c))
    return next(beats_all, None)


def finals(profile: Columns, contest: Contest) -> tuple[tuple[Final, ...], int | None]:
    """Return every pair of candidates as the last two, and who wins all of theirs (the Condorcet winner)."""
    _, _, ballots = profile.columns()
    return finals_of(pairwise(profile), int(ballots.sum()), contest)


def finals_of(matrix: Matrix, total: int, contest: Contest) -> tuple[tuple[Final, ...], int | None]:
    """Return the same from the ballots that prefer one to another (`pairwise`), and the number of all."""
    pairs = tuple(
        Final((a, b), (int(matrix[a, b]), int(matrix[b, a])), total - int(matrix[a, b] + matrix[b, a]))
        for a, b in combinations(contest.included, 2)
    )
    return pairs, condorcet_winner(matrix, contest.excluded)


def can_be_called(contest: Contest) -> bool:
    """Return whether `safe` holds for a contest: an instant run-off in which nobody is eliminated for too few votes."""
    return contest.method == "irv" and not contest.rules.minimum_votes and bool(contest.included)


def safe(count: Count, outstanding: int) -> Safe:
    """Return which eliminations, and whose election, further ballots cannot change, ties included.

    Of an instant run-off without a minimum of votes (`can_be_called`): below a minimum candidates are eliminated
    whoever else is.

    The bound. A candidate who is eliminated hands on ballots; none of the others ever loses one. So if candidates
    together, with every outstanding ballot, have fewer than the least of the others, each of them is eliminated before
    any of the others, in whatever order, and the votes when all of them have gone depend on no order. From there the
    argument goes on. A candidate with more than half of the votes, all outstanding ballots included, is elected; a
    write-in never is.
    """
    return _safe(_summed(count), count.elected, outstanding)


class _Summed(NamedTuple):
    """A round, its votes added up over all sections once."""

    continuing: tuple[int, ...]
    votes: tuple[int, ...]
    eliminated: tuple[int, ...]

    @property
    def leader(self) -> int:
        return max(self.continuing, key=self.votes.__getitem__)

    def is_certain(self, elected: Sequence[int], outstanding: int) -> bool:
        """Return whether the leader is elected, whatever so many further ballots say."""
        return self.leader in elected and 2 * self.votes[self.leader] > sum(self.votes) + outstanding


def _summed(count: Count) -> tuple[_Summed, ...]:
    return tuple(
        _Summed(round_.continuing, round_.votes, tuple(sorted(round_.eliminated))) for round_ in count.rounds
    )


def _safe(rounds: Sequence[_Summed], winners: Sequence[int], outstanding: int) -> Safe:
    calls: list[SafeCall] = []
    pending: list[int] = []
    start = rounds[0]
    for number, round_ in enumerate(rounds, 1):
        if start.is_certain(winners, outstanding):
            break
        pending += round_.eliminated
        votes = start.votes
        rest = [votes[c] for c in start.continuing if c not in pending]
        bound = sum(votes[c] for c in pending) + outstanding
        if pending and rest and bound < min(rest) and number < len(rounds):
            calls.append(SafeCall(tuple(pending), bound, min(rest)))
            start, pending = rounds[number], []
    leader = start.leader
    elected = leader if start.is_certain(winners, outstanding) else None
    return Safe(
        outstanding, tuple(calls), leader, start.votes[leader], sum(start.votes) + outstanding, elected
    )


def safe_up_to(count: Count) -> int | None:
    """Return with how many further ballots at most the election is still certain; None if it is not even with none.

    A round is reached by calls: each holds with so many further ballots, and a chain of them with the fewest of all. With fewer
    everything that was safe stays so, so the best chain to a round is that of `safe`.
    """
    rounds, winners = _summed(count), count.elected
    up_to, reached = NOT_AT_ALL, [sum(rounds[0].votes), *[NOT_AT_ALL] * (len(rounds) - 1)]
    for number, start in enumerate(rounds):
        if start.leader in winners:
            majority = 2 * start.votes[start.leader] - sum(start.votes) - 1
            up_to = max(up_to, min(reached[number], majority))
        pending: tuple[int, ...] = ()
        for later in range(number, len(rounds) - 1):
            pending += rounds[later].eliminated
            rest = [start.votes[c] for c in start.continuing if c not in pending]
            if pending and rest:
                call = min(rest) - sum([start.votes[c] for c in pending]) - 1
                reached[later + 1] = max(reached[later + 1], min(reached[number], call))
    return None if up_to < 0 else up_to


def votes_needed(count: Count) -> dict[int, int]:
    """Return for each eliminated candidate how many more votes, then, would have let somebody else go.

    One more than the margin to the next one; none is needed where the tie rule decided.
    """
    return {
        decision.candidate: 0 if decision.tied else decision.margin + 1
        for round_ in count.rounds
        for decision in round_.decisions
        if decision.outcome == "eliminated" and decision.margin is not None
    }


def changes_needed(count: Count) -> int | None:
    """Return the fewest further ballots that could change who is eliminated or elected first; None if nobody else could.

    An upper bound of the margin of victory: more than the margin of one round, for the one behind.
    """
    margins = [
        decision.margin + (0 if decision.tied else 1)
        for round_ in count.rounds
        for decision in round_.decisions
        if decision.margin is not None
    ]
    return min(margins, default=None)
