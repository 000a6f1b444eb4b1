"""The second tabulator by itself: ballots, one winner, and what a certificate names. Counted by hand."""

from collections.abc import Sequence
from typing import Any

import pytest

from services.audit.tabulate import NobodyToAsk, Round, passes, ranks_of, results, tabulate, way
from shared.contract.elections import Method, Rules
from shared.contract.standings import Ending, Results
from tests.support.elections import contest
from tests.support.letters import LETTERS, cast, letters, outcomes


def test_the_last_falls_and_its_ballots_are_read_again() -> None:
    """Sections do not matter here: only totals decide."""
    profile = {(0, "0"): 5, (0, "1"): 4, (1, "2>1"): 2, (1, "2"): 1, (0, ""): 1}
    assert tabulate(profile, contest("fruit", ("apple", "banana", "cherry"))) == [
        Round({"apple": 5, "banana": 4, "cherry": 3}, {Ending.BLANK: 1}, eliminated=("cherry",), threshold=7),
        Round(
            {"apple": 5, "banana": 6},
            {Ending.BLANK: 1, Ending.EXHAUSTED: 1},
            elected=("banana",),
            threshold=6,
        ),
    ]


@pytest.mark.parametrize(
    ("marks", "rules", "continuing", "found"),
    [
        ("0>1", {}, "ab", "a"),
        ("0>1", {}, "b", "b"),
        ("0>1", {}, "c", "choices"),
        ("", {}, "abc", "blank"),
        (">>1", {"max_ranks": 2}, "abc", "blank"),
        ("1>2>0", {"max_ranks": 2}, "a", "choices"),
        ("1>>0", {"max_skipped_ranks": 1}, "a", "a"),
        ("1>>>0", {"max_skipped_ranks": 1}, "a", "skipped"),
        (">0", {"max_skipped_ranks": 0}, "a", "skipped"),
        ("1>1>0", {"repeated_candidate": "exhaust"}, "a", "repeated"),
        ("1>1>0", {}, "a", "a"),
        ("1=2>1>0", {"repeated_candidate": "exhaust", "overvote": "skip"}, "a", "repeated"),
        ("1>0=2>0", {"overvote": "exhaust"}, "a", "overvote"),
        ("1>0=2>0", {"overvote": "skip"}, "a", "a"),
        ("1>0=2", {"overvote": "skip"}, "a", "choices"),
        ("0=1", {"overvote": "skip"}, "ab", "choices"),
        ("*>0", {"overvote": "exhaust"}, "a", "overvote"),
        ("*>0", {"overvote": "skip"}, "a", "a"),
        ("0=1>2", {"overvote": "exhaust-if-several-continue"}, "abc", "overvote"),
        ("0=1>2", {"overvote": "exhaust-if-several-continue"}, "bc", "b"),
        ("0=1>2", {"overvote": "exhaust-if-several-continue"}, "c", "c"),
        ("*>2", {"overvote": "exhaust-if-several-continue"}, "c", "overvote"),
        (">>0=0>1", {"max_skipped_ranks": 1, "repeated_candidate": "exhaust"}, "b", "skipped"),
        ("0>0=1", {"repeated_candidate": "exhaust", "overvote": "exhaust"}, "b", "repeated"),
    ],
)
def test_a_ballot_is_read_down_to_whoever_continues(
    marks: str, rules: dict[str, Any], continuing: str, found: str
) -> None:
    """Each rule stops a ballot at its rank, and the first of them names the reason."""
    assert next(way(ranks_of(marks, LETTERS), Rules(**rules), continuing)) == found


def test_a_way_names_each_once_and_then_why_it_ends() -> None:
    """What a count that gives parts of a vote to several needs."""
    found = list(way(ranks_of("0>1>0>2", LETTERS), Rules(), "abc"))
    assert found == ["a", "b", "c", Ending.EXHAUSTED]


def test_a_stopped_ballot_stays_stopped() -> None:
    """Two at one rank continue when it needs somebody; later only one does, and it stays where it is."""
    profile = {(0, "0"): 5, (0, "1"): 4, (0, "2=3>1"): 2, (0, "2"): 1, (0, "3"): 2}
    rounds = tabulate(profile, letters(4, overvote="exhaust-if-several-continue", finish="last-two"))
    assert [round_.inactive.get(Ending.OVERVOTE) for round_ in rounds] == [2, 2, 2]


