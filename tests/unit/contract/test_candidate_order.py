"""The order of candidates on a ballot: the same wherever it is drawn, and a fair one."""

from collections import Counter

import pytest

from shared.contract.candidate_order import candidate_order
from shared.contract.elections import CandidateOrder
from tests.support.elections import contest


def order(rule: CandidateOrder, section: str = "here", ballot: str = "1") -> tuple[int, ...]:
    """Return the order on one ballot."""
    return candidate_order(contest().model_copy(update={"candidate_order": rule}), section, ballot)


def test_as_listed() -> None:
    """Unless the definition says otherwise."""
    assert candidate_order(contest(), "here", "1") == (0, 1, 2, 3)


@pytest.mark.parametrize("rule", CandidateOrder)
def test_every_candidate_stands_once_and_the_order_stays(rule: CandidateOrder) -> None:
    """However often the ballot is shown."""
    assert sorted(order(rule)) == [0, 1, 2, 3]
    assert order(rule) == order(rule)


def test_drawn_for_each_section_it_is_the_same_on_all_its_ballots() -> None:
    """And another elsewhere."""
    by = CandidateOrder.BY_SECTION
    assert len({order(by, ballot=str(n)) for n in range(50)}) == 1
    assert len({order(by, section=str(n)) for n in range(50)}) > 10


def test_drawn_for_each_ballot_everybody_is_first_about_as_often() -> None:
    """4,000 ballots: each of four candidates 1,000 times, give or take 5 standard deviations (137)."""
    first = Counter(order(CandidateOrder.BY_BALLOT, ballot=str(n))[0] for n in range(4_000))
    assert all(863 <= first[place] <= 1_137 for place in range(4)), first
