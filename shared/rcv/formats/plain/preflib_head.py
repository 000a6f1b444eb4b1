"""What stands before the orders of a PrefLib file: names and declared totals.

Modern (PrefLib format specification): lines `# KEY: value`, of which NUMBER ALTERNATIVES, ALTERNATIVE NAME i and
TITLE are used, and NUMBER VOTERS and NUMBER UNIQUE ORDERS checked. Old (until 2022): how many candidates, a line
`i,name` for each, a line `voters,sum of counts,unique orders`; the sum and the orders are checked, the voters are
not, since they may count ballots that the file leaves out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.contract.elections import MAX_CANDIDATES
from shared.rcv.formats.plain.text import clean_names, decode_leniently, title_of, whole_number
from shared.rcv.formats.records import FormatError

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


def read_head(path: Path, lines: Sequence[bytes]) -> Head:
    """Read either head. Raises FormatError."""
    return _modern(path, lines) if lines[0].startswith(b"#") else _old(path, lines)


def _modern(path: Path, lines: Sequence[bytes]) -> Head:
    count = next(
        (at for at, line in enumerate(lines) if line.strip() and not line.startswith(b"#")), len(lines)
    )
    fields: dict[str, tuple[int, str]] = {}
    for number, line in enumerate(lines[:count], 1):
        key, colon, value = decode_leniently(line).partition(":")
        if colon:
            fields.setdefault(" ".join(key.strip("# \t").split(" ")), (number, value.strip()))
    return Head(
        title_of(path, fields.get("TITLE", (0, ""))[1]),
        _names(path, fields),
        _total(path, fields, "NUMBER VOTERS", MOST_BALLOTS),
        _total(path, fields, "NUMBER UNIQUE ORDERS", MOST_BALLOTS),
        count,
    )


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
