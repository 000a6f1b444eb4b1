"""Each rule that turns marks into choices, one at a time and where two meet."""

import pytest

from shared.contract.ballots import UNNAMED
from shared.contract.elections import Rules
from shared.contract.standings import Ending
from shared.rcv.count.normalise import Choices, normalise


def test_a_clean_ranking_is_its_own_choices() -> None:
    """Most ballots say exactly what they mean."""
    assert normalise("3>1>0", Rules()) == Choices((3, 1, 0), Ending.EXHAUSTED)


def test_a_ballot_without_a_mark_is_blank() -> None:
    """It never said anything; nor did one whose only mark is beyond the ranks that count."""
    assert normalise("", Rules()) == Choices((), Ending.BLANK)
    assert normalise(">>0", Rules(max_ranks=2)) == Choices((), Ending.BLANK)


@pytest.mark.parametrize("marks", ["*", "0=1", "0=1>>1=2"])
def test_a_ballot_of_overvotes_that_are_passed_over_has_no_choices_left(marks: str) -> None:
    """It said something, of which nothing can be counted."""
    assert normalise(marks, Rules(overvote="skip")) == Choices((), Ending.EXHAUSTED)


def test_an_overvote_is_left_to_the_round_where_the_round_decides_of_it() -> None:
    """Whom it names stays as marked; a candidate who stands alone still counts once."""
    rules = Rules(overvote="exhaust-if-several-continue")
    assert normalise("0>1=2>0>*>3", rules) == Choices((0, (1, 2), UNNAMED, 3), Ending.EXHAUSTED)


def test_ranks_beyond_the_limit_are_ignored() -> None:
    """Three ranks count: what the fourth says is neither a choice nor a fault."""
    rules = Rules(max_ranks=3, repeated_candidate="exhaust")
    assert normalise("0>1>2>3", rules) == Choices((0, 1, 2), Ending.EXHAUSTED)
    assert normalise("0>1>2>0", rules) == Choices((0, 1, 2), Ending.EXHAUSTED)


def test_an_overvote_exhausts_the_ballot_there() -> None:
    """What stands before it counts, what stands after it does not."""
    assert normalise("2>0=1>3", Rules(overvote="exhaust")) == Choices((2,), Ending.OVERVOTE)


def test_an_overvote_can_be_passed_over() -> None:
    """The next rank is the next choice, and the overvoted candidates can still be chosen there."""
    assert normalise("2>0=1>0", Rules(overvote="skip")) == Choices((2, 0), Ending.EXHAUSTED)


def test_an_overvote_at_the_first_rank_is_named_as_such() -> None:
    """It stands with nobody from the first round, but it is no blank ballot."""
    assert normalise("0=1>2", Rules(overvote="exhaust")) == Choices((), Ending.OVERVOTE)


def test_blank_ranks_are_passed_over_without_a_limit() -> None:
    """Any run of blanks leads to the next mark."""
    assert normalise(">>0>>>1", Rules(max_skipped_ranks=None)) == Choices((0, 1), Ending.EXHAUSTED)


@pytest.mark.parametrize(
    ("allowed", "choices"),
    [
        (0, Choices((), Ending.SKIPPED)),
        (1, Choices((0,), Ending.SKIPPED)),
        (2, Choices((0, 1), Ending.EXHAUSTED)),
    ],
)
def test_a_longer_run_of_blanks_than_allowed_exhausts_the_ballot(allowed: int, choices: Choices) -> None:
    """The run counts, not the sum: one blank, a mark, then two blanks."""
    assert normalise(">0>>>1", Rules(max_skipped_ranks=allowed)) == choices


def test_a_rank_left_blank_after_the_last_counted_mark_was_not_skipped() -> None:
    """The mark at the fourth rank is not looked at, so nothing comes after the blanks."""
    assert normalise("0>>>1", Rules(max_ranks=3, max_skipped_ranks=0)) == Choices((0,), Ending.EXHAUSTED)


def test_an_overvote_that_is_passed_over_is_no_blank_rank() -> None:
    """The run of blanks starts again after it."""
    rules = Rules(overvote="skip", max_skipped_ranks=1)
    assert normalise("0>>1=2>>3", rules) == Choices((0, 3), Ending.EXHAUSTED)


def test_a_repeated_candidate_is_passed_over() -> None:
    """Saying it twice adds nothing and harms nothing."""
    assert normalise("0>0>1>0>2", Rules(repeated_candidate="skip")) == Choices((0, 1, 2), Ending.EXHAUSTED)


def test_a_repeated_candidate_can_exhaust_the_ballot() -> None:
    """It stops at the second naming."""
    assert normalise("0>1>0>2", Rules(repeated_candidate="exhaust")) == Choices((0, 1), Ending.REPEATED)


def test_a_candidate_named_in_an_overvote_counts_as_named() -> None:
    """An overvote chooses nobody, but the ballot has named its candidates all the same."""
    rules = Rules(overvote="skip", repeated_candidate="exhaust")
    assert normalise("3>0=1>1>2", rules) == Choices((3,), Ending.REPEATED)


def test_the_earliest_stop_ends_the_ballot() -> None:
    """An overvote at the second rank comes before a repeat at the third."""
    rules = Rules(overvote="exhaust", repeated_candidate="exhaust", max_skipped_ranks=0)
    assert normalise("0>1=2>0>>3", rules) == Choices((0,), Ending.OVERVOTE)


@pytest.mark.parametrize(("marks", "ending"), [("0>>0=1", Ending.SKIPPED), ("0>0=1", Ending.REPEATED)])
def test_stops_at_one_rank_are_named_in_a_fixed_order(marks: str, ending: Ending) -> None:
    """Skipped ranks before a repeat, a repeat before an overvote."""
    rules = Rules(overvote="exhaust", repeated_candidate="exhaust", max_skipped_ranks=0)
    assert normalise(marks, rules) == Choices((0,), ending)