def test_without_a_vote_nothing_is_decided() -> None:
    """One round of zeros, by every method."""
    methods: list[Method] = ["plurality", "supplementary", "irv", "sequential-irv", "bottoms-up"]
    methods += ["stv-wigm", "scottish-stv", "meek", "electoral-college"]
    for method in methods:
        (only,) = tabulate({(0, ""): 2}, letters(2, method))
        assert (only.votes, only.inactive) == ({"a": 0, "b": 0}, {"blank": 2}), method
        assert (only.elected, only.eliminated, only.threshold) == ((), (), None), method


def test_the_most_votes_win_by_plurality() -> None:
    """As many as there are seats, whatever else the ballots say."""
    profile = cast(ab=3, ba=2, c=4, d=1)
    assert tabulate(profile, letters(4, "plurality", 2))[0].elected == ("c", "a")


def test_all_but_two_fall_in_a_supplementary_vote() -> None:
    """Nobody has more than half of eleven; then the second choices make c overtake a."""
    rounds = tabulate(cast(a=4, bc=2, c=3, dc=2), letters(4, "supplementary", max_ranks=2))
    assert outcomes(rounds) == ["-bd", "c-"]
    assert rounds[1].votes == {"a": 4, "c": 7}


def test_more_than_half_wins_a_supplementary_vote_at_once() -> None:
    """Six of eleven."""
    assert outcomes(tabulate(cast(a=6, b=3, c=2), letters(3, "supplementary"))) == ["a-"]


def test_the_winner_of_last_two_is_announced_once_and_stays() -> None:
    """As RCTab shows it: a round for the winner, one an elimination, and how two stand in the end."""
    rounds = tabulate(cast(a=10, b=5, ca=3, db=1), letters(4, finish="last-two"))
    assert outcomes(rounds) == ["a-", "-d", "-c", "-"]
    assert [round_.votes["a"] for round_ in rounds] == [10, 10, 10, 13]


def test_of_two_level_at_the_end_a_winner_is_picked() -> None:
    """The tie rule picks who is elected, and nobody falls."""
    asked: list[tuple[Sequence[str], str]] = []

    def ask(level: Sequence[str], outcome: str) -> str:
        asked.append((level, outcome))
        return "b"

    assert outcomes(tabulate(cast(a=2, b=2), letters(2, ties="ask"), ask)) == ["b-"]
    assert asked == [(["a", "b"], "elected")]


def test_with_nobody_to_ask_the_tie_is_named() -> None:
    """Who is level, where, and about what."""
    with pytest.raises(NobodyToAsk, match=r"a tie in round 1: B, C: who is to be eliminated\?"):
        tabulate(cast(a=3, b=1, c=1, d=2), letters(4, ties="ask"))


def test_the_first_rounds_threshold_may_never_be_reached() -> None:
    """Five of nine would elect; two ballots go nowhere, and the better of two is elected with four."""
    rounds = tabulate(cast(a=4, b=3, c=2), letters(3, first_round_threshold=True))
    assert outcomes(rounds) == ["-c", "a-"]
    assert [round_.threshold for round_ in rounds] == [5, 5]


def test_all_who_cannot_overtake_fall_together() -> None:
    """1 + 2 < 4, but 1 + 2 + 4 is not less than 6: two fall together, and then c."""
    rounds = tabulate(cast(a=7, b=6, c=4, d=2, e=1), letters(5, batch_elimination=True))
    assert outcomes(rounds) == ["-de", "-c", "a-"]


def test_a_batch_of_one_is_an_elimination_like_any_other() -> None:
    """1 < 3 = 3: only d falls."""
    rounds = tabulate(cast(a=4, b=3, c=3, dc=1), letters(4, batch_elimination=True))
    assert rounds[0].eliminated == ("d",)


def test_a_batch_leaves_two_where_the_count_goes_on_to_two() -> None:
    """1, 2 and 4 together could not overtake 8, but then a would stand alone."""
    profile = cast(a=8, b=4, c=2, d=1)
    last_two = tabulate(profile, letters(4, batch_elimination=True, finish="last-two"))
    assert outcomes(last_two) == ["a-", "-cd", "-"]


