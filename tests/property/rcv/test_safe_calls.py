"""What is called safe stays so, whatever the ballots still out turn out to say."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from shared.contract.elections import Contest
from shared.rcv.count.tabulate import tabulate_counts
from shared.rcv.scenarios import safe, safe_up_to
from tests.support.strategies import MAX_SECTIONS, contests, marks, profiles


@given(st.data())
def test_no_ballot_still_out_changes_a_safe_call(data: st.DataObject) -> None:
    """Cast up to as many as were out: those called fall in the called order of groups, the certain one is elected."""
    contest = without_minimum(data.draw(contests(["irv"])))
    profile = Counter(data.draw(profiles(contest)))
    out = data.draw(st.integers(0, 6))
    called = safe(tabulate_counts(profile, contest, MAX_SECTIONS), out)
    for ranking in data.draw(st.lists(marks(len(contest.candidates)), max_size=out)):
        profile[0, ranking] += 1
    after = tabulate_counts(profile, contest, MAX_SECTIONS)
    gone = [d.candidate for r in after.rounds for d in r.decisions if d.outcome == "eliminated"]
    for call in called.calls:
        first, gone = gone[: len(call.eliminated)], gone[len(call.eliminated) :]
        assert set(first) <= set(call.eliminated), "others fell before those who were called"
        if len(first) < len(call.eliminated):
            break
    if called.elected is not None:
        assert after.elected == (called.elected,)


@given(st.data())
def test_what_is_safe_with_more_ballots_outstanding_is_safe_with_fewer(data: st.DataObject) -> None:
    """So the most with which an election is certain can be found by halving."""
    contest = without_minimum(data.draw(contests(["irv"])))
    count = tabulate_counts(data.draw(profiles(contest)), contest, MAX_SECTIONS)
    most = safe_up_to(count)
    ballots = sum(count.rounds[0].ballots_by_section)
    certain = [safe(count, outstanding).elected is not None for outstanding in range(ballots + 2)]
    assert certain.count(True) == (0 if most is None else most + 1)
    assert certain == sorted(certain, reverse=True)


def without_minimum(contest: Contest) -> Contest:
    """Return the contest in which nobody falls for having too few votes."""
    return contest.model_copy(update={"rules": contest.rules.model_copy(update={"minimum_votes": 0})})
