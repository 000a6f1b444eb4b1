"""What tellers type of paper ballots: two read the same papers apart, and nothing is cast before both have written the same.

A teller's sheet is CSV with the head `number,CONTEST,…` and a line for each paper: its number, and for each contest the
letters of the candidates in the order of their numbers, such as `C A B`. `C=A B` are two candidates with number 1, `C - B` is a
paper without number 2, and an empty cell a contest in which nobody is ranked.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from services.cli.errors import csv_of
from services.cli.paper.letters import letter
from shared.contract.ballots import format_marks, marks_fault, parse_marks
from shared.contract.elections import Contest, Election

Sheet = Mapping[int, tuple[str, ...]]
"""By a paper's number, the marks of each contest."""


class Difference(NamedTuple):
    """Where two tellers wrote something else: None where one has no such paper."""

    paper: int
    contest: str
    first: str | None
    second: str | None


class Code(NamedTuple):
    """A voting code, and the id of the section that it is of."""

    section: str
    code: str


def read_sheet(file: Path, definition: Election) -> Sheet:
    """Return what a teller typed. Raises ValueError with the line at the first thing that is no mark of a paper."""
    sheet: dict[int, tuple[str, ...]] = {}
    head = ["number", *(contest.id for contest in definition.contests)]
    with file.open(newline="", encoding="utf-8-sig") as lines, csv_of(file):
        rows = csv.reader(lines, strict=True)
        found = next(rows, [])
        if found != head:
            raise ValueError(f"{file}: expected the head {','.join(head)}, found {','.join(found)}")
        for number, row in enumerate(rows, 2):
            if not row:
                continue
            try:
                paper, marks = _read_row(row, definition, sheet)
            except ValueError as fault:
                raise ValueError(f"{file}, line {number}: {fault}") from fault
            sheet[paper] = marks
    return sheet


def _read_row(row: Sequence[str], definition: Election, sheet: Sheet) -> tuple[int, tuple[str, ...]]:
    paper, *cells = row
    if not (paper.isascii() and paper.isdecimal()):
        raise ValueError(f"expected the number of a paper, found {paper!r}")
    if int(paper) in sheet:
        raise ValueError(f"paper {paper} stands twice")
    if len(cells) != len(definition.contests):
        raise ValueError(f"expected {len(definition.contests)} contests, found {len(cells)}")
    return int(paper), tuple(map(read_letters, cells, definition.contests))


def read_letters(text: str, contest: Contest) -> str:
    """Return the marks of letters in order, such as "C=A - B". Raises ValueError."""
    places = {letter(place): place for place in range(len(contest.candidates))}
    ranks: list[list[int]] = []
    for rank in text.upper().split():
        names = [] if rank == "-" else rank.split("=")
        unknown = [name for name in names if name not in places]
        if unknown:
            raise ValueError(
                f"{contest.id}: no candidate has the letter {unknown[0]!r}; expected {letter(0)} to {letter(len(places) - 1)}"
            )
        ranks.append([places[name] for name in names])
    marks = format_marks(ranks)
    fault = marks_fault(marks, len(places), contest.max_ranks_on_ballot)
    if fault is not None:
        raise ValueError(f"{contest.id}: {fault}")
    return marks


def letters_of(marks: str) -> str:
    """Return marks as a teller types them; the inverse of `read_letters`."""
    return " ".join("=".join(map(letter, rank)) or "-" for rank in parse_marks(marks))


def differences(first: Sheet, second: Sheet, definition: Election) -> Iterator[Difference]:
    """Yield where two sheets differ, paper by paper."""
    for paper in sorted({*first, *second}):
        ours, theirs = first.get(paper), second.get(paper)
        for place, contest in enumerate(definition.contests):
            one = None if ours is None else letters_of(ours[place])
            other = None if theirs is None else letters_of(theirs[place])
            if one != other:
                yield Difference(paper, contest.id, one, other)


def forms(sheet: Sheet, codes: Mapping[int, Code], definition: Election) -> list[bytes]:
    """Return the papers as ballots for intake, JSON. Raises ValueError if a paper has no code.

    A ballot's id follows from its code and marks: a sheet that is cast twice is the same ballots.
    """
    missing = sorted({*sheet} - {*codes})
    if missing:
        raise ValueError(f"paper {missing[0]}: no code of that number in the file of codes")
    return [_form(codes[paper].code, marks, definition) for paper, marks in sorted(sheet.items())]


def _form(code: str, marks: Sequence[str], definition: Election) -> bytes:
    rankings = {
        contest.id: [[contest.candidates[place].id for place in rank] for rank in parse_marks(of)]
        for contest, of in zip(definition.contests, marks, strict=True)
    }
    ballot_id = sha256("/".join(("paper", definition.id, code, *marks)).encode()).hexdigest()[:32]
    return msgspec.json.encode({"ballot_id": ballot_id, "code": code, "rankings": rankings})


def read_codes(file: Path) -> dict[int, Code]:
    """Return the code of each number in a file that `livecount codes` wrote. Raises ValueError."""
    with file.open(newline="") as lines, csv_of(file):
        rows = csv.DictReader(lines, strict=True)
        if rows.fieldnames != ["elector", "section", "code"]:
            raise ValueError(f"{file}: expected the head elector,section,code")
        return {int(row["elector"]): Code(row["section"], row["code"]) for row in rows}
