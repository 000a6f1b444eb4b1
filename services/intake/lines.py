"""The lines of a stream that are spelt alike: read together, in columns, and not one by one. Pure.

A program spells all its ballots in one way. What stands before the rankings of its first line, the line's head, shows where id and
code stand in each line whose head is the same but for these two; so they are read from all lines at once.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

HEADS: Final = 4
"""So many spellings are looked for among lines that came together."""

_HEAD = re.compile(rb'\{"ballot_id": ?"([0-9a-f]{32})", ?"code": ?"([0-9A-Z-]{27,28})", ?"rankings": ?\{')
_MAX_HEAD_BYTES: Final = 104
_END: Final = np.frombuffer(b"]]}}", np.uint8)
_NO_DIGIT: Final = 16
_DIGITS: Final = np.full(256, _NO_DIGIT, np.uint8)
"""Of a byte as a hexadecimal digit. A capital letter is none."""
_DIGITS[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)


class Alike(NamedTuple):
    """Lines with one head: their places, ids (rows, 16), codes as they are spelt (rows, characters).

    `rankings` is what stands between the head and the four brackets that end a line; no more is known of it.
    """

    places: NDArray[np.intp]
    ids: NDArray[np.uint8]
    codes: NDArray[np.uint8]
    rankings: list[bytes]


def spelt_alike(lines: Sequence[bytes]) -> Iterator[Alike]:
    """Yield lines that are spelt as most programs spell them. No line holds another: so none is read beyond its end."""
    text = np.frombuffer(b"\n".join([*lines, bytes(_MAX_HEAD_BYTES)]), np.uint8)
    sizes = np.fromiter(map(len, lines), np.intp, len(lines))
    ends = np.cumsum(sizes + 1) - 1
    left = np.flatnonzero((sliding_window_view(text, len(_END))[ends - len(_END)] == _END).all(axis=1))
    for _ in range(HEADS):
        first = next((found for place in left.tolist() if (found := _HEAD.match(lines[place]))), None)
        if first is None:
            return
        head = np.frombuffer(first[0], np.uint8)
        in_id, in_code = slice(*first.span(1)), slice(*first.span(2))
        fixed = np.ones(len(head), np.bool_)
        fixed[in_id] = fixed[in_code] = False
        heads = sliding_window_view(text, len(head))[(ends - sizes)[left]]
        digits = _DIGITS[heads[:, in_id]]
        same = (heads[:, fixed] == head[fixed]).all(axis=1) & (digits < _NO_DIGIT).all(axis=1)
        if not same.all():
            heads, digits = heads[same], digits[same]
        places, left = left[same], left[~same]
        rankings = [lines[place][len(head) : -len(_END)] for place in places.tolist()]
        yield Alike(places, digits[:, ::2] << 4 | digits[:, 1::2], heads[:, in_code], rankings)
