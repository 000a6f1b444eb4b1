"""Votes, shares and points as people read them: exact, and rounded half up where they are rounded."""

from fractions import Fraction

import pytest

from services.results.numbers import brief, number, percent, points, signed, width


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


def test_a_sentence_leaves_the_zeros_of_whole_votes_out() -> None:
    """2,211 is a quota; 2,211.00001 is not the same number."""
    assert (brief(221_100_000, 5), brief(221_100_001, 5), brief(12, 0)) == ("2,211", "2,211.00001", "12")


def test_a_change_has_its_sign_and_no_change_is_a_dash() -> None:
    """Votes gained, a surplus passed on, nothing."""
    assert [signed(n, 1) for n in (15, -15, 0)] == ["+1.5", "\N{MINUS SIGN}1.5", "\N{EN DASH}"]


def test_shares_are_rounded_half_up() -> None:
    """An eighth of a percent is no matter of how a machine holds it."""
    assert [percent(n, 2000) for n in (1, 3, 1001, 2000)] == ["0.1%", "0.2%", "50.1%", "100.0%"]
    assert percent(1, 0) == "-"


def test_points_of_a_college_have_two_decimals() -> None:
    """A third, two thirds, an exact half of the last place, and points lost."""
    scores = (Fraction(1, 3), Fraction(2, 3), Fraction(50_645, 100_000), Fraction(-1, 3))
    assert [points(score) for score in scores] == ["33.33", "66.67", "50.65", "\N{MINUS SIGN}33.33"]


def test_bars_are_drawn_to_the_longest() -> None:
    """Of 100; nothing is drawn of nothing."""
    assert (width(1, 3), width(3, 3), width(0, 0)) == ("33.33", "100.00", "0")
