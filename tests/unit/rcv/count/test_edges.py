"""Rules at their edges, counted by hand: each test is here because a changed program lived without it."""

from fractions import Fraction
from typing import Any, get_args

import numpy as np
import pytest

from services.audit import tabulate as audit
from shared.contract.elections import Contest, Method, Rules
from shared.contract.standings import Ending
from shared.rcv.count.java import hash_order
from shared.rcv.count.methods.by_thresholds import _surplus, scores, threshold_of
from shared.rcv.count.methods.meek_parcels import _distinct, flow_of, read_paths
from shared.rcv.count.methods.scottish import _share
from shared.rcv.count.normalise import ENDINGS, read_plain
from shared.rcv.count.profile import SEVERAL, Profile
from shared.rcv.count.tabulate import runs, tabulate_counts, trace
from shared.rcv.count.ties import Tie, TieBreaker
from tests.support.elections import contest
from tests.support.facts import audit_facts, core_facts


def of(method: str, seats: int = 1, candidates: int = 4, **rules: Any) -> Contest:
    """Return a contest of fruit by a method."""
    fruit = ("apple", "banana", "cherry", "damson")[:candidates]
    return contest("fruit", fruit, **rules).model_copy(update={"method": method, "seats": seats})


def test_a_set_doubles_when_it_is_more_than_three_quarters_full() -> None:
    """Thirteen have 32 buckets, where `q` comes after the others; twelve still have 16."""
    assert hash_order([*"qabcdefghijkl"]) == [*"abcdefghijklq"]
    assert hash_order([*"qabcdefghijk"]) == [*"qabcdefghijk"]


def test_after_looking_back_somebody_is_asked_about_this_round() -> None:
    """Level in every round: the question says which round it is and what is sought."""
    heard: list[Tie] = []
    level = of("irv", ties="earlier-rounds-then-ask")
    ties = TieBreaker(level, lambda tie: heard.append(tie) or 1)  # type: ignore[func-returns-value]
    assert ties.pick((0, 1), "loser", [[1, 1, 0, 0], [2, 2, 0, 0]]) == (1, "asked")
    assert heard == [Tie(3, (0, 1), "loser")]


def test_a_scottish_stage_asks_who_should_be_the_loser() -> None:
    """Banana and cherry are last: excluded is whom the answer names."""
    heard: list[Tie] = []
    ward = of("scottish-stv", candidates=3, ties="ask")
    counts = {(0, "0"): 2, (0, "1"): 1, (0, "2"): 1}
    count = tabulate_counts(counts, ward, 1, lambda tie: heard.append(tie) or 2)  # type: ignore[func-returns-value]
    assert heard[0] == Tie(1, (1, 2), "loser")
    assert count.rounds[0].eliminated == {2}


def test_whoever_is_asked_is_asked_in_every_run_and_trace() -> None:
    """Seats filled one after another, all four level: the answers elect the last and then the next to last."""
    four = of("sequential-irv", seats=2, ties="ask")
    rankings = Profile(4, 1, four.rules)
    rankings.add([(0, str(c), 1) for c in range(4)])

    def answer(tie: Tie) -> int:
        assert tie.sought in {"winner", "loser"}
        return max(tie.candidates) if tie.sought == "winner" else min(tie.candidates)

    elected = [traced.count.elected for _, traced in runs(rankings, four, answer)]
    assert elected == [(3,), (2,)]
    assert trace(rankings, four, answer).count.elected == (3, 2)
    (only,) = runs(rankings, of("irv", ties="ask"), answer)
    assert only[1].count.elected == (3,)


def test_meek_asks_who_should_be_the_loser_of_the_round_it_is() -> None:
    """Elder and damson are eliminated, banana and cherry are level in the third round."""
    heard: list[Tie] = []
    counts = {(0, "0"): 6, (0, "1"): 4, (0, "2"): 4, (0, "3"): 2, (0, "4"): 1}
    five = contest("fruit", ("apple", "banana", "cherry", "damson", "elder"), ties="ask")
    meek = five.model_copy(update={"method": "meek"})
    count = tabulate_counts(counts, meek, 1, lambda tie: heard.append(tie) or 2)  # type: ignore[func-returns-value]
    assert heard == [Tie(3, (1, 2), "loser")]
    assert count.rounds[2].eliminated == {2}


def test_by_meeks_method_one_last_place_apart_is_not_level_where_no_surplus_is_left() -> None:
    """Banana keeps the quota to the last place; apple has 1.999999999 votes by then, cherry 2."""
    counts = {(0, "0"): 1, (0, "1>0"): 3, (0, "2"): 2}
    first, second, last = tabulate_counts(counts, of("meek", seats=2, candidates=3), 1).rounds
    assert second.votes == (1_999_999_999, 2_000_000_001, 2_000_000_000)
    assert [(d.candidate, d.margin, d.tied) for d in second.decisions] == [(0, 1, ())]
    assert (first.elected, last.elected) == ((1,), (2,))


