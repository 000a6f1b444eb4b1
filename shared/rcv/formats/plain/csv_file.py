"""CSV, in and out: a row a ballot, a column a candidate, or a row a mark.

    count,section,rank1,rank2       count,Adam,Basil       ballot,rank,choice
    0,Members,Adam,Basil            3,1,2                  7,1,Adam
    3,Members,Basil,Adam=Basil      1,,1                   7,2,Basil

The header says which (`csv_head`); commas, semicolons or tabs part cells; quotes as in RFC 4180; UTF-8. Under a rank,
`Adam=Basil` is an overvote, `overvote` one whose candidates are not known; an empty cell, `skipped` or `undervote` is a
blank rank. Under names, two of one rank are an overvote; so are two marks of one rank. RCTab's own CSV of cast vote records
(`<stem>_rctab_cvr.csv`) is a row a ballot, too; there the candidates of an overvote stand in one cell, a line each.

Candidates stand in the header's order or that of first appearance. A row of no ballots declares: names in order, sections in
order. That is how a file is written, so that nobody is lost. CSV has no words for withdrawals or seats, and none for names
that contain `=`.
"""

import csv
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from io import StringIO
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final

from shared.contract.ballots import format_marks
from shared.contract.elections import MAX_CANDIDATES, MAX_SECTIONS
from shared.rcv.formats.plain.csv_head import Columns, read_columns
from shared.rcv.formats.plain.holds import Holds, fitting_ballots
from shared.rcv.formats.plain.text import (
    MAX_BALLOTS_A_LINE,
    MAX_RANKS,
    Fault,
    Spellings,
    clean_name,
    count_lines,
    decode,
    is_total,
    load,
    whole_amount,
    written_whole,
)
from shared.rcv.formats.records import BallotFile, BallotGroup, FormatError

HOLDS: Final = Holds("CSV", blank_ranks=True, blank_ballots=True, unnamed=True, sections=True)

_BLANKS: Final = ("", "skipped", "undervote")
_UNNAMED_WORDS: Final = ("overvote", "*")
_DOUBTFUL: Final = (
    "", "?", "0", "na", "n/a", "nan", "none", "nil", "null", "blank", "blankvote", "empty", "exhausted", "total", "totals", "sum",
    "invalid", "spoiled", "spoilt", "rejected", "void", "voided", "informal", "over", "overvoted", "overvotes", "overvote", "under",
    "undervoted", "undervotes", "undervote", "skip", "skipped", "unmarked", "unranked", "unvoted", "notvoted", "novote", "nochoice",
    "nopreference", "noselection", "nomark", "norank", "abstain", "abstained", "abstention", "ov", "uv", "x", "pass", "true", "false",
    "yes", "no", "duplicate", "unknown", "unclear", "illegible", "ambiguous", "error", "nobody", "noone", "notranked", "leftblank",
    "noentry", "notapplicable", "notused", "unused", "dnv",
)  # fmt: skip
"""Words, without signs that part or enclose, that may mean nobody, or no ballot; a candidate who is called so is declared."""
_PARTING: Final = re.compile(r"[\s_.()<>\[\]-]")
_JOINS: Final = re.compile(r"[|/;&+,>\n]")
_TRUTHS: Final = ("", "t", "true", "y", "yes", "1")
_DOUBTFUL_ROWS = 1000
_LEAST_NUMBERED: Final = 3
_EXCELS_OWN: Final = re.compile(rb'\A"?sep=[,;\t]"?\n')
"""A first line by which Excel knows what parts cells."""

Row = tuple[Sequence[str], int]
"""Cells, and how many rows are the same."""


def read(path: Path, ignored: Collection[str] = ()) -> BallotFile:
    """Return the contest of a CSV file, equal ballots merged; columns with an `ignored` head are passed over.

    Raises FormatError.
    """
    data = _EXCELS_OWN.sub(b"\n", load(path), 1)
    rows = read_rows(path, data)
    header = next(rows, ([], 1))[0]
    some = list(islice(rows, _DOUBTFUL_ROWS))
    header = _trimmed(header, max((len(_trimmed(cells, 0)) for cells, _ in some), default=0))
    width = len(header)
    columns = read_columns(path, header, [_trimmed(cells, width) for cells, _ in some], ignored)
    if columns.candidates and not some:
        raise FormatError(path, "line 1", "expected a ballot below the heads, found none")
    _refuse_row_numbers(path, header, columns, some)
    _refuse_other_numbers(path, header, columns, some)
    ballots = (_Marks if columns.marks else _Ballots)(header, columns)
    says_more = width > len(columns.ranks or columns.candidates)
    for cells, times in chain(some, rows):
        if not any(map(str.strip, cells)) and (says_more or len(cells) == 1 < width):
            continue  # a ballot has a number, a count or the like, and these rows have nothing
        try:
            ballots.add(_trimmed(cells, width), times)
        except Fault as fault:
            place = _place_of(path, data, cells.__eq__)
            raise FormatError(path, place, str(fault)) from None
    if several := next(ballots.joined(), ""):
        place = _place_of(path, data, lambda cells: any(several in cell for cell in cells))
        expected = f"expected = between candidates at one rank, or one's name, found {several[:40]!r}: it may be either"
        raise FormatError(path, place, expected)
    return ballots.file(path)


