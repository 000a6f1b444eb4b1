"""Ballots of Scottish wards as two archives have them; read, not written.

Rows of numbers (mggg/scot-elex, which VoteKit's `load_scottish` reads), commas at each line's end:

    3,1,                                        candidates, seats
    9,2,1,                                      nine ballots that rank 2, 1
    "Candidate 1","Anna Lees","Harbour (H)",    number, name, party
    "Quayside Ward",

Rows of ranks (Denis Mollison's `.dat` files, Heriot-Watt University, 2022):

    Quayside Ward
    1 3 2 9000                                  seats, candidates, lines of ballots, electorate
    Anna Lees, Harbour                          name, party
    9 2 1 0                                     nine ballots: the rank of each candidate, 0 for none
"""

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO
from pathlib import Path

from shared.contract.ballots import format_marks
from shared.contract.elections import MAX_CANDIDATES
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
    with_party,
)
from shared.rcv.formats.records import BallotFile, FormatError

_HEAD_OF_ROWS = re.compile(rb'\s*"?\d{1,3}"?\s*,\s*"?\d{1,3}"?\s*,*[ \t]*\n')
_CANDIDATE = re.compile(rb'^"?Candidate 1"?\s*,', re.MULTILINE | re.IGNORECASE)
_HEAD_OF_RANKS = re.compile(rb"[^\n]*[^\d\s,][^\n]*\n\s*\d{1,3}[\s,]+\d{1,3}[\s,]+\d{1,6}\b")


def are_rows(data: bytes) -> bool:
    """Say whether a file is rows of numbers with candidates behind them, and not another CSV."""
    return bool(_HEAD_OF_ROWS.match(data) and _CANDIDATE.search(data))


def are_ranks(data: bytes) -> bool:
    """Say whether a file begins with a ward's name and a line of numbers."""
    return bool(_HEAD_OF_RANKS.match(data))


def read_rows(path: Path) -> BallotFile:
    """Return the contest of a file of rows of numbers, equal ballots merged. Raises FormatError."""
    rows = list(_rows(path, load(path)))
    place, head = rows[0] if rows else ("line 1", [])
    candidates, seats = _numbers(path, place, head, 2, "how many candidates and seats")
    end = next(
        (at for at, (_, cells) in enumerate(rows) if cells[0].lower().startswith("candidate ")), len(rows)
    )
    named = rows[end : end + candidates]
    names = clean_names(path, _named(path, named, candidates))
    ranks, counts = Ranks(candidates), dict[str, int]()
    for place, cells in rows[1:end]:
        marks, ballots = _ballot(path, place, cells, ranks)
        counts[marks] = counts.get(marks, 0) + ballots
    after = rows[end + candidates :]
    if len(after) > 1 or any(len(cells) > 1 for _, cells in after):
        raise FormatError(path, after[-1][0], "expected no more after the candidates than the ward's name")
    return BallotFile(
        title_of(path, after[0][1][0] if after else None), names, as_groups(counts), seats=seats
    )


def _rows(path: Path, data: bytes) -> Iterator[tuple[str, list[str]]]:
    reader = csv.reader(StringIO(decode_leniently(data), newline=""), strict=True, skipinitialspace=True)
    try:
        for cells in reader:
            while cells and not cells[-1].strip():
                cells.pop()
            if cells:
                yield f"line {reader.line_num}", [cell.strip() for cell in cells]
    except csv.Error as error:
        raise FormatError(path, f"line {reader.line_num}", f"expected cells of CSV: {error}") from None


def _numbers(path: Path, place: str, cells: Sequence[str], wanted: int, what: str) -> list[int]:
    numbers = [whole_number(cell.encode(), 1, MAX_CANDIDATES) for cell in cells[:wanted]]
    if len(cells) != wanted or None in numbers:
        found = " ".join(cells)[:40]
        raise FormatError(path, place, f"expected {what}, from 1 to {MAX_CANDIDATES}, found {found!r}")
    return [number for number in numbers if number is not None]


