"""Whatever is cast and taken back, the live count, the reference and the audit tell one story."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit import tabulate as audit
from services.counting.core.methods import open_method
from services.counting.core.normalise import normalise
from services.counting.core.rounds import Count
from services.counting.core.tabulate import Profile, tabulate
from shared.contract.ballots import format_marks, parse_marks
from shared.contract.elections import Contest, Rules
from tests.support.strategies import (
    MAX_CANDIDATES,
    MAX_SECTIONS,
    contests,
    profiles,
    rules,
    streams,
    untidy_marks,
)

THOROUGHLY = settings(max_examples=4 * settings().max_examples)


def in_ids(count: Count, contest: Contest) -> list[audit.Round]:
    """Return a count as the audit tells it."""
    ids = [candidate.id for candidate in contest.candidates]
    return [
        audit.Round(
            votes={ids[c]: round_.votes[c] for c in round_.continuing},
            inactive={ending: ballots for ending, ballots in round_.inactive.items() if ballots},
            eliminated=next((ids[c] for c in round_.eliminated), None),
            elected=next((ids[c] for c in round_.elected), None),
        )
        for round_ in count.rounds
    ]


def tabulated(profile: Profile, contest: Contest) -> Count:
    """Return the reference count over all the sections there can be."""
    return tabulate(profile, contest, MAX_SECTIONS)


@THOROUGHLY
@given(st.data())
def test_the_live_count_equals_the_reference_after_every_batch(data: st.DataObject) -> None:
    """Additions and retractions, in any batches: every field of every round is the reference's."""
    contest = data.draw(contests())
    live = open_method(contest, MAX_SECTIONS)
    profile: Counter[tuple[int, str]] = Counter()
    for batch in data.draw(streams(contest)):
        live.apply(batch)
        for section, marks, ballots in batch:
            profile[section, marks] += ballots
        assert live.count() == tabulated(profile, contest)


@given(st.data())
def test_batches_change_nothing(data: st.DataObject) -> None:
    """One batch, or a count between any two changes: the same rounds at the end."""
    contest = data.draw(contests())
    changes = [change for batch in data.draw(streams(contest)) for change in batch]
    at_once, one_by_one = open_method(contest, MAX_SECTIONS), open_method(contest, MAX_SECTIONS)
    at_once.apply(changes)
    for change in changes:
        one_by_one.apply([change])
        one_by_one.count()
    assert at_once.count() == one_by_one.count()


@given(st.data())
def test_taking_every_ballot_back_leaves_an_empty_count(data: st.DataObject) -> None:
    """What was cast in any order can be taken back in the opposite one."""
    contest = data.draw(contests())
    live = open_method(contest, MAX_SECTIONS)
    batches = data.draw(streams(contest))
    for batch in batches:
        live.apply(batch)
        live.count()
    for batch in reversed(batches):
        live.apply([(section, marks, -ballots) for section, marks, ballots in batch])
        live.count()
    assert live.count() == tabulated({}, contest)


@THOROUGHLY
@given(st.data())
def test_the_audit_agrees_with_the_reference(data: st.DataObject) -> None:
    """Two programs written apart give the same votes, inactive ballots and decisions in every round."""
    contest = data.draw(contests())
    profile = data.draw(profiles(contest))
    assert audit.tabulate(profile, contest) == in_ids(tabulated(profile, contest), contest)


@THOROUGHLY
@given(st.data(), rules)
def test_both_tabulators_read_a_paper_alike(data: st.DataObject, of: Rules) -> None:
    """Whoever continues, the audit reads down to the holder that stands first on the reference's path."""
    marks = data.draw(untidy_marks(MAX_CANDIDATES))
    continues = data.draw(st.lists(st.booleans(), min_size=MAX_CANDIDATES, max_size=MAX_CANDIDATES))
    choices = normalise(marks, of)
    holder = next((c for c in choices.candidates if continues[c]), choices.ending)
    assert audit._pile(marks, of, continues) == holder


@given(st.data())
def test_no_round_gains_or_loses_a_ballot(data: st.DataObject) -> None:
    """Votes and inactive ballots add up to the ballots cast, in every round and along every transfer."""
    contest = data.draw(contests())
    profile = data.draw(profiles(contest))
    tabulated(profile, contest).check(sum(profile.values()))


@given(st.data())
def test_the_order_of_ballots_does_not_matter(data: st.DataObject) -> None:
    """The profile is a multiset."""
    contest = data.draw(contests())
    profile = data.draw(profiles(contest))
    shuffled = dict(data.draw(st.permutations(list(profile.items()))))
    assert tabulated(shuffled, contest) == tabulated(profile, contest)


@given(st.data())
def test_the_order_of_candidates_on_the_paper_does_not_matter(data: st.DataObject) -> None:
    """Print the candidates in another order, ties and all: in their names nothing changes, for the lot is by id."""
    contest = data.draw(contests())
    profile = data.draw(profiles(contest))
    order = data.draw(st.permutations(range(len(contest.candidates))))
    reprinted = contest.model_copy(update={"candidates": tuple(contest.candidates[c] for c in order)})
    remarked = {
        (section, format_marks([[order.index(c) for c in rank] for rank in parse_marks(marks)])): ballots
        for (section, marks), ballots in profile.items()
    }
    assert in_ids(tabulated(remarked, reprinted), reprinted) == in_ids(tabulated(profile, contest), contest)


@given(st.data())
def test_sections_only_divide_the_count(data: st.DataObject) -> None:
    """Counted as one section, the same ballots give the same decisions and totals."""
    contest = data.draw(contests())
    profile = data.draw(profiles(contest))
    merged: Counter[tuple[int, str]] = Counter()
    for (_, marks), ballots in profile.items():
        merged[0, marks] += ballots
    assert in_ids(tabulate(merged, contest, 1), contest) == in_ids(tabulated(profile, contest), contest)
