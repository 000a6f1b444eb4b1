"""Definitions to begin with: the usual elections, as commented YAML with a default for everything."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from jinja2 import Environment, PackageLoader

from shared.contract.mistakes import slug

SCHEMA_FILE: Final = "election.schema.json"


@dataclass(frozen=True)
class NewContest:
    """A contest of a template: title, method, seats, names of candidates, and what the method does.

    Where a budget is spent: the budget, and what each candidate costs.
    """

    title: str
    method: str
    candidates: tuple[str, ...]
    seats: int = 1
    about: str = ""
    budget: int = 0
    costs: tuple[int, ...] = ()
    rules: Mapping[str, object] = field(default_factory=dict)
    """What its statute asks for and is not so by default."""


@dataclass(frozen=True)
class NewElection:
    """An election of a template; `sections` holds electors by name, `shares` say that each section has an equal share."""

    title: str
    sections: Mapping[str, int]
    contests: tuple[NewContest, ...]
    about: str = ""
    lots: tuple[str, ...] = field(default=())


IRV: Final = "Instant run-off: the last falls, and those ballots go to whom they rank next, until one has more than half."
STV: Final = "Scottish STV (SSI 2007/42): seats are shared in proportion to the votes."
NEW_ZEALAND: Final = "New Zealand's method (SR 2001/145, Schedule 1A): the elected keep what makes the quota of each vote, step by step."
COLLEGE: Final = "Electoral college: each section is counted apart and has an equal share of the result."
THREE: Final = ("Ada Lovelace", "Basil Brown", "Clara Bow")

TEMPLATES: Final[Mapping[str, NewElection]] = {
    "committee": NewElection(
        "Rowing club committee",
        {"Members": 30},
        (
            NewContest("Chair", "irv", THREE, about=IRV),
            NewContest(
                "Committee",
                "scottish-stv",
                ("Dora Maar", "Emil Nolde", "Frida Kahlo", "Gabriele Münter"),
                2,
                STV,
            ),
        ),
        "a club's chair and committee",
    ),
    "council": NewElection(
        "Council election",
        {"Harbour ward": 9000},
        (NewContest("Harbour ward", "scottish-stv", (*THREE, "Dora Maar", "Emil Nolde"), 3, STV),),
        "a ward that elects several councillors",
    ),
    "new-zealand": NewElection(
        "Council election",
        {"Harbour ward": 9000},
        (
            NewContest(
                "Harbour ward",
                "new-zealand-stv",
                (*THREE, "Dora Maar", "Emil Nolde"),
                3,
                NEW_ZEALAND,
                rules={"max_skipped_ranks": 0},
            ),
        ),
        "a ward that elects several councillors, by New Zealand's regulations",
    ),
    "leadership": NewElection(
        "Party leadership",
        {"Members": 20000, "Affiliated supporters": 5000, "Registered supporters": 3000},
        (NewContest("Leader", "irv", THREE, about=IRV),),
        "one leader, one vote each, shown by section",
    ),
    "college": NewElection(
        "Electoral college",
        {"Members": 20000, "Affiliated unions": 5000, "Members of parliament": 250},
        (NewContest("Leader", "electoral-college", THREE, about=COLLEGE),),
        "sections that have a share of the result each",
    ),
    "priorities": NewElection(
        "Citizens' priorities",
        {"Residents": 4000},
        (
            NewContest(
                "Which three projects come first?",
                "sequential-irv",
                ("A new library", "Cycle lanes", "A youth centre", "Trees in the square", "A longer pier"),
                3,
                "One seat after another by instant run-off: the order of election is the order of priority.",
            ),
        ),
        "an order among projects",
    ),
    "budget": NewElection(
        "Citizens' budget",
        {"Residents": 4000},
        (
            NewContest(
                "What is the money spent on?",
                "equal-shares",
                ("A new library", "Cycle lanes", "A youth centre", "Trees in the square", "A longer pier"),
                about="Equal shares: each ballot has the same part of the budget, and spends it with others on what they tick.",
                budget=50_000,
                costs=(30_000, 18_000, 25_000, 4_500, 40_000),
            ),
        ),
        "projects with costs, and money to be spent on them",
    ),
}


def write_definition(election: NewElection, name: str) -> str:
    """Return an election's definition as commented YAML; its lots are drawn now."""
    drawn = tuple(
        f"drawn at random by livecount new: {secrets.randbelow(10**9):09d}" for _ in election.contests
    )
    environment = Environment(
        loader=PackageLoader("shared.rcv.definitions", "."),
        autoescape=False,  # noqa: S701  # what comes out is YAML, whose words `quoted` makes
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    # A JSON string is a YAML string, whatever it holds.
    environment.filters["quoted"] = lambda text: json.dumps(text, ensure_ascii=False)
    environment.filters["ids"] = distinct_ids
    template = environment.get_template("election.yaml.jinja")
    return template.render(election=replace(election, lots=drawn), name=name, schema=SCHEMA_FILE)


def distinct_ids(titles: list[str] | tuple[str, ...]) -> list[str]:
    """Return an id for each title, all different."""
    found: list[str] = []
    for place, title in enumerate(titles, 1):
        name = slug(title) or str(place)
        found.append(name if name not in found else f"{name[:40]}-{place}")
    return found
