"""BLT, in and out: Hill, Wichmann and Woodall's Algorithm 123 (Computer Journal 30, 1987) and its dialects.

    4 2             candidates, seats
    -2              candidate 2 has withdrawn
    3 1 3 4 0       three ballots that rank 1, 3, 4
    1 2=3 - 1 0     an equal rank, then a blank one (OpenSTV, OpaVote, OpenTally)
    0
    "Adam"          one name for each candidate, then a title

Rule 1: one plain ballot a line is how nearly all files are: equal lines are counted before one is read.
Rule 2: a file of any other layout, or one that is wrong, is read again token by token (`blt_tokens`), which names
    the line at fault. Both readings of a file that has two are the same.
Rule 3: names may be UTF-8 or ISO 8859-1 (`blt_names`).
"""

import re
from pathlib import Path
from typing import Final

from shared.contract.elections import MAX_CANDIDATES
from shared.rcv.formats.plain.blt_names import quoted, read_names
from shared.rcv.formats.plain.blt_ranks import Ranks
from shared.rcv.formats.plain.blt_tokens import Body, read_body
from shared.rcv.formats.plain.holds import Holds, fitting_ballots
from shared.rcv.formats.plain.text import (
    MAX_BALLOTS_A_LINE,
    MAX_RANKS,
    Fault,
    as_groups,
    count_lines,
    load,
    title_of,
    whole_number,
    written_whole,
)
from shared.rcv.formats.records import BallotFile, BallotGroup

HOLDS: Final = Holds("BLT", blank_ranks=True, blank_ballots=True, excluded=True)

_HEAD = re.compile(rb"(\d{1,3}) (\d{1,3})\n((?:-\d{1,3}[ \n])*)")


def read(path: Path) -> BallotFile:
    """Return the contest of a BLT file, equal ballots merged. Raises FormatError."""
    data = load(path)
    body = read_plain_body(data) or read_body(path, data)
    names, title = read_names(path, data, body.names_at, body.candidates)
    return BallotFile(title, names, as_groups(body.counts), seats=body.seats, excluded=body.withdrawn)


def write(file: BallotFile, path: Path) -> None:
    """Write a contest as BLT; where `file` does not say how many seats there are, one.

    Raises FormatError for what BLT cannot say: sections, overvotes whose candidates are not named.
    """
    groups = fitting_ballots(file, path, HOLDS)
    with written_whole(path) as out:
        out.write(f"{len(file.candidates)} {file.seats or 1}\n")
        out.writelines(f"-{place + 1}\n" for place in file.excluded)
        out.writelines(map(_line, groups))
        out.write("0\n")
        out.writelines(f"{quoted(name)}\n" for name in (*file.candidates, title_of(path, file.title)))


def read_plain_body(data: bytes) -> Body | None:
    """Return what a file of one plain ballot a line says before its names, or None if it is not plain."""
    head = _HEAD.match(data)
    end = data.find(b"\n0\n", head.end() - 1) if head else -1
    if not head or end < 0:
        return None
    candidates, seats = int(head[1]), int(head[2])
    if not (1 <= candidates <= MAX_CANDIDATES and 1 <= seats <= MAX_CANDIDATES):
        return None
    ranks = Ranks(candidates)
    try:
        withdrawn = {ranks.places([token[1:]])[0] for token in head[3].split()}
        counts = _plain_ballots(ranks, count_lines(data, head.end(), end))
    except Fault:
        return None
    return Body(candidates, seats, tuple(sorted(withdrawn)), counts, end + 2)


def _plain_ballots(ranks: Ranks, lines: dict[bytes, int]) -> dict[str, int]:
    counts: dict[str, int] = {}
    rank = ranks.__getitem__
    lines.pop(b"", None)
    for line, times in lines.items():
        tokens = line.split()
        if not (2 <= len(tokens) <= MAX_RANKS + 2 and tokens[-1] == b"0"):
            raise Fault("expected one ballot a line")
        ballots = times if tokens[0] == b"1" else times * _weight(tokens[0])
        marks = ">".join(map(rank, tokens[1:-1]))
        marks = marks.rstrip(">") if marks.endswith(">") else marks
        counts[marks] = counts.get(marks, 0) + ballots
    return counts


def _weight(token: bytes) -> int:
    weight = whole_number(token, 1, MAX_BALLOTS_A_LINE)
    if weight is None:
        raise Fault("expected a weight")
    return weight


def _line(group: BallotGroup) -> str:
    ranks = group.marks.split(">") if group.marks else []
    return " ".join((str(group.ballots), *map(_rank, ranks), "0\n"))


def _rank(rank: str) -> str:
    return "=".join(str(int(place) + 1) for place in rank.split("=")) if rank else "-"
