"""Piles that remember in which batch their ballots came: for statutes by which only the last batch makes a surplus.

A batch is all ballots of one value in one transfer. Only the last batch that an elected candidate received passes on the
surplus; the ballots of excluded candidates move batch by batch, and between two batches somebody can be elected.

Equal rankings always move together, so each row of the profile belongs to one batch.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from shared.contract.elections import Contest
from shared.contract.standings import Ending
from shared.rcv.count.piles import SURPLUS, Piles
from shared.rcv.count.profile import Columns
from shared.rcv.count.rounds import Transfer
from shared.rcv.count.trace import Snapshot

Rows = NDArray[np.intp]


class Batches(Piles):
    """All ballots of one count, by holder and batch."""

    def __init__(
        self, profile: Columns, contest: Contest, unit: int, snapshots: list[Snapshot] | None = None
    ) -> None:
        super().__init__(profile, contest, unit, snapshots)
        self._batch = np.zeros(len(self._holder), np.intp)
        self._moved = 0
        self._unit = unit

    def votes(self) -> list[int]:
        """Return the units of each candidate."""
        held: list[int] = self._held.sum(axis=1)[: self._candidates].tolist()
        return held

    def pass_on(self, candidate: int, surplus: int) -> tuple[Transfer, ...]:
        """Pass on a surplus of so many units: ballots of the last batch that rank somebody who can receive them.

        Each moves at the surplus / their number, or at its present value if that is less. Ballots that rank nobody else stay.
        What the division neglects is residue; where all ballots that can move are worth less than the surplus, the rest of it
        is exhausted.
        """
        rows = self._last_batch(candidate)
        read = self._at[rows]
        self._find_holders(rows)
        moves = self._holder[rows] < self._candidates
        stay, moving = rows[~moves], rows[moves]
        self._holder[stay], self._at[stay] = candidate, read[~moves]
        ballots = int(self._ballots[moving].sum())
        transfers: tuple[Transfer, ...] = ()
        left, ending = surplus, Ending.EXHAUSTED
        if ballots:
            worth = int(self._worth(moving)[0])
            passed = min(surplus // ballots, worth)
            left, ending = surplus - ballots * passed, Ending.RESIDUE if passed < worth else ending
            self._split(candidate, moving, lambda each: np.full_like(each, passed))
            self._mark(moving)
            transfers = self._transfer(candidate, moving)
        return (*transfers, *self._lose(candidate, left, ending))

    def batches_of(self, excluded: Sequence[int], *, first_apart: bool) -> list[Rows]:
        """Return the rows that excluded candidates hold, all those of one value together, the highest value first.

        `first_apart`: ballots that came as first choices move before all others, even before those of the same value.
        """
        rows = np.flatnonzero(np.isin(self._holder, list(excluded)))
        # No ballot is worth more than a vote, so adding more than that puts some before all others.
        ahead = (self._batch[rows] == 0) * (self._unit + 1) if first_apart else 0
        keys = self._worth(rows) + ahead
        return [rows[keys == key] for key in np.unique(keys)[::-1]]

    def move(self, rows: Rows) -> tuple[Transfer, ...]:
        """Move a batch of excluded candidates' ballots, at the value they have."""
        sources = self._holder[rows].copy()
        self._mark(rows)
        self._find_holders(rows)
        transfers: list[Transfer] = []
        for candidate in np.unique(sources).tolist():
            transfers += self._transfer(candidate, rows[sources == candidate])
        return tuple(transfers)

    def set_aside(self, excluded: Iterable[int]) -> tuple[Transfer, ...]:
        """Let what excluded candidates still hold move to nobody: no seat is left that it could help to fill."""
        transfers: list[Transfer] = []
        for candidate in excluded:
            rows = np.flatnonzero(self._holder == candidate)
            self._holder[rows] = self._candidates + SURPLUS
            transfers += self._transfer(candidate, rows)
        return tuple(transfers)

    def _last_batch(self, candidate: int) -> Rows:
        # A row whose ballots were all retracted belongs to no batch.
        rows = np.flatnonzero((self._holder == candidate) & (self._ballots > 0))
        last: Rows = rows[self._batch[rows] == self._batch[rows].max(initial=0)]
        return last

    def _mark(self, rows: Rows) -> None:
        self._moved += 1
        self._batch[rows] = self._moved
