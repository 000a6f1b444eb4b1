"""Most papers rank one candidate after another and nothing else: those are read all at once, in columns.

Rule 1: a paper is plain if it says just what it means: candidates by index, each once, no rank blank or held by several.
Rule 2: what is not plain is told apart, never guessed: `normalise` reads it.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import compress, repeat
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_UNREADABLE: Final = 255


class Plain(NamedTuple):
    """Papers read in columns, one row for each that was given."""

    is_plain: NDArray[np.bool_]
    """By paper: whether its row below says all of it. Other rows mean nothing."""
    paths: NDArray[np.uint8]
    """Shape (papers, width): the candidates in order, filled up with the ending."""


def read_plain(marks: Sequence[str], candidates: int, max_ranks: int, width: int, ending: int) -> Plain:
    """Return which of `marks` are plain papers of at most `max_ranks` ranks, below `width`, and their paths.

    A blank paper is not plain. Nothing is assumed of `marks`: any text is told apart.
    """
    ranks = np.array([paper.count(">") + 1 for paper in marks], np.intp)
    is_plain = ranks <= min(max_ranks, width - 1)
    paths = np.full((len(marks), width), ending, np.uint8)
    if not is_plain.any():
        return Plain(is_plain, paths)
    texts = ">".join(compress(marks, is_plain)).split(">")
    held = bytes(map(_indices(candidates).get, texts, repeat(_UNREADABLE)))
    longest = int(ranks[is_plain].max())
    ranked = paths[:, :longest]
    ranked[(np.arange(longest) < ranks[:, None]) & is_plain[:, None]] = np.frombuffer(held, np.uint8)
    ordered = np.sort(ranked, axis=1)
    is_plain &= ordered[:, -1] != _UNREADABLE
    is_plain &= ~((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != ending)).any(axis=1)
    return Plain(is_plain, paths)


@cache
def _indices(candidates: int) -> Mapping[str, int]:
    """Return each candidate's index by its one spelling."""
    return {str(candidate): candidate for candidate in range(candidates)}
