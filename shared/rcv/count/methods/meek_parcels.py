"""Ballots that move together under Meek's method, and what each leaves with whom.

Between two decisions a ballot's way is fixed: the elected on its path, up to the first other holder who is not out. A
handful of ways serve a million ballots, so keep factors move on parcels and not on ballots. A ballot is one vote, ONE
units, all of which rest somewhere.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.contract.standings import Ending
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.profile import SEVERAL, Columns

MEEK_PLACES: Final = 9
ONE: Final = 10**MEEK_PLACES

Parts = dict[int, int]
"""By holder, what one ballot leaves there; the sum is one vote."""


class Parcels:
    """Ballots that go the same way: through the same elected candidates, in the same order, to the same holder."""

    def __init__(
        self, profile: Columns, paths: NDArray[np.uint8], elected: Sequence[int], out: Sequence[int]
    ) -> None:
        unique, self.of_row = _distinct(_ways(paths, elected, out))
        _, section, ballots = profile.columns()
        self.ballots = np.zeros((len(unique), profile.sections), np.int64)
        np.add.at(self.ballots, (self.of_row, section.astype(np.intp)), ballots)
        self.ways = [tuple(holder for holder in way if holder != SEVERAL) for way in unique.tolist()]

    def parts(self, keep: Sequence[int]) -> list[Parts]:
        """Return what one ballot of each parcel leaves with each holder (A)."""
        return [parts_of(way, keep) for way in self.ways]

    def units(self, parts: Sequence[Parts], holders: int) -> list[list[int]]:
        """Return for each section the units of each holder."""
        units = [[0] * holders for _ in range(self.ballots.shape[1])]
        for left, by_section in zip(parts, self.ballots.tolist(), strict=True):
            for holder, worth in left.items():
                for section, ballots in enumerate(by_section):
                    units[section][holder] += worth * ballots
        return units


def parts_of(way: Sequence[int], keep: Sequence[int]) -> Parts:
    """Return what a ballot leaves with each holder on its way: its present value x the keep factor, rounded up."""
    parts: Parts = {}
    worth = ONE
    for holder in way:
        left = rounded_up(worth * keep[holder], ONE)
        parts[holder] = parts.get(holder, 0) + left
        worth -= left
    return parts


def rounded_up(numerator: int, denominator: int) -> int:
    """Return the quotient, or the next whole number."""
    return -(-numerator // denominator)


def flow_of(before: Parts, after: Parts) -> dict[tuple[int, int], int]:
    """Return what one ballot moves from holder to holder: those who lose, in its order, to those who gain."""
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


def read_paths(profile: Columns, out: Sequence[int]) -> NDArray[np.uint8]:
    """Return the paths with each rank that names several read: the one of them who is not out, or an overvote.

    Shape (rows, width). Of a candidate who is ranked alone as well, only the first of the two places is left.
    """
    paths, _, _ = profile.columns()
    paths = paths.copy() if profile.several else paths
    for (row, place), named in profile.several.items():
        left = [c for c in named if c not in out]
        if len(left) > 1:
            paths[row, place] = profile.candidates + ENDINGS.index(Ending.OVERVOTE)
        elif left and left[0] not in paths[row, :place]:
            again = paths[row] == left[0]
            paths[row, again] = SEVERAL
            paths[row, place] = left[0]
    return paths


def _ways(paths: NDArray[np.uint8], elected: Sequence[int], out: Sequence[int]) -> NDArray[np.uint8]:
    """Return by row the elected candidates on its path up to the first other holder who is not out, and that one.

    Shape (rows, longest way), filled up with `SEVERAL`, which keeps nothing.
    """
    is_gone, goes_on = np.zeros(SEVERAL + 1, np.bool_), np.zeros(SEVERAL + 1, np.bool_)
    is_gone[[*out, SEVERAL]] = True
    goes_on[[*out, SEVERAL, *elected]] = True
    ways = np.full(paths.shape, SEVERAL, np.uint8)
    # One place of the paths after the other. `length` is how much of each row's way is written, `rows` those whose
    # way goes on.
    length, rows = np.zeros(len(paths), np.intp), np.arange(len(paths))
    for place in range(paths.shape[1]):
        holder = paths[rows, place]
        here = rows[~is_gone[holder]]
        ways[here, length[here]] = paths[here, place]
        length[here] += 1
        rows = rows[goes_on[holder]]
    return ways[:, : max(1, int(length.max(initial=0)))]


def _distinct(rows: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Return the distinct rows of a matrix, and for each row which of them it is."""
    # numpy sorts one number a row far faster than rows: the bytes are filled up to whole 8-byte words, and where one
    # word is enough they are that number.
    width = rows.shape[1]
    padded = np.zeros((len(rows), -(-width // 8) * 8), np.uint8)
    padded[:, :width] = rows
    keys = padded.view(np.uint64 if padded.shape[1] == 8 else f"V{padded.shape[1]}").ravel()
    _, first, of_row = np.unique(keys, return_index=True, return_inverse=True)
    return rows[first], of_row.astype(np.intp)
