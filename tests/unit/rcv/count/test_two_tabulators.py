"""Small contests of every method, from fixed seeds: the core and the audit's tabulator agree.

Quick and always the same, so that a changed rule is noticed at once; the property tests look further.
"""

from collections import Counter
from random import Random
from typing import Any, get_args

import pytest

from services.audit import tabulate as audit
from shared.contract.ballots import UNNAMED, format_marks
from shared.contract.elections import BY_STATUTE, Candidate, Contest, Method, Rules
from shared.rcv.count.profile import RankingCounts
from shared.rcv.count.tabulate import tabulate_counts
from tests.support.facts import Facts, audit_facts, core_facts
from tests.support.strategies import MAX_SECTIONS, SEVERAL_SEATS

SEEDS = 80
"""Contests a method."""

TIES = ("lot", "random", "earlier-rounds-then-random", "candidate-order", "permutation")


@pytest.mark.parametrize("method", get_args(Method))
def test_small_contests_are_counted_the_same_twice(method: Method) -> None:
    """Votes, inactive ballots, residue, scores and decisions of each round, or the same refusal to decide."""
    for seed in range(SEEDS):
        chance = Random(f"{method}/{seed}")
        contest = any_contest(chance, method)
        profile = any_profile(chance, len(contest.candidates))
        assert core_story(profile, contest) == audit_story(profile, contest), f"seed {seed}"


def core_story(profile: RankingCounts, contest: Contest) -> list[Facts] | str:
    """Return what the core says, of a count that loses no vote, or that it refuses."""
    try:
        count = tabulate_counts(profile, contest, MAX_SECTIONS)
    except ValueError:
        return "refused"
    return core_facts(count.check(sum(profile.values())), contest)


def audit_story(profile: RankingCounts, contest: Contest) -> list[Facts] | str:
    """Return what the audit says, or that it refuses."""
    try:
        return audit_facts(audit.tabulate(profile, contest), contest)
    except ValueError:
        return "refused"


def any_contest(chance: Random, method: Method) -> Contest:
    """Return a contest of few candidates, with any switches."""
    people = chance.randint(3, 6)
    by_statute = method in BY_STATUTE
    percentage = chance.choice([None, chance.randint(1, 60)]) if method == "bottoms-up" else None
    seats = chance.randint(1, 3) if method in SEVERAL_SEATS else 1
    return Contest(
        id="small",
        title="Small",
        method=method,
        seats=seats if percentage is None else 0,
        candidates=tuple(
            Candidate(
                id=f"c{place}",
                name=f"Candidate {place}",
                excluded=place > 0 and chance.random() < 0.1,
                write_in=place == people - 1 and not by_statute and chance.random() < 0.2,
            )
            for place in range(people)
        ),
        rules=any_rules(chance, method, percentage),
        lot=str(chance.randint(0, 99)),
        section_shares=chance.choice([(), (1, 2, 3)]) if method == "electoral-college" else (),
    )


def any_rules(chance: Random, method: Method, percentage: int | None) -> Rules:
    """Return switches, of which most contests leave most as they are."""
    by_rounds = method in {"irv", "bottoms-up", "stv-wigm"}
    switches: dict[str, list[Any]] = {
        "max_ranks": [None, None, 2],
        "overvote": ["exhaust", "skip", "exhaust-if-several-continue"],
        "max_skipped_ranks": [None, 0, 1],
        "repeated_candidate": ["skip", "exhaust"],
        "finish": ["majority", "last-two"] if method == "irv" else ["majority"],
        "stop_after_round": [None, None, None, 2] if method == "irv" else [None],
        "batch_elimination": [False, True] if method in {"irv", "sequential-irv", "stv-wigm"} else [False],
        "minimum_votes": [0, 0, 2] if by_rounds else [0],
        "first_round_threshold": [False, True] if method in {"irv", "bottoms-up"} else [False],
        "quota": ["droop", "hare"] if method == "stv-wigm" else ["droop"],
        "fractional_threshold": [False, True] if method == "stv-wigm" else [False],
        "places": [1, 2, 4] if method == "stv-wigm" else [4],
        "winners_per_round": ["several", "one"] if method == "stv-wigm" else ["several"],
        "threshold_each_round": [False, True] if method == "stv-wigm" else [False],
        "cutoff_elimination": [False, True] if method == "bottoms-up" else [False],
        "ties": ["lot"] if method == "new-zealand-stv" else list(TIES),
        "decide_without_votes": [False] if method in BY_STATUTE else [False, True],
    }
    chosen = {name: chance.choice(values) for name, values in switches.items()}
    return Rules.model_validate(chosen | {"percentage": percentage})


