"""Condorcet Election Format (`.cvotes`), version 1 of 2022; read, not written.

    #/Candidates: Ada ; Bel ; Cid
    #/Number of Seats: 2
    #/Implicit Ranking: false
    tag || Ada > Bel = Cid * 42         # 42 ballots
    /EMPTY_RANKING/ * 3                 # three blank ones

Source: https://github.com/CondorcetVote/CondorcetElectionFormat. Where the file does not say otherwise, ranking is implicit:
whoever a ballot does not name shares its last rank. Whoever is not among the declared candidates is passed over, as the
format demands; so is a rank that only such names share. A weight (`^7`) is a vote that counts more often, not several
ballots; where weights are allowed and one is not 1, the file is refused.
"""

import re
from pathlib import Path

from shared.contract.ballots import format_marks
from shared.contract.elections import MAX_CANDIDATES
from shared.rcv.formats.plain.text import (
    MAX_BALLOTS_A_LINE,
    MAX_RANKS,
    Fault,
    Spellings,
    as_groups,
    clean_name,
    clean_names,
    decode,
    load,
    whole_number,
)
from shared.rcv.formats.records import BallotFile, FormatError

BEGINNING = re.compile(rb"(?:#[^\n]*\n|\s)*#/")

_PARAMETER = re.compile(r"#/\s*([^:]+?)\s*:(.*)")
_VOTE = re.compile(r"(?:[^|]*\|\|)?([^*^]*?)(?:\^\s*(\d+))?\s*(?:\*\s*(\d+))?")
_EMPTY = ("/EMPTY_RANKING/", "/EMPTY/")
_COUNTED = re.compile(r"\d+\s*:")
"""How other formats say how many ballots there are."""
_RESERVED = re.compile(r"[>=;,#/*^<|]")


def read(path: Path) -> BallotFile:
    """Return the contest of a file, equal ballots merged. Raises FormatError."""
    lines = decode(path, load(path)).split("\n")
    parameters: dict[str, tuple[str, str]] = {}
    votes: list[tuple[str, str]] = []
    for number, line in enumerate(lines, 1):
        if found := _PARAMETER.match(line):
            key = " ".join(found[1].lower().split()).replace("number of seats", "number of seat")
            if votes or key in parameters:
                raise FormatError(
                    path, f"line {number}", "expected each parameter once, before the first ballot"
                )
            parameters[key] = f"line {number}", found[2].strip()
        elif vote := line.partition("#")[0].strip():
            votes.append((f"line {number}", vote))
    ballots = _Ballots(path, parameters)
    for place, vote in votes:
        try:
            ballots.add(vote)
        except Fault as fault:
            raise FormatError(path, place, str(fault)) from None
    if not ballots.names:
        raise FormatError(
            path, f"line {len(lines)}", "expected at least one candidate, found the end of the file"
        )
    return BallotFile(path.stem, tuple(ballots.names), as_groups(ballots.counts()), seats=ballots.seats)


class _Ballots:
    """What has been read so far."""

    def __init__(self, path: Path, parameters: dict[str, tuple[str, str]]) -> None:
        self._path, self._parameters = path, parameters
        place, declared = parameters.get("candidates", ("", ""))
        names = clean_names(path, ((place, name) for name in declared.split(";"))) if declared else ()
        if len(names) > MAX_CANDIDATES:
            raise FormatError(
                path, place, f"expected at most {MAX_CANDIDATES} candidates, found {len(names)}"
            )
        self.names: dict[str, int] = {name: at for at, name in enumerate(names)}
        self._declared = bool(declared)
        self._spellings = Spellings()
        for name in names:
            self._spellings.learn(name, declared=True)
        self._implicit = self._truth("implicit ranking", otherwise=True)
        self._weights = self._truth("weight allowed", otherwise=False)
        self._read: list[tuple[list[list[int]], int]] = []

    @property
    def seats(self) -> int | None:
        """How many the file says there are. Raises FormatError."""
        if "number of seat" not in self._parameters:
            return None
        place, value = self._parameters["number of seat"]
        seats = whole_number(value.encode(), 1, MAX_CANDIDATES)
        if seats is None:
            raise FormatError(
                self._path, place, f"expected seats from 1 to {MAX_CANDIDATES}, found {value[:40]!r}"
            )
        return seats

    def add(self, vote: str) -> None:
        """Take in a line. Raises Fault."""
        found = None if _COUNTED.match(vote) else _VOTE.fullmatch(vote)
        if not found:
            raise Fault(f"expected a ranking, then perhaps ^weight, then * how many, found {vote[:40]!r}")
        times = whole_number((found[3] or "1").encode(), 1, MAX_BALLOTS_A_LINE)
        if times is None:
            raise Fault(
                f"expected how many ballots, from 1 to {MAX_BALLOTS_A_LINE:,}, found {found[3][:40]!r}"
            )
        if self._weights and int(found[2] or 1) != 1:
            raise Fault(f"expected votes that weigh 1, found ^{found[2][:40]}")
        ranking = found[1].strip()
        ranks = [] if ranking.upper() in _EMPTY else [self._rank(rank) for rank in ranking.split(">")]
        ranks = [rank for rank in ranks if rank]
        placed = [place for rank in ranks for place in rank]
        if len(set(placed)) < len(placed):
            raise Fault("expected a candidate once on a ballot")
        if len(ranks) > MAX_RANKS:
            raise Fault(f"expected at most {MAX_RANKS} ranks")
        self._read.append((ranks, times))

    def counts(self) -> dict[str, int]:
        """Return how many ballots carry which marks; with implicit ranking, of all candidates."""
        counts: dict[str, int] = {}
        for ranks, times in self._read:
            placed = {place for rank in ranks for place in rank}
            rest = (
                [place for place in range(len(self.names)) if place not in placed] if self._implicit else []
            )
            marks = format_marks([*ranks, rest] if rest else ranks)
            counts[marks] = counts.get(marks, 0) + times
        return counts

    def _rank(self, rank: str) -> list[int]:
        places = [self._place(clean_name(name)) for name in rank.split("=")]
        return sorted(place for place in places if place is not None)

    def _place(self, name: str) -> int | None:
        if _RESERVED.search(name):
            raise Fault(f"expected a candidate's name, found {name[:40]!r}")
        if name in self.names:
            return self.names[name]
        self._spellings.learn(name)
        if self._declared:
            return None
        if len(self.names) == MAX_CANDIDATES:
            raise Fault(f"expected at most {MAX_CANDIDATES} candidates")
        return self.names.setdefault(name, len(self.names))

    def _truth(self, key: str, *, otherwise: bool) -> bool:
        if key not in self._parameters:
            return otherwise
        place, value = self._parameters[key]
        if value.lower() not in ("true", "false"):
            raise FormatError(self._path, place, f"expected true or false, found {value[:40]!r}")
        return value.lower() == "true"