def _named(path: Path, named: Sequence[tuple[str, list[str]]], candidates: int) -> Iterator[tuple[str, str]]:
    for number, (place, cells) in enumerate(named, 1):
        if cells[0].lower() != f"candidate {number}" or not 2 <= len(cells) <= 3:
            raise FormatError(
                path, place, f"expected 'Candidate {number}', a name and a party, found {cells[0]!r}"
            )
        yield place, with_party(*cells[1:])
    if len(named) != candidates:
        place = named[-1][0] if named else "line 1"
        raise FormatError(path, place, f"expected {candidates} candidates, found {len(named)}")


def _ballot(path: Path, place: str, cells: Sequence[str], ranks: Ranks) -> tuple[str, int]:
    ballots = whole_number(cells[0].encode(), 1, MAX_BALLOTS_A_LINE)
    if ballots is None:
        raise FormatError(path, place, f"expected how many ballots, a whole number, found {cells[0][:40]!r}")
    if len(cells) > MAX_RANKS:
        raise FormatError(path, place, f"expected at most {MAX_RANKS} ranks")
    if len(cells) == 1:  # these files hold valid ballots, and without a first preference none is
        raise FormatError(path, place, f"expected a candidate after the {ballots:,} ballots, found none")
    try:
        places = [ranks.places([cell.encode()])[0] for cell in cells[1:]]
    except Fault as fault:
        raise FormatError(path, place, str(fault)) from None
    if len(set(places)) < len(places):
        raise FormatError(path, place, "expected a candidate once on a ballot")
    return ">".join(map(str, places)), ballots


def read_ranks(path: Path) -> BallotFile:
    """Return the contest of a file of rows of ranks, equal ballots merged. Raises FormatError."""
    lines = [line.strip() for line in decode_leniently(load(path)).rstrip().split("\n")]
    head = re.split(r"[\s,]+", lines[1].strip(" ,")) if len(lines) > 1 else []
    seats, candidates = _numbers(path, "line 2", head[:2], 2, "how many seats and candidates")
    names = clean_names(
        path,
        (
            (f"line {number}", with_party(*map(str.strip, line.partition(",")[::2])))
            for number, line in enumerate(lines[2 : 2 + candidates], 3)
        ),
    )
    ballots = [(number, line) for number, line in enumerate(lines, 1) if line and number > candidates + 2]
    if len(names) < candidates or head[2:3] != [str(len(ballots))]:
        found = f"{len(names)} names and {len(ballots)} lines of ballots"
        raise FormatError(
            path, "line 2", f"expected {candidates} names and as many lines as it says, found {found}"
        )
    counts: dict[str, int] = {}
    for number, line in ballots:
        try:
            marks, times = _ranked(re.split(r"[\s,]+", line.strip(" ,")), candidates)
        except Fault as fault:
            raise FormatError(path, f"line {number}", str(fault)) from None
        counts[marks] = counts.get(marks, 0) + times
    return BallotFile(title_of(path, lines[0]), names, as_groups(counts), seats=seats)


def _ranked(words: Sequence[str], candidates: int) -> tuple[str, int]:
    """Return the marks of a line, and how many ballots are so marked. Raises Fault."""
    times, *each = (whole_number(word.encode(), 0, MAX_BALLOTS_A_LINE) for word in words)
    if times is None or times < 1:
        raise Fault(f"expected how many ballots, a whole number, found {words[0][:40]!r}")
    if len(each) != candidates:
        raise Fault(f"expected a rank for each of {candidates} candidates, found {len(each)}")
    ranks: list[list[int]] = [[] for _ in range(candidates)]
    for place, rank in enumerate(each):
        if rank is None or rank > candidates:
            raise Fault(f"expected ranks from 0 to {candidates}, found {words[place + 1][:40]!r}")
        if rank:
            ranks[rank - 1].append(place)
    return format_marks(ranks), times
