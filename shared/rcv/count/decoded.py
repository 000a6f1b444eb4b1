"""Ballots that a program already holds as lists of candidates, counted cold without being spelled first.

Rule 1: such a ballot is plain: candidates by index, best first, each once. What is not is refused.
Rule 2: it is counted as its marks would be: equal to `tabulate` of the same profile, field by field.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import chain
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.contract.elections import Contest
from shared.contract.standings import Ending
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.rankings import SEVERAL
from shared.rcv.count.rounds import Count
from shared.rcv.count.tabulate import recount
from shared.rcv.count.ties import Ask

Ranking = tuple[int, ...]

_CHOICES: Final = ENDINGS.index(Ending.EXHAUSTED)
_BLANK: Final = ENDINGS.index(Ending.BLANK)


class DecodedBallots:
    """The distinct rankings among decoded ballots of one section, in columns."""

    def __init__(self, ballots: Iterable[Ranking], candidates: int) -> None:
        """Raise ValueError for a ballot that names somebody outside the contest, or somebody twice."""
        counted = Counter(ballots)
        self.candidates, self.sections = candidates, 1
        self.several: dict[tuple[int, int], tuple[int, ...]] = {}
        self._paths = _paths(list(counted), candidates)
        self._ballots = np.fromiter(counted.values(), np.int64, len(counted))

    def columns(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
        """Return paths (rows, width), sections and ballots: see `Rankings.columns`."""
        return self._paths, np.zeros(len(self._ballots), np.uint8), self._ballots


def count_decoded(ballots: Iterable[Ranking], contest: Contest, ask: Ask | None = None) -> Count:
    """Return the count of decoded ballots. Raises ValueError for one that is not plain, and as `tabulate` does."""
    return recount(DecodedBallots(ballots, len(contest.candidates)), contest, ask)


def _paths(rankings: list[Ranking], candidates: int) -> NDArray[np.uint8]:
    lengths = np.fromiter(map(len, rankings), np.intp, len(rankings))
    flat = np.fromiter(chain.from_iterable(rankings), np.int64, int(lengths.sum()))
    if flat.size and not (int(flat.min()) >= 0 and int(flat.max()) < candidates):
        raise ValueError(
            f"expected candidates from 0 to {candidates - 1}, found {flat.min()} to {flat.max()}"
        )
    longest = int(lengths.max(initial=0))
    paths = np.full((len(rankings), longest + 1), SEVERAL, np.uint8)
    paths[np.arange(longest + 1) < lengths[:, None]] = flat
    ordered = np.sort(paths, axis=1)
    again = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != SEVERAL)).any(axis=1)
    if again.any():
        raise ValueError(f"expected each candidate once, found {rankings[int(again.argmax())]}")
    paths[paths == SEVERAL] = candidates + _CHOICES
    paths[lengths == 0] = candidates + _BLANK
    return paths
