"""Small contests of every method, from fixed seeds: the live count and the trace agree with the cold count.

The contests are those both tabulators count in `test_two_tabulators`; the property tests look further.
"""

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import get_args

import pytest

from shared.contract.elections import Contest, Method
from shared.rcv.count.live import LiveMethod, open_method
from shared.rcv.count.profile import RankingCounts
from shared.rcv.count.rounds import Round
from shared.rcv.count.tabulate import tabulate_counts
from tests.support.facts import check_trace
from tests.support.strategies import MAX_SECTIONS
from tests.unit.rcv.count.test_two_tabulators import any_contest, any_profile

SEEDS = 30
"""Contests a method."""


def small_contests(method: Method) -> Iterator[tuple[Contest, RankingCounts, RankingCounts]]:
    """Yield contests whose votes decide, each with two profiles."""
    for seed in range(SEEDS):
        chance = Random(f"{method}/{seed}")
        contest = any_contest(chance, method)
        rules = contest.rules.model_copy(update={"minimum_votes": 0, "cutoff_elimination": False})
        people = len(contest.candidates)
        yield (
            contest.model_copy(update={"rules": rules}),
            any_profile(chance, people),
            any_profile(chance, people),
        )


@pytest.mark.parametrize("method", get_args(Method))
def test_a_trace_says_where_every_vote_is(method: Method) -> None:
    """Holders, values and what the elected keep add up to the votes of each round."""
    for contest, profile, _ in small_contests(method):
        check_trace(profile, contest)


@pytest.mark.parametrize("method", get_args(Method))
def test_a_live_count_is_the_cold_one_whoever_comes_and_goes(method: Method) -> None:
    """Ballots arrive and leave, a candidate withdraws and comes back: always the count of what stands."""
    for contest, first, second in small_contests(method):
        live = open_method(contest, MAX_SECTIONS)
        live.apply((section, marks, ballots) for (section, marks), ballots in first.items())
        assert live.count() == tabulate_counts(first, contest, MAX_SECTIONS)
        live.apply((section, marks, ballots) for (section, marks), ballots in second.items())
        both = Counter(first) + Counter(second)
        assert live.count() == tabulate_counts(both, contest, MAX_SECTIONS)
        check_withdrawal(live, contest, both)
        live.apply((section, marks, -ballots) for (section, marks), ballots in first.items())
        assert live.count() == tabulate_counts(second, contest, MAX_SECTIONS)


@pytest.mark.parametrize("method", get_args(Method))
def test_every_figure_of_a_count_is_a_whole_number(method: Method) -> None:
    """Python's own integers, which have no size and lose nothing; rounds are numbered from one."""
    for contest, profile, _ in small_contests(method):
        rounds = tabulate_counts(profile, contest, MAX_SECTIONS).rounds
        assert [round_.number for round_ in rounds] == list(range(1, len(rounds) + 1))
        for round_ in rounds:
            assert {type(figure) for figure in figures(round_)} <= {int}


def figures(round_: Round) -> Iterator[object]:
    """Yield all that a round counts."""
    yield from (round_.number, round_.run, *round_.residue_by_section, *round_.continuing, *round_.seated)
    for votes, inactive in zip(round_.votes_by_section, round_.inactive_by_section, strict=True):
        yield from (*votes, *inactive.values())
    for transfer in round_.transfers:
        yield from (transfer.source, transfer.votes)
    for decision in round_.decisions:
        yield from (decision.candidate, *decision.tied)
    optional = [round_.threshold, *(decision.margin for decision in round_.decisions)]
    yield from (figure for figure in optional if figure is not None)


def check_withdrawal(live: LiveMethod, contest: Contest, profile: RankingCounts) -> None:
    """Without its first candidate a contest counts as if they had never stood, and with them again as before."""
    live.withdraw(0)
    assert live.count() == tabulate_counts(profile, contest.excluding({0}), MAX_SECTIONS)
    live.restore(0)
    assert live.count() == tabulate_counts(profile, contest, MAX_SECTIONS)
