"""New Zealand's method (SR 2001/145, Schedule 1A): what published reports have, and each clause at its edge.

Reports are those of the certified STV calculator: Kaipara, Kapiti Coast, New Plymouth, 2016 and 2019.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest
from pydantic import ValidationError

from services.audit import tabulate as audit
from shared.contract.elections import Candidate, Contest, Rules
from shared.contract.standings import Ending
from shared.rcv.contract_rounds import rounds_of
from shared.rcv.count.methods.new_zealand import Steps, pseudo_random
from shared.rcv.count.profile import Profile
from shared.rcv.count.rounds import Count
from shared.rcv.count.tabulate import tabulate_counts
from shared.rcv.formats.detect import read_ballots
from tests.golden.goldens import FOLDER
from tests.support.facts import audit_facts, check_trace, core_facts

PUBLISHED: tuple[tuple[int, int, int, list[int]], ...] = (
    (4, 1, 5200, [6650, 5443, 6428, 609]),
    (4, 1, 6881, [4139, 8523, 1, 7996]),
    (5, 2, 5893, [7325, 6454, 7779, 6528, 2279]),
    (6, 2, 1440, [7673, 4382, 1984, 5246, 7584, 3865]),
    (6, 4, 2353, [8451, 1794, 8420, 3887, 8185, 4432]),
    (9, 4, 5323, [1162, 8472, 3042, 1636, 4771, 4098, 365, 4522, 7923]),
    (14, 5, 17783, [6581, 403, 6604, 9173, 2374, 2532, 8455, 4698, 2424, 1876, 729, 5126, 3154, 3594]),
)
"""Candidates, vacancies, ballots, and the numbers of the first iteration. Of the last 14 one was withdrawn."""


def ward(candidates: int, seats: int, excluded: tuple[int, ...] = (), **rules: Any) -> Contest:
    """Return a contest between A, B, C, ..."""
    people = tuple(
        Candidate(id=chr(97 + c), name=chr(65 + c), excluded=c in excluded) for c in range(candidates)
    )
    return Contest(
        id="ward",
        title="Ward",
        method="new-zealand-stv",
        seats=seats,
        candidates=people,
        rules=Rules(**rules),
        lot="1",
    )


def counted(contest: Contest, ballots: Mapping[str, int]) -> Count:
    """Return the count of ballots such as "0>1", to which the second tabulator agrees."""
    profile = {(0, marks): number for marks, number in ballots.items()}
    count = tabulate_counts(profile, contest, 1).check(sum(ballots.values()))
    assert core_facts(count, contest) == audit_facts(audit.tabulate(profile, contest), contest)
    return count


def decided(count: Count) -> list[list[tuple[int, str, str]]]:
    """Return whom each round is about, why, and what settled it."""
    return [[(d.candidate, d.why, d.settled_by) for d in round_.decisions] for round_ in count.rounds]


@pytest.mark.parametrize(("candidates", "vacancies", "ballots", "numbers"), PUBLISHED)
def test_pseudo_random_numbers_are_those_of_published_reports(
    candidates: int, vacancies: int, ballots: int, numbers: list[int]
) -> None:
    """Those of the first iteration are subtracted from 10,000."""
    assert [10_000 - of for of in pseudo_random(candidates, vacancies, ballots)] == numbers


def test_no_two_candidates_have_one_number() -> None:
    """Of 150 with 2 vacancies and 34 ballots the generator gives two the same: the later one takes the next."""
    numbers = pseudo_random(150, 2, 34)
    assert len(set(numbers)) == len(numbers) == 150


WAITARA = {
    2: (505_640051236, 116_710004103, 556_845527125, 335_446976914, 272_898578365, 525_079053329),
    4: (481_012845555, 0, 491_423662546, 427_182209530, 370_130025247, 484_610753561),
}
"""The Waitara Community Board of 2019: the votes at the iterations that decide nothing; the others are a golden election's."""


