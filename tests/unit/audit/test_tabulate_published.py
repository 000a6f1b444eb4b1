"""The second tabulator against reports that RCTab made: votes, inactive ballots, thresholds and decisions."""

import json
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from services.audit.tabulate import Round, passes
from shared.contract.elections import Contest
from shared.rcv.formats.rctab import contest_of, read_records
from shared.rcv.formats.rctab.configuration import load
from tests.support.reference import RCTAB, data

REASONS = {
    "exhaustedChoices": "choices",
    "overvotes": "overvote",
    "repeatedRankings": "repeated",
    "skippedRankings": "skipped",
    "finalRoundSurplus": "surplus",
}


def exact(numbers: Mapping[str, str]) -> dict[str, Fraction]:
    """Return a report's numbers, those that are not 0."""
    return {name: Fraction(Decimal(number)) for name, number in numbers.items() if Decimal(number)}


def outcomes(round_: Round, of: Contest) -> dict[str, Any]:
    """Return a round in a report's words."""
    names = {candidate.id: candidate.name for candidate in of.candidates}
    votes = {**round_.votes, **round_.seated}
    return {
        "votes": {names[candidate]: number for candidate, number in votes.items() if number},
        "threshold": round_.threshold,
        "elected": sorted(names[candidate] for candidate in round_.elected),
        "eliminated": sorted(names[candidate] for candidate in round_.eliminated),
    }


def reported(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return a round of a report."""
    decided = [outcome for tallied in result["tallyResults"] for outcome in tallied.items()]
    return {
        "votes": exact(result["tally"]),
        "threshold": Fraction(Decimal(result["threshold"])),
        "elected": sorted(name for what, name in decided if what == "elected"),
        "eliminated": sorted(name for what, name in decided if what == "eliminated"),
    }


def reports_in(folder: Path) -> list[list[dict[str, Any]]]:
    """Return the rounds of each expected report of a folder."""
    paths = sorted(folder.glob("*_expected_detailed_report.json"))
    return [json.loads(path.read_text(encoding="utf-8"))["results"] for path in paths]


@pytest.mark.parametrize("name", RCTAB)
def test_a_published_count_is_reproduced(name: str) -> None:
    """Read by the project's readers: votes, decisions, and why votes are inactive, a last surplus included."""
    configuration = load(data("rctab", name, f"{name}_config.json"))
    of = contest_of(configuration)
    profile = Counter((0, record.marks) for record in read_records(configuration))
    counts, reports = passes(profile, of), reports_in(data("rctab", name))
    assert [len(rounds) for rounds in counts] == [len(results) for results in reports]
    for round_, result in zip(chain(*counts), chain(*reports), strict=True):
        assert outcomes(round_, of) == reported(result)
        inactive = {reason: votes for reason, votes in round_.inactive.items() if reason != "blank"}
        expected = exact(result["inactiveBallots"])
        assert sum(inactive.values()) == sum(expected.values())
        assert inactive == {REASONS[key]: votes for key, votes in expected.items()}
