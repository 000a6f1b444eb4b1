"""ES&S: an Excel sheet, one record a row, one rank a column; the cells hold names or labels.

Rule 1: a blank cell is a blank rank or, where the configuration says so, an undeclared write-in.
Rule 2: a cell may hold several names between delimiters: an overvote.
Rule 3: a row that holds nothing at all is no record.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from python_calamine import CalamineError, CalamineWorkbook

from shared.rcv.formats.cvr.raw import OVERVOTE, WRITE_IN, RawRecord, Selection, Source
from shared.rcv.formats.cvr.sheet_size import refuse_wide
from shared.rcv.formats.records import FormatError
from shared.rcv.names import sanitised

MISSING_PRECINCT: Final = "missing_precinct_id"
MISSING_BATCH: Final = "missing_batch_id"
"""Where RCTab files ballots whose cell for the precinct or batch is blank."""


def read(path: Path, source: Source, max_ranks: int | None) -> Iterator[RawRecord]:
    """Yield the records of a workbook's first sheet; of each `max_ranks` columns of ranks, or all that follow.

    Raises FormatError naming row and cell, OSError.
    """
    refuse_wide(path)
    try:
        rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (CalamineError, OverflowError, ValueError) as fault:  # dates and durations beyond Python's
        raise FormatError(path, "", f"expected an Excel workbook (.xlsx): {fault}") from None
    assert source.first_vote_column is not None, "checked with the configuration"
    assert source.first_vote_row is not None, "checked with the configuration"
    sheet = sanitised(path.name)
    number = 0
    for row, cells in enumerate(rows[source.first_vote_row - 1 :], source.first_vote_row):
        texts = [cell_text(cell) for cell in cells]
        if any(texts):
            number += 1
            yield _record(path, row, f"{sheet}-{number}", texts, source, max_ranks)


def cell_text(value: object) -> str:
    """Return what a cell shows: a whole number without a point."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _record(
    path: Path, row: int, computed: str, texts: list[str], source: Source, max_ranks: int | None
) -> RawRecord:
    first = (source.first_vote_column or 1) - 1
    ranks = len(texts) - first if max_ranks is None else max_ranks
    selections: list[Selection] = []
    for rank in range(1, ranks + 1):
        column = first + rank
        cell = texts[column - 1] if column <= len(texts) else ""
        names = _names(path, f"row {row}, column {column}", cell, source)
        selections += ((rank, name) for name in names)
    vendor_id = _cell(texts, source.id_column)
    if source.id_column is not None and not vendor_id:
        raise FormatError(path, f"row {row}, column {source.id_column}", "expected the record's id")
    precinct = _part(texts, source.precinct_column, MISSING_PRECINCT)
    batch = _part(texts, source.batch_column, MISSING_BATCH)
    return RawRecord(f"row {row}", computed, tuple(selections), precinct, batch, vendor_id)


def _part(texts: list[str], column: int | None, missing: str) -> str | None:
    return None if column is None else _cell(texts, column) or missing


def _cell(texts: list[str], column: int | None) -> str | None:
    return texts[column - 1] or None if column is not None and column <= len(texts) else None


def _names(path: Path, place: str, cell: str, source: Source) -> Iterator[str]:
    """Yield whom a cell names. Raises FormatError for an overvote with a blank in it."""
    names = (
        [name.strip() for name in cell.split(source.overvote_delimiter)]
        if source.overvote_delimiter
        else [cell]
    )
    for name in names:
        if name in {"", source.skipped_rank_label}:
            if len(names) > 1:
                raise FormatError(path, place, f"expected names between delimiters, found {cell!r}")
            if not cell and source.blank_is_write_in:
                yield WRITE_IN
        elif name == source.overvote_label:
            yield OVERVOTE
        else:
            yield WRITE_IN if name == source.undeclared_write_in_label else name
