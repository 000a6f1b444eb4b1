"""Votes as text."""

from fractions import Fraction

import pytest

from shared.contract.standings import decimal
from shared.rcv.narrate.numbers import in_words, percent, points, readable, signed


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
        (221100000, 5, "2,211.00"),
        (131566424, 5, "1,315.66"),
        (500, 5, "0.01"),
        (499, 5, "0.00"),
        (39080, 0, "39,080"),
    ],
)
def test_readable_shows_two_places_half_up(units: int, places: int, text: str) -> None:
    """With separators, and no further."""
    assert readable(units, places) == text


def test_a_whole_number_of_votes_is_told_without_places() -> None:
    """A sentence says 2,729 votes, and 15.19 where they are not whole."""
    assert in_words(272900000, 5) == "2,729"
    assert in_words(1518877, 5) == "15.19"


def test_a_change_is_signed_and_none_is_nothing() -> None:
    """Gains and losses cannot be mixed up."""
    assert signed(9737, 0) == "+9,737"
    assert signed(-51800000, 5) == "-518.00"
    assert signed(0, 5) == ""


@pytest.mark.parametrize(
    ("part", "whole", "text"), [(1, 2, "50.0%"), (1, 3, "33.3%"), (2, 3, "66.7%"), (1, 0, "-")]
)
def test_a_share_has_one_place(part: int, whole: int, text: str) -> None:
    """Half up, and of nothing there is none."""
    assert percent(part, whole) == text


def test_points_are_percent_of_the_whole() -> None:
    """Two places on a screen, as many as asked for elsewhere."""
    assert points(Fraction(50653, 100_000)) == "50.65"
    assert points(Fraction(1, 3), 5) == "33.33333"