def test_steps_that_decide_nothing_are_those_of_a_published_report() -> None:
    """Three pass votes to each other, so that all that is rounded shows."""
    file = read_ballots(FOLDER / "new-plymouth-2019" / "waitara.blt")
    assert file.seats is not None
    contest = ward(6, file.seats)
    profile = Profile.of(contest, 1, ((0, group.marks, group.ballots) for group in file.ballots))
    steps = Steps(profile, contest)
    assert len(list(steps.states())) == 3
    assert {number: tuple(steps._level.steps[number - 1]) for number in WAITARA} == WAITARA


KAPITI = (
    (2601_072801445, (2837_583649528, 2841_294180593, 2943_163390037), (481681708, 897335171, 838814521)),
    (2562_134292248, (2657_493128410, 2662_988651815, 2660_438964136), (441533835, 821468655, 741317198)),
    (2537_351390968, (2595_549279728, 2606_998634993, 2617_974490488), (425690275, 790357485, 713925123)),
)
"""Kapiti Coast's district-wide vacancies, 2016, iterations 13 to 15: the quota, the votes of three elected and their keep values."""


def test_keep_values_follow_each_other_as_published() -> None:
    """Clause 17: of the quota and the votes of the iteration before."""
    contest = ward(6, 5)
    for (quota, votes, keep), (_, _, following) in pairwise(KAPITI):
        steps = Steps(Profile.of(contest, 1, [(0, "0", 1)]), contest)
        steps._succeed([0, 1, 2], votes)
        steps._keep[:3] = keep
        assert tuple(steps._next_keep(votes, quota)[:3]) == following


def test_an_election_and_an_exclusion_are_one_step() -> None:
    """Clauses 12 and 13: 30 ballots, A has 0.999999999 over; B's 5 and that are fewer than 7."""
    count = counted(ward(4, 2), {"0": 11, "1": 5, "2": 7, "3": 7})
    assert decided(count)[0] == [(0, "quota", "votes"), (1, "fewest", "votes")]


@pytest.mark.parametrize(
    ("votes", "waits"),
    [
        ((11_000_000_000, 6_000_000_000, 7_000_000_000), True),
        ((11_000_000_000, 5_999_999_999, 7_000_000_000), False),
        ((10_000_100_000, 7_000_000_000, 7_000_000_000), True),
        ((10_000_099_999, 7_000_000_000, 7_000_000_000), False),
        ((9_000_000_000, 7_000_000_000, 7_000_000_000), False),
    ],
)
def test_an_exclusion_waits_while_the_surplus_could_change_who_is_last(
    votes: tuple[int, ...], *, waits: bool
) -> None:
    """Clause 13: A is successful with a quota of 10: it must be less than what separates two, or than 0.0001."""
    contest = ward(3, 2)
    steps = Steps(Profile.of(contest, 1, [(0, "0", 1)]), contest)
    steps._succeed([0], votes)
    assert steps._exclude(votes, 10_000_000_000, is_stable=True)
    steps = Steps(Profile.of(contest, 1, [(0, "0", 1)]), contest)
    steps._succeed([0], votes)
    assert (steps._exclude(votes, 10_000_000_000, is_stable=False) == ()) == waits


def test_of_level_ones_who_was_behind_at_the_earliest_step_at_which_they_differed_is_excluded() -> None:
    """B had 4 and C 5; then B and C have 6 each. D's two to B, E's one to C; A is ahead throughout."""
    count = counted(ward(6, 2), {"0": 9, "1": 4, "2": 5, "3>1": 2, "4>2": 1, "5": 9})
    assert decided(count)[:3] == [
        [(4, "fewest", "votes")],
        [(3, "fewest", "votes")],
        [(1, "fewest", "first-difference")],
    ]


def test_the_earliest_difference_need_not_be_in_the_first_step() -> None:
    """B and C have 4 each; B gets D's ballot a step before C gets one of E's: 5 each, and C was behind in between."""
    count = counted(ward(6, 2), {"0": 9, "1": 4, "2": 4, "3>1": 1, "4>2": 1, "4": 1, "5": 9})
    assert decided(count)[2] == [(2, "fewest", "first-difference")]


