"""The reference count on ballots small enough to count by hand, and on one real contest."""

from typing import Any

import pytest

from shared.contract.elections import Candidate, Contest, Rules
from shared.contract.standings import Ending
from shared.rcv.count.rounds import Decision, Transfer
from shared.rcv.count.tabulate import tabulate_counts
from shared.rcv.count.ties import draw_lot
from tests.support.elections import contest

APPLE, BANANA, CHERRY, DAMSON = range(4)


def plurality(**rules: Any) -> Contest:
    """Return the fruit contest, most votes win."""
    return contest(**rules).model_copy(update={"method": "plurality"})


def falls_first(of: Contest, *candidates: int) -> int:
    """Return who of those level falls by the lot."""
    return min(candidates, key=draw_lot(of).__getitem__)


def test_more_than_half_elects_at_once() -> None:
    """Three of five."""
    count = tabulate_counts({(0, "0"): 3, (0, "1"): 1, (0, "2>1"): 1}, contest(), 1)
    (only,) = count.rounds
    assert only.threshold == 3
    assert only.decisions == (Decision(APPLE, "elected", "majority", margin=2, tied=()),)
    assert count.elected == (APPLE,)


def test_exactly_half_is_not_a_majority() -> None:
    """Two of four: the count goes on."""
    count = tabulate_counts({(0, "0"): 2, (0, "1"): 1, (0, "2>1"): 1}, contest(), 1)
    assert count.rounds[0].threshold == 3
    assert count.rounds[0].elected == ()
    assert len(count.rounds) > 1


def test_a_majority_is_of_the_votes_that_continue() -> None:
    """Three of five is a majority although eight ballots were cast."""
    count = tabulate_counts({(0, "0"): 3, (0, "1"): 2, (0, ""): 2, (0, "0=1"): 1}, contest(), 1)
    assert count.rounds[0].threshold == 3
    assert count.rounds[0].inactive == {
        "choices": 0,
        "blank": 2,
        "overvote": 1,
        "skipped": 0,
        "repeated": 0,
        "surplus": 0,
    }
    assert count.elected == (APPLE,)


def test_the_last_falls_and_its_ballots_move_on() -> None:
    """Each ballot goes to its next choice that continues, or stops and says why."""
    of = contest("fruit", ("apple", "banana", "cherry"))
    counts = {(0, "0"): 5, (0, "1"): 4, (0, "2>1"): 1, (1, "2"): 1, (1, "2>0=1"): 1}
    first, second = tabulate_counts(counts, of, 2).rounds
    assert first.decisions == (Decision(CHERRY, "eliminated", "fewest", margin=1, tied=()),)
    assert first.votes_by_section == ((5, 4, 1), (0, 0, 2))
    assert first.transfers == (
        Transfer(CHERRY, BANANA, None, 1),
        Transfer(CHERRY, None, Ending.EXHAUSTED, 1),
        Transfer(CHERRY, None, Ending.OVERVOTE, 1),
    )
    assert second.continuing == (APPLE, BANANA)
    assert second.votes == (5, 5, 0)
    assert second.inactive_by_section[1][Ending.OVERVOTE] == 1


def test_the_lot_decides_between_the_last_two_when_they_are_level() -> None:
    """Five each: no further round, the one who falls later by the lot is elected."""
    of = contest("fruit", ("apple", "banana"))
    (only,) = tabulate_counts({(0, "0"): 5, (0, "1"): 5}, of, 1).rounds
    (decision,) = only.decisions
    assert decision.candidate != falls_first(of, APPLE, BANANA)
    assert (decision.outcome, decision.why, decision.margin) == ("elected", "last-two", 0)
    assert (decision.tied, decision.settled_by) == ((APPLE, BANANA), "lot")


def test_the_lot_decides_who_of_the_lowest_falls() -> None:
    """Cherry and damson are level at the bottom; the margin is none and both are named."""
    of = contest()
    count = tabulate_counts({(0, "0"): 4, (0, "1"): 3, (0, "2"): 1, (0, "3"): 1}, of, 1)
    (decision,) = count.rounds[0].decisions
    assert decision.candidate == falls_first(of, CHERRY, DAMSON)
    assert (decision.margin, decision.tied, decision.settled_by) == (0, (CHERRY, DAMSON), "lot")


def test_candidates_without_a_vote_fall_one_by_one() -> None:
    """Two have no vote at all: two rounds, each with no transfers."""
    counts = {(0, "0"): 2, (0, "1"): 1, (0, "4"): 1}
    count = tabulate_counts(counts, contest("fruit", ("apple", "banana", "cherry", "damson", "elder")), 1)
    first = falls_first(contest(), CHERRY, DAMSON)
    assert [round_.eliminated for round_ in count.rounds[:2]] == [{first}, {CHERRY, DAMSON} - {first}]
    assert [round_.transfers for round_ in count.rounds[:2]] == [(), ()]


