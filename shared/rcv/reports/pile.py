"""Ballots of a part of the contest, added up as votes."""

from decimal import Decimal
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.rcv.count.trace import Units
from shared.rcv.reports.numbers import votes


class Worth(NamedTuple):
    """What ballots are worth, by row of the trace."""

    units: Units | None
    """Of one ballot; None: one vote each, in a count without places."""
    divided: NDArray[np.bool_]


class Pile(NamedTuple):
    """Distinct rows of a trace, and how many ballots of the part lie in each: at least one."""

    rows: NDArray[np.intp]
    ballots: NDArray[np.int64]

    @classmethod
    def of(cls, rows: NDArray[np.intp]) -> "Pile":
        """Return the pile of ballots, given the row of each."""
        distinct, ballots = np.unique(rows, return_counts=True)
        return cls(distinct, ballots.astype(np.int64))

    def pick(self, chosen: NDArray[np.bool_]) -> "Pile":
        """Return the ballots of those of its rows that are chosen."""
        return Pile(self.rows[chosen], self.ballots[chosen])

    def votes(self, holder: NDArray[np.intp], holders: int, worth: Worth, places: int) -> list[Decimal]:
        """Return the votes of each holder, at scale `places` where a divided ballot is among theirs."""
        at = holder[self.rows]
        units = self.ballots if worth.units is None else self.ballots * worth.units[self.rows]
        sums = np.zeros(holders, units.dtype)
        np.add.at(sums, at, units)
        divided = np.zeros(holders, np.bool_)
        divided[at[worth.divided[self.rows]]] = True
        pairs = zip(sums.tolist(), divided.tolist(), strict=True)
        return [votes(n, places, divided=d) for n, d in pairs]
