"""The numbers of a BLT file in full: any layout, every dialect, and the line of whatever is wrong.

Rule 1: line ends mean nothing but the end of a comment (`#`, `//`; `/* */` may span lines).
Rule 2: `(id)` before a ballot names one ballot: its weight follows and must be 1, as OpenSTV writes it.
Rule 3: within a ballot `2=3` or, after Hill, `(2 3)` is an equal rank and `-` a blank one.
Rule 4: Droop's `[nick …]` is obeyed; `[tie …]` and `[droop …]` are rules, not ballots, and passed over; any other
    bracket might change what the ballots mean and is refused.
Rule 5: who is ranked twice on a ballot that spans lines most likely shows a forgotten 0: refused, not guessed.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, NoReturn

from shared.contract.elections import MAX_CANDIDATES
from shared.rcv.formats.plain.blt_ranks import Ranks
from shared.rcv.formats.plain.text import (
    MAX_BALLOTS_A_LINE,
    MAX_RANKS,
    Fault,
    line_at,
    whole_number,
)
from shared.rcv.formats.records import FormatError

_TOKEN = re.compile(rb"/\*.*?\*/|//[^\n]*|#[^\n]*|\([^)\n]*\)|\[[^\]\n]*\]|[^\s\"#()\[\]/]+|\S", re.DOTALL)
_COMMENTS = (b"#", b"//", b"/*")


class Body(NamedTuple):
    """All of a BLT file but the names."""

    candidates: int
    seats: int
    withdrawn: tuple[int, ...]
    counts: dict[str, int]
    names_at: int
    """The byte after the 0 that ends the ballots."""


class _Scanner:
    """Tokens one after the other, and where the last one stood."""

    def __init__(self, path: Path, data: bytes) -> None:
        self._path = path
        self._data = data
        self._tokens = self._scan()
        self.start = self.end = 0

    def next(self, expected: str) -> bytes:
        token = next(self._tokens, None)
        if token is None:
            self.start = len(self._data.rstrip())
            self.refuse(f"expected {expected}, found the end of the file")
        return token

    def number(self, expected: str, token: bytes, least: int, most: int) -> int:
        number = whole_number(token, least, most)
        if number is None:
            self.refuse(f"expected {expected} from {least} to {most}, found {show(token)}")
        return number

    def spans_lines(self, start: int) -> bool:
        return b"\n" in self._data[start : self.end]

    def refuse(self, expected: str) -> NoReturn:
        raise FormatError(self._path, f"line {line_at(self._data, self.start)}", expected)

    def _scan(self) -> Iterator[bytes]:
        for match in _TOKEN.finditer(self._data):
            token = match.group()
            if not token.startswith(_COMMENTS):
                self.start, self.end = match.span()
                yield token


def show(token: bytes) -> str:
    """Return a token for a message, cut short."""
    return repr(token[:40].decode(errors="replace"))


def read_body(path: Path, data: bytes) -> Body:
    """Read candidates, seats, withdrawals and ballots. Raises FormatError."""
    scanner = _Scanner(path, data)
    candidates = _header(scanner, "the number of candidates")
    seats = _header(scanner, "the number of seats")
    ranks = Ranks(candidates)
    withdrawn: list[int] = []
    counts: dict[str, int] = {}
    while (token := scanner.next("a ballot, or 0 after the last one")) != b"0":
        try:
            if token.startswith(b"["):
                _option(ranks, token)
            elif token.startswith(b"-") and not counts:
                withdrawn += ranks.places([token[1:]])
            else:
                marks, ballots = _ballot(scanner, ranks, token)
                counts[marks] = counts.get(marks, 0) + ballots
        except Fault as fault:
            scanner.refuse(str(fault))
    return Body(candidates, seats, tuple(sorted(set(withdrawn))), counts, scanner.end)


def _header(scanner: _Scanner, expected: str) -> int:
    return scanner.number(expected, scanner.next(expected), 1, MAX_CANDIDATES)


def _option(ranks: Ranks, token: bytes) -> None:
    words = token[1:-1].split()
    if words[:1] == [b"nick"]:
        ranks.nickname(words[1:])
    elif words[:1] not in ([b"tie"], [b"droop"]):
        raise Fault(f"expected [nick …], [tie …] or [droop …], found {show(token)}")


def _ballot(scanner: _Scanner, ranks: Ranks, token: bytes) -> tuple[str, int]:
    begin = scanner.start
    ballots = _weight(scanner, token)
    marked: list[str] = []
    while (token := scanner.next("a candidate, or 0 to end the ballot")) != b"0":
        if token.startswith(b"("):
            token = b"=".join(token[1:-1].split())
        marked.append(ranks[token])
        if len(marked) > MAX_RANKS:
            raise Fault(f"expected 0 after at most {MAX_RANKS} ranks")
    _refuse_forgotten_end(scanner, begin, marked)
    return ">".join(marked).rstrip(">"), ballots


def _weight(scanner: _Scanner, token: bytes) -> int:
    if not (token.startswith(b"(") and token.endswith(b")")):
        return scanner.number("a ballot's weight, a whole number", token, 1, MAX_BALLOTS_A_LINE)
    weight = scanner.next("the weight 1 after a ballot's id")
    if weight != b"1":
        raise Fault(f"expected the weight 1 after a ballot's id, found {show(weight)}")
    return 1


def _refuse_forgotten_end(scanner: _Scanner, begin: int, marked: list[str]) -> None:
    named = [rank for rank in marked if rank]
    if len(set(named)) < len(named) and scanner.spans_lines(begin):
        raise Fault("expected 0 at the end of a ballot: this one spans lines and ranks a candidate twice")
