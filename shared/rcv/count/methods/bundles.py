"""Papers that go the same way under Meek's method, and what each leaves with whom.

Rule 1: between two decisions a paper's way is fixed: the elected on its path, up to the first who stands and is not.
        A handful of ways serve a million papers, so keep factors move on bundles and not on papers.
Rule 2: a paper is one vote, ONE units, all of which lie somewhere.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.contract.standings import Ending
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.piles import Papers
from shared.rcv.count.rankings import SEVERAL

MEEK_PLACES: Final = 9
ONE: Final = 10**MEEK_PLACES

Parts = dict[int, int]
"""By holder, what one paper leaves there; the sum is one vote."""


class Bundles:
    """Papers that go the same way: through the same elected candidates, in the same order, to the same hopeful."""

    def __init__(
        self, rankings: Papers, paths: NDArray[np.uint8], elected: Sequence[int], out: Sequence[int]
    ) -> None:
        ways = _ways(paths, elected, out)
        unique, self.of_row = _distinct(ways)
        _, section, ballots = rankings.columns()
        self.ballots = np.zeros((len(unique), rankings.sections), np.int64)
        np.add.at(self.ballots, (self.of_row, section.astype(np.intp)), ballots)
        self.ways = [tuple(holder for holder in way if holder != SEVERAL) for way in unique.tolist()]

    def parts(self, keep: Sequence[int]) -> list[Parts]:
        """Return what one paper of each bundle leaves with each holder (A)."""
        return [parts_of(way, keep) for way in self.ways]

    def units(self, parts: Sequence[Parts], holders: int) -> list[list[int]]:
        """Return for each section the units of each holder."""
        units = [[0] * holders for _ in range(self.ballots.shape[1])]
        for left, ballots in zip(parts, self.ballots.tolist(), strict=True):
            for holder, worth in left.items():
                for section, papers in enumerate(ballots):
                    units[section][holder] += worth * papers
        return units


def parts_of(way: Sequence[int], keep: Sequence[int]) -> Parts:
    """Return what a paper leaves with each holder on its way: its present value x the keep factor, rounded up."""
    parts: Parts = {}
    worth = ONE
    for holder in way:
        left = rounded_up(worth * keep[holder], ONE)
        parts[holder] = parts.get(holder, 0) + left
        worth -= left
    return parts


def moved(parts: Parts, source: int, target: int) -> Parts:
    """Return the parts with all that `source` has at `target`, who had nothing."""
    if source not in parts:
        return parts
    rest = {holder: worth for holder, worth in parts.items() if holder != source}
    return {**rest, target: parts[source]}


def rounded_up(numerator: int, denominator: int) -> int:
    """Return the quotient, or the next whole number."""
    return -(-numerator // denominator)


def _ways(paths: NDArray[np.uint8], elected: Sequence[int], out: Sequence[int]) -> NDArray[np.uint8]:
    """Return by row the elected candidates on its path up to the first other holder who stands, and that one.

    Shape (rows, longest way), filled up with `SEVERAL`, which keeps nothing.
    """
    is_out, goes_on = np.zeros(SEVERAL + 1, np.bool_), np.zeros(SEVERAL + 1, np.bool_)
    is_out[[*out, SEVERAL]] = True
    goes_on[[*out, SEVERAL, *elected]] = True
    ways = np.full(paths.shape, SEVERAL, np.uint8)
    length, rows = np.zeros(len(paths), np.intp), np.arange(len(paths))
    for place in range(paths.shape[1]):
        holder = paths[rows, place]
        here = rows[~is_out[holder]]
        ways[here, length[here]] = paths[here, place]
        length[here] += 1
        rows = rows[goes_on[holder]]
    return ways[:, : max(1, int(length.max(initial=0)))]


def read_paths(rankings: Papers, out: Sequence[int]) -> NDArray[np.uint8]:
    """Return the paths with each rank that names several read: the one of them who is not out, or an overvote."""
    paths, _, _ = rankings.columns()
    paths = paths.copy() if rankings.several else paths
    for (row, place), named in rankings.several.items():
        standing = [c for c in named if c not in out]
        if len(standing) > 1:
            paths[row, place] = rankings.candidates + ENDINGS.index(Ending.OVERVOTE)
        elif standing and standing[0] not in paths[row, :place]:
            again = paths[row] == standing[0]
            paths[row, again] = SEVERAL
            paths[row, place] = standing[0]
    return paths


def _distinct(rows: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Return the distinct rows of a matrix, and for each row which of them it is."""
    width = rows.shape[1]
    padded = np.zeros((len(rows), -(-width // 8) * 8), np.uint8)
    padded[:, :width] = rows
    keys = padded.view(np.uint64 if padded.shape[1] == 8 else f"V{padded.shape[1]}").ravel()
    _, first, of_row = np.unique(keys, return_index=True, return_inverse=True)
    return rows[first], of_row.astype(np.intp)


def flow_of(before: Parts, after: Parts) -> dict[tuple[int, int], int]:
    """Return what one paper moves from holder to holder: those who lose, in its order, to those who gain."""
    change = {holder: after.get(holder, 0) - before.get(holder, 0) for holder in {**before, **after}}
    gains = [[holder, units] for holder, units in change.items() if units > 0]
    flow: dict[tuple[int, int], int] = {}
    for source, units in change.items():
        left = -units
        while left > 0:
            target, room = gains[0]
            moved = min(left, room)
            flow[source, target] = moved
            left -= moved
            gains[0][1] -= moved
            if not gains[0][1]:
                gains.pop(0)
    return flow