def any_profile(chance: Random, people: int) -> Counter[tuple[int, str]]:
    """Return ballots of some sections: most rank different candidates one by one, some are untidy."""
    counts: Counter[tuple[int, str]] = Counter()
    for _ in range(chance.randint(4, 16)):
        ranks: list[tuple[int, ...]] = [(c,) for c in chance.sample(range(people), chance.randint(0, people))]
        if chance.random() < 0.2:
            untidy = [UNNAMED, (0,), tuple(sorted(chance.sample(range(people), 2)))]
            ranks.insert(chance.randint(0, len(ranks)), chance.choice(untidy))
        counts[chance.randrange(MAX_SECTIONS), format_marks(ranks)] += chance.randint(1, 4)
    return counts


def test_votes_too_long_for_64_bits_are_counted_whole() -> None:
    """Twenty decimal places, two surpluses: Python's integers hold what 64 bits do not."""
    candidates = tuple(Candidate(id=f"c{c}", name=f"C{c}") for c in range(4))
    contest = Contest(
        id="long",
        title="Long",
        method="stv-wigm",
        seats=2,
        candidates=candidates,
        rules=Rules(places=20),
        lot="1",
    )
    profile = Counter({(0, "0>1>2"): 70, (0, "0>2>1"): 31, (0, "1>2"): 11, (0, "2>3"): 13, (0, "3>1"): 17})

    assert core_story(profile, contest) == audit_story(profile, contest)
    assert any(
        votes % 10**20 for round_ in tabulate_counts(profile, contest, 1).rounds for votes in round_.votes
    )


@pytest.mark.parametrize(
    ("method", "gone"), [("ers97", "c3"), ("northern-ireland-stv", "c3"), ("scottish-stv", "c2")]
)
def test_level_candidates_are_compared_where_their_statute_says(method: Method, gone: str) -> None:
    """At the first stage c2 has 5 and c3 4; c4's two make c3 6; one of c5's makes c2 6, which is level."""
    contest = two_seats_for_six(method)
    profile = Counter({(0, "0"): 7, (0, "1"): 8, (0, "2"): 5, (0, "3"): 4})
    profile += Counter({(0, "4>3"): 2, (0, "5>2"): 1, (0, "5"): 2})
    rounds = core_facts(tabulate_counts(profile, contest, MAX_SECTIONS), contest)

    assert [facts.falls for facts in rounds[:3]] == [{"c4"}, {"c5"}, {gone}]
    assert rounds == audit_story(profile, contest)


@pytest.mark.parametrize("method", ["ers97", "northern-ireland-stv"])
def test_a_later_stage_orders_who_began_level(method: Method) -> None:
    """At the first stage c2 and c3 have 4; c4's two make c3 6; two of c5's make c2 6: c2 was behind, and no lot is drawn."""
    contest = two_seats_for_six(method)
    profile = Counter({(0, "0"): 7, (0, "1"): 8, (0, "2"): 4, (0, "3"): 4})
    profile += Counter({(0, "4>3"): 2, (0, "5>2"): 2, (0, "5"): 1})
    third = tabulate_counts(profile, contest, MAX_SECTIONS).rounds[2].decisions

    assert [(d.candidate, d.outcome, d.settled_by) for d in third] == [(2, "eliminated", "first-difference")]
    assert core_story(profile, contest) == audit_story(profile, contest)


def test_one_vacancy_in_northern_ireland_is_not_filled_by_the_quota_at_first() -> None:
    """Rule 48(3): not before an exclusion; but rule 52(2) elects at once who has as much as all others together."""
    contest = two_seats_for_six("northern-ireland-stv").model_copy(update={"seats": 1})
    (only,) = tabulate_counts(Counter({(0, "0"): 6, (0, "1"): 3, (0, "2"): 2}), contest, 1).rounds

    assert [(d.candidate, d.why) for d in only.decisions] == [(0, "outvotes-all")]


def two_seats_for_six(method: Method) -> Contest:
    """Return a contest for two seats between c0 and c5."""
    people = tuple(Candidate(id=f"c{c}", name=f"C{c}") for c in range(6))
    return Contest(id="level", title="Level", method=method, seats=2, candidates=people, lot="1")
