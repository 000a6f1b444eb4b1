"""CSV that vendors export, and the whole numbers in it."""

import csv
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from shared.rcv.formats.records import FormatError

MOST_DIGITS: Final = 18
"""Of a number: no rank has as many, and Python refuses to read thousands."""


def rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield a file's rows, each with the line it ends on, from 1. Raises FormatError naming the line, OSError."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(_without_nul(path, file), strict=True)
        try:
            for cells in reader:
                yield reader.line_num, cells
        except csv.Error as fault:
            raise FormatError(path, f"line {reader.line_num}", f"expected CSV: {fault}") from None
        except UnicodeDecodeError:  # decoded ahead of the reader
            raise _no_text(path) from None


def _without_nul(path: Path, lines: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        if "\0" in line:
            raise FormatError(path, f"line {number}", "expected text in UTF-8, found byte 0x00")
        yield line


def _no_text(path: Path) -> FormatError:
    """Return the refusal of a file that is not in UTF-8, with the first such line."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.removeprefix(BOM_UTF8).decode()
            except UnicodeDecodeError as fault:
                found = (
                    "UTF-16"
                    if line.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
                    else f"byte 0x{line[fault.start]:02x}"
                )
                return FormatError(path, f"line {number}", f"expected UTF-8, found {found}")
    return FormatError(path, "", "expected UTF-8")


def whole(text: str) -> int | None:
    """Return the whole number that a text is, None if it is none or has more than `MOST_DIGITS`."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else None
