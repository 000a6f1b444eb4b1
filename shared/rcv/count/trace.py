"""Where every ballot was in every round: what a slice's report, a cast vote record and an explanation are made of.

A row here is a row of the profile that was tabulated: equal rankings go the same way. A trace is taken while
counting; nothing of it is guessed afterwards.
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
    """One round: each row's holder, and what one of its ballots is worth there."""

    holder: NDArray[np.intp]
    """By row: a candidate's index, or the number of candidates plus an ending's place in `ENDINGS`."""
    value: Units | None
    """By row: what one ballot still brings its holder. None: a whole vote, for no ballot was divided."""
    kept: Mapping[int, Units]
    """For each candidate elected before whose surplus has moved on: by row, what one ballot has left with them."""


@dataclass(frozen=True, slots=True)
class Traced:
    """A count and, for each of its rounds, where the ballots were."""

    count: Count
    snapshots: tuple[Snapshot, ...]