def test_all_below_the_minimum_fall_first() -> None:
    """Even with a batch to come; the threshold is never below the minimum."""
    rounds = tabulate(cast(a=5, b=4, c=2, d=2), letters(4, minimum_votes=3))
    assert outcomes(rounds) == ["-cd", "a-"]
    assert tabulate(cast(a=5), letters(1, minimum_votes=4))[0].threshold == 4


def test_with_nobody_above_the_minimum_nothing_is_decided() -> None:
    """It may yet be reached; to eliminate everybody would be no result either."""
    (only,) = tabulate(cast(a=5, b=4), letters(2, minimum_votes=9))
    assert (only.elected, only.eliminated) == ((), ())


def test_the_count_stops_after_the_round_the_rules_name() -> None:
    """What that round decides stands."""
    assert outcomes(tabulate(cast(a=3, b=2, c=1), letters(3, stop_after_round=1))) == ["-c"]


def test_write_ins_fall_first_and_alone_and_nobody_is_elected_before() -> None:
    """Though they have most of the votes, and a has more than half of the rest."""
    rounds = tabulate(cast(c=5, ca=4, a=2, b=1), letters(3, write_in="c"))
    assert outcomes(rounds) == ["-c", "a-"]
    assert rounds[1].votes == {"a": 6, "b": 1}


def test_the_excluded_take_no_part_from_the_start() -> None:
    """Their marks still count as marks."""
    profile = {(0, "0>1"): 3, (0, ">2"): 1, (0, "0>>1"): 2}
    (only,) = tabulate(profile, letters(3, excluded="a", max_skipped_ranks=0))
    assert (only.votes, only.inactive, only.elected) == ({"b": 3, "c": 0}, {"skipped": 3}, ("b",))


def test_a_sequential_count_is_a_whole_runoff_for_each_seat() -> None:
    """The first elects a; without a its ballots elect c; then b has four of five."""
    profile, of = cast(ac=7, b=4, c=1, d=1), letters(4, "sequential-irv", 3)
    found = passes(profile, of)
    assert [outcomes(rounds) for rounds in found] == [["a-"], ["c-"], ["b-"]]
    assert [rounds[0].votes for rounds in found][1:] == [{"b": 4, "c": 8, "d": 1}, {"b": 4, "d": 1}]
    assert tabulate(profile, of) == [*found[0], *found[1], *found[2]]


def test_a_sequential_count_ends_with_the_candidates() -> None:
    """Five seats for two."""
    assert len(passes(cast(ab=2, b=1), letters(2, "sequential-irv", 5))) == 2


def test_the_results_are_what_a_certificate_names() -> None:
    """Votes and inactive ballots of each round, and who is elected."""
    rounds = tabulate({(0, "0"): 2, (0, "1"): 1}, contest("fruit", ("apple", "banana")))
    assert results(rounds) == Results(rounds=({"apple": 2, "banana": 1},), inactive=({},), elected=("apple",))


def test_results_are_in_units_of_the_last_place() -> None:
    """Whole numbers only: a quarter vote is 25 hundredths."""
    rounds = tabulate(cast(ab=5, c=2, b=1), letters(3, "stv-wigm", 2, places=2))
    assert [round_["b"] for round_ in results(rounds).rounds if "b" in round_][:2] == [100, 300]


def test_a_threshold_once_reached_stays() -> None:
    """Ten of 19 elect a; later ballots go nowhere, and ten still stand as what it took."""
    rounds = tabulate(cast(a=10, b=5, c=4), letters(3, finish="last-two"))
    assert [round_.threshold for round_ in rounds] == [10, 10, 10]
    assert rounds[2].inactive == {"choices": 4}


def test_write_ins_give_their_votes_to_nobody_by_plurality() -> None:
    """A ballot says one thing; what it ranks further down is not asked."""
    (only,) = tabulate(cast(ca=5, a=1, b=2), letters(3, "plurality", write_in="c"))
    assert (only.elected, only.eliminated) == (("b",), ())
