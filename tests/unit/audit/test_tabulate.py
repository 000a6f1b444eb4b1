"""The second tabulator by itself, on papers counted by hand."""

from typing import Any

import pytest

from services.audit.tabulate import Round, results, tabulate
from shared.contract.standings import Results
from tests.support.elections import contest


def test_the_last_falls_and_its_papers_are_read_again() -> None:
    """Sections do not matter to the audit: only totals decide."""
    papers = {(0, "0"): 5, (0, "1"): 4, (1, "2>1"): 2, (1, "2"): 1, (0, ""): 1}
    assert tabulate(papers, contest("fruit", ("apple", "banana", "cherry"))) == [
        Round({"apple": 5, "banana": 4, "cherry": 3}, {"blank": 1}, eliminated="cherry", elected=None),
        Round({"apple": 5, "banana": 6}, {"blank": 1, "choices": 1}, eliminated=None, elected="banana"),
    ]


@pytest.mark.parametrize(
    ("marks", "rules", "ending"),
    [
        ("1>0=2>0", {"overvote": "exhaust"}, "overvote"),
        ("1>0=2", {"overvote": "skip"}, "choices"),
        ("1>>>0", {"max_skipped_ranks": 1}, "skipped"),
        ("1>1>0", {"repeated_candidate": "exhaust"}, "repeated"),
        ("1>2>0", {"max_ranks": 2}, "choices"),
        ("0=1", {"overvote": "skip"}, "blank"),
    ],
)
def test_a_paper_stops_for_the_right_reason(marks: str, rules: dict[str, Any], ending: str) -> None:
    """Read where only apple and damson continue in the end."""
    papers = {(0, "0"): 9, (0, "3"): 8, (0, marks): 1}
    last = tabulate(papers, contest(finish="last-two", **rules))[-1]
    assert last.inactive == {ending: 1}
    assert last.votes == {"apple": 9, "damson": 8}


def test_without_a_vote_nothing_is_decided() -> None:
    """One round of zeros."""
    (only,) = tabulate({(0, ""): 2}, contest("fruit", ("apple", "banana")))
    assert only == Round({"apple": 0, "banana": 0}, {"blank": 2}, None, None)


def test_the_results_are_what_a_certificate_names() -> None:
    """Votes and inactive ballots of each round, and who is elected."""
    rounds = tabulate({(0, "0"): 2, (0, "1"): 1}, contest("fruit", ("apple", "banana")))
    assert results(rounds) == Results(rounds=({"apple": 2, "banana": 1},), inactive=({},), elected=("apple",))
