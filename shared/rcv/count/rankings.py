"""The distinct rankings of a contest and how many ballots carry each, in columns.

Rule 1: a row is a section and what marks amount to (`Choices`), so spellings that are counted alike share a row.
        Marks are normalised once, when they are first seen.
Rule 2: rows are only ever added. One whose ballots were all retracted stays, and counts nothing.
Rule 3: a row is its path: the holders its papers pass through, candidates by index and then its ending, by the number
        of candidates plus its place in `ENDINGS`. It is filled up with the ending, which never falls: whoever stands
        first in the row holds its ballots.

The columns live in `array` and `bytearray`, which grow by themselves; numpy looks at them without a copy. Such a view
must not outlive the method that takes it, for no buffer grows while it is looked at.
"""

from array import array
from collections.abc import Collection, Iterable, Sequence
from itertools import compress, pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.contract.ballots import format_marks
from shared.contract.elections import MAX_CANDIDATES, MAX_SECTIONS, Rules
from shared.contract.standings import Ending
from shared.rcv.count.normalise import ENDINGS, Choices, normalise
from shared.rcv.count.plain import Plain, read_plain

Change = tuple[int, str, int]
"""Section, marks, and by how many ballots they became more."""

SEVERAL: Final = 255
"""Stands in a path for a rank that names several candidates, of whom the round decides."""

assert MAX_CANDIDATES + len(ENDINGS) <= SEVERAL, "a holder is one byte of a row"
assert MAX_SECTIONS <= 256, "a section is one byte"


_UNSEEN: Final = -1

