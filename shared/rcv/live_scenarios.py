"""What-ifs of an instant run-off, kept up to date while ballots arrive and leave.

The idea. For a set of candidates who have gone, keep one square table: the ballots by the first and the second of those left.
Its rows' sums are what each holds. Without x, too, each of them holds that and what the row of x hands on. So the tables of the
main count's rounds answer what every drop-out holds in every round in which the others went in the same order; where a drop-out
changes the order, a table of its own is made when it is first asked for, and kept. A batch of rankings is added to all tables
at once, and to the matrix of pairs: the cost follows the batch and not the ballots before it.

A drop-out's rounds are walked by the rules (`Course`). What follows from a set depends on the set alone, but for a few rules that
look back: so a drop-out is decided as soon as those gone are those who were gone in a round already walked.

Rule 1: each table and the matrix of pairs are those of the ballots in `_seen`.
Rule 2: `answers` equals `shared.rcv.scenarios.what_if`, two who drop out together among them.
"""

from collections.abc import Collection, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.contract.elections import Contest
from shared.rcv.count.methods.by_thresholds import Course
from shared.rcv.count.methods.rulebook import Rulebook
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.profile import SEVERAL, Columns
from shared.rcv.count.rounds import Count, Transfer, transfers_from
from shared.rcv.count.ties import TieBreaker
from shared.rcv.scenarios import (
    DroppedOut,
    Matrix,
    TwoDroppedOut,
    WhatIf,
    counted,
    finals_of,
    pairs_to_drop,
    preferences,
    with_count,
)

Out = frozenset[int]
"""Candidates who have gone."""

MAX_UNUSED: Final = 16
"""Tables that the last answers did not need and that are kept up all the same: the order may come back."""
ROWS_AT_ONCE: Final = 50_000
"""Rankings times tables that are added in one go: some 4 MB of working memory."""
NO_LOOKING_BACK: Final = frozenset({"lot", "candidate-order", "permutation"})
"""Rules of ties that need no earlier round."""


def can_be_followed(contest: Contest) -> bool:
    """Return whether the what-ifs of a contest can be kept up: an instant run-off for one seat, of ranks that mean the same in all rounds."""
    rules = contest.rules
    return contest.method == "irv" and contest.seats == 1 and rules.overvote != "exhaust-if-several-continue"


