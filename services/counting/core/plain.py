"""Most papers rank one candidate after another and nothing else: those are read all at once, in columns.

Rule 1: a paper is plain if it says just what it means: candidates by index, each once, no rank blank or held by several.
Rule 2: what is not plain is told apart, never guessed: `normalise` reads it.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

_DIGIT_0: Final = ord("0")
_NEXT_RANK: Final = ord(">")
_NEXT_PAPER: Final = ord("\n")
_FILL: Final = 255


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
    text = np.frombuffer("\n".join(marks).encode("ascii", "replace") + b"\n", np.uint8)
    ends = np.flatnonzero((text == _NEXT_RANK) | (text == _NEXT_PAPER))
    starts = np.concatenate(([0], ends[:-1] + 1))
    paper = np.concatenate(([0], np.cumsum(text[ends[:-1]] == _NEXT_PAPER)))
    first_of = np.flatnonzero(np.concatenate(([True], paper[1:] != paper[:-1])))
    rank = np.arange(len(ends)) - first_of[paper]
    candidate, readable = _indices(text, starts, ends - starts)
    readable &= (candidate < candidates) & (rank < min(max_ranks, width - 1))
    is_plain = np.ones(len(marks), np.bool_)
    is_plain[paper[~readable]] = False
    paths = np.full((len(marks), width), _FILL, np.uint8)
    paths[paper[readable], rank[readable]] = candidate[readable]
    is_plain &= ~_repeats(paths)
    paths[paths == _FILL] = ending
    return Plain(is_plain, paths)


def _indices(
    text: NDArray[np.uint8], starts: NDArray[np.intp], lengths: NDArray[np.intp]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the number of one to three digits that each rank holds, and whether it holds just that."""
    value = np.zeros(len(starts), np.int64)
    readable = (lengths > 0) & (lengths <= 3)
    for place in range(3):
        here = np.flatnonzero(readable & (place < lengths))
        digit = text[starts[here] + place].astype(np.int64) - _DIGIT_0
        value[here] = value[here] * 10 + digit
        leading_zero = (place == 0) & (digit == 0) & (lengths[here] > 1)
        readable[here[(digit < 0) | (digit > 9) | leading_zero]] = False
    return value, readable


def _repeats(paths: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Return by paper whether a candidate stands at two ranks."""
    ordered = np.sort(paths, axis=1)
    again: NDArray[np.bool_] = ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != _FILL)).any(axis=1)
    return again
