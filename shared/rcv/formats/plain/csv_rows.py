"""Rows of a CSV file, equal ones together where that is sure to be right, and the line of a row.

Rule 1: without a quote in the file a line is a row, and equal lines are counted before one is read.
Rule 2: what parts cells is what the header, outside quotes, has most of: commas, semicolons or tabs.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from shared.rcv.formats.plain.text import count_lines, decode
from shared.rcv.formats.records import FormatError

Row = tuple[Sequence[str], int]
"""Cells, and how many rows are the same."""


def read_rows(path: Path, data: bytes) -> Iterator[Row]:
    """Yield the header, then all other rows; lines without any cell are passed over. Raises FormatError."""
    decode(path, data)
    delimiter = _delimiter(data)
    rows = _quoted_rows(path, data, delimiter) if b'"' in data else _plain_rows(data, delimiter)
    return (row for row in rows if row[0] and row[0] != [""])


def place_of(path: Path, data: bytes, wanted: Sequence[str], *, skip: int = 0) -> str:
    """Return the line of the first row with these cells, after so many rows that are passed over."""
    reader = _reader(data, _delimiter(data))
    for number, cells in enumerate(_checked(path, reader)):
        if number >= skip and cells == wanted:
            return f"line {reader.line_num}"
    return ""


def _delimiter(data: bytes) -> str:
    header = re.sub(rb'"[^"]*"', b"", data.lstrip(b"\n").partition(b"\n")[0])
    return max(",;\t", key=lambda mark: header.count(mark.encode()))


def _plain_rows(data: bytes, delimiter: str) -> Iterator[Row]:
    header = True
    for line, times in count_lines(data, 0, len(data)).items():
        cells = line.decode().split(delimiter)
        if header and line:
            header = False
            yield cells, 1
            if times > 1:
                yield cells, times - 1
        else:
            yield cells, times


def _quoted_rows(path: Path, data: bytes, delimiter: str) -> Iterator[Row]:
    return ((cells, 1) for cells in _checked(path, _reader(data, delimiter)))


def _reader(data: bytes, delimiter: str) -> Any:
    return csv.reader(StringIO(data.decode(), newline=""), delimiter=delimiter, strict=True)


def _checked(path: Path, reader: Any) -> Iterator[list[str]]:
    try:
        yield from reader
    except csv.Error as error:
        raise FormatError(path, f"line {reader.line_num}", f"expected cells of CSV: {error}") from None
