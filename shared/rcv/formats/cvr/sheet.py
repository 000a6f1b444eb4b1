"""The first sheet of an Excel workbook (`.xlsx`, ECMA-376 part 1), row by row.

What is yielded is what RCTab's library (Apache POI) reports: each `<row>` element, whether it has cells or not, and of its
cells those with a value. A row of blank cells at 1,048,576, as LibreOffice writes it, costs nothing.

Only the first sheet is read, as RCTab does: others that hold anything are noted, and a hidden one before a visible one is
refused. So are a formula whose value the file does not have, and merged cells among those that are read: which of them the
value is for, the file does not say.

A workbook is a zip of XML, so a small file may unpack to anything. It is unpacked a piece at a time, and refused where a
part, a row or the list of texts is larger than any election makes it, or where cells stand so far apart that most of the
sheet between them is blank: then one of them is damaged.
"""

import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from lzma import LZMAError
from pathlib import Path
from typing import IO, Final, NamedTuple
from xml.parsers import expat
from zipfile import BadZipFile, ZipFile

from shared.rcv.formats.cvr.raw import Note, no_note
from shared.rcv.formats.records import FormatError

FREE_CELLS: Final = 12_000_000
SPARSE: Final = 50
MAX_CELLS: Final = 100_000_000
"""From the first cell to the last filled one there may be `FREE_CELLS`, or `SPARSE` times the filled ones, up to this."""
MAX_BYTES: Final = 1 << 30
"""Of one unpacked part of a workbook."""
MAX_ROW_BYTES: Final = 1 << 24
MAX_TEXT_BYTES: Final = 1 << 28
"""Of the list of texts, which is held in memory."""
MAX_ROWS: Final = 1 << 20
MAX_COLUMNS: Final = 1 << 14
"""Excel's own limits."""

_PIECE: Final = 1 << 20
_BOOK: Final = "xl/workbook.xml"
_LINKS: Final = "xl/_rels/workbook.xml.rels"
_OTHER_KINDS: Final = {"content.xml", "xl/workbook.bin"}
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