WORTH_COLUMNS: Final = 16
"""Unseen papers from which on reading them in columns is faster than one by one."""


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
        self.candidates = candidates
        self.sections = sections
        self.several: dict[tuple[int, int], tuple[int, ...]] = {}
        """By row and place on its path: whom a rank names that holds several."""
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
        given = list(changes)
        sections, papers, deltas = zip(*given, strict=True) if given else ((), (), ())
        row_of = self._row_of
        found = [row_of[section].get(marks, _UNSEEN) for section, marks in zip(sections, papers, strict=True)]
        rows = np.array(found, np.intp)
        is_new = rows == _UNSEEN
        if is_new.any():
            new = is_new.tolist()
            rows[is_new] = self._admit_all(list(compress(sections, new)), list(compress(papers, new)))
        return self._move(rows, np.array(deltas, np.int64))

    def handed_on_by(self, out: Sequence[int]) -> NDArray[np.int64]:
        """Return the ballots that candidates `out`, all fallen, hand on to each holder: shape (holders, sections).

        Reads only the rows whose first choice is in `out`, and each of those only as far as its holder.
        """
        _, section, ballots = self.columns()
        rows, holder = self._held_on(self._rows_first_of(out), out)
        handed_on = np.zeros((self.candidates + len(ENDINGS), self.sections), np.int64)
        np.add.at(handed_on, (holder, section[rows]), ballots[rows])
        return handed_on

    def handed_over(self, source: int, out: Collection[int], after: Collection[int]) -> list[int]:
        """Return for each holder the ballots that `source` holds when `out` are out, and it when `after` are."""
        _, _, ballots = self.columns()
        rows, holder = self._held_on(self._rows_first_of([*out, source]), out)
        rows, holder = self._held_on(rows[holder == source], after)
        handed_over = np.zeros(self.candidates + len(ENDINGS), np.int64)
        np.add.at(handed_over, holder, ballots[rows])
        return list(map(int, handed_over))

    def _rows_first_of(self, candidates: Iterable[int]) -> NDArray[np.intp]:
        rows = [np.frombuffer(self._rows_by_first[c], np.uint32) for c in candidates]
        return np.concatenate(rows, dtype=np.intp) if rows else np.empty(0, np.intp)

    def _held_on(
        self, rows: NDArray[np.intp], out: Collection[int]
    ) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
        """Return the rows, in another order, and who holds each when `out` are out."""
        paths, _, _ = self.columns()
        fallen = np.zeros(SEVERAL + 1, np.bool_)
        fallen[list(out)] = True
        found: list[NDArray[np.intp]] = []
        holders: list[NDArray[np.uint8]] = []
        for place in range(self._width):
            holder = paths[rows, place]
            falls = fallen[holder]
            found.append(rows[~falls])
            holders.append(holder[~falls])
            rows = rows[falls]
            if not rows.size:
                break
        return np.concatenate(found), np.concatenate(holders)

    def columns(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
        """Return paths (rows, width), sections and ballots: views, not to be kept while rankings are added."""
        paths = np.frombuffer(self._paths, np.uint8).reshape(-1, self._width)
        return paths, np.frombuffer(self._section, np.uint8), np.frombuffer(self._ballots, np.int64)

    def row(self, section: int, marks: str) -> int:
        """Return the row of papers that were added. Raises KeyError if none like it was."""
        return self._row_of[section][marks]

    def _move(self, rows: NDArray[np.intp], deltas: NDArray[np.int64]) -> Moved:
        paths, section, ballots = self.columns()
        np.add.at(ballots, rows, deltas)
        assert ballots[rows].min(initial=0) >= 0, "a ranking was retracted more often than it was cast"
        return Moved(paths[rows], section[rows], deltas)

    def _admit_all(self, sections: Sequence[int], papers: Sequence[str]) -> list[int]:
        """Return the rows of papers not seen before: new ones, or those that other spellings opened."""
        if len(papers) < WORTH_COLUMNS:
            return [self._admit(*paper) for paper in zip(sections, papers, strict=True)]
        limit = self._rules.max_ranks or self.candidates
        ending = self.candidates + ENDINGS.index(Ending.EXHAUSTED)
        read = read_plain(papers, self.candidates, limit, self._width, ending)
        rows = self._admit_plain(sections, papers, read)
        for place in np.flatnonzero(~read.is_plain).tolist():
            rows[place] = self._admit(sections[place], papers[place])
        return rows

    def _admit_plain(self, sections: Sequence[int], papers: Sequence[str], read: Plain) -> list[int]:
        """Return the rows of plain papers, opened all at once. No other spelling opened a plain paper's row."""
        rows: list[int] = []
        opened: list[int] = []
        next_row = len(self._ballots)
        for place, (section, marks, is_plain) in enumerate(
            zip(sections, papers, read.is_plain.tolist(), strict=True)
        ):
            row = self._row_of[section].setdefault(marks, next_row) if is_plain else _UNSEEN
            if row == next_row:
                opened.append(place)
                next_row += 1
            rows.append(row)
        self._append_all(read.paths[opened], bytes([sections[place] for place in opened]))
        return rows

    def _append_all(self, paths: NDArray[np.uint8], sections: bytes) -> None:
        first_row = len(self._ballots)
        self._paths += paths.tobytes()
        self._section.frombytes(sections)
        self._ballots.frombytes(bytes(8 * len(sections)))
        order = np.argsort(paths[:, 0], kind="stable")
        bounds = np.searchsorted(paths[order, 0], np.arange(self.candidates + 1)).tolist()
        rows = (order + first_row).astype(np.uint32)
        for candidate, (start, end) in enumerate(pairwise(bounds)):
            self._rows_by_first[candidate].frombytes(rows[start:end].tobytes())

    def _admit(self, section: int, marks: str) -> int:
        """Return the row of marks that had none in `section`: perhaps one that another spelling opened."""
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
        path = self._path(row, choices)
        if len(path) > self._width:
            self._widen(len(path))
        self._paths += bytes(path) + bytes(path[-1:]) * (self._width - len(path))
        self._section.append(section)
        self._ballots.append(0)
        if path[0] < self.candidates:
            self._rows_by_first[path[0]].append(row)
        return row

    def _widen(self, width: int) -> None:
        paths = np.frombuffer(self._paths, np.uint8).reshape(-1, self._width)
        wider = np.hstack([paths, np.repeat(paths[:, -1:], width - self._width, axis=1)])
        del paths
        self._paths, self._width = bytearray(wider.tobytes()), width

    def _path(self, row: int, choices: Choices) -> list[int]:
        path: list[int] = []
        for place, choice in enumerate(choices.candidates):
            if isinstance(choice, tuple):
                self.several[row, place] = choice
                path.append(SEVERAL)
            else:
                assert choice < self.candidates, f"{choices} names a candidate outside the contest"
                path.append(choice)
        return [*path, self.candidates + ENDINGS.index(choices.ending)]


def _spelling(choices: Choices) -> str:
    """Return one name for `choices`: where nothing cut them short, the marks that say just that."""
    several = (choice if isinstance(choice, tuple) else (choice,) for choice in choices.candidates)
    plain = format_marks(list(several))
    says_just_that = choices.ending is (Ending.EXHAUSTED if plain else Ending.BLANK)
    return plain if says_just_that else f"{plain}!{choices.ending}"
