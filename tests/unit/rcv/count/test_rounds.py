"""The check that guards every published count refuses each way in which a vote could get lost."""

from typing import Any

import pytest

from shared.contract.standings import Ending
from shared.rcv.count.rounds import Count, Round, Transfer
from shared.rcv.count.tabulate import tabulate_counts
from tests.support.elections import contest

COUNTS = {(0, "0"): 4, (0, "1"): 3, (1, "2>1"): 2, (1, "2"): 1, (1, "3>0"): 1, (0, ""): 1}
BALLOTS = 12


def counted() -> Count:
    """Return a count of two sections and several rounds."""
    return tabulate_counts(COUNTS, contest(), 2)


def with_round(number: int, **changes: Any) -> Count:
    """Return the count with some fields of one round replaced."""
    rounds = counted().rounds
    return Count(tuple(r._replace(**changes) if r.number == number else r for r in rounds))


def test_a_sound_count_passes() -> None:
    """And is handed on."""
    assert counted().check(BALLOTS) == counted()


def test_a_ballot_more_or_less_is_refused() -> None:
    """The number comes from elsewhere."""
    with pytest.raises(AssertionError, match="12 units of 13"):
        counted().check(BALLOTS + 1)


def test_a_ballot_that_changes_its_section_is_refused() -> None:
    """The totals would still be right."""
    first = counted().rounds[1]
    (apple, *others), second = first.votes_by_section
    moved = ((apple - 1, *others), (second[0] + 1, *second[1:]))
    with pytest.raises(AssertionError, match="round 2: a section"):
        with_round(2, votes_by_section=moved).check(BALLOTS)


def test_a_missing_transfer_is_refused() -> None:
    """The next round would have votes from nowhere."""
    with pytest.raises(AssertionError, match="round 1 to 2"):
        with_round(1, transfers=()).check(BALLOTS)


def test_a_transfer_to_the_wrong_place_is_refused() -> None:
    """The same number of votes, elsewhere."""
    with pytest.raises(AssertionError, match="do not add up"):
        with_round(1, transfers=(Transfer(3, 1, None, 1),)).check(BALLOTS)


def test_votes_for_somebody_who_has_gone_are_refused() -> None:
    """Whoever is eliminated holds nothing."""
    with pytest.raises(AssertionError, match="who are out of the count"):
        with_round(1, continuing=(0, 1, 2)).check(BALLOTS)


def test_somebody_who_comes_back_is_refused() -> None:
    """Those who continue are those who did, less the eliminated."""
    with pytest.raises(AssertionError, match="not those who remain"):
        with_round(2, continuing=(0, 1, 2, 3)).check(BALLOTS)


def test_fewer_than_no_votes_are_refused() -> None:
    """Even where the sum is right."""
    with pytest.raises(AssertionError, match="fewer than no votes"):
        with_round(1, votes_by_section=((4, 4, -1, 0), (0, 0, 3, 1))).check(BALLOTS)


def test_totals_are_the_sums_of_the_sections() -> None:
    """A round cannot contradict itself."""
    first: Round = counted().rounds[0]
    assert first.votes == (4, 3, 3, 1)
    assert first.inactive[Ending.BLANK] == 1
    assert first.ballots_by_section == (8, 4)
