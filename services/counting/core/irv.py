"""Instant run-off, kept up to date while ballots arrive and leave.

The idea. Fix the order in which candidates fall. Then a ballot's way through the count is known when it arrives:
it rests with its first choice until that one falls, then with the next who still stands, and so on: two or three
holders, whatever the number of rounds. So we keep

    gains[round, holder, section]: by how many ballots the holder's tally grows at the start of the round

and add each ballot to two or three of its cells. A running sum over the rounds gives every tally of every round.

The order is a guess: the one that was right before the last ballots. It holds if in each round the candidate whom
it eliminates is the lowest by the tallies, which is one look at a small table. Where it breaks, the rounds before
stand. From there on candidates are eliminated afresh, and each round that follows is tallied from first choices and
from what the fallen hand on, until *the fallen are, as a set, those of the old order at that round*: a tally depends
on who is out, not on the order in which they went, so from there the old table holds again. Nearly always two
neighbours in the order have changed places, and one round is tallied anew.

Invariant, before and after every method: for the order as it stands, the sum of gains[0..r, h, s] is exactly what
holder h, unless out by then, holds in round r of section s. `count` makes the order right, too, and then the rounds
are those of the reference, field by field.

The order is kept down to the last two, whatever the finish; what is read of it ends where the rules stop.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from services.counting.core.decide import settle
from services.counting.core.lot import draw_lot
from services.counting.core.normalise import ENDINGS
from services.counting.core.rankings import Change, Rankings
from services.counting.core.rounds import Count, Round, transfers_from
from shared.contract.elections import Contest

Table = NDArray[np.int64]
"""Ballots by round, holder and section."""

NEVER_LOWEST: Final = np.iinfo(np.int64).max


class LiveIrv:
    """One contest's instant run-off: `apply` changes, `count` at any time."""

    def __init__(self, contest: Contest, sections: int) -> None:
        self._contest = contest
        self._candidates = len(contest.candidates)
        self._lot = draw_lot(contest)
        self._rankings = Rankings(self._candidates, sections, contest.rules)
        rounds, holders = max(1, self._candidates - 1), self._candidates + len(ENDINGS)
        self._gains: Table = np.zeros((rounds, holders, sections), np.int64)
        self._last_round = np.empty(holders, np.int16)
        self._follow(sorted(range(self._candidates), key=self._lot.__getitem__)[: rounds - 1])

    def apply(self, changes: Iterable[Change]) -> None:
        """Move the tallies of every round by `changes`.

        Raises AssertionError if a ranking was retracted more often than it was cast.
        """
        # A place on a path holds the ballot from `start`, when all before it are out, until `last`, if that is later.
        moved = self._rankings.add(changes)
        last = self._last_round[moved.paths]
        start = np.zeros_like(last)
        start[:, 1:] = np.maximum.accumulate(last, axis=1)[:, :-1] + 1
        change, place = np.nonzero(start <= last)
        cells = start[change, place], moved.paths[change, place], moved.sections[change]
        np.add.at(self._gains, cells, moved.ballots[change])

    def count(self) -> Count:
        """Return the count of all that was applied so far."""
        tallies = self._tallies()
        while (broken := self._first_break(tallies)) is not None:
            self._mend(tallies, broken)  # the next break, if any, is in a later round
        return Count(tuple(self._read(tallies)))

    def _follow(self, order: list[int]) -> None:
        """Let the candidates fall in this order: all but the last two."""
        rounds = len(self._gains)
        self._order = order
        self._last_round[:] = rounds - 1
        self._last_round[order] = range(rounds - 1)
        self._standing = self._last_round >= np.arange(rounds)[:, None]

    def _tallies(self) -> Table:
        tallies: Table = self._gains.cumsum(axis=0)
        tallies[~self._standing] = 0
        return tallies

    def _first_break(self, tallies: Table) -> int | None:
        """Return the first round in which the order eliminates somebody who is not the lowest."""
        lowest = self._lowest(tallies[:-1], self._standing[:-1, : self._candidates])
        breaks = np.flatnonzero(lowest != np.array(self._order, np.intp))
        return int(breaks[0]) if breaks.size else None

    def _lowest(self, tallies: Table, standing: NDArray[np.bool_]) -> NDArray[np.intp]:
        """Return who falls in each round given: of those with the fewest votes, the first by the lot."""
        keys = tallies[..., : self._candidates, :].sum(axis=-1) * self._candidates + self._lot
        lowest: NDArray[np.intp] = np.where(standing, keys, NEVER_LOWEST).argmin(axis=-1)
        return lowest

    def _mend(self, tallies: Table, broken: int) -> None:
        """Make the order right in round `broken`, and `tallies` and the gains right for that order."""
        old, order = self._order, self._order[:broken]
        standing = self._standing[broken].copy()
        while len(order) < len(old):
            fallen = int(self._lowest(tallies[len(order)], standing[: self._candidates]))
            standing[fallen] = False
            order.append(fallen)
            if set(order) == set(old[: len(order)]):
                order += old[len(order) :]
                break
            first_choices = np.where(standing[:, None], tallies[0], 0)
            tallies[len(order)] = first_choices + self._rankings.handed_on_by(order)
        self._follow(order)
        self._gains = np.diff(tallies, axis=0, prepend=0)

    def _read(self, tallies: Table) -> Iterator[Round]:
        """Yield the rounds up to where the rules stop."""
        moves = np.diff(tallies.sum(axis=2), axis=0)
        moves[~self._standing[1:]] = 0
        for place, held in enumerate(tallies.transpose(0, 2, 1).tolist()):
            continuing = tuple(np.flatnonzero(self._standing[place, : self._candidates]).tolist())
            round_ = settle(place + 1, held, continuing, self._contest, self._lot)
            if not round_.eliminated:
                yield round_
                return
            assert round_.eliminated == {self._order[place]}, f"round {place + 1}: the order does not hold"
            transfers = transfers_from(self._order[place], moves[place].tolist(), self._candidates)
            yield replace(round_, transfers=transfers)
