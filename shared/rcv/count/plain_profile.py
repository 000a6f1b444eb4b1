"""A profile of rankings that a program already holds as lists of candidates: nothing is spelled or read."""

from collections import Counter
from collections.abc import Iterable
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from shared.contract.elections import Contest
from shared.contract.standings import Ending
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.profile import SEVERAL

Ranking = tuple[int, ...]
"""Candidates by index, best first, each once; empty: a blank ballot."""


class PlainProfile:
    """The distinct rankings among a contest's ballots, of one section. It counts as the `Profile` of their marks does."""

    def __init__(self, ballots: Iterable[Ranking], contest: Contest) -> None:
        """Raise ValueError for a ballot that names somebody outside the contest, or somebody twice."""
        counted = Counter(ballots)
        self.candidates, self.sections = len(contest.candidates), 1
        self.several: dict[tuple[int, int], tuple[int, ...]] = {}
        self._paths = _paths(list(counted), self.candidates, contest.rules.max_ranks)
        self._ballots = np.fromiter(counted.values(), np.int64, len(counted))

    def columns(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
        """Return paths (rows, width), sections and ballots: see `Profile.columns`."""
        return self._paths, np.zeros(len(self._ballots), np.uint8), self._ballots


def _paths(rankings: list[Ranking], candidates: int, max_ranks: int | None) -> NDArray[np.uint8]:
    lengths = np.fromiter(map(len, rankings), np.intp, len(rankings))
    flat = np.fromiter(chain.from_iterable(rankings), np.int64, int(lengths.sum()))
    if flat.size and not (int(flat.min()) >= 0 and int(flat.max()) < candidates):
        raise ValueError(
            f"expected candidates from 0 to {candidates - 1}, found {flat.min()} to {flat.max()}"
        )
    # All candidates of all rankings are laid into as many cells of each row as its ranking is long.
    longest = int(lengths.max(initial=0))
    paths = np.full((len(rankings), longest + 1), SEVERAL, np.uint8)
    paths[np.arange(longest + 1) < lengths[:, None]] = flat
    # Sorted, a candidate ranked twice stands beside itself.
    ordered = np.sort(paths, axis=1)
    again = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != SEVERAL)).any(axis=1)
    if again.any():
        raise ValueError(f"expected each candidate once, found {rankings[int(again.argmax())]}")
    if max_ranks is not None:
        paths = paths[:, : max_ranks + 1]
        paths[:, max_ranks:] = SEVERAL
    paths[paths == SEVERAL] = candidates + ENDINGS.index(Ending.EXHAUSTED)
    paths[lengths == 0] = candidates + ENDINGS.index(Ending.BLANK)
    return paths
