"""PrefLib's ordinal data, in and out: .soc .soi .toc .toi (Mattei and Walsh, PrefLib: a library for preferences, 2013).

    # NUMBER ALTERNATIVES: 3
    # ALTERNATIVE NAME 1: Adam
    27: 1,{2,3}         27 ballots that rank 1, then 2 and 3 equally; in old files `27,1,{2,3}`

Rule 1: s: no equal ranks; c: every order ranks every alternative. The file's suffix and its DATA TYPE are held to it.
Rule 2: totals that the file declares are checked.
Rule 3: PrefLib has no words for blank ballots, blank ranks, unnamed overvotes, sections, withdrawals or seats.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from shared.contract.elections import MAX_CANDIDATES
from shared.rcv.formats.plain.holds import Holds, fitting_ballots
from shared.rcv.formats.plain.ranks import Ranks
from shared.rcv.formats.plain.text import (
    MAX_BALLOTS_A_LINE,
    MAX_RANKS,
    Fault,
    as_groups,
    clean_names,
    decode_leniently,
    load,
    title_of,
    whole_number,
    written_whole,
)
from shared.rcv.formats.records import BallotFile, BallotGroup, FormatError

SUFFIXES: Final = (".soc", ".soi", ".toc", ".toi")
HOLDS: Final = Holds("PrefLib")

_RANK = re.compile(rb"\s*\{([^{}]*)\}\s*|([^{},]+)")
_ORDER = re.compile(rb"(?:%b)(?:,(?:%b))*" % (_RANK.pattern, _RANK.pattern))


MOST_BALLOTS = 10**15

_NAME = "ALTERNATIVE NAME "


@dataclass(frozen=True, slots=True)
class Total:
    """A total that a file declares, and on which line."""

    what: str
    declared: int
    line: int

    def check(self, path: Path, found: int) -> None:
        """Raise FormatError unless it is what was found."""
        if found != self.declared:
            expected = f"expected {self.declared:,} {self.what} as declared, found {found:,}"
            raise FormatError(path, f"line {self.line}", expected)


@dataclass(frozen=True, slots=True)
class Head:
    """All that comes before the orders."""

    title: str
    names: tuple[str, ...]
    ballots: Total | None
    orders: Total | None
    lines: int
    """Lines it takes up."""
    data_type: str = ""
    """As a suffix; empty if the file does not say."""


def read(path: Path) -> BallotFile:
    """Return the contest of a PrefLib file, equal ballots merged. Raises FormatError."""
    lines = load(path).rstrip().split(b"\n")
    head = read_head(path, lines)
    found = _orders_of(path, lines, head)
    if head.ballots:
        head.ballots.check(path, sum(found.values()))
    if head.orders:
        head.orders.check(path, len(found))
    return BallotFile(head.title, head.names, as_groups(found))


def write(file: BallotFile, path: Path) -> None:
    """Write a contest in PrefLib's modern format; its data type is the suffix, or the strictest that fits.

    Raises FormatError for what PrefLib, or the suffix, cannot say.
    """
    groups = fitting_ballots(file, path, HOLDS)
    suffix = path.suffix.lower()
    suffix = suffix if suffix in SUFFIXES else _strictest(groups, len(file.candidates))
    for group in groups:
        try:
            _Type.of(suffix).check(group.marks, len(file.candidates))
        except Fault as fault:
            place = f"ballot {group.marks!r} ({group.ballots:,} ballots)"
            raise FormatError(path, place, str(fault)) from None
    with written_whole(path) as out:
        out.writelines(f"# {field}\n" for field in _fields(file, path, groups, suffix[1:]))
        out.writelines(f"{group.ballots}: {_order(group.marks)}\n" for group in groups)


@dataclass(frozen=True, slots=True)
class _Type:
    """What a suffix promises of every order."""

    strict: bool
    complete: bool

    @classmethod
    def of(cls, suffix: str) -> "_Type":
        return cls(strict=suffix in (".soc", ".soi"), complete=suffix in (".soc", ".toc"))

    def check(self, marks: str, candidates: int) -> None:
        """Raise Fault if an order is not of this type."""
        if self.strict and "=" in marks:
            raise Fault("expected no equal ranks in a file of strict orders")
        if self.complete and not _is_complete(marks, candidates):
            raise Fault(f"expected each of {candidates} candidates once in a file of complete orders")
        if marks.count(">") >= MAX_RANKS:
            raise Fault(f"expected at most {MAX_RANKS} ranks")


def _is_complete(marks: str, candidates: int) -> bool:
    places = marks.replace("=", ">").split(">")
    return len(places) == candidates == len(set(places))


def _orders_of(path: Path, lines: list[bytes], head: Head) -> dict[str, int]:
    ranks, counts = _Ranks(len(head.names)), _Counts()
    by_suffix, by_type = _Type.of(path.suffix.lower()), _Type.of(head.data_type)
    promised = _Type(by_suffix.strict or by_type.strict, by_suffix.complete or by_type.complete)
    between = b":" if lines[0].startswith(b"#") else b","
    found: dict[str, int] = {}
    for number, line in enumerate(lines[head.lines :], head.lines + 1):
        count, _, order = line.partition(between)
        plain = b"{" not in order
        try:
            marks = ">".join(map(ranks.__getitem__, order.split(b","))) if plain else _tied(ranks, order)
            ballots = counts[count]
            if promised.complete or not plain or len(order) > MAX_RANKS:
                promised.check(marks, ranks.candidates)
        except Fault as fault:
            if not line.strip():
                continue
            raise FormatError(path, f"line {number}", str(fault)) from None
        found[marks] = found.get(marks, 0) + ballots
    return found


class _Counts(dict[bytes, int]):
    """How many ballots, from how a line says it; learnt as it is met."""

    def __missing__(self, token: bytes) -> int:
        count = whole_number(token.strip(), 1, MAX_BALLOTS_A_LINE)
        if count is None:
            found = token[:40].decode(errors="replace")
            raise Fault(f"expected how many ballots, from 1 to {MAX_BALLOTS_A_LINE:,}, found {found!r}")
        self[token] = count
        return count


class _Ranks(Ranks):
    """Candidates as PrefLib numbers them: no rank is blank, none equal but in braces."""

    def __init__(self, candidates: int) -> None:
        super().__init__(candidates)
        del self[b"-"]

    def __missing__(self, token: bytes) -> str:
        self[token] = rank = str(self.places([token.strip()])[0])
        return rank


def _tied(ranks: _Ranks, order: bytes) -> str:
    if not _ORDER.fullmatch(order):
        raise Fault("expected candidates between commas, equal ones in braces")
    marked = [
        "=".join(map(str, ranks.places(list(map(bytes.strip, tied.split(b",")))))) if tied else ranks[single]
        for tied, single in _RANK.findall(order)
    ]
    return ">".join(marked)


def _strictest(groups: tuple[BallotGroup, ...], candidates: int) -> str:
    strict = all("=" not in group.marks for group in groups)
    complete = all(_is_complete(group.marks, candidates) for group in groups)
    return next(suffix for suffix in SUFFIXES if _Type.of(suffix) == _Type(strict=strict, complete=complete))


def _fields(file: BallotFile, path: Path, groups: tuple[BallotGroup, ...], data_type: str) -> list[str]:
    return [
        f"FILE NAME: {path.name}",
        f"TITLE: {title_of(path, file.title)}",
        f"DATA TYPE: {data_type}",
        "MODIFICATION TYPE: original",
        f"NUMBER ALTERNATIVES: {len(file.candidates)}",
        f"NUMBER VOTERS: {sum(group.ballots for group in groups)}",
        f"NUMBER UNIQUE ORDERS: {len(groups)}",
        *(f"ALTERNATIVE NAME {place}: {name}" for place, name in enumerate(file.candidates, 1)),
    ]


def _order(marks: str) -> str:
    return ",".join(map(_rank, marks.split(">")))


def _rank(rank: str) -> str:
    numbers = ",".join(str(int(place) + 1) for place in rank.split("="))
    return f"{{{numbers}}}" if "," in numbers else numbers


def read_head(path: Path, lines: Sequence[bytes]) -> Head:
    """Read what stands before the orders: names and declared totals. Raises FormatError.

    Modern: lines `# KEY: value`, of which NUMBER ALTERNATIVES, ALTERNATIVE NAME i and TITLE are used, and NUMBER VOTERS and
    NUMBER UNIQUE ORDERS checked. Old (until 2022): how many candidates, a line `i,name` for each, a line `voters,sum of
    counts,unique orders`; the sum and the orders are checked, the voters are not, since they may count ballots that the
    file leaves out.
    """
    return _modern(path, lines) if lines[0].startswith(b"#") else _old(path, lines)


def _modern(path: Path, lines: Sequence[bytes]) -> Head:
    count = next(
        (at for at, line in enumerate(lines) if line.strip() and not line.startswith(b"#")), len(lines)
    )
    fields: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines[:count], 1):
        key, colon, value = decode_leniently(line).partition(":")
        name = " ".join(key.strip("# \t").upper().split())
        if colon and fields.setdefault(name, (number, value.strip()))[0] != number and _is_used(name):
            raise FormatError(path, f"line {number}", f"expected one line '# {name}: …', found a second")
    number, kind = fields.get("DATA TYPE", (0, ""))
    if kind and f".{kind.lower()}" not in SUFFIXES:
        raise FormatError(
            path, f"line {number}", f"expected orders, soc, soi, toc or toi, found {kind[:40]!r}"
        )
    return Head(
        title_of(path, fields.get("TITLE", (0, ""))[1]),
        _names(path, fields),
        _total(path, fields, "NUMBER VOTERS", MOST_BALLOTS),
        _total(path, fields, "NUMBER UNIQUE ORDERS", MOST_BALLOTS),
        count,
        f".{kind.lower()}" if kind else "",
    )


def _is_used(key: str) -> bool:
    return key in ("TITLE", "DATA TYPE") or key.startswith(("NUMBER ", _NAME))


def _names(path: Path, fields: dict[str, tuple[int, str]]) -> tuple[str, ...]:
    alternatives = _total(path, fields, "NUMBER ALTERNATIVES", MAX_CANDIDATES)
    if alternatives is None:
        raise FormatError(path, "line 1", "expected a line '# NUMBER ALTERNATIVES: …'")
    if not alternatives.declared:
        raise FormatError(path, f"line {alternatives.line}", "expected at least one alternative")
    alternatives.check(path, sum(key.startswith(_NAME) for key in fields))
    return clean_names(path, (_name(path, fields, place) for place in range(1, alternatives.declared + 1)))


def _name(path: Path, fields: dict[str, tuple[int, str]], place: int) -> tuple[str, str]:
    if f"{_NAME}{place}" not in fields:
        raise FormatError(path, "line 1", f"expected a line '# {_NAME}{place}: …'")
    number, name = fields[f"{_NAME}{place}"]
    return f"line {number}", name


def _total(path: Path, fields: dict[str, tuple[int, str]], key: str, most: int) -> Total | None:
    if key not in fields:
        return None
    number, value = fields[key]
    return Total(key, _number(path, number, value.encode(), most), number)


def _old(path: Path, lines: Sequence[bytes]) -> Head:
    candidates = _number(path, 1, lines[0], MAX_CANDIDATES)
    if not candidates:
        raise FormatError(path, "line 1", "expected at least one candidate")
    if len(lines) < candidates + 2:
        expected = f"expected {candidates} candidates' names and a line of totals"
        raise FormatError(path, f"line {len(lines)}", f"{expected}, found the end of the file")
    names = clean_names(path, (_old_name(path, place, lines[place]) for place in range(1, candidates + 1)))
    place = candidates + 2
    totals = [_number(path, place, part, MOST_BALLOTS) for part in lines[place - 1].split(b",")]
    if len(totals) != 3:
        raise FormatError(path, f"line {place}", "expected voters, sum of counts, unique orders")
    return Head(
        path.stem, names, Total("ballots", totals[1], place), Total("orders", totals[2], place), lines=place
    )


def _old_name(path: Path, place: int, line: bytes) -> tuple[str, str]:
    number, _, name = line.partition(b",")
    if number.strip() != str(place).encode():
        expected = f"expected '{place},name', found {decode_leniently(line[:40])!r}"
        raise FormatError(path, f"line {place + 1}", expected)
    return f"line {place + 1}", decode_leniently(name)


def _number(path: Path, line: int, value: bytes, most: int) -> int:
    number = whole_number(value.strip(), 0, most)
    if number is None:
        found = decode_leniently(value[:40])
        raise FormatError(path, f"line {line}", f"expected a whole number up to {most:,}, found {found!r}")
    return number
