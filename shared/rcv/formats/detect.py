"""Which format a plain ballot file is in: by its suffix, and where that says nothing by how it begins.

A suffix that is known is believed; the reader says what it expected if that was wrong. `.csv` and `.dat` have several
formats, and any other file may be anything: these are looked at. BLT, PrefLib, ABIF and Condorcet's format begin in ways that
cannot be mistaken, CSV does not.
"""

import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

from shared.rcv.formats.plain import abif, blt, condorcet, csv_file, preflib, scotland, stv_pm, votekit
from shared.rcv.formats.plain.text import load
from shared.rcv.formats.records import BallotFile, FormatError

Reader = Callable[[Path], BallotFile]

READERS: Final[dict[str, Reader]] = {
    ".blt": blt.read,
    **dict.fromkeys(preflib.SUFFIXES, preflib.read),
    ".abif": abif.read,
    ".csv": csv_file.read,
    ".cvotes": condorcet.read,
    ".stv": stv_pm.read,
}
WRITERS: Final[dict[str, Callable[[BallotFile, Path], None]]] = {
    "blt": blt.write,
    "preflib": preflib.write,
    "abif": abif.write,
    "csv": csv_file.write,
}

_BEGINNINGS: Final[tuple[tuple[re.Pattern[bytes], Reader], ...]] = (
    (re.compile(rb"(?:#[^\n]*\n)*#[ \t]*NUMBER ALTERNATIVES:"), preflib.read),
    (re.compile(rb"\d{1,3}[ \t]*\n1,"), preflib.read),
    (re.compile(rb"(?:#[^\n]*\n|\s)*\d{1,3}[ \t]+\d{1,3}[ \t]*,?[ \t]*(?:#[^\n]*)?\n"), blt.read),
    (votekit.BEGINNING, votekit.read),
    (condorcet.BEGINNING, condorcet.read),
    (re.compile(rb"(?:#[^\n]*\n|\n)*(?:\{|=|\d+[ \t]*:|ABIF\b)"), abif.read),
)
_COMMAS_PART_RANKS: Final = re.compile(
    rb"(?:#[^\n]*\n)*#[ \t]*NUMBER ALTERNATIVES:|\d{1,3}[ \t]*\n1,|\"?(?:rank|choice|pref\w*)[ _]*1\"?,",
    re.IGNORECASE,
)
_FORMATS = (
    "BLT (.blt), PrefLib (.soc .soi .toc .toi), ABIF (.abif), CSV (.csv), STV.pm (.stv), Condorcet (.cvotes)"
    " or Scottish wards (.dat)"
)


def read_ballots(path: Path, ignored: Collection[str] = ()) -> BallotFile:
    """Return the contest of a plain ballot file of any format. Raises FormatError.

    Columns of a CSV file whose head is `ignored` are passed over.
    """
    suffix = path.suffix.lower()
    if suffix == ".abif":
        _refuse_others(path)
    reader = _of_csv(path) if suffix == ".csv" else READERS.get(suffix) or _by_beginning(path)
    if reader is csv_file.read:
        return csv_file.read(path, ignored)
    if ignored:
        raise FormatError(path, "", "expected a CSV file with columns to ignore")
    return reader(path)


def write_ballots(file: BallotFile, path: Path, to: str) -> None:
    """Write a contest as `to`: blt, preflib, abif or csv. Raises FormatError, also if the format cannot hold it."""
    if to not in WRITERS:
        raise FormatError(path, "", f"expected a format of {', '.join(WRITERS)}, found {to!r}")
    WRITERS[to](file, path)


def _refuse_others(path: Path) -> None:
    """Raise FormatError for a file called ABIF that begins as PrefLib or CSV: their commas part ranks, ABIF's do not."""
    if _COMMAS_PART_RANKS.match(load(path)):
        raise FormatError(path, "line 1", "expected ABIF, as the file is called, found PrefLib or CSV")


def _of_csv(path: Path) -> Reader:
    data = load(path)
    if votekit.BEGINNING.match(data):
        return votekit.read
    return scotland.read_rows if scotland.are_rows(data) else csv_file.read


def _by_beginning(path: Path) -> Reader:
    data = load(path)
    for beginning, reader in _BEGINNINGS:
        if beginning.match(data):
            return reader
    if scotland.are_rows(data):
        return scotland.read_rows
    if path.suffix.lower() == ".dat" and scotland.are_ranks(data):
        return scotland.read_ranks
    raise FormatError(path, "", f"expected a ballot file: {_FORMATS}")
