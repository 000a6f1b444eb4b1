"""Thresholds at RCTab's scale."""

import pytest

from shared.contract.elections import Method, Rules
from shared.rcv.reports.part import thresholds
from tests.unit.rcv.reports.counted import ballots, contest, count

_BALLOTS = ((12, "0"), (9, "1"), (8, "2"))


@pytest.mark.parametrize(
    ("method", "seats", "rules", "text"),
    [
        ("irv", 1, Rules(ties="candidate-order"), "15"),
        ("stv-wigm", 2, Rules(ties="candidate-order"), "10"),
        ("stv-wigm", 2, Rules(fractional_threshold=True, places=4, ties="candidate-order"), "9.6667"),
        ("stv-wigm", 2, Rules(quota="hare", ties="candidate-order"), "15"),
        ("stv-wigm", 2, Rules(fractional_threshold=True, minimum_votes=10, stop_after_round=1), "10"),
        ("stv-wigm", 2, Rules(fractional_threshold=True, minimum_votes=9, stop_after_round=1), "9.6667"),
        ("bottoms-up", 2, Rules(ties="candidate-order"), "10"),
        ("bottoms-up", 0, Rules(percentage=15, ties="candidate-order"), "4.35"),
        ("bottoms-up", 0, Rules(percentage=20, ties="candidate-order"), "5.80"),
        ("bottoms-up", 0, Rules(percentage=15, minimum_votes=6, ties="candidate-order"), "6"),
    ],
)
def test_a_threshold_has_the_scale_of_what_made_it(
    method: Method, seats: int, rules: Rules, text: str
) -> None:
    """29 votes: whole, at the rules' places, at a percentage's two, or the minimum as it was given."""
    counted = count(contest("ABC", method=method, seats=seats, rules=rules), ballots(*_BALLOTS))
    assert str(thresholds(counted)[0]) == text


def test_a_contest_without_a_vote_has_the_least_threshold() -> None:
    """One vote is more than half of none."""
    assert [str(t) for t in thresholds(count(contest("AB"), ballots((2, ""))))] == ["1"]
