"""CSV, in and out: a row a ballot, names under ranks; or a column a candidate, ranks under names.

    count,section,rank1,rank2       count,Adam,Basil
    0,Members,Adam,Basil            3,1,2
    3,Members,Basil,Adam=Basil      1,,1

Rule 1: the header tells which (`csv_head`); commas, semicolons or tabs part cells; quotes as in RFC 4180; UTF-8.
Rule 2: under a rank, `Adam=Basil` is an overvote, `overvote` one whose candidates are not known; an empty cell,
    `skipped` or `undervote` is a blank rank. Under names, two of one rank are an overvote.
Rule 3: candidates stand in the header's order or that of first appearance. A row of no ballots declares: names in
    order, sections in order. That is how a file is written, so that nobody is lost.
Rule 4: CSV has no words for withdrawals or seats, and none for names that contain `=`.
"""

import csv
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Final

from shared.contract.elections import MAX_SECTIONS
from shared.rcv.formats.plain.csv_head import Columns, read_columns
from shared.rcv.formats.plain.csv_marks import BLANKS, UNNAMED_WORDS, RankCells, ranked_row
from shared.rcv.formats.plain.csv_rows import place_of, read_rows
from shared.rcv.formats.plain.holds import Holds, fitting_ballots
from shared.rcv.formats.plain.text import (
    MAX_BALLOTS_A_LINE,
    Fault,
    clean_name,
    load,
    whole_number,
    written_whole,
)
from shared.rcv.formats.records import BallotFile, BallotGroup, FormatError

HOLDS: Final = Holds("CSV", blank_ranks=True, blank_ballots=True, unnamed=True, sections=True)

_DOUBTFUL_ROWS = 1000


def read(path: Path) -> BallotFile:
    """Return the contest of a CSV file, equal ballots merged. Raises FormatError."""
    data = load(path)
    rows = read_rows(path, data)
    header = next(rows, ([], 1))[0]
    some = list(islice(rows, _DOUBTFUL_ROWS))
    ballots = _Ballots(header, read_columns(path, header, [cells for cells, _ in some]))
    for cells, times in chain(some, rows):
        try:
            ballots.add(cells, times)
        except Fault as fault:
            raise FormatError(path, place_of(path, data, cells, skip=1), str(fault)) from None
    return ballots.file(path)


def write(file: BallotFile, path: Path) -> None:
    """Write a contest as CSV, a row a ballot. Raises FormatError for what CSV cannot say."""
    groups = fitting_ballots(file, path, HOLDS)
    for name in file.candidates:
        if "=" in name or name.lower() in (*BLANKS, *UNNAMED_WORDS):
            raise FormatError(path, f"candidate {name!r}", "CSV cannot hold this name under a rank")
    for section in file.sections:
        if clean_name(section) != section:
            raise FormatError(path, f"section {section!r}", "expected a name as it is shown")
    with written_whole(path) as out:
        csv.writer(out, lineterminator="\n").writerows(_table(file, groups))


class _Ballots:
    """What has been read so far."""

    def __init__(self, header: Sequence[str], columns: Columns) -> None:
        self._header = header
        self._columns = columns
        self._cells = RankCells()
        self._sections: dict[str, int] = {} if columns.section is not None else {"all": 0}
        self._counts: dict[tuple[str, int], int] = {}

    def add(self, cells: Sequence[str], times: int) -> None:
        columns = self._columns
        if len(cells) != columns.width:
            raise Fault(f"expected {columns.width} cells, found {len(cells)}")
        if cells == self._header:
            raise Fault("expected a ballot, found the header again")
        if columns.candidates:
            marks = ranked_row(cells, columns.candidates)
        else:
            marks = ">".join([self._cells[cells[at]] for at in columns.ranks]).rstrip(">")
        section = 0 if columns.section is None else self._section(cells[columns.section])
        if ballots := times if columns.count is None else times * _count(cells[columns.count]):
            ballot = marks, section
            self._counts[ballot] = self._counts.get(ballot, 0) + ballots

    def file(self, path: Path) -> BallotFile:
        names = tuple(name for _, name in self._columns.candidates) or tuple(self._cells.names)
        if not names:
            raise FormatError(path, "line 1", "expected at least one candidate below")
        groups = tuple(
            BallotGroup(marks, ballots, section) for (marks, section), ballots in self._counts.items()
        )
        return BallotFile(path.stem, names, groups, sections=tuple(self._sections) or ("all",))

    def _section(self, cell: str) -> int:
        if cell in self._sections:
            return self._sections[cell]
        section = self._sections.setdefault(clean_name(cell), len(self._sections))
        if section >= MAX_SECTIONS:
            raise Fault(f"expected at most {MAX_SECTIONS} sections")
        return section


def _count(cell: str) -> int:
    digits = cell.strip()
    whole, point, places = digits.partition(".")
    digits = whole if point and not places.strip("0") else digits
    count = whole_number(digits.encode(), 0, MAX_BALLOTS_A_LINE)
    if count is None:
        raise Fault(f"expected how many ballots, a whole number, found {cell[:40]!r}")
    return count


def _table(file: BallotFile, groups: tuple[BallotGroup, ...]) -> Iterator[list[str | int]]:
    width = max(len(file.candidates), *(group.marks.count(">") + 1 for group in groups), 1)
    parted = file.sections != ("all",)
    names = [*file.candidates, *[""] * (width - len(file.candidates))]
    yield ["count", *(["section"] if parted else []), *(f"rank{rank + 1}" for rank in range(width))]
    for name in file.sections:
        yield [0, *([name] if parted else []), *names]
    for marks, ballots, section in groups:
        cells = [_cell(file.candidates, rank) for rank in marks.split(">")]
        yield [ballots, *([file.sections[section]] if parted else []), *cells, *[""] * (width - len(cells))]


def _cell(candidates: tuple[str, ...], rank: str) -> str:
    if rank in ("", "*"):
        return "overvote" if rank else ""
    return "=".join(candidates[int(place)] for place in rank.split("="))