def _refuse_row_numbers(path: Path, header: Sequence[str], columns: Columns, some: Sequence[Row]) -> None:
    """Raise FormatError for a column # that counts 1, 2, 3: of ballots it would make more."""
    at = columns.count
    if at is None or header[at].strip() != "#" or len(some) < _LEAST_NUMBERED:
        return
    if all(cells[at : at + 1] == [str(number)] for number, (cells, _) in enumerate(some, 1)):
        expected = "expected how many ballots, found 1, 2, 3 and so on: head the column count, or ignore it"
        raise FormatError(path, "line 1", f"{expected}, if they number the rows")


def _refuse_other_numbers(path: Path, header: Sequence[str], columns: Columns, some: Sequence[Row]) -> None:
    """Raise FormatError for a candidate's column whose numbers hardly are ranks: in most rows another has the same, or one is missing.

    Without the column no row has such a fault.
    """
    rows = [row for row, _ in some if len(row) == len(header)]
    for column, name in columns.candidates:
        others = [[row[at].strip() for at, _ in columns.candidates if at != column] for row in rows]
        with_it = [[*ranks, row[column].strip()] for ranks, row in zip(others, rows, strict=True)]
        faults = sum(not _is_in_order(ranks) for ranks in with_it)
        if 2 * faults > len(rows) > 1 and all(map(_is_in_order, others)) and header[column].strip() == name:
            expected = (
                f"expected ranks under {name!r}, found numbers beside which no others are equal or missing"
            )
            raise FormatError(path, "line 1", f"{expected}: ignore it, or head it candidate:{name}")


def _is_in_order(ranks: Iterable[str]) -> bool:
    """Say whether cells are the ranks 1, 2, 3 and so on, once each, beside blank ones."""
    filled = sorted(filter(None, ranks), key=lambda rank: (len(rank), rank))
    return filled == [str(rank) for rank in range(1, len(filled) + 1)]


def write(file: BallotFile, path: Path) -> None:
    """Write a contest as CSV, a row a ballot. Raises FormatError for what CSV cannot say."""
    groups = fitting_ballots(file, path, HOLDS)
    refuse_words(file.candidates, path)
    for name in file.candidates:
        if "=" in name:
            raise FormatError(path, f"candidate {name!r}", "CSV cannot hold this name under a rank")
    for section in file.sections:
        if clean_name(section) != section:
            raise FormatError(path, f"section {section!r}", "expected a name as it is shown")
    with written_whole(path) as out:
        csv.writer(out, lineterminator="\n").writerows(_table(file, groups))


def refuse_words(names: Iterable[str], path: Path) -> None:
    """Raise FormatError for a name that under a rank would be read as none, or as several."""
    for name in names:
        if name.lower() in (*_BLANKS, *_UNNAMED_WORDS) or len(name.splitlines()) > 1:
            raise FormatError(path, f"candidate {name!r}", "CSV cannot hold this name under a rank")


def refuse_undeclared(names: Sequence[str], path: Path) -> None:
    """Raise FormatError for a name that a file without declarations would not be read back by."""
    refuse_words(names, path)
    spellings = Spellings()
    for name in names:
        try:
            _refuse_doubtful(name)
            spellings.learn(name)
        except Fault as fault:
            raise FormatError(
                path, f"candidate {name!r}", f"CSV cannot hold this name under a rank: {fault}"
            ) from None
    for name in _joined(names):
        raise FormatError(
            path, f"candidate {name!r}", "CSV cannot hold this name under a rank beside its parts"
        )


def _refuse_doubtful(name: str) -> None:
    if _PARTING.sub("", name.lower()) in _DOUBTFUL or name.startswith("#"):
        raise Fault(
            f"expected a candidate's name, found {name[:40]!r}, which may be none; leave a blank rank empty"
        )


