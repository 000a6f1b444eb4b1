"""The auditor's tabulator, written apart from the first, gives the same golden counts; the files are read apart as well.

No certificate rests on one program: what is right here was worked out by hand, and both must give it.
"""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from services.audit.tabulate import Ask, Outcome, Round, tabulate
from shared.contract.elections import Candidate, Contest, Rules
from shared.contract.standings import Ending
from tests.golden.goldens import Golden, expected, goldens

COUNTED = [
    golden
    for golden in goldens()
    if golden.commands[0][0] == "count" and not {"answers", "budget"} & golden.expected.keys()
]
"""But budgets, and those in which somebody is asked."""


class File(NamedTuple):
    """The ballots of a file."""

    candidates: list[str]
    sections: list[str]
    profile: Mapping[tuple[int, str], int]
    """How many ballots of each section carry which marks."""


def read(path: Path) -> File:
    """Read a golden's file: BLT with a ballot a line, PrefLib's, or CSV with a ballot a row."""
    if path.suffix == ".csv":
        return read_rows(list(csv.DictReader(path.read_text().splitlines())))
    lines = path.read_text().splitlines()
    if path.suffix == ".blt":
        end = lines.index("0")
        ballots = [line.split() for line in lines[1:end]]
        names = [line.strip('"') for line in lines[end + 1 : -1]]
        return File(names, ["all"], profile((0, int(n), marks(ranks)) for n, *ranks, _ in ballots))
    orders = [line.replace(":", ",").split(",") for line in lines if not line.startswith("#")]
    names = [line.partition(": ")[2] for line in lines if line.startswith("# ALTERNATIVE NAME")]
    return File(names, ["all"], profile((0, int(n), marks(ranks)) for n, *ranks in orders))


def read_rows(rows: list[dict[str, str]]) -> File:
    """Read rows of a count, perhaps a section, and names in the order of preference."""
    chosen = [[name for column, name in row.items() if column.startswith("rank") and name] for row in rows]
    names = list(dict.fromkeys(name for ranks in chosen for name in ranks))
    sections = list(dict.fromkeys(row.get("section", "all") for row in rows))
    found = (
        (
            sections.index(row.get("section", "all")),
            int(row["count"]),
            ">".join(str(names.index(n)) for n in ranks),
        )
        for row, ranks in zip(rows, chosen, strict=True)
    )
    return File(names, sections, profile(found))


def marks(ranks: list[str]) -> str:
    """Return ranks of numbers from 1, `-` for a blank one, as the contract spells them."""
    spelt = ("" if rank == "-" else "=".join(str(int(c) - 1) for c in rank.split("=")) for rank in ranks)
    return ">".join(spelt)


def profile(ballots: Iterator[tuple[int, int, str]]) -> Mapping[tuple[int, str], int]:
    """Return how many ballots carry the same marks."""
    counted: Counter[tuple[int, str]] = Counter()
    for section, number, spelt in ballots:
        counted[section, spelt] += number
    return counted


def options(words: list[str]) -> dict[str, list[str]]:
    """Return the options of a command, each with the values that follow it."""
    found: dict[str, list[str]] = {}
    name = ""
    for word in words:
        if word.startswith("--"):
            name = word.removeprefix("--").replace("-", "_")
            found.setdefault(name, [])
        elif name:
            found[name].append(word)
    return found


def contest_of(golden: Golden, file: File) -> Contest:
    """Return the contest that a golden's first command counts."""
    count, given = golden.expected["count"], options(golden.commands[0])
    rules: dict[str, Any] = {name: of[0] for name, of in given.items() if name in Rules.model_fields and of}
    rules |= {flag: True for flag, values in given.items() if flag in Rules.model_fields and not values}
    rules |= {"ties": "ask"} if "tie" in given else {}
    out = {*given.get("exclude", []), *given.get("withdraw", [])}
    rules |= {"finish": "last-two"} if "last_two" in given else {}
    shares = dict(share.split("=") for share in given.get("share", []))
    return Contest(
        id="golden",
        title=golden.name,
        method=count["method"],
        seats=count["seats"],
        candidates=tuple(
            Candidate(
                id=name.lower().replace(" ", "-"),
                name=name,
                excluded=name in out,
                write_in=name in given.get("write_in", []),
            )
            for name in file.candidates
        ),
        rules=Rules(**rules),
        lot=count["lot"],
        section_shares=tuple(int(shares[section]) for section in file.sections) if shares else (),
    )


def order_of(golden: Golden) -> Ask | None:
    """Return what settles ties where the first command gives an order: its first wins, its last falls."""
    words = golden.commands[0]
    if "--tie" not in words:
        return None
    order = [name.strip().lower().replace(" ", "-") for name in words[words.index("--tie") + 1].split(">")]

    def ask(level: Sequence[str], outcome: Outcome) -> str:
        return (max if outcome == "eliminated" else min)(level, key=order.index)

    return ask


def shown(rounds: list[Round], contest: Contest) -> Iterator[dict[str, Any]]:
    """Yield each round as a golden's stage has it."""
    names = {candidate.id: candidate.name for candidate in contest.candidates}
    by_percentage = contest.rules.percentage is not None
    for round_ in rounds:
        votes = {**dict.fromkeys(names, 0), **round_.votes, **round_.seated}
        yield {
            "votes": {names[candidate]: Fraction(number) for candidate, number in votes.items()},
            "quota": quota(round_, by_percentage=by_percentage),
            "nontransferable": sum(n for why, n in round_.inactive.items() if why != Ending.BLANK),
            "elected": [names[candidate] for candidate in round_.elected],
        }


def quota(round_: Round, *, by_percentage: bool) -> Fraction | None:
    """Return the votes that elect. By percentage the auditor has the share itself, 24/5, of which more is needed: 5."""
    if round_.threshold is None:
        return None
    return Fraction(round_.threshold // 1 + 1) if by_percentage else Fraction(round_.threshold)


@pytest.mark.parametrize("golden", COUNTED, ids=lambda golden: golden.name)
def test_the_second_tabulator_gives_the_same(golden: Golden) -> None:
    """Votes, quota, votes that reach nobody and who is elected, round by round."""
    file = read(golden.path.parent / golden.commands[0][1])
    contest = contest_of(golden, file)
    stages = expected(golden, golden.commands[0])["count"]["stages"]
    right = [
        {
            "votes": {name: Fraction(number) for name, number in stage["votes"].items()},
            "quota": None if stage["quota"] is None else Fraction(stage["quota"]),
            "nontransferable": Fraction(stage["nontransferable"]),
            "elected": stage["elected"],
        }
        for stage in stages
    ]
    assert list(shown(tabulate(file.profile, contest, order_of(golden)), contest)) == right
