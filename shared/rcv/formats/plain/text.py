"""Bytes of a file, its lines, and its candidates' names, as all plain formats have them.

Rule 1: UTF-8, with or without a byte order mark; lines end in LF, CRLF or CR.
Rule 2: every size has a limit, so that a small file never costs much memory.
Rule 3: a name is trimmed and its unprintable spaces become plain ones; no two candidates share a name.
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
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data


def decode(path: Path, data: bytes) -> str:
    """Return UTF-8 as text. Raises FormatError with the line of the first byte that is not."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        place = f"line {line_at(data, error.start)}"
        raise FormatError(path, place, f"expected UTF-8, found byte 0x{data[error.start]:02x}") from None


def decode_leniently(data: bytes) -> str:
    """Return text that is UTF-8 or, as files of the last century are, ISO 8859-1."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")


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
        """Learn a name. Raises Fault if another differs from it in case, spaces or accents' composition only, unless declared."""
        shown = "".join(
            sign for sign in unicodedata.normalize("NFKC", name) if unicodedata.category(sign) != "Cf"
        )
        other = self._known.setdefault(" ".join(shown.casefold().split()), name)
        if other != name and not declared:
            raise Fault(f"expected a candidate in one spelling, found {name[:40]!r} beside {other[:40]!r}")


def clean_names(path: Path, named: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    """Return names from pairs of place and name. Raises FormatError if one is no name or stands twice."""
    names: dict[str, None] = {}
    for place, raw in named:
        try:
            name = clean_name(raw)
        except Fault as fault:
            raise FormatError(path, place, str(fault)) from None
        if name in names:
            raise FormatError(path, place, f"expected another name, found {name!r} a second time")
        names[name] = None
    return tuple(names)


def with_party(name: str, party: str = "") -> str:
    """Return a candidate's name with the party that a file has beside it: "Bo Marsh (Hill Party)"."""
    party = party.strip()
    if not party:
        return name
    return f"{name}, {party}" if "(" in party else f"{name} ({party})"


def title_of(path: Path, title: str | None) -> str:
    """Return a contest's title, or where the file gives none the file's own name."""
    return _UNPRINTABLE.sub(" ", title or "").strip()[:MAX_NAME_CHARS] or path.stem


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
