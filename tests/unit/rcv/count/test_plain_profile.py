"""Rankings held as lists are counted as their marks would be, and refused where they are not plain."""

from collections import Counter
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contract.ballots import format_marks
from shared.contract.elections import Method
from shared.rcv.count.plain_profile import PlainProfile
from shared.rcv.count.tabulate import tabulate, tabulate_counts
from tests.support.elections import contest
from tests.support.strategies import contests


@given(st.data())
def test_lists_count_as_their_marks_do(data: st.DataObject) -> None:
    """By every method; the order in which rankings are met changes nothing."""
    drawn = data.draw(contests(get_args(Method)))
    of = drawn.model_copy(update={"section_shares": ()})
    order = st.permutations(range(len(of.candidates)))
    ballot = order.flatmap(lambda order: st.integers(0, len(order)).map(lambda n: tuple(order[:n])))
    ballots = data.draw(st.lists(ballot, max_size=20))
    marks = Counter((0, format_marks([(c,) for c in ballot])) for ballot in ballots)
    assert tabulate(PlainProfile(ballots, of), of) == tabulate_counts(marks, of, 1)


@pytest.mark.parametrize(
    ("ballot", "found"), [((0, 4), "from 0 to 3"), ((-1,), "from 0 to 3"), ((2, 1, 2), r"found \(2, 1, 2\)")]
)
def test_a_ballot_that_is_not_plain_is_refused(ballot: tuple[int, ...], found: str) -> None:
    """Somebody outside the contest, or twice: nothing is guessed."""
    with pytest.raises(ValueError, match=found):
        PlainProfile([(0,), ballot], contest())
