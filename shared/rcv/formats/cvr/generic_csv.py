"""Generic CSV: one record a row, one candidate a column; a cell holds the candidate's rank.

The first row names the columns. Some are not candidates': the id, the precinct and the batch, which stand before them. A row
with fewer cells is refused: it may be half a ballot.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shared.rcv.formats.cvr.csv_rows import MOST_DIGITS, rows
from shared.rcv.formats.cvr.json_file import shown
from shared.rcv.formats.cvr.raw import WRITE_IN, RawRecord, Source, by_rank
from shared.rcv.formats.plain.text import is_total, whole_amount
from shared.rcv.formats.records import FormatError

MAX_RANK: Final = 10**MOST_DIGITS - 1


def read(path: Path, source: Source) -> Iterator[RawRecord]:
    """Yield the records of a CSV file. Raises FormatError naming line and column, OSError."""
    assert source.first_vote_column is not None, "checked with the configuration"
    assert source.first_vote_row is not None, "checked with the configuration"
    table = rows(path)
    _, head = next(table, (1, list[str]()))
    if not head:
        raise FormatError(path, "line 1", "expected the names of the columns")
    if len(head) < source.first_vote_column:
        expected = f"expected candidates from column {source.first_vote_column} on [firstVoteColumnIndex], between commas"
        raise FormatError(path, "line 1", f"{expected}; found {len(head)} columns")
    names = [
        WRITE_IN if name and name == source.undeclared_write_in_label else name
        for name in map(str.strip, head)
    ]
    _refuse_twice(path, [name for column, name in enumerate(names, 1) if column >= source.first_vote_column])
    for row, (line, cells) in enumerate(table, 2):
        if row >= source.first_vote_row and cells:
            yield _record(path, row, line, cells, names, source)


def _refuse_twice(path: Path, names: list[str]) -> None:
    for name in names:
        if name.strip() and names.count(name) > 1:
            raise FormatError(path, "line 1", f"expected another column, found {shown(name)} a second time")


def _record(path: Path, row: int, line: int, cells: list[str], names: list[str], source: Source) -> RawRecord:
    first = (source.first_vote_column or 1) - 1
    if len(cells) != len(names):
        raise FormatError(path, f"line {line}", f"expected {len(names)} columns, found {len(cells)}")
    ranked: list[tuple[int, str]] = []
    for column, cell in enumerate(cells[first:], first):
        if column + 1 in {source.id_column, source.precinct_column, source.batch_column} or not cell.strip():
            continue
        rank = whole_amount(cell, 0, MAX_RANK)
        if rank is None:
            place = f"line {line}, column {column + 1} ({names[column]})"
            raise FormatError(path, place, f"expected a rank, found {shown(cell)}")
        ranked.append((rank, names[column]))
    vendor_id = _cell(cells, source.id_column)
    if source.id_column is not None and is_total(vendor_id or "total"):
        expected = f"expected the record's id [idColumnIndex], found {shown(vendor_id)}"
        raise FormatError(path, f"line {line}, column {source.id_column}", expected)
    precinct, batch = _cell(cells, source.precinct_column), _cell(cells, source.batch_column)
    identity = (batch or "", vendor_id) if vendor_id else ()
    return RawRecord(
        f"line {line}", str(row - 1), by_rank(ranked), precinct, batch, vendor_id, identity=identity
    )


def _cell(cells: list[str], column: int | None) -> str | None:
    return cells[column - 1].strip() or None if column is not None and column <= len(cells) else None
