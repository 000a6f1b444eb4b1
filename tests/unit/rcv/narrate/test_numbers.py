"""Votes, shares and points as people read them: exact, and rounded half up where they are rounded."""

from fractions import Fraction

import pytest

from shared.contract.standings import decimal
from shared.rcv.narrate.numbers import SHOWN_PLACES, brief, number, percent, points, signed


@pytest.mark.parametrize(
    ("units", "places", "text"),
    [
        (221100000, 5, "2211.00000"),
        (1, 5, "0.00001"),
        (39080, 0, "39080"),
        (-5, 1, "-0.5"),
        (0, 9, "0.000000000"),
    ],
)
def test_exact_has_every_place(units: int, places: int, text: str) -> None:
    """As many as the rule counts with, none dropped."""
    assert decimal(units, places) == text


@pytest.mark.parametrize(
    ("units", "places", "text"),
    [
        (422_664, 0, "422,664"),
        (131_566_424, 5, "1,315.66424"),
        (221_100_000, 5, "2,211.00000"),
        (851, 5, "0.00851"),
        (-851, 5, "\N{MINUS SIGN}0.00851"),
        (0, 0, "0"),
        (10**27 + 1, 9, "1,000,000,000,000,000,000.000000001"),
    ],
)
def test_a_number_has_every_decimal(units: int, places: int, text: str) -> None:
    """Thousands apart, as many decimals as the count has, none if it has none."""
    assert number(units, places) == text


@pytest.mark.parametrize(
    ("units", "places", "text"),
    [
        (221100000, 5, "2,211.00"),
        (131566424, 5, "1,315.66"),
        (500, 5, "0.01"),
        (499, 5, "0.00"),
        (-499, 5, "0.00"),
        (39080, 0, "39,080"),
    ],
)
def test_a_terminal_shows_two_places_half_up(units: int, places: int, text: str) -> None:
    """With separators, and no further."""
    assert number(units, places, SHOWN_PLACES) == text


def test_a_whole_number_of_votes_has_no_places() -> None:
    """A sentence says 2,729 votes, and 15.19 where they are not whole."""
    assert brief(272900000, 5) == "2,729"
    assert brief(1518877, 5) == "15.19"


def test_a_sentence_leaves_the_zeros_of_whole_votes_out() -> None:
    """2,211 is a quota; 2,211.00001 is not the same number."""
    assert (brief(221_100_000, 5), brief(221_100_001, 5), brief(12, 0)) == ("2,211", "2,211.00001", "12")
    assert (brief(221_099_999, 5), brief(1, 9)) == ("2,210.99999", "0.000000001")


def test_a_change_has_its_sign_and_no_change_is_nothing() -> None:
    """Votes gained, a surplus passed on, nothing: gains and losses cannot be mixed up."""
    assert [signed(n, 1) for n in (15, -15, 0)] == ["+1.5", "\N{MINUS SIGN}1.5", ""]
    assert signed(9737, 0) == "+9,737"
    assert signed(-51800000, 5, SHOWN_PLACES) == "\N{MINUS SIGN}518.00"


@pytest.mark.parametrize(
    ("part", "whole", "text"), [(1, 2, "50.0%"), (1, 3, "33.3%"), (2, 3, "66.7%"), (1, 0, "-")]
)
def test_a_share_has_one_place(part: int, whole: int, text: str) -> None:
    """Half up, and of nothing there is none."""
    assert percent(part, whole) == text


def test_shares_are_rounded_half_up() -> None:
    """An eighth of a percent is no matter of how a machine holds it."""
    assert [percent(n, 2000) for n in (1, 3, 1001, 2000)] == ["0.1%", "0.2%", "50.1%", "100.0%"]


def test_points_of_a_college_have_two_decimals() -> None:
    """A third, two thirds, an exact half of the last place, and points lost; as many as asked for elsewhere."""
    scores = (Fraction(1, 3), Fraction(2, 3), Fraction(50_645, 100_000), Fraction(-1, 3))
    assert [points(score) for score in scores] == ["33.33", "66.67", "50.65", "\N{MINUS SIGN}33.33"]
    assert points(Fraction(50653, 100_000)) == "50.65"
    assert points(Fraction(1, 3), 5) == "33.33333"
