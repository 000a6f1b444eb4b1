"""Where ballots lay in each round as RCTab reports it: the trace, and whom a ballot has passed through.

A ballot has passed through an elected candidate if it lay with them when their surplus moved, even if it kept nothing there.
Once all seats are filled, what leaves the last elected reaches nobody: it is the final round's surplus, no candidate's vote
and no exhausted ballot.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.rcv.count.methods.rulebook import divides_votes
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.trace import Units
from shared.rcv.reports.tabulated import Tabulated

BESIDES: Final = len(ENDINGS) + 1
"""Holders that are no candidates: the endings, then the final round's surplus."""


@dataclass(frozen=True, slots=True, eq=False)
class Positions:
    """Where the ballots of each row lie in one round."""

    holder: NDArray[np.intp]
    """A candidate, or their number plus an ending's place in `ENDINGS`, or plus `len(ENDINGS)`: surplus."""
    value: Units | None
    """What one ballot still brings its holder; None: a whole vote."""
    kept: Mapping[int, Units]
    """What one ballot has left with each candidate elected before."""
    through: Mapping[int, NDArray[np.bool_]]
    """Which rows have passed through each of them."""
    divided: NDArray[np.bool_]
    """Which rows have passed through any."""


def positions_of(tabulated: Tabulated) -> tuple[Positions, ...]:
    """Return where the ballots lay in each round."""
    rounds: list[Positions] = []
    for number, snapshot in enumerate(tabulated.traced.snapshots):
        before = rounds[-1] if rounds else None
        holder, through = snapshot.holder, {} if before is None else dict(before.through)
        if before is not None:
            through |= {c: before.holder == c for c in snapshot.kept if c not in through}
            if _all_seats_are_filled(tabulated, number):
                surplus = len(tabulated.contest.candidates) + len(ENDINGS)
                elected_last = [c for c in snapshot.kept if c not in before.kept]
                moves = np.isin(before.holder, elected_last) | (before.holder == surplus)
                holder = np.where(moves, surplus, holder)
        divided = np.zeros(len(holder), np.bool_)
        for passed in through.values():
            divided |= passed
        rounds.append(Positions(holder, snapshot.value, snapshot.kept, through, divided))
    return tuple(rounds)


def _all_seats_are_filled(tabulated: Tabulated, number: int) -> bool:
    elected = sum(len(round_.elected) for round_ in tabulated.traced.count.rounds[:number])
    return divides_votes(tabulated.contest) and elected == tabulated.contest.seats
