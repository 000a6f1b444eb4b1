"""Workbooks that would not fit into memory, refused before the library that reads them tries and ends the process.

Rule 1: memory goes by the rectangle from the first cell to the last. It may be `FREE_CELLS`, or `SPARSE` times the cells
        that are there, and never over `MAX_CELLS`.
Rule 2: cells and rows say where they are (`r="B7"`, `r="7"`), or stand one after the other.
Rule 3: most sheets are small, and a few searches that find nothing tell so. Only others are measured.
"""

import re
import struct
import zlib
from lzma import LZMAError
from pathlib import Path
from typing import Final
from zipfile import BadZipFile, ZipFile

from shared.rcv.formats.records import FormatError

FREE_CELLS: Final = 12_000_000
SPARSE: Final = 50
MAX_CELLS: Final = 100_000_000
MAX_BYTES: Final = 1 << 30
"""Of one unpacked part of a workbook."""

_FAR: Final = re.compile(rb'r="(?:[A-Za-z]{3,}\d|[D-Zd-z][A-Za-z]\d|[A-Za-z]{0,2}\d{6})')
"""Right of column CZ or below row 99,999: nothing before fills more than `FREE_CELLS`."""
_USUAL: Final = ((b"<c ", b'<c r="'), (b"<row ", b'<row r="'))
_UNUSUAL: Final = tuple(tag + end for tag in (b"<c", b"<row") for end in (b">", b"/", b"\n", b"\r", b"\t"))
_PLACED: Final = re.compile(rb"""\br\s*=\s*["']([A-Za-z]*)0*(\d{1,12})""")
_CELL: Final = re.compile(rb"<(?:\w+:)?c[\s/>]")
_ROW: Final = re.compile(rb"<(?:\w+:)?row[\s/>]")

_DAMAGE: Final = (
    BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    ValueError,
    struct.error,
    zlib.error,
    LZMAError,
)
"""What an archive raises that is damaged: OSError and ValueError for places outside the file."""

_OTHER_FORMATS: Final = {"content.xml", "xl/workbook.bin"}
_NO_SHEETS: Final = ("xl/media/", "xl/theme/", "xl/styles.xml", "docprops/")
_STRINGS: Final = "xl/sharedstrings.xml"
_COUNTED: Final = re.compile(rb"""<(?:\w+:)?sst\b[^<]*?[cC]ount\s*=[^<]*""")
_COUNT: Final = re.compile(rb"""[cC]ount\s*=\s*["']0*(\d{1,12})""")


def refuse_wide(path: Path) -> None:
    """Raise FormatError for a file that is no workbook, or with a sheet that breaks Rule 1; OSError."""
    with path.open("rb") as file:
        try:
            with ZipFile(file) as book:
                _refuse_book(path, book)
        except FormatError:
            raise
        except _DAMAGE as fault:
            raise FormatError(path, "", f"expected an Excel workbook (.xlsx): {fault}") from None


def _refuse_book(path: Path, book: ZipFile) -> None:
    if _OTHER_FORMATS & {name.lower() for name in book.namelist()}:
        raise FormatError(path, "", "expected an Excel workbook (.xlsx), found another kind")
    for part in book.infolist():
        if part.file_size > MAX_BYTES:
            raise FormatError(path, part.filename, f"expected at most {MAX_BYTES:,} bytes")
        if part.filename.lower() == _STRINGS:
            most = sum(each.file_size for each in book.infolist())
            _refuse_count(path, part.filename, book.read(part), most)
        elif not part.filename.lower().startswith(_NO_SHEETS):
            _refuse_sheet(path, part.filename, book.read(part))


def _refuse_count(path: Path, name: str, strings: bytes, most: int) -> None:
    """Refuse a list of texts said to be used more than `most` times: room is made for as many as it says."""
    for head in _COUNTED.findall(strings):
        said = max((int(number) for number in _COUNT.findall(head)), default=0)
        if said > most:
            raise FormatError(path, name, f"expected a count of texts that fits its cells, found {said:,}")


def _refuse_sheet(path: Path, name: str, sheet: bytes) -> None:
    if _is_usual(sheet) and not _FAR.search(sheet):
        return
    rows, columns, cells = _measured(sheet)
    limit = min(MAX_CELLS, max(FREE_CELLS, SPARSE * cells))
    if rows * columns > limit:
        found = f"{rows:,} rows and {columns:,} columns for {cells:,} cells"
        raise FormatError(
            path, name, f"expected a sheet of {limit:,} cells at most, blank ones too, found {found}"
        )


def _is_usual(sheet: bytes) -> bool:
    """Tell whether all rows and cells say where they are, first and in the spelling that Excel writes."""
    return (
        all(sheet.count(tag) == sheet.count(placed) for tag, placed in _USUAL)
        and not any(tag in sheet for tag in _UNUSUAL)
        and not (b":c" in sheet or b":row" in sheet)
    )


def _measured(sheet: bytes) -> tuple[int, int, int]:
    """Return the rows and columns that a sheet may reach, both at least what they are, and its cells."""
    placed = _PLACED.findall(sheet)
    letters = [column for column, _ in placed if column]
    cells, rows = len(_CELL.findall(sheet)), len(_ROW.findall(sheet))
    row = max((int(number) for _, number in placed), default=0)
    column = max((_column(each) for each in set(letters)), default=0)
    if cells > len(letters):
        column += max(len(_CELL.findall(each)) for each in _ROW.split(sheet))
    return row + max(0, rows - (len(placed) - len(letters))), column, cells


def _column(letters: bytes) -> int:
    """Return a column's number, or that of its first letters: many, for all of them, are far beyond any limit."""
    number = 0
    for letter in letters[:10].upper():
        number = number * 26 + letter - 64
    return number
