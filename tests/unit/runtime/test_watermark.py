"""Only the very next one is applied."""

import pytest

from shared.runtime.watermark import Gap, is_next, joins


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
    """Something between has not been told."""
    with pytest.raises(Gap, match="expected 5, found 6"):
        joins("shard", 5, 6, 9)
