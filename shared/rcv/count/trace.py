"""Where every paper stood in every round: what a slice's report, a cast vote record and an explanation are made of.

Rule 1: a row here is a row of the `Rankings` that were counted: equal papers go the same way.
Rule 2: a trace is taken while counting, never guessed afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.rcv.count.rounds import Count

Units = NDArray[np.int64] | NDArray[np.object_]
"""Votes by row, in units of the count's last place; Python's integers where 64 bits would not hold them."""


class Snapshot(NamedTuple):
    """One round: each row's holder, and what one of its papers is worth there."""

    holder: NDArray[np.intp]
    """By row: a candidate's index, or the number of candidates plus an ending's place in `ENDINGS`."""
    value: Units | None
    """By row: what one paper still brings its holder. None: a whole vote, for no paper was divided."""
    kept: Mapping[int, Units]
    """For each candidate elected before whose surplus has moved on: by row, what one paper has left with them."""

    def divided(self) -> NDArray[np.bool_]:
        """Return by row whether its papers have passed through an elected candidate."""
        rows = np.zeros(len(self.holder), np.bool_)
        for units in self.kept.values():
            rows |= np.asarray(units != 0, np.bool_)
        return rows


@dataclass(frozen=True, slots=True)
class Traced:
    """A count and, for each of its rounds, where the papers stood."""

    count: Count
    snapshots: tuple[Snapshot, ...]
