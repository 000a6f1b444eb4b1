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
from tests.support.reference import data

FOLDERS = (
    "2015_portland_mayor",
    "2015_portland_mayor_codes",
    "aliases_cdf_json",
    "aliases_ess_xlsx",
    "clear_ballot_kansas_primary",
    "clear_ballot_with_inline_comma",
    "continue_tabulation_test",
    "csv_missing_header_test",
    "dominion_alaska",
    "duplicate_test",
    "excluded_test",
    "hart_cedar_park_school_board",
    "hart_travis_county_officers",
    "minneapolis_multi_seat_threshold",
    "more_winners_than_candidates",
    "multi_seat_bottoms_up_with_static_threshold",
    "precinct_example",
    "sequential_with_batch",
    "skip_to_next_test",
    "stop_tabulation_early_test",
    "test_set_0_skipped_first_choice",
    "test_set_1_exhaust_at_overvote",
    "test_set_2_overvote_skip_to_next",
    "test_set_3_skipped_choice_exhaust",
    "test_set_4_skipped_choice_next",
    "test_set_6_duplicate_exhaust",
    "test_set_7_duplicate_skip_to_next",
    "test_set_8_multi_cdf",
    "test_set_multi_winner_whole_threshold",
    "tiebreak_seed_test",
)

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


@pytest.mark.parametrize("name", FOLDERS)
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