def test_votes_that_equal_the_quota_elect() -> None:
    """Clauses 6 and 12, to the last place."""
    contest = ward(4, 2)
    steps = Steps(Profile.of(contest, 1, [(0, f"{c}", 1) for c in range(4)]), contest)
    decisions = steps._decide([10**9, 10**9 - 1, 3, 2], 10**9, [])
    assert [(d.candidate, d.outcome) for d in decisions] == [(0, "elected"), (3, "eliminated")]


def test_a_trace_says_once_where_a_ballot_is() -> None:
    """A is elected and C excluded in one step, B without another: A still holds whole ballots in the last round."""
    check_trace({(0, "0"): 1, (0, "0>1>2"): 1, (0, "1"): 1}, ward(3, 2))


def test_who_was_ahead_once_is_not_excluded_by_number() -> None:
    """Clause 40: one began with 3, two with 2; all have 3 at last. Only these two are left to the numbers.

    The one who was ahead has the lowest number of all, and stays; the step is the third, so 10,000 less the number counts.
    """
    numbers = [10_000 - of for of in pseudo_random(6, 2, 13)]
    ahead, low, high, first_out, next_out, leader = sorted(range(6), key=numbers.__getitem__)
    ballots = {f"{ahead}": 3, f"{low}": 2, f"{high}": 2, f"{leader}": 4}
    count = counted(ward(6, 2), {**ballots, f"{first_out}>{low}": 1, f"{next_out}>{high}": 1})
    (third,) = count.rounds[2].decisions
    assert set(third.tied) == {ahead, low, high}
    assert (third.candidate, third.settled_by) == (low, "pseudo-random")


def test_whom_no_ballot_names_is_withdrawn_first() -> None:
    """Clause 20: in the first step, before anybody is excluded; a name after a blank rank is not recognised."""
    count = counted(ward(5, 2, max_skipped_ranks=0), {"0>1": 5, "1": 3, "2": 2, "0>>3": 1, "": 1})
    assert decided(count)[0] == [
        (3, "unnamed", "votes"),
        (4, "unnamed", "votes"),
        (0, "quota", "votes"),
    ]
    assert count.rounds[0].decisions[0].margin is None


def test_a_ranking_that_was_taken_back_names_nobody() -> None:
    """None of its ballots is left."""
    assert decided(counted(ward(4, 2), {"0": 5, "1": 3, "2": 2, "3": 0}))[0][0] == (3, "unnamed", "votes")


def test_fewer_with_votes_than_vacancies_are_all_elected_and_the_rest_is_vacant() -> None:
    """Clause 21: B has no first choice, and is named."""
    count = counted(ward(4, 3), {"0>1": 5, "2": 1})
    assert decided(count) == [
        [(3, "unnamed", "votes"), (0, "quota", "votes"), (2, "remaining", "votes"), (1, "remaining", "votes")]
    ]
    (only,) = counted(ward(4, 3), {"0": 5, "1": 1}).rounds
    assert only.elected == (0, 1)


def test_the_last_left_are_elected_without_another_step() -> None:
    """Clause 3: all three have 4, and the quota is 4.000000001; once one is excluded nobody needs those votes."""
    count = counted(ward(3, 2), {"0": 4, "1>0": 4, "2": 4})
    assert decided(count) == [
        [(1, "fewest", "pseudo-random")],
        [(0, "remaining", "votes"), (2, "remaining", "votes")],
    ]
    assert count.rounds[1].votes == (4 * 10**9, 0, 4 * 10**9)
    assert count.rounds[1].inactive[Ending.SURPLUS] == 4 * 10**9


def test_an_election_that_fills_the_last_vacancy_excludes_nobody() -> None:
    """A and B have the quota; C, who is left over, is not excluded."""
    count = counted(ward(3, 2), {"0": 4, "1": 4, "2>1": 3})
    assert decided(count) == [[(0, "quota", "votes"), (1, "quota", "votes")]]