def test_by_meeks_method_there_is_a_quota_even_where_all_are_elected_at_once() -> None:
    """Two candidates, two seats: the quota of three votes; of none there is no quota."""
    two = of("meek", seats=2, candidates=2)
    assert tabulate_counts({(0, "0"): 3}, two, 1).rounds[0].threshold == 10**9 + 1
    assert tabulate_counts({}, two, 1).rounds[0].threshold is None


def test_meek_reads_a_rank_of_several_by_who_stands_and_changes_no_ranking() -> None:
    """Banana has gone: what apple shares with it is apple's, unless apple came before; of two who have gone nothing is left."""
    rankings = Profile(4, 1, Rules(overvote="exhaust-if-several-continue"))
    rankings.add([(0, marks, 1) for marks in ("0=1>2", "0>2>0=1", "1=3>2", "0=2")])
    before = rankings.columns()[0].copy()
    paths = read_paths(rankings, [1, 3])
    ending = 4 + ENDINGS.index(Ending.OVERVOTE)
    firsts = [next(holder for holder in path if holder not in {1, 3, SEVERAL}) for path in paths.tolist()]
    assert firsts == [0, 0, 2, ending]
    assert rankings.columns()[0].tolist() == before.tolist()


@pytest.mark.parametrize("width", [1, 7, 8, 9, 17])
def test_rows_are_the_same_if_all_their_bytes_are(width: int) -> None:
    """Of any width and of any bytes: rows that end on 255 are kept apart by the others."""
    rows = np.full((4, width), SEVERAL, np.uint8)
    rows[[0, 2], 0] = 1
    rows[3, width // 2] = 2
    distinct, of_row = _distinct(rows)
    assert distinct[of_row].tolist() == rows.tolist()
    assert len(distinct) == len(set(map(bytes, rows)))


@pytest.mark.parametrize("method", ["plurality", "bottoms-up", "electoral-college"])
def test_where_no_number_of_votes_elects_there_is_none(method: str) -> None:
    """The most votes do, being left, or more than half of the scores."""
    assert tabulate_counts({(0, "0"): 3, (0, "1"): 2}, of(method), 1).rounds[0].threshold is None


def test_no_threshold_is_below_the_minimum_of_votes() -> None:
    """Three votes for one seat, and five are the minimum: in units of four places."""
    assert threshold_of(of("stv-wigm", minimum_votes=5), 30_000, 10_000) == 50_000


def test_plain_ballots_are_found_among_all_others() -> None:
    """Up to three ranks, each of one candidate named once: those rows say it all."""
    plain = {"0>1>2": [0, 1, 2, 3], "2": [2, 3, 3, 3], "2>1": [2, 1, 3, 3]}
    others = ["", "0=1", "1>1", "0>1>1", "0>>1", "3", "*", "0>1>2>0", "0>1>2>0>1"]
    for limit in (3, 9):
        read = read_plain([*plain, *others], 3, limit, 4, 3)
        assert read.is_plain.tolist() == [True] * 3 + [False] * 9
        assert read.paths[:3].tolist() == list(plain.values())
    nothing = read_plain(["0>1>2>0"], 3, 3, 4, 3)
    assert (nothing.is_plain.tolist(), nothing.paths.shape) == ([False], (1, 4))


@pytest.mark.parametrize("method", get_args(Method))
def test_a_trace_without_ballots_has_no_row_and_only_whole_numbers(method: Method) -> None:
    """Rows are known by whole numbers, however many there are."""
    nobody = of(method)
    for snapshot in trace(Profile(4, 1, nobody.rules), nobody).snapshots:
        assert snapshot.holder.dtype == np.intp
        assert snapshot.value is None or snapshot.value.dtype == np.int64
        assert (len(snapshot.holder), dict(snapshot.kept)) == (0, {})


def test_what_one_loses_others_gain_unit_by_unit() -> None:
    """Meek's transfers: down to the last place, and nothing to whoever has what they had."""
    assert flow_of({0: 5, 1: 1}, {1: 1, 2: 5}) == {(0, 2): 5}
    assert flow_of({0: 3, 1: 1}, {0: 1, 2: 1, 3: 2}) == {(0, 2): 1, (0, 3): 1, (1, 3): 1}


def test_where_nobody_can_be_second_write_ins_without_a_vote_fall_one_by_one() -> None:
    """Every vote was for a write-in, who fell: apple has no second to keep, as the audit counts it."""
    four = of("supplementary")
    write_ins = tuple(c.model_copy(update={"write_in": True}) for c in four.candidates[1:])
    four = four.model_copy(update={"candidates": (four.candidates[0], *write_ins)})
    counted = core_facts(tabulate_counts({(0, "1"): 1}, four, 1), four)
    assert counted == audit_facts(audit.tabulate({(0, "1"): 1}, four), four)
    assert [len(votes) for votes, *_ in counted] == [4, 3, 2]


def test_seats_without_candidates_stay_empty() -> None:
    """Two candidates, three seats: two runs, and no third in which nobody stands."""
    count = tabulate_counts({(0, "0"): 2, (0, "1"): 1}, of("sequential-irv", seats=3, candidates=2), 1)
    assert [(round_.run, round_.elected) for round_ in count.rounds] == [(1, (0,)), (2, (1,))]


def test_two_level_with_just_the_minimum_elect_one_at_once() -> None:
    """Two votes each, and two are the minimum: nobody needs to fall first."""
    (only,) = tabulate_counts({(0, "0"): 2, (0, "1"): 2}, of("irv", candidates=2, minimum_votes=2), 1).rounds
    assert [decision.why for decision in only.decisions] == ["last-two"]


def test_whoever_loses_a_tie_for_the_second_place_is_shown_so() -> None:
    """Banana and cherry have three each: one stays, one falls by that tie, damson falls by votes."""
    counts = {(0, "0"): 5, (0, "1"): 3, (0, "2"): 3, (0, "3"): 1}
    first = tabulate_counts(counts, of("supplementary", ties="candidate-order"), 1).rounds[0].decisions
    assert [(d.candidate, d.why, d.tied, d.settled_by) for d in first] == [
        (2, "not-in-top-two", (1, 2), "candidate-order"),
        (3, "not-in-top-two", (), "votes"),
    ]


def test_of_three_the_third_is_not_in_the_top_two() -> None:
    """One falls, by the rule of the supplementary vote."""
    count = tabulate_counts({(0, "0"): 3, (0, "1"): 2, (0, "2"): 1}, of("supplementary", candidates=3), 1)
    assert [(d.candidate, d.why) for d in count.rounds[0].decisions] == [(2, "not-in-top-two")]


def test_a_write_in_without_a_vote_is_not_in_the_top_two() -> None:
    """Apple and banana are level: the write-in falls by the rule of the supplementary vote."""
    three = of("supplementary", candidates=3)
    write_in = three.candidates[2].model_copy(update={"write_in": True})
    three = three.model_copy(update={"candidates": (*three.candidates[:2], write_in)})
    first = tabulate_counts({(0, "0"): 2, (0, "1"): 2}, three, 1).rounds[0]
    assert [(d.candidate, d.why) for d in first.decisions] == [(2, "not-in-top-two")]


def test_of_equal_surpluses_the_one_that_moves_first_says_how_it_was_settled() -> None:
    """Quota 4, apple and banana have 5 each: the order given moves apple's first."""
    ward = of("scottish-stv", seats=3, ties="candidate-order")
    first = tabulate_counts({(0, "0"): 5, (0, "1"): 5, (0, "2"): 1, (0, "3"): 1}, ward, 1).rounds[0]
    moved = first.decisions[-1]
    assert (moved.candidate, moved.outcome, moved.margin) == (0, "transferred", 10**5)
    assert (moved.tied, moved.settled_by) == ((0, 1), "candidate-order")


def test_every_section_has_a_share_and_every_score_is_a_fraction() -> None:
    """Shares for sections that are not there are refused; where nobody votes, nothing is still a fraction."""
    with pytest.raises(ValueError, match=r"shorter|longer"):
        scores([[1, 0]], (1, 2))
    assert [type(score) for score in scores([[0, 0]], ())] == [Fraction, Fraction]


def test_what_ballots_pass_on_is_cut_to_whole_units() -> None:
    """Two thirds of one vote to five places; RCTab cuts the fraction first, then what each ballot gives."""
    worth = np.array([100_000, 99_999])
    assert _share(2, 3)(worth).tolist() == [66_666, 66_666]
    assert _surplus(3, 1, 10)(np.array([10, 15])).tolist() == [6, 9]
    assert _surplus(0, 1, 10)(np.array([10])).tolist() == [0]


def test_going_on_to_the_last_two_drops_write_ins_who_are_not_electable() -> None:
    """Apple is elected, two write-ins without a vote are left: one still falls, as the audit counts it."""
    three = of("irv", candidates=3, finish="last-two")
    write_ins = tuple(c.model_copy(update={"write_in": True}) for c in three.candidates[1:])
    three = three.model_copy(update={"candidates": (three.candidates[0], *write_ins)})
    counted = core_facts(tabulate_counts({(0, "0"): 1}, three, 1), three)
    assert [len(votes) for votes, *_ in counted] == [3, 3, 2]
    assert counted == audit_facts(audit.tabulate({(0, "0"): 1}, three), three)


def test_the_last_one_left_never_falls() -> None:
    """More than all the votes nobody can have: of two the last falls, the other is neither elected nor out."""
    count = tabulate_counts({(0, "0"): 2, (0, "1"): 1}, share_of_all(), 1)
    assert [round_.eliminated for round_ in count.rounds] == [{1}, set()]
    assert count.elected == ()


def share_of_all() -> Contest:
    """Return a bottoms-up contest between two in which a seat takes more than all the votes."""
    two = of("irv", candidates=2)
    rules = Rules(percentage=100)
    return two.model_copy(update={"method": "bottoms-up", "seats": 0, "rules": rules})


def test_write_ins_whom_no_order_names_fall_by_name() -> None:
    """Banana and cherry are level and neither is in the candidates' order: the first by name falls, in both tabulators."""
    three = of("irv", candidates=3, finish="last-two", ties="candidate-order")
    write_ins = tuple(c.model_copy(update={"write_in": True}) for c in three.candidates[1:])
    three = three.model_copy(update={"candidates": (three.candidates[0], *write_ins)})
    count = tabulate_counts({(0, "0"): 1}, three, 1)
    assert count.rounds[1].eliminated == {1}
    assert core_facts(count, three) == audit_facts(audit.tabulate({(0, "0"): 1}, three), three)


def test_meek_traces_votes_that_move_no_further_to_nobody() -> None:
    """When one is left for the last seat, the ballots of whoever was defeated last lie with nobody, whole."""
    two = of("meek", candidates=2)
    rankings = Profile(2, 1, two.rules)
    rankings.add([(0, "0", 1), (0, "1", 1)])
    last = trace(rankings, two).snapshots[-1]
    assert max(last.holder.tolist()) == 2 + ENDINGS.index(Ending.SURPLUS)
    assert min(last.holder.tolist()) in {0, 1}
    assert last.value is not None
    assert last.value.tolist() == [10**9, 10**9]


def test_a_surplus_rests_because_all_seats_are_filled_whomever_its_ballots_rank_next() -> None:
    """Quota 7 of 20: apple's two and banana's one above it are not needed, though all three ballots could name cherry."""
    ward = of("stv-wigm", seats=2, candidates=3)
    counts = {(0, "0>2"): 9, (0, "1>2"): 8, (0, "2"): 3}
    first, last = tabulate_counts(counts, ward, 1).rounds
    assert [(t.source, t.target, t.ending) for t in first.transfers if t.ending is not Ending.RESIDUE] == [
        (0, None, Ending.SURPLUS),
        (1, None, Ending.SURPLUS),
    ]
    assert {ending for ending, votes in last.inactive.items() if votes} == {Ending.SURPLUS}
    assert last.inactive[Ending.SURPLUS] + last.residue == 3 * 10**4


def test_by_meeks_method_the_last_to_fall_leaves_votes_that_nobody_needs() -> None:
    """Three each, nobody has the quota, cherry falls: two are left for two seats, though cherry's ballots name banana."""
    ward = of("meek", seats=2, candidates=3, ties="candidate-order")
    first, last = tabulate_counts({(0, "0"): 3, (0, "1"): 3, (0, "2>1"): 3}, ward, 1).rounds
    assert first.eliminated == {2}
    assert last.elected == (0, 1)
    assert {ending: votes for ending, votes in last.inactive.items() if votes} == {Ending.SURPLUS: 3 * 10**9}


def test_only_an_electoral_college_has_scores() -> None:
    """Others have none, and say so by an empty list."""
    assert tabulate_counts({(0, "0>1"): 2}, of("irv"), 1).rounds[0].scores == ()


def test_a_batch_leaves_somebody_for_each_seat() -> None:
    """Two seats, quota 10 / 3 + 1 = 4. When apple has 3 and two others 1 each, the two are fewer, and one of them is needed."""
    names = ("apple", "banana", "cherry", "damson", "elder", "fig", "grape", "hazel")
    eight = contest("fruit", names, ties="candidate-order", batch_elimination=True)
    ward = eight.model_copy(update={"method": "stv-wigm", "seats": 2})
    counts = {(0, "0"): 3} | {(0, str(c)): 1 for c in range(1, 8)}
    count = tabulate_counts(counts, ward, 1)
    assert [sorted(round_.eliminated) for round_ in count.rounds[:6]] == [[7], [6], [5], [4], [3], [2]]
    assert count.elected == (0, 1)
    assert core_facts(count, ward) == audit_facts(audit.tabulate(counts, ward), ward)
