"""CSV that vendors export, and the whole numbers in it."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shared.rcv.formats.records import FormatError

MOST_DIGITS: Final = 18
"""Of a number: no rank has as many, and Python refuses to read thousands."""


def rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield a file's rows, each with the line it ends on, from 1. Raises FormatError naming the line, OSError."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file, strict=True)
        try:
            for cells in reader:
                yield reader.line_num, cells
        except csv.Error as fault:
            raise FormatError(path, f"line {reader.line_num}", f"expected CSV: {fault}") from None
        except UnicodeDecodeError as fault:  # decoded ahead of the reader
            place = f"after line {reader.line_num}"
            raise FormatError(path, place, f"expected UTF-8: {fault}") from None


def whole(text: str) -> int | None:
    """Return the whole number that a text is, None if it is none or has more than `MOST_DIGITS`."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else None