def test_where_no_step_changes_anything_the_last_is_excluded() -> None:
    """Clause 23: of three million ballots a keep value moves 0.003 votes at a time, and 0.0001 is never reached.

    B and C are level all along, so nothing else would end it.
    """
    count = counted(ward(3, 2), {"0": 3_000_000, "1": 100, "2": 100})
    assert [[d.why for d in round_.decisions] for round_ in count.rounds] == [
        ["quota"],
        ["fewest"],
        ["remaining"],
    ]
    surplus = count.rounds[1].votes[0] - (count.rounds[1].threshold or 0)
    assert surplus > 10**5


def test_half_of_the_votes_fills_one_vacancy() -> None:
    """Clauses 26 and 27: five of ten is enough; of eleven six are needed."""
    half = counted(ward(3, 1), {"0": 5, "1": 3, "2": 2})
    assert decided(half) == [[(0, "majority", "votes")]]
    assert (half.places, half.rounds[0].threshold) == (0, 5)
    assert decided(counted(ward(3, 1), {"0": 5, "1": 3, "2": 3}))[0][0][1] == "fewest"


def test_of_two_with_half_each_the_one_not_excluded_is_elected() -> None:
    """Clause 34(b): by the first difference; else by number."""
    count = counted(ward(4, 1), {"0": 3, "1": 2, "2>1": 1, "3": 2})
    assert decided(count)[2] == [(0, "majority", "first-difference")]
    level = counted(ward(2, 1), {"0": 4, "1": 4})
    numbers = [10_000 - of for of in pseudo_random(2, 1, 8)]
    assert decided(level) == [[(max((0, 1), key=numbers.__getitem__), "majority", "pseudo-random")]]
    assert level.rounds[0].decisions[0].tied == (0, 1)


@pytest.mark.parametrize("seats", [1, 2])
def test_of_no_votes_nothing_is_decided(seats: int) -> None:
    """Nobody is withdrawn either: ballots may still come."""
    (only,) = counted(ward(3, seats), {"": 2}).rounds
    assert (only.decisions, only.threshold) == ((), None)
    check_trace({(0, ""): 2}, ward(3, seats))


@pytest.mark.parametrize(
    ("invalid", "overvote"), [({"": 2}, "exhaust"), ({"1=2": 3}, "exhaust"), ({"1=2": 3}, "skip")]
)
def test_ballots_for_the_withdrawn_alone_are_valid_and_those_without_a_choice_are_not(
    invalid: dict[str, int], overvote: str
) -> None:
    """Clause 42: of 18 valid ballots C falls, who has 4 as B has; of 15, 20 or 21 it would be B."""
    first = [min((1, 2), key=lambda c: -pseudo_random(4, 1, valid)[c]) for valid in (18, 15, 20, 21)]
    assert first == [2, 1, 1, 1]
    contest = ward(4, 1, excluded=(3,), overvote=overvote)
    count = counted(contest, {"0": 7, "1": 4, "2": 4, "3": 3, **invalid})
    assert decided(count)[0] == [(2, "fewest", "pseudo-random")]


def test_another_rule_for_ties_is_refused() -> None:
    """The regulations have their own."""
    with pytest.raises(ValidationError, match="settles ties by its own pseudo-random numbers, found random"):
        ward(3, 2, ties="random")


def test_votes_that_come_back_from_an_ending_stop_nothing() -> None:
    """A keep value rises where votes are below the quota; 7 of 4,180 random elections of 300 rankings have such a step.

    The contract's transfers say what leaves candidates; the rest, some last places, is seen from the votes of both rounds.
    """
    contest = ward(9, 4)
    ballots = {"6": 10**9, "4>7>8": 10, "7>3>8>4>2>6>0>5": 3, "1>8>6>5>4>2>0>3": 3}
    count = counted(contest, {**ballots, "7>0=1>>5>2": 1})
    back = [transfer for round_ in count.rounds for transfer in round_.transfers if transfer.source >= 9]
    assert [(transfer.target, transfer.votes) for transfer in back] == [(7, 1), (7, 1)]
    ids = {candidate.id for candidate in contest.candidates}
    rounds = rounds_of(count, contest, ["all"])
    assert {transfer.source for round_ in rounds for transfer in round_.transfers} <= ids
