"""What if somebody drops out equals the count without; pairs equal a count ballot by ballot; kept up, both equal the cold ones."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contract.elections import Contest
from shared.rcv.count.live import open_method
from shared.rcv.count.normalise import normalise
from shared.rcv.count.profile import Profile, RankingCounts
from shared.rcv.count.tabulate import tabulate
from shared.rcv.live_scenarios import LiveScenarios, can_be_followed
from shared.rcv.scenarios import if_dropped_out, pairwise, safe, safe_up_to, what_if
from tests.support.strategies import MAX_SECTIONS, contests, profiles, streams

WHOLE_BALLOTS = ("plurality", "supplementary", "irv", "bottoms-up", "electoral-college")


def profile_of(counts: RankingCounts, contest: Contest) -> Profile:
    """Return the profile of ballots."""
    return Profile.of(contest, MAX_SECTIONS, ((*ranking, ballots) for ranking, ballots in counts.items()))


@settings(max_examples=150)
@given(st.data())
def test_a_drop_out_is_the_count_without_and_its_transfers_lead_there(data: st.DataObject) -> None:
    """Wherever whole ballots move: the first round without the candidate is the first round with, after the transfers."""
    contest = data.draw(
        contests(WHOLE_BALLOTS).filter(lambda of: of.rules.overvote != "exhaust-if-several-continue")
    )
    profile = profile_of(data.draw(profiles(contest)), contest)
    answers = what_if(profile, contest)

    assert answers.count == tabulate(profile, contest)
    for dropped in answers.drops:
        (candidate,) = dropped.candidates
        without = tabulate(profile, contest.excluding({candidate}))
        assert dropped.elected == without.elected
        votes = list(answers.count.rounds[0].votes)
        for transfer in dropped.transfers:
            votes[candidate] -= transfer.votes
            if transfer.target is not None:
                votes[transfer.target] += transfer.votes
        assert votes == list(without.rounds[0].votes)


@settings(max_examples=100)
@given(st.data())
def test_two_who_drop_out_are_the_count_without_both(data: st.DataObject) -> None:
    """By any method: every two who stand, once, and whoever is elected where neither was ever a candidate."""
    contest = data.draw(contests())
    profile = profile_of(data.draw(profiles(contest)), contest)
    of_two = what_if(profile, contest, with_two=True).of_two if contest.included else ()

    people = contest.included if len(contest.included) > 2 else ()
    assert [both.candidates for both in of_two] == [(a, b) for a in people for b in people if a < b]
    for both in of_two:
        assert both.elected == if_dropped_out(profile, contest, both.candidates).elected


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


@settings(max_examples=300)
@given(st.data())
def test_what_ifs_kept_up_are_the_cold_ones_after_every_batch(data: st.DataObject) -> None:
    """Ballots come and go, whatever the rules: write-ins, batches, minimums, ties by lot, by chance and by earlier rounds."""
    contest = data.draw(contests(("irv",), live=False).filter(can_be_followed))
    live = open_method(contest, MAX_SECTIONS)
    kept_up = LiveScenarios(contest, live.profile)
    counts: Counter[tuple[int, str]] = Counter()
    for batch in data.draw(streams(contest)):
        live.apply(batch)
        for section, marks, ballots in batch:
            counts[section, marks] += ballots
        assert kept_up.answers(live.count()) == what_if(profile_of(counts, contest), contest, with_two=True)


@settings(max_examples=150)
@given(st.data())
def test_an_election_is_safe_up_to_the_last_ballot_that_leaves_it_safe(data: st.DataObject) -> None:
    """With so many further ballots the call stands, with one more it does not."""
    contest = data.draw(contests(("irv",)))
    count = tabulate(profile_of(data.draw(profiles(contest)), contest), contest)
    up_to = safe_up_to(count)
    assert safe(count, (-1 if up_to is None else up_to) + 1).elected is None
    assert up_to is None or safe(count, up_to).elected is not None
