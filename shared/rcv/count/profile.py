"""The profile of a contest: its distinct rankings and how many ballots carry each, in columns.

A row is a section and what marks amount to (`Choices`), so spellings that are counted alike share a row. Marks are
normalised once, when they are first seen. Rows are only ever added: one whose ballots were all retracted stays, and
counts nothing.

A row holds its path: the holders its ballots pass through, candidates by index and at last its ending, by the number
of candidates plus its place in `ENDINGS`. The rest of the row is filled with the ending, which is never out of the
count: whoever is first in the row and not out holds its ballots.

The columns live in `array` and `bytearray`, which grow by themselves; numpy looks at them without a copy. Such a view
must not outlive the method that takes it, for no buffer grows while it is looked at.
"""

from array import array
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import compress, pairwise, repeat
from operator import not_
from typing import Final, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from shared.contract.ballots import format_marks
from shared.contract.elections import MAX_CANDIDATES, MAX_SECTIONS, Contest, Rules
from shared.contract.standings import Ending
from shared.rcv.count.normalise import ENDINGS, Choices, normalise, read_plain

RankingCounts = Mapping[tuple[int, str], int]
"""How many ballots of each section carry which marks."""

Change = tuple[int, str, int]
"""Section, marks, and by how many ballots they became more."""

SEVERAL: Final = 255
"""In a path: a rank that names several candidates, of whom the round decides."""

assert MAX_CANDIDATES + len(ENDINGS) <= SEVERAL, "a holder is one byte of a row"
assert MAX_SECTIONS <= 256, "a section is one byte"


_UNSEEN: Final = -1

WORTH_COLUMNS: Final = 16
"""Unseen rankings from which on reading them in columns is faster than one by one."""
MOST_AT_ONCE: Final = 1 << 16
"""Unseen rankings that are read in columns together, so that a first batch of millions needs little memory."""


