"""What-ifs that are kept up while ballots arrive equal those of a cold count; pairs equal a count ballot by ballot."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contract.elections import Contest
from shared.rcv.count.normalise import normalise
from shared.rcv.count.profile import Profile, RankingCounts
from shared.rcv.live_scenarios import LiveScenarios
from shared.rcv.scenarios import pairwise, what_if
from tests.support.strategies import MAX_SECTIONS, contests, profiles, streams

WHOLE_BALLOTS = ("plurality", "supplementary", "irv", "bottoms-up", "electoral-college")


def profile_of(counts: RankingCounts, contest: Contest) -> Profile:
    """Return the profile of ballots."""
    return Profile.of(contest, MAX_SECTIONS, ((*ranking, ballots) for ranking, ballots in counts.items()))


@settings(max_examples=150)
@given(st.data())
def test_what_if_kept_up_equals_what_if_afresh_after_every_batch(data: st.DataObject) -> None:
    """Additions and retractions, in any batches, and somebody withdrawn and reinstated: every field of every answer."""
    contest = data.draw(
        contests(WHOLE_BALLOTS).filter(lambda of: of.rules.overvote != "exhaust-if-several-continue")
    )
    live = LiveScenarios(contest, MAX_SECTIONS)
    held: Counter[tuple[int, str]] = Counter()
    for batch in data.draw(streams(contest)):
        live.apply(batch)
        for section, marks, ballots in batch:
            held[section, marks] += ballots
        if data.draw(st.booleans()):
            assert live.what_if() == what_if(profile_of(held, contest), contest)
    gone = data.draw(st.sampled_from(contest.included))
    if len(contest.included) > 1:
        live.withdraw(gone)
        without = contest.excluding({gone})
        assert live.what_if() == what_if(profile_of(held, without), without)
        live.restore(gone)
    assert live.what_if() == what_if(profile_of(held, contest), contest)


@given(st.data())
def test_a_pair_is_what_each_ballot_prefers(data: st.DataObject) -> None:
    """Read from its choices, one by one: ranked before the other, or ranked alone; at one rank neither is preferred."""
    contest = data.draw(contests())
    counts = data.draw(profiles(contest))
    people = range(len(contest.candidates))
    expected = [[0 for _ in people] for _ in people]
    for (_, marks), ballots in counts.items():
        choices = normalise(marks, contest.rules).candidates
        place = {c: len(choices) for c in people}
        for at, choice in reversed(list(enumerate(choices))):
            place |= dict.fromkeys(
                (c for c in (choice if isinstance(choice, tuple) else (choice,)) if c >= 0), at
            )
        for a in people:
            for b in people:
                expected[a][b] += ballots * (place[a] < place[b])
    assert pairwise(profile_of(counts, contest)).tolist() == expected
