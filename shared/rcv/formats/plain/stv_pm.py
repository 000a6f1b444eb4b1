"""The files of STV.pm (`.stv`), version 2.15; read, not written.

    title=Council           # comments
    seats=2
    candidate=a Ada Lees    a nickname, then a name; `withdrawn=` for whoever withdrew
    candidate=b Bo Marsh
    order=a b               ballots say each candidate's rank, in this order; without it, nicknames by preference
    ballots=3               lines that follow; or `ballots=blt`, and the rest is BLT
    2X 2 1
    1 -
    b a
    end

Source: https://www.lobitos.net/voting/format.html. Method, quota and the seed of ties are rules, and not read.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from shared.contract.ballots import format_marks
from shared.contract.elections import MAX_CANDIDATES
from shared.rcv.formats.plain import blt
from shared.rcv.formats.plain.text import (
    MAX_BALLOTS_A_LINE,
    MAX_RANKS,
    Fault,
    as_groups,
    clean_names,
    decode,
    load,
    title_of,
    whole_number,
)
from shared.rcv.formats.records import BallotFile, FormatError

_WEIGHT = re.compile(r"[\d./]+X")
_RULES = ("method", "quota", "random")
_KEYS = (*_RULES, "title", "seats", "candidate", "withdrawn", "order", "ballots")


def read(path: Path) -> BallotFile:
    """Return the contest of a file, equal ballots merged. Raises FormatError."""
    lines = decode(path, load(path)).split("\n")
    said: dict[str, tuple[str, str]] = {}
    stands: list[tuple[str, str, str]] = []
    withdrawn: list[int] = []
    numbered = enumerate(lines, 1)
    for number, line in numbered:
        place = f"line {number}"
        key, value = _field(path, place, line)
        if key in ("candidate", "withdrawn"):
            nickname, _, name = value.partition(" ")
            if _WEIGHT.fullmatch(nickname) or nickname in ("-", "end"):
                raise FormatError(
                    path, place, f"expected a nickname that means nothing else, found {nickname!r}"
                )
            withdrawn += [len(stands)] if key == "withdrawn" else []
            stands.append((place, nickname, name))
        elif key and key not in _RULES and said.setdefault(key, (place, value))[0] != place:
            raise FormatError(path, place, f"expected {key}= once")
        if key == "ballots":
            break
    else:
        raise FormatError(path, f"line {len(lines)}", "expected ballots=, found the end of the file")
    title = said.get("title", ("", ""))[1]
    if value.lower() == "blt":
        return _with_blt(path, "\n".join(lines[number:]), number, title, said.get("seats"))
    names = clean_names(path, ((place, name or nickname) for place, nickname, name in stands))
    if not 1 <= len(names) <= MAX_CANDIDATES:
        raise FormatError(path, place, f"expected 1 to {MAX_CANDIDATES} candidates, found {len(names)}")
    nicknames = _nicknames(path, stands)
    place, value = said.get("seats", ("", "1"))
    seats = whole_number(value.encode(), 1, MAX_CANDIDATES)
    if seats is None:
        raise FormatError(path, place, f"expected seats from 1 to {MAX_CANDIDATES}, found {value[:40]!r}")
    counts = _counts(path, numbered, said["ballots"], nicknames, said.get("order", ("", ""))[1].split())
    return BallotFile(
        title_of(path, title),
        names,
        as_groups(counts),
        seats=seats if "seats" in said else None,
        excluded=tuple(withdrawn),
    )


def _nicknames(path: Path, stands: Sequence[tuple[str, str, str]]) -> dict[str, int]:
    """Return candidates' places by their nicknames. Raises FormatError for one that stands twice."""
    found: dict[str, int] = {}
    for at, (place, nickname, _) in enumerate(stands):
        if found.setdefault(nickname, at) != at:
            raise FormatError(path, place, f"expected nicknames that differ, found {nickname[:40]!r} again")
    return found


