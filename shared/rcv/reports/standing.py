"""Where ballots stood in each round as RCTab tells it: the trace, and whom a ballot has passed through.

Rule 1: a ballot has passed through an elected candidate if it lay with them when their surplus moved, even if it kept
        nothing there.
Rule 2: once all seats are filled, what leaves the last elected reaches nobody. It is the final round's surplus: no
        vote of a candidate who still stands, no ballot that ran out of choices.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.rcv.count.methods.rulebook import divides_votes
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.trace import Snapshot, Units
from shared.rcv.reports.tabulated import Tabulated

BESIDES: Final = len(ENDINGS) + 1
"""Holders that are no candidates: the endings, then the final round's surplus."""


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """One round, by row."""

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


def standings(tabulated: Tabulated) -> tuple[Standing, ...]:
    """Return where the ballots stood in each round."""
    return tuple(_standings(tabulated))


def _standings(tabulated: Tabulated) -> Iterator[Standing]:
    before: Standing | None = None
    for number, snapshot in enumerate(tabulated.traced.snapshots):
        through = _through(snapshot, before)
        holder = snapshot.holder
        if before is not None and _is_after_last_election(tabulated, number):
            holder = _with_surplus(snapshot, before, len(tabulated.contest.candidates))
        before = Standing(holder, snapshot.value, snapshot.kept, through, _any(through, len(holder)))
        yield before


def _through(snapshot: Snapshot, before: Standing | None) -> dict[int, NDArray[np.bool_]]:
    earlier = {} if before is None else dict(before.through)
    newly = [] if before is None else [c for c in snapshot.kept if c not in earlier]
    return earlier | {c: before.holder == c for c in newly if before is not None}


def _any(through: Mapping[int, NDArray[np.bool_]], rows: int) -> NDArray[np.bool_]:
    divided = np.zeros(rows, np.bool_)
    for passed in through.values():
        divided |= passed
    return divided


def _is_after_last_election(tabulated: Tabulated, number: int) -> bool:
    elected = sum(len(round_.elected) for round_ in tabulated.traced.count.rounds[:number])
    return divides_votes(tabulated.contest) and elected == tabulated.contest.seats


def _with_surplus(snapshot: Snapshot, before: Standing, candidates: int) -> NDArray[np.intp]:
    """Return the holders, with the surplus for ballots whose holder was elected last."""
    surplus = candidates + len(ENDINGS)
    elected_last = [c for c in snapshot.kept if c not in before.kept]
    moves = np.isin(before.holder, elected_last) | (before.holder == surplus)
    return np.where(moves, surplus, snapshot.holder)
