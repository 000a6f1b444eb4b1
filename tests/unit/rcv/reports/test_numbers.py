"""Votes read as RCTab writes them."""

from decimal import Decimal, Inexact

import pytest

from shared.rcv.reports.numbers import EXACT, less, percentage, total, votes


def test_whole_ballots_are_written_without_places() -> None:
    """A pile that nobody elected has held is a whole number."""
    assert str(votes(60_000, 4, divided=False)) == "6"


def test_a_divided_ballot_shows_its_places_even_where_it_is_worth_nothing() -> None:
    """Nought at four places is "0.0000"."""
    assert str(votes(0, 4, divided=True)) == "0.0000"


def test_a_nought_of_many_places_is_written_with_an_exponent() -> None:
    """Java and Python write such a number alike."""
    assert [str(votes(0, places, divided=True)) for places in (6, 7, 8)] == ["0.000000", "0E-7", "0E-8"]


def test_a_sum_has_the_greatest_scale_of_its_parts() -> None:
    """Six and nought at four places are "6.0000"."""
    assert str(total([Decimal(6), Decimal("0.0000")])) == "6.0000"


def test_a_difference_has_the_greater_scale() -> None:
    """Six at four places less six is "0.0000"."""
    assert str(less(Decimal("6.0000"), Decimal(6))) == "0.0000"


def test_sums_lose_no_digit() -> None:
    """Twenty places and a million votes are more digits than Python's own context keeps."""
    assert (
        str(total([Decimal(1_000_000_000), Decimal("0.00000000000000000001")]))
        == "1000000000.00000000000000000001"
    )
    with pytest.raises(Inexact):
        EXACT.divide(Decimal(1), Decimal(3))


def test_whole_votes_that_are_not_whole_are_our_own_fault() -> None:
    """Half a vote cannot come of ballots that nobody divided."""
    with pytest.raises(AssertionError, match="nothing was divided"):
        votes(5, 1, divided=False)


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [
        ("7", "29", "24.13%"),
        ("6", "29", "20.68%"),
        ("2", "3", "66.66%"),
        ("1", "4", "25.0%"),
        ("1", "8", "12.5%"),
        ("1", "2000", "0.05%"),
        ("0", "29", "0.0%"),
        ("6.0000", "6.0000", "100.0%"),
        ("9999999999", "10000000000", "100.0%"),
    ],
)
def test_a_percentage_is_cut_to_two_decimals_after_seven_digits(part: str, whole: str, text: str) -> None:
    """A half is not rounded up, but seven digits of nines are."""
    assert percentage(Decimal(part), Decimal(whole)) == text


def test_there_is_no_percentage_of_nothing() -> None:
    """A contest without a vote has empty cells."""
    assert percentage(Decimal(0), Decimal(0)) == ""
