"""A count by rounds, kept up to date while ballots arrive and leave.

The idea. Fix the order in which candidates are eliminated. Then a ballot's way through the count is known when it
arrives: it rests with its first choice until that one goes, then with the next who is left, and so on: two or three
holders, whatever the number of rounds. So we keep

    gains[k, holder, section]: by how many ballots the holder's tally grows when the k-th of the order is eliminated

and add each ballot to two or three of its cells. A running sum gives the tallies after each elimination.

The order is a guess: the one that was right before the last ballots. To count is to walk the rounds by the rules
(`Course`), with the tallies at hand. Where somebody else is eliminated, the tallies of that round are new, and
only those: *a tally depends on who has gone, not on the order in which they went*, so as soon as those who have gone
are, as a set, those of the old order at some place, its tallies hold again. Nearly always two neighbours have changed
places, and one round is tallied anew. This serves every rule that moves whole ballots: instant run-off in all its
variants, plurality, the supplementary vote, bottoms-up, electoral colleges.

Rule 1: before and after every method, for the order as it is, the sum of gains[0..k, h, s] is exactly what holder h,
        unless gone by then, holds in section s when the first k of the order have gone.
Rule 2: `count` equals the cold count, field by field.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import count as numbers

import numpy as np
from numpy.typing import NDArray

from shared.contract.elections import Contest
from shared.rcv.count.methods.by_thresholds import Course
from shared.rcv.count.methods.rulebook import Rulebook
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.profile import Change, Profile
from shared.rcv.count.rounds import Count, Round, Transfer, round_of, transfers_from
from shared.rcv.count.ties import TieBreaker

Tally = NDArray[np.int64]
"""Ballots by holder and section."""

Out = frozenset[int]
"""Candidates who have gone: excluded from the start, or eliminated."""


class LiveRounds:
    """One contest: `apply` changes, `count` at any time."""

    def __init__(self, contest: Contest, sections: int) -> None:
        self.profile = Profile.of(contest, sections)
        self._holders = len(contest.candidates) + len(ENDINGS)
        self._first_choices: Tally = np.zeros((self._holders, sections), np.int64)
        self._tallies_of: dict[Out, Tally] = {}
        self._start_over(contest)

    def apply(self, changes: Iterable[Change]) -> None:
        """Move the tallies of every round by `changes`.

        Raises AssertionError if a ranking was retracted more often than it was cast.
        """
        moved = self.profile.add(changes)
        np.add.at(self._first_choices, (moved.paths[:, 0], moved.sections), moved.ballots)
        # A holder on a path has the ballot from place `start` of the order, when all before on the path have gone, until
        # `last`, just before it goes itself. Whoever goes before that (start > last) never has it.
        last = self._last[moved.paths]
        start = np.zeros_like(last)
        start[:, 1:] = np.maximum.accumulate(last, axis=1)[:, :-1] + 1
        change, place = np.nonzero(start <= last)
        cells = start[change, place], moved.paths[change, place], moved.sections[change]
        np.add.at(self._gains, cells, moved.ballots[change])

    def withdraw(self, candidate: int) -> None:
        """Count as if nobody could vote for `candidate`, whose ballots go to whom they rank next."""
        self._start_over(self._contest.excluding({candidate}))

    def restore(self, candidate: int) -> None:
        """Take a withdrawal back."""
        self._start_over(self._contest.excluding({candidate}, excluded=False))

    def count(self) -> Count:
        """Return the count of all that was applied so far. Raises what `tabulate` raises."""
        order = [self._excluded]
        self._tallies_of = self._known()
        rounds = tuple(self._rounds(order))
        if order != self._order[: len(order)]:
            self._follow(order)
        return Count(rounds)

    def _start_over(self, contest: Contest) -> None:
        self._contest = contest
        self._ties = TieBreaker(contest)
        self._rulebook = Rulebook(contest)
        self._excluded: Out = frozenset(contest.excluded)
        self._tallies_of = {}
        self._follow([self._excluded])

    def _follow(self, order: list[Out]) -> None:
        """Let the candidates be eliminated in this order: for each place, all who have gone by then."""
        tallies = np.stack([self._tally(out) for out in order])
        self._order = order
        self._gains = np.diff(tallies, axis=0, prepend=0)
        # The last place of the order at which each holder is in the count: -1 for those excluded from the start.
        self._last = np.full(self._holders, len(order) - 1, np.int16)
        for place in range(len(order) - 1, -1, -1):
            self._last[list(order[place])] = place - 1

    def _known(self) -> dict[Out, Tally]:
        """Return the tallies of the order as it is, by who has gone."""
        tallies = self._gains.cumsum(axis=0)
        for place, out in enumerate(self._order):
            tallies[place, list(out)] = 0
        return dict(zip(self._order, tallies, strict=True))

    def _tally(self, out: Out) -> Tally:
        """Return what each holder has when `out` have gone: as known, or afresh from the rankings."""
        tally = self._tallies_of.get(out)
        if tally is None:
            tally = self._first_choices + self.profile.handed_on_by(sorted(out))
            tally[list(out)] = 0
            self._tallies_of[out] = tally
        return tally

    def _rounds(self, order: list[Out]) -> Iterator[Round]:
        """Yield the rounds by the rules, and append to `order` who has gone after each that eliminates."""
        course = Course(self._contest, self._ties.again(), self._rulebook)
        candidates = len(self._contest.candidates)
        for number in numbers(1):
            by_section = self._tally(order[-1]).T.tolist()
            continuing = course.continuing
            decisions = course.settle([units[:candidates] for units in by_section])
            goes_on = course.goes_on()
            eliminated = [d.candidate for d in decisions if d.outcome == "eliminated"] if goes_on else []
            yield round_of(
                number,
                by_section,
                continuing,
                decisions,
                threshold=course.threshold,
                transfers=self._transfers(order[-1], eliminated),
                scores=course.scores,
            )
            if not goes_on:
                return
            if eliminated:
                order.append(order[-1].union(eliminated))

    def _transfers(self, out: Out, eliminated: Sequence[int]) -> tuple[Transfer, ...]:
        """Return where the ballots of `eliminated` go, who go together when `out` have gone."""
        after = out.union(eliminated)
        candidates = len(self._contest.candidates)
        if len(eliminated) == 1:
            moved = (self._tally(after) - self._tally(out)).sum(axis=1)
            moved[eliminated] = 0
            return transfers_from(eliminated[0], moved.tolist(), candidates)
        return tuple(
            transfer
            for source in eliminated
            for transfer in transfers_from(source, self.profile.handed_over(source, out, after), candidates)
        )
