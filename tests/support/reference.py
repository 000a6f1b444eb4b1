"""Where the reference elections are: public ballots and the results that were published for them."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2].parent / "shared" / "data"

NOT_THERE = "no reference data at "
"""What a check says that is left out, before the path: `tests/conftest.py` counts them."""

RCTAB = (
    "2015_portland_mayor",
    "2015_portland_mayor_codes",
    "aliases_cdf_json",
    "aliases_ess_xlsx",
    "clear_ballot_kansas_primary",
    "clear_ballot_with_inline_comma",
    "continue_tabulation_test",
    "csv_missing_header_test",
    "dominion_alaska",
    "duplicate_test",
    "excluded_test",
    "hart_cedar_park_school_board",
    "hart_travis_county_officers",
    "minneapolis_multi_seat_threshold",
    "more_winners_than_candidates",
    "multi_seat_bottoms_up_with_static_threshold",
    "precinct_example",
    "sequential_with_batch",
    "skip_to_next_test",
    "stop_tabulation_early_test",
    "test_set_0_skipped_first_choice",
    "test_set_1_exhaust_at_overvote",
    "test_set_2_overvote_skip_to_next",
    "test_set_3_skipped_choice_exhaust",
    "test_set_4_skipped_choice_next",
    "test_set_6_duplicate_exhaust",
    "test_set_7_duplicate_skip_to_next",
    "test_set_8_multi_cdf",
    "test_set_multi_winner_whole_threshold",
    "tiebreak_seed_test",
)
"""Folders of RCTab's public test suite with reports to be held against: named, so that they are missed where they are not."""


def data(*parts: str) -> Path:
    """Return a file or folder of the reference data; leave the check out where there is none."""
    path = FOLDER.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"{NOT_THERE}{path}")
    return path
