"""Pabulib's files of participatory budgets (`.pb`), in and out.

    META
    key;value
    budget;1000
    vote_type;approval
    PROJECTS
    project_id;cost;votes;name
    park;600;2;A park
    VOTES
    voter_id;vote
    1;park,bench

Source: Faliszewski and others, Participatory Budgeting: Data, Tools and Analysis (IJCAI 2023), https://pabulib.org/format.

Ballots of the kinds approval, choose-1, ordinal, cumulative and scoring. Totals that the file declares (num_projects, num_votes,
a project's votes) are checked, and the bounds of a ballot (min_length, max_length). Other columns say who voted where, or what
was funded once, and are passed over. A decimal point is a point.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from io import StringIO
from pathlib import Path
from re import compile as pattern
from typing import Final, NamedTuple, get_args

from shared.rcv.budget.ballots import MAX_PROJECTS, BudgetVote, Choice, Kind, Project
from shared.rcv.formats.plain.text import (
    Fault,
    clean_name,
    decode,
    load,
    title_of,
    whole_number,
    written_whole,
)
from shared.rcv.formats.records import FormatError

SUFFIX: Final = ".pb"
_SECTIONS: Final = ("META", "PROJECTS", "VOTES")
_AMOUNT: Final = pattern(r"[0-9]{1,15}(?:\.[0-9]{1,9})?")
_THOUSANDS: Final = pattern(r"[1-9][0-9]{0,2}\.[0-9]{3}")
"""An amount whose point may part thousands: no currency that has projects has a thousandth."""
_MOST: Final = 10**9


class Row(NamedTuple):
    """A row of a section: its cells by column, and where it stands."""

    place: str
    cells: Mapping[str, str]


def read(path: Path) -> BudgetVote:
    """Return the vote of a file, equal ballots merged. Raises FormatError."""
    meta, projects, votes = _sections(path)
    said = _meta(path, meta)
    kind = _kind(path, said)
    found = _projects(path, projects)
    _check(path, said, "num_projects", len(found))
    _check(path, said, "num_votes", len(votes))
    ids = {project.id: place for place, project in enumerate(found)}
    choices = _choices(path, votes, ids, said, kind)
    _check_votes(path, projects, choices, kind)
    place, budget = said.get("budget", ("line 1", ""))
    return BudgetVote(
        title=title_of(path, said.get("description", ("", ""))[1]),
        budget=_amount(path, place, budget, "budget"),
        kind=kind,
        projects=found,
        choices=choices,
        ranks=_ranks(path, said, found) if kind == "ordinal" else 0,
    )


def write(vote: BudgetVote, path: Path) -> None:
    """Write a vote; electors are numbered. Raises FormatError for a file that cannot be written."""
    with written_whole(path) as out:
        table = csv.writer(out, delimiter=";", lineterminator="\n")
        out.write("META\n")
        table.writerows(_meta_rows(vote))
        out.write("PROJECTS\n")
        table.writerow(("project_id", "cost", "name"))
        table.writerows((project.id, _written(project.cost), project.name) for project in vote.projects)
        out.write("VOTES\n")
        scored = any(choice.points for choice in vote.choices)
        table.writerow(("voter_id", "vote", *(("points",) if scored else ())))
        ballots = (choice for choice in vote.choices for _ in range(choice.ballots))
        for number, choice in enumerate(ballots, 1):
            wanted = ",".join(vote.projects[place].id for place in choice.projects)
            points = ",".join(map(_written, choice.points))
            table.writerow((number, wanted, *((points,) if scored else ())))


def _meta_rows(vote: BudgetVote) -> Iterator[tuple[str, object]]:
    yield "key", "value"
    yield "description", vote.title
    yield "num_projects", len(vote.projects)
    yield "num_votes", vote.ballots
    yield "budget", _written(vote.budget)
    yield "vote_type", vote.kind
    if vote.kind == "ordinal":
        yield "max_length", vote.ranks


def _written(amount: Fraction) -> str:
    """Return an amount as it is read back: in decimals, which all amounts of a file have."""
    whole, rest = divmod(amount.numerator * 10**9, amount.denominator)
    assert not rest, f"{amount} has more than nine decimal places"
    text = f"{whole // 10**9}.{whole % 10**9:09d}"
    return text.rstrip("0").rstrip(".")


def _sections(path: Path) -> tuple[list[Row], list[Row], list[Row]]:
    """Return the rows of the three sections. Raises FormatError."""
    found: dict[str, list[Row]] = {}
    heads: Sequence[str] | None = None
    section = ""
    for place, cells in _rows(path):
        word = cells[0].strip().upper()
        if word in _SECTIONS and not any(cell.strip() for cell in cells[1:]):
            if word in found or len(found) != _SECTIONS.index(word):
                raise FormatError(
                    path, place, "expected META, PROJECTS and VOTES, once each and in this order"
                )
            section, heads = word, None
            found[section] = []
        elif not section:
            raise FormatError(path, place, f"expected META, found {cells[0][:40]!r}")
        elif heads is None:
            heads = [cell.strip().lower() for cell in cells]
            if len(set(heads)) < len(heads):
                raise FormatError(path, place, f"expected columns that differ, found {';'.join(cells)[:60]}")
        elif len(cells) != len(heads):
            raise FormatError(path, place, f"expected {len(heads)} cells, found {len(cells)}")
        else:
            found[section].append(Row(place, dict(zip(heads, map(str.strip, cells), strict=True))))
    if len(found) < len(_SECTIONS):
        raise FormatError(path, "", f"expected a section {_SECTIONS[len(found)]}, found the end of the file")
    return found["META"], found["PROJECTS"], found["VOTES"]


def _rows(path: Path) -> Iterator[tuple[str, list[str]]]:
    reader = csv.reader(StringIO(decode(path, load(path)), newline=""), delimiter=";", strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield f"line {reader.line_num}", cells
    except csv.Error as error:
        raise FormatError(path, f"line {reader.line_num}", f"expected cells of CSV: {error}") from None


def _meta(path: Path, rows: Sequence[Row]) -> dict[str, tuple[str, str]]:
    said: dict[str, tuple[str, str]] = {}
    for place, cells in rows:
        if "key" not in cells or "value" not in cells:
            raise FormatError(path, place, "expected columns key and value")
        key = cells["key"].lower()
        if said.setdefault(key, (place, cells["value"]))[0] != place:
            raise FormatError(path, place, f"expected {key} once")
    return said


def _kind(path: Path, said: Mapping[str, tuple[str, str]]) -> Kind:
    place, kind = said.get("vote_type", ("line 1", "nothing"))
    for known in get_args(Kind):
        if kind.lower() == known:
            if known == "scoring" and said.get("default_score", ("", "0"))[1] not in ("", "0"):
                raise FormatError(path, said["default_score"][0], "expected default_score 0")
            found: Kind = known
            return found
    raise FormatError(path, place, f"expected vote_type {', '.join(get_args(Kind))}, found {kind[:40]!r}")


def _projects(path: Path, rows: Sequence[Row]) -> tuple[Project, ...]:
    found: dict[str, Project] = {}
    for place, cells in rows:
        number = cells.get("project_id", "")
        if not number or "," in number or number in found:
            raise FormatError(
                path, place, f"expected a project_id of its own without a comma, found {number[:40]!r}"
            )
        cost = _amount(path, place, cells.get("cost", ""), "cost")
        try:
            name = clean_name(cells.get("name") or number)
        except Fault as fault:
            raise FormatError(path, place, str(fault)) from None
        found[number] = Project(number, name, cost)
    if not 1 <= len(found) <= MAX_PROJECTS:
        raise FormatError(path, "", f"expected 1 to {MAX_PROJECTS:,} projects, found {len(found):,}")
    return tuple(found.values())


def amount_of(text: str) -> Fraction:
    """Return an amount above 0, in decimals. Raises Fault (a ValueError)."""
    if not _AMOUNT.fullmatch(text) or not Fraction(text):
        raise Fault(f"expected an amount above 0, such as 1200 or 1200.50, found {text[:40]!r}")
    return Fraction(text)


def _amount(path: Path, place: str, text: str, what: str) -> Fraction:
    if _THOUSANDS.fullmatch(text):
        expected = f"expected an amount that is not in doubt, such as 1200 or 1200.50, found {text!r}"
        raise FormatError(path, place, f"{what}: {expected}")
    try:
        return amount_of(text)
    except Fault as fault:
        raise FormatError(path, place, f"{what}: {fault}") from None


def _choices(
    path: Path, rows: Sequence[Row], ids: Mapping[str, int], said: Mapping[str, tuple[str, str]], kind: Kind
) -> tuple[Choice, ...]:
    least = _bound(path, said, "min_length", 0)
    most = 1 if kind == "choose-1" else _bound(path, said, "max_length", len(ids))
    scored = kind in ("cumulative", "scoring")
    electors: set[str] = set()
    counts: Counter[tuple[tuple[int, ...], tuple[Fraction, ...]]] = Counter()
    for place, cells in rows:
        elector = cells.get("voter_id", "")
        if not elector or elector in electors:
            raise FormatError(path, place, f"expected a voter_id of its own, found {elector[:40]!r}")
        electors.add(elector)
        try:
            wanted = _wanted(cells.get("vote", ""), ids, least, most)
            points = _points(cells.get("points", ""), len(wanted)) if scored else ()
        except Fault as fault:
            raise FormatError(path, place, str(fault)) from None
        counts[_in_order(wanted, points, kind)] += 1
    return tuple(Choice(wanted, points, ballots) for (wanted, points), ballots in counts.items())


def _bound(path: Path, said: Mapping[str, tuple[str, str]], key: str, otherwise: int) -> int:
    place, value = said.get(key, ("", ""))
    if not value:
        return otherwise
    number = whole_number(value.encode(), 0, _MOST)
    if number is None:
        raise FormatError(path, place, f"expected a whole number of projects [{key}], found {value[:40]!r}")
    return number


def _ranks(path: Path, said: Mapping[str, tuple[str, str]], projects: Sequence[Project]) -> int:
    return min(_bound(path, said, "max_length", len(projects)), len(projects))


def _wanted(text: str, ids: Mapping[str, int], least: int, most: int) -> tuple[int, ...]:
    named = [name.strip() for name in text.split(",")] if text else []
    if unknown := [name for name in named if name not in ids]:
        raise Fault(f"expected projects of the section PROJECTS, found {unknown[0][:40]!r}")
    if len(set(named)) < len(named):
        raise Fault("expected a project once on a ballot")
    if named and not least <= len(named) <= most:
        raise Fault(f"expected {least} to {most} projects on a ballot, found {len(named)}")
    return tuple(ids[name] for name in named)


def _points(text: str, wanted: int) -> tuple[Fraction, ...]:
    given = [point.strip() for point in text.split(",")] if text else []
    if len(given) != wanted or not all(map(_AMOUNT.fullmatch, given)):
        raise Fault(f"expected points, 0 or more, for each of {wanted} projects, found {text[:40]!r}")
    return tuple(map(Fraction, given))


def _in_order(
    wanted: tuple[int, ...], points: tuple[Fraction, ...], kind: Kind
) -> tuple[tuple[int, ...], tuple[Fraction, ...]]:
    """Return a ballot in its one spelling: in the projects' order, unless it ranks; no points are no wish."""
    if kind == "ordinal":
        return wanted, ()
    if not points:
        return tuple(sorted(wanted)), ()
    scored = sorted((place, given) for place, given in zip(wanted, points, strict=True) if given)
    return tuple(place for place, _ in scored), tuple(given for _, given in scored)


def _check(path: Path, said: Mapping[str, tuple[str, str]], key: str, found: int) -> None:
    place, value = said.get(key, ("", ""))
    if value and value != str(found):
        raise FormatError(path, place, f"expected {value[:40]} as declared [{key}], found {found:,}")


def _check_votes(path: Path, rows: Sequence[Row], choices: Sequence[Choice], kind: Kind) -> None:
    """Hold each project's own total to the ballots, where these approve. Raises FormatError."""
    if kind not in ("approval", "choose-1"):
        return
    for at, (place, cells) in enumerate(rows):
        votes = sum(choice.ballots for choice in choices if at in choice.projects)
        if cells.get("votes") and cells["votes"] != str(votes):
            raise FormatError(
                path, place, f"expected {cells['votes'][:40]} votes as declared, found {votes:,}"
            )