def _joined(names: Iterable[str]) -> Iterator[str]:
    """Yield what may be several candidates, of names as they are spelled in cells."""
    spelled = list(names)
    known = {name.strip() for name in spelled}
    for name in sorted(spelled):
        parts = [part.strip() for part in _JOINS.split(name.strip())]
        if len(parts) > 1 and known.issuperset(parts):
            yield name.strip()


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


# Rows: equal ones together where that is sure to be right.


def read_rows(path: Path, data: bytes) -> Iterator[Row]:
    """Yield the header, then all other rows; lines without any cell are passed over. Raises FormatError.

    In a file of one column `""` is a blank cell. Without a quote in the file a line is a row, and equal lines are counted before one is read. What parts cells is what the
    header, outside quotes, has most of: commas, semicolons or tabs.
    """
    decode(path, data)
    delimiter = _delimiter(data)
    if b'"' in data:
        rows: Iterator[Row] = ((cells, 1) for cells in _checked(path, _reader(data, delimiter)))
    else:
        rows = _plain_rows(data, delimiter)
    return (row for row in rows if row[0])


def _trimmed(cells: Sequence[str], width: int) -> Sequence[str]:
    """Return cells without the blank ones that stand last and behind `width`: commas that end a line."""
    last = len(cells)
    while last > width and not cells[last - 1].strip():
        last -= 1
    return cells[:last] if last < len(cells) else cells


def _place_of(path: Path, data: bytes, is_wanted: Callable[[Sequence[str]], bool]) -> str:
    """Return the line of the first row after the header whose cells are wanted."""
    reader = _reader(data, _delimiter(data))
    for number, cells in enumerate(_checked(path, reader)):
        if number and is_wanted(cells):
            return f"line {reader.line_num}"
    return ""


def _delimiter(data: bytes) -> str:
    header = re.sub(rb'"[^"]*"', b"", data.lstrip(b"\n").partition(b"\n")[0])
    return max(",;\t", key=lambda mark: header.count(mark.encode()))


def _plain_rows(data: bytes, delimiter: str) -> Iterator[Row]:
    header = True
    for line, times in count_lines(data, 0, len(data)).items():
        if not line:
            continue
        cells = line.decode().split(delimiter)
        if header:
            header = False
            yield cells, 1
            if times > 1:
                yield cells, times - 1
        else:
            yield cells, times


def _reader(data: bytes, delimiter: str) -> Any:
    return csv.reader(StringIO(data.decode(), newline=""), delimiter=delimiter, strict=True)


def _checked(path: Path, reader: Any) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise FormatError(path, f"line {reader.line_num}", f"expected cells of CSV: {error}") from None


# Ballots: from the cells of rows to marks.


