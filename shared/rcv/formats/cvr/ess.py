"""ES&S: an Excel sheet, one record a row, one rank a column; the cells hold names or labels.

Source: RCTab 2.0's reader of ES&S exports; ES&S publishes no description. Each row element of the sheet is a record, whether
it holds anything or not, and counts for the numbers in RCTab's ids.

A blank cell is a blank rank or, where the configuration says so, an undeclared write-in: up to `max_ranks` or, without such
a number, before the row's last cell. A cell may hold several names between delimiters: an overvote.

An export of several contests has a word for ranks that were left blank, and leaves the cells of a contest blank that is not on
the ballot (RCTab, issue 981): such a row is no record. A row without any cell is one all the same.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shared.rcv.formats.cvr.raw import OVERVOTE, WRITE_IN, Note, RawRecord, Selection, Source, no_note
from shared.rcv.formats.cvr.sheet import Cells, rows
from shared.rcv.formats.plain.text import is_total
from shared.rcv.formats.records import FormatError
from shared.rcv.names import sanitised

NOT_ON_BALLOT: Final = "ballot does not have the contest"
MISSING_PRECINCT: Final = "missing_precinct_id"
MISSING_BATCH: Final = "missing_batch_id"
"""Where RCTab files ballots whose cell for the precinct or batch is blank."""


def read(path: Path, source: Source, max_ranks: int | None, note: Note = no_note) -> Iterator[RawRecord]:
    """Yield the records of a workbook's first sheet; of each `max_ranks` columns of ranks, or all that follow.

    Raises FormatError naming row and cell, OSError.
    """
    first_row, first_column = source.first_vote_row, source.first_vote_column
    assert first_row is not None, "checked with the configuration"
    assert first_column is not None, "checked with the configuration"
    marks = _Marks(path, source, max_ranks)
    sheet = sanitised(path.name)
    beside = [column for column in (source.id_column, source.precinct_column, source.batch_column) if column]
    at_precinct = bool(source.id_column)
    at_batch = at_precinct + bool(source.precinct_column)
    says_blank: bool | None = None
    for number, row in enumerate(rows(path, first_column, beside, first_row, note), 1):
        selections, is_marked = marks.of(row.number, row.cells)
        if row.is_filled and not is_marked:
            says_blank = _says_blank(path, source) if says_blank is None else says_blank
            if says_blank:
                note(NOT_ON_BALLOT)
                continue
        vendor_id = row.beside[0] if source.id_column else ""
        if source.id_column and row.is_filled and is_total(vendor_id or "total"):
            place = f"row {row.number}, column {source.id_column}"
            found = f", found {vendor_id!r}" if vendor_id else ""
            raise FormatError(path, place, f"expected the record's id{found}")
        batch = (row.beside[at_batch] or MISSING_BATCH) if source.batch_column else None
        yield RawRecord(
            f"row {row.number}",
            f"{sheet}-{number}",
            selections,
            (row.beside[at_precinct] or MISSING_PRECINCT) if source.precinct_column else None,
            batch,
            vendor_id or None,
            identity=(batch or "", vendor_id) if vendor_id else (),
        )


def _says_blank(path: Path, source: Source) -> bool:
    """Say whether the sheet has the configured word for a blank rank anywhere among its ranks."""
    label = source.skipped_rank_label
    if not label or source.blank_is_write_in or source.as_rctab:
        return False
    found = rows(path, source.first_vote_column or 1, first_row=source.first_vote_row or 1)
    return any(text == label for row in found for _, text in row.cells)


class _Marks:
    """What the cells of ranks amount to, learnt once for cells that say the same."""

    def __init__(self, path: Path, source: Source, max_ranks: int | None) -> None:
        self._path, self._source, self._max_ranks = path, source, max_ranks
        self._first = source.first_vote_column or 1
        self._known: dict[int, tuple[Cells, tuple[tuple[Selection, ...], bool]]] = {}
        """By the identity of cells, which are kept so that no others get it."""
        self._known_names: dict[str, tuple[str, ...]] = {}

    def of(self, row: int, cells: Cells) -> tuple[tuple[Selection, ...], bool]:
        """Return the selections, and whether any cell of the contest is filled. Raises FormatError."""
        known = self._known.get(id(cells))
        if known is None:
            known = self._known[id(cells)] = (cells, self._read(row, cells))
        return known[1]

    def _read(self, row: int, cells: Cells) -> tuple[tuple[Selection, ...], bool]:
        first = self._first
        last = cells[-1][0] if cells and self._max_ranks is None else first + (self._max_ranks or 0) - 1
        filled = {column: text for column, text in cells if column <= last}
        selections: list[Selection] = []
        for column in range(first, last + 1) if self._source.blank_is_write_in else filled:
            cell = filled.get(column, "")
            names = self._known_names.get(cell)
            if names is None:
                names = self._known_names[cell] = tuple(self._names(f"row {row}, column {column}", cell))
            selections += [(column - first + 1, name) for name in names]
        return tuple(selections), any(filled.values())

    def _names(self, place: str, cell: str) -> Iterator[str]:
        """Yield whom a cell names. Raises FormatError for an overvote with a blank in it."""
        source = self._source
        delimiter = source.overvote_delimiter
        names = [name.strip() for name in cell.split(delimiter)] if delimiter else [cell]
        for name in names:
            if name in {"", source.skipped_rank_label}:
                if len(names) > 1:
                    expected = f"expected names between delimiters, found {cell!r}"
                    raise FormatError(self._path, place, expected)
                if not cell and source.blank_is_write_in:
                    yield WRITE_IN
            elif name == source.overvote_label:
                yield OVERVOTE
            else:
                yield WRITE_IN if name == source.undeclared_write_in_label else name