_SHEET: Final = re.compile(rb"<(\w+:)?sheetData\b[^>]*?(/?)>")
_HEAD: Final = re.compile(rb'<c r="([A-Z]{1,3})"')
_MERGED: Final = re.compile(rb'mergeCell\b[^<>]*?\bref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_FILLED: Final = re.compile(rb"<(?:\w+:)?(?:v|is)>")
_CELL: Final = re.compile(
    rb'<c r="([A-Z]{1,3})"(?: s="\d*")?'
    rb'(?:(?: t="(s|n)")?(?:/>|>(?:<v>([0-9.Ee+-]+)</v>)?</c>)'
    rb'| t="inlineStr"><is><t>([^<>&"\x00-\x1f]+)</t></is></c>)'
)
"""A cell as Excel writes it, without the number of its row; or with its text inside, as some libraries write it."""
_NUMBER: Final = re.compile(r"-?\d{1,15}")
_COUNT: Final = re.compile(rb"""<(?:\w+:)?sst\b[^<]*?\buniqueCount\s*=\s*["']0*(\d{1,12})""")

Cells = tuple[tuple[int, str], ...]
"""Columns, from 1, and what they hold; blank texts only where the sheet has a value that is blank."""


class Row(NamedTuple):
    """A row element."""

    number: int
    """From 1."""
    beside: tuple[str, ...]
    """What the columns hold that were asked for; nothing where there is no cell."""
    cells: Cells
    """The cells from the first wanted column on: the same object in rows that say the same there."""
    is_filled: bool
    """Whether any cell of the row holds anything."""


def rows(
    path: Path, first: int, beside: Sequence[int] = (), first_row: int = 1, note: Note = no_note
) -> Iterator[Row]:
    """Yield the rows of the first sheet from `first_row` on: cells from column `first` on, and those in the columns `beside`.

    `note` takes the other sheets that hold anything. Raises FormatError, OSError.
    """
    with path.open("rb") as file:
        try:
            with ZipFile(file) as book:
                yield from _rows(path, book, first, beside, first_row, note)
        except FormatError:
            raise
        except _DAMAGE as fault:
            raise FormatError(path, "", f"expected an Excel workbook (.xlsx): {fault}") from None


def _rows(
    path: Path, book: ZipFile, first: int, beside: Sequence[int], first_row: int, note: Note
) -> Iterator[Row]:
    names = {name.lower(): name for name in book.namelist()}
    if _OTHER_KINDS & names.keys():
        raise FormatError(path, "", "expected an Excel workbook (.xlsx), found another kind")
    for part in book.infolist():
        if part.file_size > MAX_BYTES:
            raise FormatError(path, part.filename, f"expected at most {MAX_BYTES:,} bytes")
    sheet, texts, others = _parts(path, book)
    if sheet.lower() not in names:
        raise FormatError(path, "", f"expected an Excel workbook (.xlsx): found no {sheet}")
    strings = _strings(path, book, names[texts.lower()]) if texts.lower() in names else []
    for name, other in others.items():
        if other.lower() in names and _holds_anything(book, names[other.lower()]):
            note(f"sheet {name[:40]!r}: only the first sheet is read")
    with book.open(names[sheet.lower()]) as unpacked:
        yield from _Sheet(path, names[sheet.lower()], strings, first, beside, first_row).rows(unpacked)


def _holds_anything(book: ZipFile, part: str) -> bool:
    """Say whether any cell of a sheet has a value."""
    with book.open(part) as unpacked:
        before = b""
        while piece := unpacked.read(_PIECE):
            if _FILLED.search(before + piece):
                return True
            before = piece[-40:]
    return False


def _parts(path: Path, book: ZipFile) -> tuple[str, str, dict[str, str]]:
    """Return the names of the first sheet's part and of the list of texts, and the parts of other sheets by their names."""
    try:
        sheets = _elements(book.read(_BOOK), "sheet")
        links = _elements(book.read(_LINKS), "Relationship")
    except (KeyError, expat.ExpatError) as fault:
        raise FormatError(path, "", f"expected an Excel workbook (.xlsx): {fault}") from None
    targets = {link.get("Id"): link.get("Target", "") for link in links}
    said = [{_local(key): value for key, value in sheet.items()} for sheet in sheets]
    if not said or said[0].get("id") not in targets:
        raise FormatError(path, _BOOK, "expected at least one sheet")
    shown = [sheet for sheet in said if sheet.get("state", "visible") == "visible"]
    if shown and shown[0] is not said[0]:
        name, hidden = shown[0].get("name", ""), said[0].get("name", "")
        raise FormatError(
            path, _BOOK, f"expected {name!r} to be the first sheet, found {hidden!r}, which is hidden"
        )
    others = {
        each.get("name", ""): _resolved(targets[each["id"]]) for each in said[1:] if each.get("id") in targets
    }
    texts = [link.get("Target", "") for link in links if link.get("Type", "").endswith("/sharedStrings")]
    return _resolved(targets[said[0]["id"]]), _resolved(texts[0]) if texts else "", others


def _resolved(target: str) -> str:
    return target[1:] if target.startswith("/") else f"xl/{target}"


def _elements(xml: bytes, wanted: str) -> list[dict[str, str]]:
    """Return the attributes of the elements of a name. Raises ExpatError."""
    found: list[dict[str, str]] = []
    parser = _parser()
    parser.StartElementHandler = lambda name, of: found.append(of) if _local(name) == wanted else None
    parser.Parse(xml, True)
    return found


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def refuse(*_: object) -> None:
        raise ValueError("a document type, which no workbook has")

    parser.StartDoctypeDeclHandler = refuse
    return parser


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _strings(path: Path, book: ZipFile, name: str) -> list[str]:
    """Return the list of texts. Raises FormatError."""
    size = book.getinfo(name).file_size
    if size > MAX_TEXT_BYTES:
        raise FormatError(path, name, f"expected at most {MAX_TEXT_BYTES:,} bytes")
    xml = book.read(name)
    if (said := _COUNT.search(xml)) and int(said[1]) > size:
        raise FormatError(
            path, name, f"expected a count of texts that fits its cells, found {int(said[1]):,}"
        )
    reader = _Texts()
    try:
        reader.parser.Parse(xml, True)
    except expat.ExpatError as fault:
        raise FormatError(path, name, f"expected XML: {fault}") from None
    return reader.texts


class _Texts:
    """The texts of a list (`<si>`), or the cells of a row (`<c>`); phonetic runs (`<rPh>`) are no part of a text."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.row: dict[str, str] = {}
        self.cells: list[tuple[str, str, str | None]] = []
        """Where each cell says it is, its type, and its value or text; None: it has neither."""
        self.uncomputed: set[int] = set()
        """Which of the cells have a formula, and no value."""
        self._open: list[str] = []
        self._cell: dict[str, str] = {}
        self._text: list[str] = []
        self._has_value = self._has_formula = False
        self.parser = parser = _parser()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = _local(name)
        self._open.append(local)
        if local in ("si", "c"):
            self._text, self._cell = [], attributes
            self._has_value = self._has_formula = False
        elif local in ("v", "is"):
            self._has_value = True
        elif local == "f":
            self._has_formula = True
        elif local == "row":
            self.row = attributes

    def _end(self, name: str) -> None:
        self._open.pop()
        local = _local(name)
        text = "".join(self._text)
        if local == "si":
            self.texts.append(text)
        elif local == "c":
            kind = self._cell.get("t", "n")
            if self._has_formula and not text and not (self._has_value and kind == "str"):
                self.uncomputed.add(len(self.cells))
            self.cells.append((self._cell.get("r", ""), kind, text if self._has_value else None))

    def _characters(self, text: str) -> None:
        if self._open[-1] in ("t", "v") and "rPh" not in self._open:
            self._text.append(text)


class _Sheet:
    """Reads the rows of one sheet.

    Nearly all are spelled as Excel spells them, and most say much the same: what stands from the first wanted column on is
    read once for each spelling. Any other row is read by an XML parser. The tests hold both to the same.
    """

    def __init__(
        self, path: Path, name: str, strings: list[str], first: int, beside: Sequence[int], first_row: int
    ) -> None:
        self._path, self._name, self._strings = path, name, strings
        self._first, self._beside, self._first_row = first, tuple(beside), first_row
        self._begin = _beginning(first)
        self._begin_before = tuple(_beginning(column) for column in range(1, first))
        self._begin_beside = tuple(_beginning(column) for column in beside)
        self._all_before = all(column < first for column in beside)
        self._known: dict[bytes, tuple[Cells, bool]] = {}
        """What stands from the first wanted column on, and whether any of it holds anything."""
        self._known_cells: dict[bytes, tuple[int, str, bool]] = {}
        self._kinds: dict[bytes, str] = {}
        """The type of a cell, by what stands before its value."""
        self._by_number = {str(number).encode(): text.strip() for number, text in enumerate(strings)}
        self._row = 0
        """The number of the last row."""

    def rows(self, unpacked: IO[bytes]) -> Iterator[Row]:
        """Yield the rows. Raises FormatError."""
        filled = last_row = last_column = 0
        for xml in self._pieces(unpacked):
            row = self._usual(xml) or self._unusual(xml)
            self._row = row.number
            if row.is_filled:
                filled += xml.count(b"<v>") or len(row.cells) + 1
                last_row = row.number
                if row.cells and row.cells[-1][0] > last_column:
                    last_column = row.cells[-1][0]
            if row.number >= self._first_row:
                yield row
        limit = min(MAX_CELLS, max(FREE_CELLS, SPARSE * filled))
        if last_row * last_column > limit:
            found = f"{last_row:,} rows and {last_column:,} columns for {filled:,} cells"
            raise self._refusal(f"expected a sheet of {limit:,} cells at most, blank ones too, found {found}")

    def _refusal(self, expected: str) -> FormatError:
        return FormatError(self._path, self._name, expected)

    def _pieces(self, unpacked: IO[bytes]) -> Iterator[bytes]:
        """Yield the XML of each row element."""
        data, begun = b"", None
        while begun is None:
            piece = unpacked.read(_PIECE)
            data += piece
            begun = _SHEET.search(data)
            if begun is None and (not piece or len(data) > MAX_ROW_BYTES):
                raise self._refusal("expected a sheet in UTF-8, found no <sheetData>")
        if begun[2]:
            return
        prefix, data = begun[1] or b"", data[begun.end() :]
        end, last = b"</%brow>" % prefix, b"</%bsheetData" % prefix
        while True:
            *whole, data = data.split(end)
            for xml in whole:
                if xml.count(b"<%brow" % prefix) == 1 and xml.startswith(b"<"):
                    yield xml + end
                else:
                    yield from self._parted(xml + end, prefix)
            at = data.find(last)
            if at >= 0:
                yield from self._parted(data[:at], prefix)
                self._refuse_merged(data[at:], unpacked)
                return
            if len(data) > MAX_ROW_BYTES:
                raise self._refusal(f"expected rows of at most {MAX_ROW_BYTES:,} bytes")
            piece = unpacked.read(_PIECE)
            if not piece:
                raise self._refusal("expected a sheet that ends, found the end of the file")
            data += piece

    def _refuse_merged(self, data: bytes, unpacked: IO[bytes]) -> None:
        """Raise FormatError if behind the rows cells are merged that are read; `data` is what is held of it."""
        while True:
            for left, top, right, bottom in (found.groups() for found in _MERGED.finditer(data)):
                is_beside = any(_column(left) <= column <= _column(right) for column in self._beside)
                is_read = _column(right) >= self._first or is_beside
                if is_read and int(bottom) >= self._first_row and (left, top) != (right, bottom):
                    area = b"%b%b:%b%b" % (left, top, right, bottom)
                    raise self._refusal(
                        f"expected a value in each cell, found {area.decode()} merged into one"
                    )
            piece = unpacked.read(_PIECE)
            if not piece:
                return
            data = data[-100:] + piece

    def _parted(self, xml: bytes, prefix: bytes) -> Iterator[bytes]:
        """Yield the row elements of a piece: those without an end tag of their own stand before the last."""
        begin = b"<%brow" % prefix
        first = xml.find(begin)
        if xml[: max(first, 0) or None].strip() and first != 0:
            raise self._refusal(f"expected rows, found {xml[:40]!r}")
        while first >= 0:
            after = xml.find(begin, first + len(begin))
            yield xml[first : after if after >= 0 else None]
            first = after

    def _usual(self, xml: bytes) -> Row | None:
        """Return a row that is spelled as Excel spells it, or None."""
        digits = xml[8 : xml.find(b'"', 8)]
        is_usual = self._all_before and xml.startswith(b'<row r="') and digits.isdigit()
        if not is_usual or not self._row < int(digits) <= MAX_ROWS:
            return None
        inside = xml[xml.find(b">") + 1 : -6].replace(digits + b'"', b'"')
        at = inside.find(self._begin)
        if at < 0:  # the first of these cells is blank
            later = (cell.start() for cell in _HEAD.finditer(inside) if _column(cell[1]) > self._first)
            at = next(later, len(inside))
        if inside.count(b"<c", 0, at) != sum(inside.count(begin, 0, at) for begin in self._begin_before):
            return None  # a cell that is wanted may stand there
        tail = inside[at:]
        known = self._known.get(tail)
        if known is None:
            known = self._tail(tail)
            if known is None:
                return None
            self._known[tail] = known
        cells, is_filled = known
        beside: list[str] = []
        for begin in self._begin_beside:
            place = inside.find(begin, 0, at)
            text = "" if place < 0 else self._text(inside[place : inside.find(b"</c>", place) + 4])
            if text is None:
                return None
            beside.append(text)
        if not is_filled and not any(beside) and (b"<v>" in inside or b"<is" in inside):
            return None
        return Row(int(digits), tuple(beside), cells, is_filled or any(beside))

    def _tail(self, xml: bytes) -> tuple[Cells, bool] | None:
        """Return cells that are spelled as usual and stand in order, and whether any holds anything; or None."""
        found: list[tuple[int, str]] = []
        last = self._first - 1
        *spelled, rest = xml.split(b"</c>")
        for each in spelled:
            cell = self._known_cells.get(each)
            if cell is None:
                cell = self._cell(each + b"</c>")
                if cell is None:
                    return None
                self._known_cells[each] = cell
            if not last < cell[0] <= MAX_COLUMNS:
                return None
            last = cell[0]
            if cell[2]:
                found.append(cell[:2])
        return (tuple(found), any(text for _, text in found)) if not rest else None

    def _cell(self, xml: bytes) -> tuple[int, str, bool] | None:
        """Return the column of a cell that is spelled as usual, what it shows, and whether it has a value; or None."""
        cell = _CELL.fullmatch(xml)
        text = self._text(xml)
        return (
            None
            if cell is None or text is None
            else (_column(cell[1]), text, cell[3] is not None or cell[4] is not None)
        )

    def _text(self, xml: bytes) -> str | None:
        """Return what a cell shows that is spelled as usual, or None."""
        spelled, _, value = xml.partition(b"<v>")
        value = value[:-8]
        kind = self._kinds.get(spelled)
        if kind == "s" and (text := self._by_number.get(value)) is not None:
            return text
        if kind == "n" and value.isdigit() and len(value) < 16:
            return value.decode()
        cell = _CELL.fullmatch(xml)
        if cell is not None and cell[4] is not None:
            return _inline(cell[4])
        if cell is None or cell[3] is None:
            return "" if cell else None
        kind = self._kinds[spelled] = "s" if cell[2] == b"s" else "n"
        return self._shown(kind, value.decode())

    def _unusual(self, xml: bytes) -> Row:
        reader = _Texts()
        try:
            reader.parser.Parse(xml, True)
        except expat.ExpatError as fault:
            raise self._refusal(f"expected XML after row {self._row}: {fault}") from None
        said = reader.row.get("r", str(self._row + 1)).strip()
        number = int(said) if said.isdecimal() and len(said) < 9 else 0
        if not self._row < number <= MAX_ROWS:
            raise self._refusal(f"expected a row from {self._row + 1:,} to {MAX_ROWS:,}, found {said[:40]!r}")
        found: dict[int, str] = {}
        column = 0
        for at, (place, kind, value) in enumerate(reader.cells):
            letters = place.rstrip("0123456789")
            after = _column(letters.upper().encode()) if place else column + 1
            if place and place[len(letters) :].lstrip("0") != str(number):
                raise self._refusal(f"expected cells of row {number}, found {place[:40]!r}")
            if not column < after <= MAX_COLUMNS:
                raise self._refusal(
                    f"expected cells in order up to column {MAX_COLUMNS:,}, found {place[:40]!r}"
                )
            column = after
            is_read = number >= self._first_row and (column >= self._first or column in self._beside)
            if is_read and at in reader.uncomputed:
                raise self._refusal(
                    f"expected the value of the formula in {place or f'row {number}'}, found none"
                )
            if value is not None:
                found[column] = self._shown(kind, value)
        return Row(
            number,
            tuple(found.get(column, "") for column in self._beside),
            tuple((column, text) for column, text in found.items() if column >= self._first),
            any(found.values()),
        )

    def _shown(self, kind: str, value: str) -> str:
        """Return what a cell shows: a whole number without a point."""
        value = value.strip()
        if kind == "s":
            place = int(value) if _NUMBER.fullmatch(value) else -1
            if not 0 <= place < len(self._strings):
                raise self._refusal(f"expected a text of the list, found number {value[:40]!r}")
            return self._strings[place].strip()
        if kind == "b":
            return {"1": "TRUE", "0": "FALSE"}.get(value, value)
        if kind == "n" and not _NUMBER.fullmatch(value):
            try:
                number = float(value)
            except ValueError:
                return value
            return str(int(number)) if number.is_integer() else str(number)
        return value


def _inline(text: bytes) -> str | None:
    """Return a text that stands in its cell, None if XML might not have it so."""
    if b"\xef\xbf" in text:  # two characters in this range are none of XML's
        return None
    try:
        return text.decode().strip()
    except UnicodeDecodeError:
        return None


def _column(letters: bytes) -> int:
    """Return a column's number; one beyond all columns where it has more letters than any, or is not made of letters."""
    if not letters.isalpha() or len(letters) > 3:
        return MAX_COLUMNS + 1
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _beginning(column: int) -> bytes:
    """Return how the cells of a column begin, without the number of their row."""
    letters = ""
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return b'<c r="%b"' % letters.encode()
