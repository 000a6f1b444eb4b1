"""Whatever is cast and taken back, the live count, the reference and the audit agree."""

import os
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.audit import tabulate as audit
from shared.contract.ballots import UNNAMED, format_marks, parse_marks
from shared.contract.elections import Contest, Rules
from shared.contract.standings import Ending
from shared.rcv.count.live import open_method
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.profile import WORTH_COLUMNS, Profile
from shared.rcv.count.rounds import Count
from shared.rcv.count.tabulate import tabulate_counts, trace
from tests.support.facts import audit_facts, check_trace, core_facts, tabulated
from tests.support.strategies import (
    MAX_CANDIDATES,
    MAX_SECTIONS,
    contests,
    marks,
    profiles,
    reading,
    streams,
)

CONTESTS = int(os.environ.get("LIVECOUNT_CONTESTS", "400"))
"""Random contests that both tabulators count: `make test` takes 10,000, `make test CONTESTS=…` any number."""

OFTEN = settings(max_examples=CONTESTS)


@settings(max_examples=min(CONTESTS, max(100, CONTESTS // 10)))
@given(st.data())
def test_the_live_count_equals_the_reference_after_every_batch(data: st.DataObject) -> None:
    """Additions and retractions, in any batches: every field of every round is the reference's."""
    contest = data.draw(contests(live=False))
    live = open_method(contest, MAX_SECTIONS)
    profile: Counter[tuple[int, str]] = Counter()
    for batch in data.draw(streams(contest)):
        live.apply(batch)
        for section, ranking, ballots in batch:
            profile[section, ranking] += ballots
        assert live.count() == tabulated(profile, contest)


@given(st.data())
def test_batches_change_nothing(data: st.DataObject) -> None:
    """One batch, or a count between any two changes: the same rounds at the end."""
    contest = data.draw(contests(live=False))
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
    contest = data.draw(contests(live=False))
    live = open_method(contest, MAX_SECTIONS)
    batches = data.draw(streams(contest))
    for batch in batches:
        live.apply(batch)
        live.count()
    for batch in reversed(batches):
        live.apply([(section, marks, -ballots) for section, marks, ballots in batch])
        live.count()
    assert live.count() == tabulated({}, contest)


@OFTEN
@pytest.mark.timeout(3600)
@given(st.data())
def test_the_audit_agrees_with_the_core(data: st.DataObject) -> None:
    """Two programs written apart give the same votes, inactive ballots, residues and decisions in every round."""
    contest = data.draw(contests(live=False))
    profile = data.draw(profiles(contest))
    counted = core_facts(tabulated(profile, contest), contest)
    assert audit_facts(audit.tabulate(profile, contest), contest) == counted


def by_name(
    count: Count, contest: Contest
) -> list[tuple[dict[str, int], dict[str, int], set[str], set[str]]]:
    """Return what a count says, whatever the order of the candidates on the ballot."""
    ids = [candidate.id for candidate in contest.candidates]
    return [
        (
            {ids[c]: round_.votes[c] for c in (*round_.continuing, *round_.seated)},
            {str(ending): votes for ending, votes in round_.inactive.items()},
            {ids[c] for c in round_.eliminated},
            {ids[c] for c in round_.elected},
        )
        for round_ in count.rounds
    ]


@given(st.data())
def test_no_round_gains_or_loses_a_vote(data: st.DataObject) -> None:
    """Votes, inactive ones and residue add up to the ballots cast, in every round and along every transfer."""
    contest = data.draw(contests(live=False))
    profile = data.draw(profiles(contest))
    tabulated(profile, contest).check(sum(profile.values()))


@given(st.data())
def test_votes_that_became_inactive_stay_so(data: st.DataObject) -> None:
    """No reason ever loses a vote, within a run."""
    contest = data.draw(contests(live=False))
    count = tabulated(data.draw(profiles(contest)), contest)
    for this, following in pairwise(count.rounds):
        if this.run == following.run:
            assert all(following.inactive[ending] >= votes for ending, votes in this.inactive.items())


@given(st.data())
def test_the_order_of_ballots_does_not_matter(data: st.DataObject) -> None:
    """The profile is a multiset."""
    contest = data.draw(contests(live=False))
    profile = data.draw(profiles(contest))
    shuffled = dict(data.draw(st.permutations(list(profile.items()))))
    assert tabulated(shuffled, contest) == tabulated(profile, contest)


@given(st.data())
def test_the_order_of_candidates_on_the_ballot_does_not_matter(data: st.DataObject) -> None:
    """Print the candidates in another order: in their names nothing changes, for no lot goes by their places."""
    contest = data.draw(contests().filter(lambda contest: contest.rules.ties != "candidate-order"))
    profile = data.draw(profiles(contest))
    order = data.draw(st.permutations(range(len(contest.candidates))))
    reprinted = contest.model_copy(update={"candidates": tuple(contest.candidates[c] for c in order)})
    remarked: Counter[tuple[int, str]] = Counter()
    for (section, ranking), ballots in profile.items():
        ranks = (
            rank if rank == UNNAMED else tuple(order.index(c) for c in rank) for rank in parse_marks(ranking)
        )
        remarked[section, format_marks(list(ranks))] += ballots
    assert by_name(tabulated(remarked, reprinted), reprinted) == by_name(tabulated(profile, contest), contest)


@given(st.data())
def test_sections_only_divide_the_count(data: st.DataObject) -> None:
    """Counted as one section, the same ballots give the same decisions and totals, unless sections have shares."""
    contest = data.draw(contests().filter(lambda contest: contest.method != "electoral-college"))
    profile = data.draw(profiles(contest))
    merged: Counter[tuple[int, str]] = Counter()
    for (_, ranking), ballots in profile.items():
        merged[0, ranking] += ballots
    assert by_name(tabulate_counts(merged, contest, 1), contest) == by_name(
        tabulated(profile, contest), contest
    )


@given(st.data())
def test_a_trace_says_where_every_vote_of_every_round_is(data: st.DataObject) -> None:
    """Summed over the rows: what each holder has, what each elected candidate kept; the residue is all that is missing."""
    contest = data.draw(contests(live=False))
    check_trace(data.draw(profiles(contest)), contest)


@settings(max_examples=min(CONTESTS, max(200, CONTESTS // 10)))
@given(st.data())
def test_every_ballot_rests_for_its_true_reason(data: st.DataObject) -> None:
    """Exhausted only if no rank that counts names a continuing candidate; not needed only once no seat is left."""
    contest = data.draw(contests(live=False))
    profile = data.draw(profiles(contest))
    rankings = Profile.of(contest, MAX_SECTIONS)
    rankings.add((section, marks, ballots) for (section, marks), ballots in profile.items())
    traced = trace(rankings, contest)
    for place, (round_, snapshot) in enumerate(zip(traced.count.rounds, traced.snapshots, strict=True)):
        elected = [c for before in traced.count.rounds[:place] for c in before.elected]
        for section, ranking in profile:
            holder = int(snapshot.holder[rankings.row(section, ranking)]) - len(contest.candidates)
            reason = None if holder < 0 else ENDINGS[holder]
            ranks = parse_marks(ranking)[: contest.rules.max_ranks]
            assert (reason is Ending.BLANK) == (not any(ranks))
            if reason is Ending.EXHAUSTED:
                counted = [rank for rank in ranks if contest.rules.overvote != "skip" or len(rank) == 1]
                assert {c for rank in counted for c in rank}.isdisjoint(round_.continuing)
            if reason is Ending.SURPLUS:
                assert len(elected) + len(round_.elected) == contest.seats, "a seat is left"


@given(st.data(), reading)
def test_plain_ballots_read_in_columns_say_what_they_say_alone(
    data: st.DataObject, of: dict[str, Any]
) -> None:
    """Read together, some after the other or one by one: the same rows, paths and ballots."""
    rankings = data.draw(st.lists(marks(MAX_CANDIDATES), min_size=WORTH_COLUMNS, max_size=40))
    together = Profile(MAX_CANDIDATES, 1, Rules(**of))
    alone = Profile(MAX_CANDIDATES, 1, Rules(**of))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("shared.rcv.count.profile.MOST_AT_ONCE", data.draw(st.integers(5, 40)))
        together.add([(0, ranking, 1) for ranking in rankings])
    for ranking in rankings:
        alone.add([(0, ranking, 1)])
    assert len(together) == len(alone)
    assert rows_of(together) == rows_of(alone)


def rows_of(rankings: Profile) -> Counter[tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]]:
    """Return how many ballots lie in which row, whatever their order."""
    paths, _, ballots = rankings.columns()
    rows: Counter[tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]] = Counter()
    for row, (path, number) in enumerate(zip(paths.tolist(), ballots.tolist(), strict=True)):
        several = tuple(named for (at, _), named in sorted(rankings.several.items()) if at == row)
        ending = path.index(path[-1])
        rows[tuple(path[: ending + 1]), several] += number
    return rows
