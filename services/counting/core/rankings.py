"""The distinct rankings of a contest and how many ballots carry each, in columns.

Rule 1: a row is a section and what marks amount to (`Choices`), so spellings that are counted alike share a row.
        Marks are normalised once, when they are first seen.
Rule 2: rows are only ever added. One whose ballots were all retracted stays, and counts nothing.
Rule 3: a row is its path (see `Choices.path`) filled up with its ending, which never falls: whoever stands first in
        the row holds its ballots.

The columns live in `array` and `bytearray`, which grow by themselves; numpy looks at them without a copy. Such a view
must not outlive the method that takes it, for no buffer grows while it is looked at.
"""

from array import array
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.counting.core.normalise import ENDINGS, Choices, normalise
from shared.contract.elections import MAX_CANDIDATES, MAX_SECTIONS, Rules

Change = tuple[int, str, int]
"""Section, marks, and by how many ballots they became more."""

assert MAX_CANDIDATES + len(ENDINGS) <= 256, "a holder is one byte of a row"
assert MAX_SECTIONS <= 256, "a section is one byte"


class Moved(NamedTuple):
    """Rows whose ballots changed, as columns of equal length: one entry for each change."""

    paths: NDArray[np.uint8]
    """Shape (changes, width)."""
    sections: NDArray[np.uint8]
    ballots: NDArray[np.int64]


class Rankings:
    """Every distinct ranking seen, and its ballots."""

    def __init__(self, candidates: int, sections: int, rules: Rules) -> None:
        self._rules = rules
        self._candidates = candidates
        self._sections = sections
        self._width = min(candidates, rules.max_ranks or candidates) + 1
        self._row_of: dict[int, dict[str, int]] = {section: {} for section in range(sections)}
        self._paths = bytearray()
        self._section = array("B")
        self._ballots = array("q")
        self._rows_by_first = [array("I") for _ in range(candidates)]

    def __len__(self) -> int:
        """Return how many distinct rankings were ever seen."""
        return len(self._ballots)

    def add(self, changes: Iterable[Change]) -> Moved:
        """Add `changes` to the ballots of their rows, all together, and return what moved.

        Raises AssertionError if a ranking was retracted more often than it was cast.
        """
        rows: list[int] = []
        deltas: list[int] = []
        for section, marks, delta in changes:
            row = self._row_of[section].get(marks)
            rows.append(self._admit(section, marks) if row is None else row)
            deltas.append(delta)
        return self._move(np.array(rows, np.intp), np.array(deltas, np.int64))

    def handed_on_by(self, out: Sequence[int]) -> NDArray[np.int64]:
        """Return the ballots that candidates `out`, all fallen, hand on to each holder: shape (holders, sections).

        Reads only the rows whose first choice is in `out`, and each of those only as far as its holder.
        """
        paths, section, ballots = self._columns()
        fallen = np.zeros(self._candidates + len(ENDINGS), np.bool_)
        fallen[out] = True
        handed_on = np.zeros(fallen.size * self._sections, np.int64)
        rows = np.concatenate([np.frombuffer(self._rows_by_first[c], np.uint32) for c in out]).astype(np.intp)
        place = 0
        while rows.size:
            place += 1
            holder = paths[rows, place].astype(np.intp)
            np.add.at(handed_on, holder * self._sections + section[rows], ballots[rows])
            rows = rows[np.flatnonzero(fallen[holder])]
        by_holder = handed_on.reshape(fallen.size, self._sections)
        by_holder[out] = 0  # what reached one of the fallen was handed on from there
        return by_holder

    def _move(self, rows: NDArray[np.intp], deltas: NDArray[np.int64]) -> Moved:
        paths, section, ballots = self._columns()
        np.add.at(ballots, rows, deltas)
        assert ballots[rows].min(initial=0) >= 0, "a ranking was retracted more often than it was cast"
        return Moved(paths[rows], section[rows], deltas)

    def _columns(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
        paths = np.frombuffer(self._paths, np.uint8).reshape(-1, self._width)
        return paths, np.frombuffer(self._section, np.uint8), np.frombuffer(self._ballots, np.int64)

    def _admit(self, section: int, marks: str) -> int:
        """Return the row of marks not seen before in `section`: perhaps one that another spelling opened."""
        choices = normalise(marks, self._rules)
        spelling = _spelling(choices)
        row_of = self._row_of[section]
        row = row_of.get(spelling)
        if row is None:
            row = row_of[spelling] = self._append(section, choices)
        if marks != spelling:
            row_of[marks] = row
        return row

    def _append(self, section: int, choices: Choices) -> int:
        row = len(self._ballots)
        path = choices.path(self._candidates)
        self._paths += bytes(path) + bytes(path[-1:]) * (self._width - len(path))
        self._section.append(section)
        self._ballots.append(0)
        if choices.candidates:
            self._rows_by_first[choices.candidates[0]].append(row)
        return row


def _spelling(choices: Choices) -> str:
    """Return one name for `choices`: where nothing cut them short, the marks that say just that."""
    plain = ">".join(map(str, choices.candidates))
    return plain if choices.ending in {"choices", "blank"} else f"{plain}!{choices.ending}"
