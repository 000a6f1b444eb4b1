"""Which format a plain ballot file is in: by its suffix, and where that says nothing by its first line.

Rule 1: a suffix that is known is believed; the reader says what it expected if that was wrong.
Rule 2: any other file is looked at: BLT, PrefLib and ABIF begin in ways that cannot be mistaken, CSV does not.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

from shared.rcv.formats.plain import abif, blt, csv_file, preflib
from shared.rcv.formats.plain.text import load
from shared.rcv.formats.records import BallotFile, FormatError

Reader = Callable[[Path], BallotFile]

READERS: Final[dict[str, Reader]] = {
    ".blt": blt.read,
    **dict.fromkeys(preflib.SUFFIXES, preflib.read),
    ".abif": abif.read,
    ".csv": csv_file.read,
}
WRITERS: Final[dict[str, Callable[[BallotFile, Path], None]]] = {
    "blt": blt.write,
    "preflib": preflib.write,
    "abif": abif.write,
    "csv": csv_file.write,
}

_BEGINNINGS: Final[tuple[tuple[re.Pattern[bytes], Reader], ...]] = (
    (re.compile(rb"#[^\n]*\n(?:#[^\n]*\n)*# NUMBER ALTERNATIVES:"), preflib.read),
    (re.compile(rb"\d{1,3}[ \t]*\n1,"), preflib.read),
    (re.compile(rb"(?:#[^\n]*\n|\s)*\d{1,3}[ \t]+\d{1,3}[ \t]*(?:#[^\n]*)?\n"), blt.read),
    (re.compile(rb"(?:#[^\n]*\n|\n)*(?:\{|=|\d+[ \t]*:|ABIF\b)"), abif.read),
)
_FORMATS = "BLT (.blt), PrefLib (.soc .soi .toc .toi), ABIF (.abif) or CSV (.csv)"


def read_ballots(path: Path) -> BallotFile:
    """Return the contest of a plain ballot file of any format. Raises FormatError."""
    reader = READERS.get(path.suffix.lower()) or _reader_by_content(path)
    return reader(path)


def write_ballots(file: BallotFile, path: Path, to: str) -> None:
    """Write a contest as `to`: blt, preflib, abif or csv. Raises FormatError, also if the format cannot hold it."""
    if to not in WRITERS:
        raise FormatError(path, "", f"expected a format of {', '.join(WRITERS)}, found {to!r}")
    WRITERS[to](file, path)


def _reader_by_content(path: Path) -> Reader:
    data = load(path)
    for beginning, reader in _BEGINNINGS:
        if beginning.match(data):
            return reader
    raise FormatError(path, "", f"expected a ballot file: {_FORMATS}")