class LiveScenarios:
    """All what-ifs of one contest, for as long as nobody else withdraws; `profile` may grow and shrink meanwhile."""

    def __init__(self, contest: Contest, profile: Columns) -> None:
        assert can_be_followed(contest), "its what-ifs are counted cold"
        self._contest = contest
        self._profile = profile
        self._holders = profile.candidates + len(ENDINGS)
        self._excluded: Out = frozenset(contest.excluded)
        self._seen = np.zeros(0, np.int64)
        """By row: its ballots when `answers` was last asked for."""
        self._pairs: Matrix = np.zeros((profile.candidates, profile.candidates), np.int64)
        self._tables: dict[Out, Matrix] = {}
        """By who has gone, the one used last behind all others: ballots by the first and the second holder of those left."""
        self._used: set[Out] = set()
        """Whose tables these answers needed."""
        self._held_without: dict[Out, list[list[int]]] = {}
        """Of tables, as long as they stay as they are: see `_without_one`."""
        self._alone = contest.included if len(contest.included) > 1 else ()
        self._ties = TieBreaker(contest)
        self._rulebook = Rulebook(contest)
        rules = contest.rules
        # A threshold of the first round looks back, too, but elects nobody else: whoever has more than half keeps it to the last two.
        self._looks_back = rules.ties not in NO_LOOKING_BACK or rules.stop_after_round is not None
        has_write_ins = any(candidate.write_in for candidate in contest.candidates)
        self._is_plain = not (self._looks_back or rules.minimum_votes or has_write_ins)
        """Whether a round that elects nobody eliminates who has the fewest votes, or several who would be the next to go."""

    def answers(self, count: Count) -> WhatIf:
        """Return all answers to the profile as it is now, of which `count` is the count."""
        self._catch_up()
        known = self._known_from(count)
        drops = tuple(
            DroppedOut((c,), self._transfers(c), self._elected_without({c}, known)) for c in self._alone
        )
        of_two = tuple(
            TwoDroppedOut(pair, self._elected_without(pair, known)) for pair in pairs_to_drop(self._contest)
        )
        while len(self._tables) - len(self._used) > MAX_UNUSED:
            del self._tables[next(iter(self._tables))]
        finals = finals_of(self._pairs, int(self._seen.sum()), self._contest)
        return with_count(count, self._contest, drops, of_two, finals)

    def _catch_up(self) -> None:
        """Add what the ballots became more or less to the pairs and to all tables."""
        paths, _, ballots = self._profile.columns()
        before = np.zeros_like(ballots)
        before[: len(self._seen)] = self._seen
        rows = np.flatnonzero(ballots != before)
        more = ballots[rows] - before[rows]
        self._pairs += preferences(paths[rows], more, self._profile.candidates)
        for out, table in self._tabled(list(self._tables), paths[rows], more):
            self._tables[out] += table
        self._seen = ballots.copy()
        self._held_without.clear()
        self._used.clear()

    def _tabled(
        self, sets: Sequence[Out], paths: NDArray[np.uint8], ballots: NDArray[np.int64]
    ) -> list[tuple[Out, Matrix]]:
        """Return for each set of those gone the ballots of rows by the first and the second who is left."""
        side = self._holders
        tables = np.zeros((len(sets), side, side), np.int64)
        gone = np.zeros((len(sets), SEVERAL + 1), np.bool_)
        for number, out in enumerate(sets):
            gone[number, list(out)] = True
        at_once = max(1, ROWS_AT_ONCE // max(1, len(sets)))
        for start in range(0, len(paths), at_once):
            held = ballots[start : start + at_once]
            part = np.ascontiguousarray(paths[start : start + at_once])
            of_set, of_row = np.divmod(np.arange(len(sets) * len(part)), len(part))
            at = of_row * part.shape[1]
            first = _next_left(gone, part, of_set, at)
            # Behind an ending there is the same ending: whoever is last has nobody behind.
            np.minimum(at + 1, (of_row + 1) * part.shape[1] - 1, out=at)
            second = _next_left(gone, part, of_set, at)
            cells = (of_set * side + first.astype(np.intp)) * side + second.astype(np.intp)
            tables += counted(cells, held[of_row], tables.size).reshape(tables.shape)
        return list(zip(sets, tables, strict=True))

    def _table(self, out: Out) -> Matrix:
        """Return the table of those gone: as kept, or afresh from the rankings."""
        table = self._tables.pop(out, None)
        if table is None:
            paths, _, ballots = self._profile.columns()
            ((_, table),) = self._tabled([out], paths, ballots)
        self._tables[out] = table
        self._used.add(out)
        return table

    def _held(self, out: Out) -> list[int]:
        """Return what each holder has when `out` have gone: from a table of these, or of all but one of them."""
        for c in () if out in self._tables else out - self._excluded:
            if out - {c} in self._tables:
                return self._without_one(out - {c})[c]
        self._table(out)
        return self._without_one(out)[-1]

    def _without_one(self, out: Out) -> list[list[int]]:
        """Return by candidate what each holder has when `out` and the candidate have gone; at last, when only `out` have."""
        found = self._held_without.get(out)
        if found is None:
            table = self._table(out)
            held = table.sum(axis=1)
            without = held + table
            np.fill_diagonal(without, 0)
            found = self._held_without[out] = [*without.tolist(), held.tolist()]
        return found

    def _transfers(self, candidate: int) -> tuple[Transfer, ...]:
        """Return where the ballots go that a candidate holds in the first round."""
        moved = self._table(self._excluded)[candidate].tolist()
        return transfers_from(candidate, moved, self._profile.candidates)

    def _known_from(self, count: Count) -> dict[Out, tuple[int, ...]]:
        """Return who is elected once so many have gone, as the main count has it; and have the tables of its rounds."""
        known: dict[Out, tuple[int, ...]] = {}
        out = self._excluded
        for round_ in count.rounds:
            self._table(out)
            known[out] = count.elected
            if round_.elected:
                break
            out |= round_.eliminated
        return {} if self._looks_back else known

    def _elected_without(
        self, candidates: Collection[int], known: dict[Out, tuple[int, ...]]
    ) -> tuple[int, ...]:
        """Return who is elected if candidates drop out: walk the rounds until it is known."""
        course: Course | None = None
        out = self._excluded | set(candidates)
        walked: list[Out] = []
        elected: tuple[int, ...] | None = None
        while elected is None:
            votes = self._held(out)[: self._profile.candidates]
            # Of no votes a first round decides nothing, a later one does.
            if out in known and any(votes):
                elected = known[out]
                break
            walked += [out] if any(votes) else []
            goes = None if course is not None else self._with_fewest(out, votes)
            if goes is not None:
                out |= {goes}
                continue
            if course is None:
                course = Course(self._contest.excluding(out), self._ties.again(), self._rulebook)
            decisions = course.settle([votes])
            out |= {decision.candidate for decision in decisions if decision.outcome == "eliminated"}
            if course.elected or not course.goes_on():
                elected = tuple(course.elected)
        if not self._looks_back:
            known |= dict.fromkeys(walked, elected)
        return elected

    def _with_fewest(self, out: Out, votes: Sequence[int]) -> int | None:
        """Return who goes in a round in which that is plain; None where there is a winner or a tie, and the rules have to be asked.

        Nearly all rounds but the last are plain: so 188 of them take 1.3 ms, and by the rules 4.
        """
        left = [c for c in self._alone if c not in out]
        if not self._is_plain or len(left) < 3:
            return None
        held = [votes[c] for c in left]
        fewest = min(held)
        is_plain = held.count(fewest) == 1 and 2 * max(held) <= sum(held)
        return left[held.index(fewest)] if is_plain else None


def _next_left(
    gone: NDArray[np.bool_], paths: NDArray[np.uint8], of_set: NDArray[np.intp], at: NDArray[np.intp]
) -> NDArray[np.uint8]:
    """Return for each set and place on a path who is the first left from there on; `at`, an index of the paths, moves there."""
    holders, is_gone, sets = paths.ravel(), gone.ravel(), of_set * gone.shape[1]
    holder = holders.take(at)
    waiting = np.flatnonzero(is_gone.take(sets + holder))
    while waiting.size:
        places = at.take(waiting) + 1
        found = holders.take(places)
        at[waiting], holder[waiting] = places, found
        waiting = waiting[is_gone.take(sets.take(waiting) + found)]
    return holder