class _Ballots:
    """What has been read so far, where rows are ballots."""

    def __init__(self, header: Sequence[str], columns: Columns) -> None:
        self._header = header
        self._columns = columns
        self._cells = _RankCells("\n" if columns.by_lines else "=")
        self._sections: dict[str, int] = {} if columns.section is not None else {"all": 0}
        self._counts: dict[tuple[str, int], int] = {}
        self._origins: set[tuple[str, ...]] = set()
        self._contest: str | None = None
        self._last, self._sum, self._last_is_blank = 0, 0, False
        """How many ballots the last row has, and all before it, and whether those of the last are blank."""

    def add(self, cells: Sequence[str], times: int) -> None:
        """Take in a row that stands so many times. Raises Fault."""
        columns = self._columns
        self._check(cells)
        if columns.origin:
            self._refuse_again(cells, times)
        ballots = times if columns.count is None else times * _count(cells[columns.count])
        self._cells.declares = not ballots
        if columns.candidates:
            marks = _ranked_row(cells, columns.candidates)
        else:
            marks = ">".join([self._cells[cells[at]] for at in columns.ranks]).rstrip(">")
        section = self._section_of(cells)
        if ballots:
            self._require_valid(cells)
            self._sum += self._last
            self._last, self._last_is_blank = ballots, not marks
            ballot = marks, section
            self._counts[ballot] = self._counts.get(ballot, 0) + ballots

    def joined(self) -> Iterator[str]:
        """Yield names that may be several candidates, whom other ballots name."""
        return (name for name in _joined(self._cells.spelled) if name not in self._cells.declared)

    def file(self, path: Path) -> BallotFile:
        """Return what was read. Raises FormatError."""
        counts_rows = self._columns.count is not None and len(self._counts) > _LEAST_NUMBERED
        if counts_rows and self._last_is_blank and self._last == self._sum and not self._cells.declared:
            expected = f"expected a ballot, found {self._last:,} blank ones, as many as all others: it may be their total"
            raise FormatError(path, "last line", f"{expected}; take it out, or write the blank ones first")
        names = tuple(name for _, name in self._columns.candidates) or tuple(self._cells.names)
        if not names:
            raise FormatError(path, "line 1", "expected at least one candidate below")
        groups = tuple(
            BallotGroup(marks, ballots, section) for (marks, section), ballots in self._counts.items()
        )
        return BallotFile(path.stem, names, groups, sections=tuple(self._sections) or ("all",))

    def _check(self, cells: Sequence[str]) -> None:
        if len(cells) != self._columns.width:
            raise Fault(f"expected {self._columns.width} cells, found {len(cells)}")
        if cells == self._header:
            raise Fault("expected a ballot, found the header again")
        if self._columns.contest is not None:
            self._require_contest(cells[self._columns.contest].strip())

    def _require_contest(self, contest: str) -> None:
        self._contest = contest if self._contest is None else self._contest
        if contest != self._contest:
            raise Fault(
                f"expected ballots of one contest, found {contest[:40]!r} beside {self._contest[:40]!r}"
            )

    def _refuse_again(self, cells: Sequence[str], times: int) -> None:
        origin = tuple(cells[at].strip() for at in self._columns.origin)
        if any(map(is_total, origin)):
            raise Fault(f"expected a ballot, found a row of totals, {', '.join(origin)[:40]!r}")
        if times > 1 or (origin in self._origins and any(origin)):
            found = ", ".join(origin)[:40]
            raise Fault(
                f"expected each ballot once, found {found!r} again; ignore the column if it names none"
            )
        self._origins.add(origin)

    def _require_valid(self, cells: Sequence[str]) -> None:
        valid = self._columns.valid
        if valid is not None and cells[valid].strip().lower() not in _TRUTHS:
            found = f"{self._header[valid].strip()} {cells[valid].strip()!r}"
            raise Fault(f"expected a ballot that counts, found {found}; take it out, or ignore the column")

    def _section_of(self, cells: Sequence[str]) -> int:
        if self._columns.section is None:
            return 0
        cell = cells[self._columns.section]
        if cell in self._sections:
            return self._sections[cell]
        if not cell.strip():
            raise Fault("expected the ballot's section, found nothing")
        section = self._sections.setdefault(clean_name(cell), len(self._sections))
        if section >= MAX_SECTIONS:
            raise Fault(f"expected at most {MAX_SECTIONS} sections")
        return section


class _Marks(_Ballots):
    """What has been read so far, where rows are marks."""

    def __init__(self, header: Sequence[str], columns: Columns) -> None:
        super().__init__(header, columns)
        self._ballots: dict[tuple[str, ...], dict[int, str]] = {}
        """By ballot, the spelling of each rank that is marked, from 1."""
        self._section_by: dict[tuple[str, ...], int] = {}
        self._spelled: dict[str, str] = {}
        self._says_where: dict[str, tuple[bool, ...]] = {}
        """By a ballot's number, which of the columns within which it holds are filled."""

    def add(self, cells: Sequence[str], times: int) -> None:
        """Take in a mark. Raises Fault: equal ones, and two sections of one ballot, are two ballots of one name."""
        self._check(cells)
        self._require_valid(cells)
        assert self._columns.marks is not None, "or rows were ballots"
        ballot, rank_cell, choice = (cells[at].strip() for at in self._columns.marks)
        self._refuse_other_spelling(ballot)
        where = tuple(cells[at].strip() for at in self._columns.within)
        if self._says_where.setdefault(ballot, filled := tuple(map(bool, where))) != filled:
            raise Fault(f"expected in each row of ballot {ballot!r} where it is from, found that in some")
        ranks = self._ballots.setdefault((*where, ballot), {})
        section = self._section_of(cells)
        if self._section_by.setdefault((*where, ballot), section) != section:
            raise Fault(f"expected ballot {ballot!r} in one section")
        if times > 1:
            raise Fault(f"expected a mark once, found it {times} times")
        if not rank_cell and not choice:
            return  # a ballot without marks
        rank = whole_amount(rank_cell, 1, MAX_RANKS)
        if rank is None:
            raise Fault(f"expected a rank from 1 to {MAX_RANKS}, found {rank_cell[:40]!r}")
        spelled = self._cells[choice]
        if rank in ranks and not (spelled.isdigit() and ranks[rank].replace("=", "").isdigit()):
            raise Fault(f"expected one mark at rank {rank} of ballot {ballot!r}, or several candidates")
        places = sorted(
            {int(place) for place in [*ranks.get(rank, spelled).split("="), spelled] if place.isdigit()}
        )
        if rank in ranks and len(places) == ranks[rank].count("=") + 1:
            raise Fault(f"expected a candidate once at rank {rank} of ballot {ballot!r}")
        ranks[rank] = "=".join(map(str, places)) if places else spelled

    def _refuse_other_spelling(self, ballot: str) -> None:
        if not ballot:
            raise Fault("expected which ballot the mark is on, found nothing")
        if is_total(ballot):
            raise Fault(f"expected a ballot, found a row of totals, {ballot[:40]!r}")
        other = self._spelled.setdefault(_number(ballot), ballot)
        if other != ballot:
            raise Fault(f"expected a ballot in one spelling, found {ballot[:40]!r} beside {other[:40]!r}")

    def file(self, path: Path) -> BallotFile:
        """Return what was read. Raises FormatError."""
        for ballot, ranks in self._ballots.items():
            marks = ">".join(ranks.get(rank, "") for rank in range(1, max(ranks, default=0) + 1)).rstrip(">")
            key = marks, self._section_by[ballot]
            self._counts[key] = self._counts.get(key, 0) + 1
        return super().file(path)