class Columns(Protocol):
    """What is tabulated: distinct rankings as columns of equal length, one row for each."""

    candidates: int
    sections: int
    several: dict[tuple[int, int], tuple[int, ...]]
    """By row and place on its path: whom a rank names that holds several."""

    def columns(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
        """Return paths (rows, width), sections and ballots."""


class Moved(NamedTuple):
    """Rows whose ballots changed, as columns of equal length: one entry for each change."""

    paths: NDArray[np.uint8]
    """Shape (changes, width)."""
    sections: NDArray[np.uint8]
    ballots: NDArray[np.int64]


class Profile:
    """Every distinct ranking seen, and its ballots."""

    def __init__(self, candidates: int, sections: int, rules: Rules) -> None:
        self._rules = rules
        self.candidates = candidates
        self.sections = sections
        self.several: dict[tuple[int, int], tuple[int, ...]] = {}
        self._width = min(candidates, rules.max_ranks or candidates) + 1
        self._row_of: dict[int, dict[str, int]] = {section: {} for section in range(sections)}
        self._paths = bytearray()
        self._section = array("B")
        self._ballots = array("q")
        self._rows_by_first = [array("I") for _ in range(candidates)]

    @classmethod
    def of(cls, contest: Contest, sections: int = 1, changes: Iterable[Change] = ()) -> Self:
        """Return a profile of the contest's ballots: of none, or of all that `changes` add."""
        profile = cls(len(contest.candidates), sections, contest.rules)
        profile.add(changes)
        return profile

    def __len__(self) -> int:
        """Return how many distinct rankings were ever seen."""
        return len(self._ballots)

    def add(self, changes: Iterable[Change]) -> Moved:
        """Add `changes` to the ballots of their rows, all together, and return what moved.

        Raises AssertionError if a ranking was retracted more often than it was cast, ValueError for marks that are
        not the spelling of a ranking.
        """
        given = list(changes)
        sections, marks, deltas = zip(*given, strict=True) if given else ((), (), ())
        rows = self._rows(sections, marks)
        unseen = rows == _UNSEEN
        if unseen.any():
            new = unseen.tolist()
            new_sections, new_marks = list(compress(sections, new)), list(compress(marks, new))
            self._open_all(list(dict.fromkeys(zip(new_sections, new_marks, strict=True))))
            rows[unseen] = self._rows(new_sections, new_marks)
        paths, section, ballots = self.columns()
        ballots_more = np.array(deltas, np.int64)
        np.add.at(ballots, rows, ballots_more)
        assert ballots[rows].min(initial=0) >= 0, "a ranking was retracted more often than it was cast"
        return Moved(paths[rows], section[rows], ballots_more)

    def columns(self) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
        """Return paths (rows, width), sections and ballots: views, not to be kept while rankings are added."""
        paths = np.frombuffer(self._paths, np.uint8).reshape(-1, self._width)
        return paths, np.frombuffer(self._section, np.uint8), np.frombuffer(self._ballots, np.int64)

    def row(self, section: int, marks: str) -> int:
        """Return the row of a ranking that was added. Raises KeyError if it never was."""
        return self._row_of[section][marks]

    def handed_on_by(self, out: Sequence[int]) -> NDArray[np.int64]:
        """Return the ballots that candidates `out`, none of whom continues, hand on: shape (holders, sections).

        Reads only the rows whose first choice is in `out`, and each of those only as far as its holder.
        """
        _, section, ballots = self.columns()
        rows, holder = self._held_on(self._rows_first_of(out), out)
        handed_on = np.zeros((self.candidates + len(ENDINGS), self.sections), np.int64)
        np.add.at(handed_on, (holder, section[rows]), ballots[rows])
        return handed_on

    def handed_over(self, source: int, out: Collection[int], after: Collection[int]) -> list[int]:
        """Return for each holder the ballots that `source` holds when `out` have gone, and it when `after` have."""
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
        """Return the rows, in another order, and who holds each when `out` have gone."""
        # One place of the paths after the other; rows whose holder there is not out are done with.
        paths, _, _ = self.columns()
        is_gone = np.zeros(SEVERAL + 1, np.bool_)
        is_gone[list(out)] = True
        found: list[NDArray[np.intp]] = []
        holders: list[NDArray[np.uint8]] = []
        for place in range(self._width):
            holder = paths[rows, place]
            goes_on = is_gone[holder]
            found.append(rows[~goes_on])
            holders.append(holder[~goes_on])
            rows = rows[goes_on]
            if not rows.size:
                break
        return np.concatenate(found), np.concatenate(holders)

    def _rows(self, sections: Sequence[int], marks: Sequence[str]) -> NDArray[np.intp]:
        """Return the rows of rankings, `_UNSEEN` for those that have none."""
        row_of = map(self._row_of.__getitem__, sections)
        return np.fromiter(map(dict.get, row_of, marks, repeat(_UNSEEN)), np.intp, len(marks))

    def _open_all(self, rankings: Sequence[tuple[int, str]]) -> None:
        """Give rows to different rankings that have none: new ones, or those that other spellings opened."""
        if len(rankings) < WORTH_COLUMNS:
            for ranking in rankings:
                self._open(*ranking)
            return
        limit = self._rules.max_ranks or self.candidates
        ending = self.candidates + ENDINGS.index(Ending.EXHAUSTED)
        others: list[tuple[int, str]] = []
        for start in range(0, len(rankings), MOST_AT_ONCE):
            some = rankings[start : start + MOST_AT_ONCE]
            read = read_plain([marks for _, marks in some], self.candidates, limit, self._width, ending)
            is_plain = read.is_plain.tolist()
            self._open_plain(list(compress(some, is_plain)), read.paths[read.is_plain])
            others += compress(some, map(not_, is_plain))
        # Last, for they may be counted as a plain one is.
        for ranking in others:
            self._open(*ranking)

    def _open_plain(self, rankings: Sequence[tuple[int, str]], paths: NDArray[np.uint8]) -> None:
        """Open the rows of plain rankings, all at once. No other spelling opened a plain ranking's row."""
        first_row = len(self._ballots)
        for row, (section, spelling) in enumerate(rankings, first_row):
            self._row_of[section][spelling] = row
        self._paths += paths.tobytes()
        self._section.frombytes(bytes([section for section, _ in rankings]))
        self._ballots.frombytes(bytes(8 * len(rankings)))
        # Grouped by first choice: sorted, the rows of a candidate stand between two bounds.
        order = np.argsort(paths[:, 0], kind="stable")
        bounds = np.searchsorted(paths[order, 0], np.arange(self.candidates + 1)).tolist()
        new_rows = (order + first_row).astype(np.uint32)
        for candidate, (start, end) in enumerate(pairwise(bounds)):
            self._rows_by_first[candidate].frombytes(new_rows[start:end].tobytes())

    def _open(self, section: int, marks: str) -> int:
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
        path: list[int] = []
        for place, choice in enumerate(choices.candidates):
            if isinstance(choice, tuple):
                self.several[row, place] = choice
                path.append(SEVERAL)
            else:
                assert choice < self.candidates, f"{choices} names a candidate outside the contest"
                path.append(choice)
        path.append(self.candidates + ENDINGS.index(choices.ending))
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
        del paths  # no view of the buffer may be left when it is given up
        self._paths, self._width = bytearray(wider.tobytes()), width


def _spelling(choices: Choices) -> str:
    """Return one name for `choices`: where nothing cut them short, the marks that mean just that."""
    several = (choice if isinstance(choice, tuple) else (choice,) for choice in choices.candidates)
    plain = format_marks(list(several))
    is_whole = choices.ending is (Ending.EXHAUSTED if plain else Ending.BLANK)
    return plain if is_whole else f"{plain}!{choices.ending}"


def most_rankings(contest: Contest, sections: int, ballots: int) -> int:
    """Return how many different rankings so many ballots can carry at most: of those that name nobody twice.

    It follows from the contest and the ballots alone, whatever order they came in.
    """
    candidates, found, of_length = len(contest.candidates), 1, 1
    for rank in range(min(candidates, contest.rules.max_ranks or candidates)):
        of_length *= candidates - rank
        found += of_length
        if found * sections >= ballots:
            return ballots
    return found * sections