def test_going_on_to_the_last_two_goes_past_a_majority() -> None:
    """Elected in the first round with three of four; the others fall until two are left, and the threshold stays."""
    count = tabulate_counts({(0, "0"): 3, (0, "1"): 1}, contest(finish="last-two"), 1)
    assert [round_.elected for round_ in count.rounds] == [(APPLE,), (), (), ()]
    assert count.rounds[-1].continuing == (APPLE, BANANA)
    assert {round_.threshold for round_ in count.rounds} == {3}


@pytest.mark.parametrize("counts", [{}, {(0, ""): 3}, {(0, "0=1"): 2, (0, "0"): 0}])
def test_without_a_vote_there_is_one_round_and_no_decision(counts: dict[tuple[int, str], int]) -> None:
    """Nothing is decided while no ballot chooses anybody."""
    for of in (contest(), plurality()):
        (only,) = tabulate_counts(counts, of, 1).rounds
        assert only.votes == (0, 0, 0, 0)
        assert only.decisions == ()
        assert only.threshold is None


@pytest.mark.parametrize("finish", ["majority", "last-two"])
def test_an_only_candidate_is_elected_with_one_vote(finish: str) -> None:
    """There is nobody to be ahead of, so no margin."""
    count = tabulate_counts({(0, "0"): 1}, contest("fruit", ("apple",), finish=finish), 1)
    assert [decision.margin for decision in count.rounds[0].decisions] == [None]
    assert count.elected == (APPLE,)


def test_plurality_counts_first_choices_only() -> None:
    """The most votes win without a majority, in one round; a later rank counts for nobody."""
    count = tabulate_counts({(0, "0>2"): 3, (0, "1>2"): 2, (0, ">2"): 2, (0, "3"): 1}, plurality(), 1)
    (only,) = count.rounds
    assert only.votes == (3, 2, 2, 1)
    assert only.decisions == (Decision(APPLE, "elected", "most", margin=1, tied=()),)
    assert only.threshold is None


def test_plurality_settles_a_tie_at_the_top_by_lot() -> None:
    """The one who would fall later is elected."""
    of = plurality()
    (decision,) = tabulate_counts({(0, "0"): 2, (0, "1"): 2, (0, "2"): 1}, of, 1).rounds[0].decisions
    assert decision.candidate != falls_first(of, APPLE, BANANA)
    assert decision.tied == (APPLE, BANANA)


def test_a_ranking_retracted_too_often_stops_the_program() -> None:
    """Fewer than no ballots is our own fault."""
    with pytest.raises(AssertionError, match="retracted"):
        tabulate_counts({(0, "0"): -1}, contest(), 1)


WATSON, CREASY, EAGLE, FLINT, BRADSHAW = range(5)


def test_the_labour_deputy_leadership_of_2015() -> None:
    """The three published rounds, from the published transfers: Tom Watson elected with 198,962 of 392,246."""
    names = ("watson", "creasy", "eagle", "flint", "bradshaw")
    deputy = Contest(
        id="deputy",
        title="Deputy leader, 2015",
        candidates=tuple(Candidate(id=name, name=name.title()) for name in names),
        rules=Rules(),
        lot="2015",
    )
    counts = {
        (0, "0"): 160_852,
        (0, "1"): 78_100,
        (0, "3"): 64_425,
        (0, "2>0"): 28_373 - 6_504,
        (0, "2>1"): 17_191,
        (0, "2>3"): 14_957,
        (0, "2"): 11_996,
        (0, "4>0"): 9_737,
        (0, "4>1"): 8_455,
        (0, "4>3"): 10_156,
        (0, "4>2>0"): 6_504,
        (0, "4"): 4_228,
    }
    first, second, third = tabulate_counts(counts, deputy, 1).check(408_470).rounds
    assert first.votes == (160_852, 78_100, 66_013, 64_425, 39_080)
    assert first.eliminated == {BRADSHAW}
    assert [(t.target, t.votes) for t in first.transfers] == [
        (WATSON, 9_737),
        (CREASY, 8_455),
        (EAGLE, 6_504),
        (FLINT, 10_156),
        (None, 4_228),
    ]
    assert second.votes == (170_589, 86_555, 72_517, 74_581, 0)
    assert second.decisions == (Decision(EAGLE, "eliminated", "fewest", margin=2_064, tied=()),)
    assert third.votes == (198_962, 103_746, 0, 89_538, 0)
    assert third.inactive[Ending.EXHAUSTED] == 4_228 + 11_996
    assert third.decisions == (Decision(WATSON, "elected", "majority", margin=95_216, tied=()),)
