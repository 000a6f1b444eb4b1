"""Bytes of a file, its lines, and its candidates' names, as all plain formats have them.

Rule 1: UTF-8, with or without a byte order mark; lines end in LF, CRLF or CR.
Rule 2: every size has a limit, so that a small file never costs much memory.
Rule 3: a name is trimmed and its unprintable spaces become plain ones; no two candidates share a name, or look the same.
"""

import re
import unicodedata
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import repeat
from pathlib import Path
from typing import Final, TextIO

from shared.contract.elections import MAX_CANDIDATES
from shared.rcv.formats.records import BallotGroup, FormatError

MAX_RANKS: Final = MAX_CANDIDATES
"""Ranks on one ballot; blank ones count too."""
MAX_BALLOTS_A_LINE: Final = 1_000_000_000
MAX_NAME_CHARS: Final = 200
BLOCK_BYTES: Final = 1 << 24

_TOTALS: Final = ("total", "totals", "sum", "subtotal", "grand total")

_WINDOWS = {byte: bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in range(0x80, 0xA0)}
_WHOLE = re.compile(r"(\d+)(?:\.(\d*))?", re.ASCII)
_ACCENTS = re.compile("[\u0300-\u036f]")
_UNPRINTABLE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]")


class Fault(ValueError):
    """What was expected at a place that only the caller can name."""


def load(path: Path) -> bytes:
    """Return a file's bytes without byte order mark, every line's end a LF. Raises FormatError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FormatError(path, "", f"expected a file that can be read: {error.strerror}") from error
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise FormatError(path, "line 1", "expected UTF-8, found UTF-16")
    data = data.removeprefix(BOM_UTF8)
    if b"\0" in data:
        place = f"line {line_at(data, data.index(0))}"
        raise FormatError(
            path, place, "expected text in UTF-8, found byte 0x00: the file is damaged, or UTF-16"
        )
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def decode(path: Path, data: bytes) -> str:
    """Return UTF-8 as text. Raises FormatError with the line of the first byte that is not."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        place = f"line {line_at(data, error.start)}"
        raise FormatError(path, place, f"expected UTF-8, found byte 0x{data[error.start]:02x}") from None


def decode_leniently(data: bytes) -> str:
    """Return text that is UTF-8 or, as older files are, Windows-1252: ISO 8859-1 with letters in the place of controls."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return "".join(_WINDOWS.get(byte, chr(byte)) for byte in data)


def line_at(data: bytes, offset: int) -> int:
    """Return the number of the line that holds a byte, the first being 1."""
    return data.count(b"\n", 0, offset) + 1


def count_lines(data: bytes, start: int, stop: int) -> dict[bytes, int]:
    """Return how often each line of `data[start:stop]` stands there, in order of first appearance."""
    counts: Counter[bytes] = Counter()
    while start < stop:
        end = data.find(b"\n", start + BLOCK_BYTES, stop)
        end = stop if end < 0 else end
        counts.update(data[start:end].split(b"\n"))
        start = end + 1
    return counts


def whole_number(token: bytes, least: int, most: int) -> int | None:
    """Return a number written in digits only, or None if it is none or outside the limits."""
    if not token.isdigit() or len(token) > len(str(most)):
        return None
    number = int(token)
    return number if least <= number <= most else None


def whole_amount(text: str, least: int, most: int) -> int | None:
    """Return a whole number as spreadsheets write it, also as `3.0`, or None if it is none or outside the limits.

    `3.000` is none: where a point parts thousands, it is three thousand.
    """
    found = _WHOLE.fullmatch(text.strip())
    if not found or (found[2] or "").strip("0") or len(found[2] or "") == 3:
        return None
    return whole_number(found[1].encode(), least, most)


def is_total(number: str) -> bool:
    """Say whether what stands for a ballot's number is the word for a row that adds others up."""
    return number.strip(" \t:").lower() in _TOTALS


def as_groups(counts: dict[str, int]) -> tuple[BallotGroup, ...]:
    """Return ballots of the only section, from marks and how many ballots carry them."""
    return tuple(map(BallotGroup, counts, counts.values(), repeat(0)))


def clean_name(name: str) -> str:
    """Return a name as it is shown. Raises Fault if nothing is left, or too much."""
    name = _UNPRINTABLE.sub(" ", name).strip()
    if not name:
        raise Fault("expected a candidate's name, found none")
    if len(name) > MAX_NAME_CHARS:
        raise Fault(f"expected a name of at most {MAX_NAME_CHARS} characters, found {len(name)}")
    return name


class Spellings:
    """The spellings of candidates who are known by their ballots alone: a slip of the pen must not become another candidate."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def learn(self, name: str, *, declared: bool = False) -> None:
        """Learn a name. Raises Fault if another has the same letters and digits, accents and case aside, unless declared."""
        other = self._known.setdefault(_letters(name), name)
        if other != name and not declared:
            raise Fault(f"expected a candidate in one spelling, found {name[:40]!r} beside {other[:40]!r}")


def _letters(name: str) -> str:
    """Return what a name has in common with its other spellings: 7 and 7.0 are one number."""
    shown = _ACCENTS.sub("", unicodedata.normalize("NFKD", name)).casefold()
    if number := _WHOLE.fullmatch(shown.strip()):
        shown = number[1].lstrip("0") + (number[2] or "").rstrip("0")
    letters = "".join(sign for sign in shown if sign.isalnum() or unicodedata.category(sign).startswith("M"))
    return letters or " ".join(shown.split())


def looks(name: str) -> str:
    """Return what is seen of a name: without signs that are not shown, accents composed in one way, spaces single."""
    shown = "".join(sign for sign in unicodedata.normalize("NFC", name) if unicodedata.category(sign) != "Cf")
    return " ".join(shown.split())


def clean_names(path: Path, named: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return names from pairs of place and name. Raises FormatError if one is no name or looks like another."""
    names: dict[str, str] = {}
    for place, raw in named:
        try:
            name = clean_name(raw)
        except Fault as fault:
            raise FormatError(path, place, str(fault)) from None
        seen = looks(name)
        if other := names.get(seen):
            again = f"{name!r} a second time" if other == name else f"{name!r}, which looks like {other!r}"
            raise FormatError(path, place, f"expected another name, found {again}")
        names[seen] = name
    return tuple(names.values())


def with_party(name: str, party: str = "") -> str:
    """Return a candidate's name with the party that a file has beside it: "Bo Marsh (Hill Party)"."""
    party = party.strip()
    if not party:
        return name
    return f"{name}, {party}" if "(" in party else f"{name} ({party})"


def title_of(path: Path, title: str | None) -> str:
    """Return a contest's title, or where the file gives none the file's own name."""
    return _UNPRINTABLE.sub(" ", title or "").strip()[:MAX_NAME_CHARS].rstrip() or path.stem


@contextmanager
def written_whole(path: Path) -> Iterator[TextIO]:
    """Give a file to write that takes its name only when all is written. Raises FormatError."""
    beside = path.with_name(f".{path.name}.part")
    try:
        with beside.open("w", encoding="utf-8", newline="") as file:
            yield file
        beside.replace(path)
    except OSError as error:
        raise FormatError(path, "", f"expected a file that can be written: {error.strerror}") from error
    finally:
        with suppress(OSError):
            beside.unlink()