def _field(path: Path, place: str, line: str) -> tuple[str, str]:
    key, equals, value = line.partition("#")[0].strip().partition("=")
    key = key.strip().lower()
    if key and (not equals or key not in _KEYS):
        raise FormatError(path, place, f"expected one of {'=, '.join(_KEYS)}=, found {line.strip()[:40]!r}")
    return key, " ".join(value.split())


def _with_blt(path: Path, text: str, lines: int, title: str, seats: tuple[str, str] | None) -> BallotFile:
    file = blt.read_in_full(path, b"\n" * lines + text.encode())
    if seats and seats[1] != str(file.seats):
        raise FormatError(
            path, seats[0], f"expected seats={file.seats}, as the ballots have it, found {seats[1][:40]}"
        )
    return BallotFile(
        title_of(path, title or file.title),
        file.candidates,
        file.ballots,
        seats=file.seats,
        excluded=file.excluded,
        write_ins=file.write_ins,
        tie_order=file.tie_order,
    )


def _counts(
    path: Path,
    lines: Iterator[tuple[int, str]],
    declared: tuple[str, str],
    nicknames: dict[str, int],
    order: Sequence[str],
) -> dict[str, int]:
    if order and (len(order) != len(nicknames) or set(order) != nicknames.keys()):
        raise FormatError(path, declared[0], "expected order= to name each candidate once")
    counts: dict[str, int] = {}
    found = 0
    for number, line in lines:
        words = line.partition("#")[0].split()
        if words == ["end"]:
            _refuse_ballots(path, lines, nicknames, order)
            break
        if words:
            found += 1
            try:
                marks, ballots = _ballot(words, nicknames, order)
            except Fault as fault:
                raise FormatError(path, f"line {number}", str(fault)) from None
            counts[marks] = counts.get(marks, 0) + ballots
    else:
        raise FormatError(path, declared[0], "expected end after the ballots, found the end of the file")
    if declared[1] != str(found):
        raise FormatError(
            path, declared[0], f"expected {declared[1][:40]} lines of ballots as declared, found {found}"
        )
    return counts


def _refuse_ballots(
    path: Path, lines: Iterator[tuple[int, str]], nicknames: dict[str, int], order: Sequence[str]
) -> None:
    """Let notes follow the end, and no ballot. Raises FormatError."""
    for number, line in lines:
        words = line.partition("#")[0].split()
        with suppress(Fault):
            if words:
                _ballot(words, nicknames, order)
                raise FormatError(path, f"line {number}", "expected no ballot after end")


def _ballot(words: list[str], nicknames: dict[str, int], order: Sequence[str]) -> tuple[str, int]:
    """Return the marks of a line, and how many ballots are so marked. Raises Fault."""
    weight = words.pop(0) if _WEIGHT.fullmatch(words[0]) else "1X"
    ballots = whole_number(weight[:-1].encode(), 1, MAX_BALLOTS_A_LINE)
    if ballots is None:
        raise Fault(f"expected how many ballots, a whole number, found {weight[:40]!r}")
    if not order:
        if unknown := [word for word in words if word not in nicknames]:
            raise Fault(f"expected nicknames of candidates, found {unknown[0][:40]!r}")
        if len(words) > MAX_RANKS:
            raise Fault(f"expected at most {MAX_RANKS} ranks")
        return format_marks([[nicknames[word]] for word in words]), ballots
    if len(words) != len(order):
        raise Fault(f"expected a rank, or -, for each of {len(order)} candidates, found {len(words)}")
    ranks: list[list[int]] = [[] for _ in order]
    for nickname, word in zip(order, words, strict=True):
        if word != "-":
            rank = whole_number(word.encode(), 1, len(order))
            if rank is None:
                raise Fault(f"expected a rank from 1 to {len(order)}, or -, found {word[:40]!r}")
            ranks[rank - 1].append(nicknames[nickname])
    return format_marks([sorted(rank) for rank in ranks]), ballots
