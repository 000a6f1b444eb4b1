"""Only the very next one is applied."""

from typing import NamedTuple

import pytest

from shared.runtime.watermark import Gap, is_next, joins, next_values


def test_the_next_one_is_applied_and_earlier_ones_are_skipped() -> None:
    """`==`, not `>=`."""
    assert is_next("verdict", 5, 5)
    assert not is_next("verdict", 5, 4)


def test_a_later_one_is_a_gap_and_says_how_much_is_missing() -> None:
    """Nothing is guessed."""
    with pytest.raises(Gap, match="expected 5, found 8; 3 missing"):
        is_next("verdict", 5, 8)


@pytest.mark.parametrize(
    ("since", "upto", "adds"), [(0, 5, False), (3, 5, False), (5, 7, True), (3, 7, True), (5, 5, False)]
)
def test_a_range_adds_where_it_joins_on(since: int, upto: int, *, adds: bool) -> None:
    """Old news is skipped; a range that overlaps the watermark brings absolute counts and is taken."""
    assert joins("shard", 5, since, upto) is adds


def test_a_range_that_starts_above_is_a_gap() -> None:
    """Something between has not been published."""
    with pytest.raises(Gap, match="expected 5, found 6"):
        joins("shard", 5, 6, 9)


class Numbered(NamedTuple):
    """A record."""

    offset: int
    value: bytes


@pytest.mark.parametrize(
    ("offsets", "taken"),
    [((), ()), ((5, 6, 7), (5, 6, 7)), ((3, 4, 5, 6), (5, 6)), ((3, 4), ()), ((4, 5, 5, 6), (5, 6))],
)
def test_of_records_read_again_only_the_next_ones_are_taken(
    offsets: tuple[int, ...], taken: tuple[int, ...]
) -> None:
    """Whatever stood before the position was applied."""
    records = [Numbered(offset, b"%d" % offset) for offset in offsets]

    assert next_values("offset", 5, records) == [b"%d" % offset for offset in taken]


@pytest.mark.parametrize("offsets", [(6,), (5, 7), (5, 6, 8)])
def test_a_missing_record_is_a_gap(offsets: tuple[int, ...]) -> None:
    """At the beginning, or between."""
    with pytest.raises(Gap):
        next_values("offset", 5, [Numbered(offset, b"") for offset in offsets])