class _RankCells(dict[str, str]):
    """From a cell under a rank to the rank's spelling; candidates are learnt as they appear."""

    def __init__(self, separator: str) -> None:
        super().__init__()
        self.names: dict[str, int] = {}
        self.spelled: dict[str, None] = {}
        """Names as they stand in cells, with line ends."""
        self.declares = False
        """Whether the row that is being read declares."""
        self.declared: set[str] = set()
        self._spellings = Spellings()
        self._separator = separator
        """What parts candidates at one rank."""

    def __missing__(self, cell: str) -> str:
        self[cell] = rank = self._rank(cell.strip())
        return rank

    def _rank(self, cell: str) -> str:
        if cell.lower() in _BLANKS:
            return ""
        if cell.lower() in _UNNAMED_WORDS:
            return "*"
        places = sorted(map(self._place, cell.split(self._separator)))
        if len(set(places)) < len(places):
            raise Fault(f"expected a candidate once within a rank, found {cell[:40]!r}")
        return "=".join(map(str, places))

    def _place(self, raw: str) -> int:
        name = clean_name(raw)
        self.spelled.setdefault(raw)
        if self.declares:
            self.declared.add(name)
        elif name not in self.names:
            _refuse_doubtful(name)
        self._spellings.learn(name, declared=self.declares)
        place = self.names.setdefault(name, len(self.names))
        if place >= MAX_CANDIDATES:
            raise Fault(f"expected at most {MAX_CANDIDATES} candidates")
        return place


def _ranked_row(cells: Sequence[str], columns: Sequence[tuple[int, str]]) -> str:
    """Return the marks of a row whose cells are the ranks of candidates. Raises Fault.

    A rank beyond the number of candidates may be a score, or a slip.
    """
    ranks: list[list[int]] = []
    for place, (column, name) in enumerate(columns):
        if cell := cells[column].strip():
            rank = whole_amount(cell, 1, MAX_RANKS)
            if rank is None:
                raise Fault(
                    f"expected a rank from 1 to {MAX_RANKS} of {name!r}, or nothing, found {cell[:40]!r};"
                    " where cells are names, columns are headed rank1, rank2, …"
                )
            if rank > len(columns):
                raise Fault(f"expected a rank of {name!r} among {len(columns)} candidates, found {rank}")
            ranks.extend([] for _ in range(rank - len(ranks)))
            ranks[rank - 1].append(place)
    return format_marks(ranks)


def _number(ballot: str) -> str:
    """Return what a ballot's number has in common with its other spellings: 7, 07 and 7.0."""
    digits = ballot.removesuffix(".0")
    return digits.lstrip("0") if digits.isdecimal() else ballot.casefold()


def _count(cell: str) -> int:
    count = whole_amount(cell, 0, MAX_BALLOTS_A_LINE)
    if count is None:
        raise Fault(f"expected how many ballots, a whole number, found {cell[:40]!r}")
    return count
