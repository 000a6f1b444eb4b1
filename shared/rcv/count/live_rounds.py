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
from operator import sub

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

BySection = list[list[int]]
"""For each section, the units of each holder."""

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
        # One row for each place on the paths: numpy is quick along the changes, and slow across them.
        paths = np.ascontiguousarray(moved.paths.T)
        holders, sections = self._first_choices.shape
        _add(self._first_choices, paths[0] * np.intp(sections) + moved.sections, moved.ballots)
        # Behind the longest path there is nothing but endings.
        paths = paths[: np.count_nonzero((paths != paths[-1]).any(axis=1)) + 1]
        # A holder on a path has the ballot from place `start` of the order, when all before on the path have gone, until
        # `last`, just before it goes itself. Whoever goes before that (start > last) never has it.
        last = self._last.take(paths)
        start = np.zeros_like(last)
        for place in range(1, len(paths)):
            np.maximum(start[place - 1], last[place - 1] + 1, out=start[place])
        held = np.flatnonzero(start <= last)
        change = held % len(moved.ballots)
        cells = (start.take(held) * holders + paths.take(held)) * sections + moved.sections[change]
        _add(self._gains, cells, moved.ballots[change])

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
        self._last = np.full(self._holders, len(order) - 1, np.intp)
        for place in range(len(order) - 1, -1, -1):
            self._last[list(order[place])] = place - 1

    def _known(self) -> dict[Out, Tally]:
        """Return the tallies of the order as it is, by who has gone."""
        tallies = self._gains.cumsum(axis=0)
        tallies[np.arange(len(self._order))[:, None] > self._last] = 0
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
        by_section = self._by_section(order[-1])
        for number in numbers(1):
            continuing = course.continuing
            decisions = course.settle([units[:candidates] for units in by_section])
            goes_on = course.goes_on()
            eliminated = [d.candidate for d in decisions if d.outcome == "eliminated"] if goes_on else []
            out = order[-1]
            if eliminated:
                order.append(out.union(eliminated))
            following = self._by_section(order[-1])
            yield round_of(
                number,
                by_section,
                continuing,
                decisions,
                threshold=course.threshold,
                transfers=self._transfers(out, eliminated, by_section, following),
                scores=course.scores,
            )
            if not goes_on:
                return
            by_section = following

    def _by_section(self, out: Out) -> BySection:
        units: BySection = self._tally(out).T.tolist()
        return units

    def _transfers(
        self, out: Out, eliminated: Sequence[int], before: BySection, after: BySection
    ) -> tuple[Transfer, ...]:
        """Return where the ballots of `eliminated` go, who go together when `out` have gone."""
        candidates = len(self._contest.candidates)
        if len(eliminated) == 1:
            moved = list(map(sub, _overall(after), _overall(before)))
            moved[eliminated[0]] = 0
            return transfers_from(eliminated[0], moved, candidates)
        gone = out.union(eliminated)
        return tuple(
            transfer
            for source in eliminated
            for transfer in transfers_from(source, self.profile.handed_over(source, out, gone), candidates)
        )


def _overall(by_section: BySection) -> Sequence[int]:
    """Return the units of each holder over all sections."""
    return by_section[0] if len(by_section) == 1 else [sum(units) for units in zip(*by_section, strict=True)]


def _add(tallies: Tally, cells: NDArray[np.intp], ballots: NDArray[np.int64]) -> None:
    """Add ballots to cells of tallies, counted through: numpy does so several times quicker than by several indices."""
    np.add.at(tallies.reshape(-1), cells, ballots)
