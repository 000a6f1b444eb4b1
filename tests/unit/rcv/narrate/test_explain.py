"""One ballot's way through a count."""

from collections.abc import Mapping

import pytest

from shared.contract.elections import Contest
from shared.rcv.formats.records import BallotFile, BallotGroup
from shared.rcv.narrate.counted import Counted, counted_of
from shared.rcv.narrate.explain import Stay, ballot_of, conclusion, parse_ranking, ranking_in_words, stays
from tests.unit.rcv.narrate.counted import NAMES, contest, traced

FILE = BallotFile(
    "Tea", NAMES, (BallotGroup("0>1", 3), BallotGroup("2", 2, 1)), sections=("adults", "children")
)


def way(of: Contest, ballots: Mapping[str, int], marks: str) -> tuple[list[Stay], Counted]:
    """Return the way of one more ballot with these marks, and the count."""
    found, row = traced(of, ballots, marks)
    counted = counted_of(of, found.count, ["all"])
    return stays(counted, found, row, marks), counted


def test_a_vote_moves_when_its_holder_is_eliminated() -> None:
    """Emil, then Clara, then nobody: with the rounds, and why."""
    found, counted = way(contest(), {"0": 9, "1": 8, "2": 4, "3>1": 3, "4": 1}, "4>2")
    assert [(stay.first, stay.last, stay.why) for stay in found] == [
        (1, 1, "first choice"),
        (2, 3, "Emil is eliminated; second choice is Clara"),
        (4, 4, "Clara is eliminated; the ballot ranks no other continuing candidate"),
    ]
    assert conclusion(found, counted) == "In the end this vote counts for nobody: it stopped in round 4."


def test_a_choice_eliminated_already_is_passed_over() -> None:
    """The second choice fell before the first: the third has the vote."""
    found, _ = way(contest(), {"0": 9, "1": 8, "2": 4, "3": 3, "4": 1}, "3>4>0")
    assert [stay.why for stay in found] == [
        "first choice",
        "Dora is eliminated; third choice is Ada",
    ]


def test_a_divided_vote_is_in_two_places() -> None:
    """Ada needs 10 of 20 votes: half of each ballot stays with her, half goes on to Basil."""
    of = contest("scottish-stv", seats=2, candidates=4)
    found, counted = way(of, {"0>1": 20, "1": 3, "2": 4, "3": 2}, "0>1")
    first, second = found[:2]
    assert (first.stand.holder, first.stand.worth, first.stand.kept) == (0, 100_000, ())
    assert (second.stand.holder, second.stand.worth, second.stand.kept) == (1, 50_000, ((0, 50_000),))
    assert second.why == "Ada is elected and keeps what the quota needs; second choice is Basil"
    assert conclusion(found, counted) == "In the end this vote counts for Ada and Basil, who are elected."


def test_the_explained_ranking_counts_nothing() -> None:
    """The count with it is the count without."""
    of = contest()
    ballots = {"0": 9, "1": 8}
    found, _ = traced(of, ballots, "4>3>2")
    assert found.count.rounds[0].votes == (9, 8, 0, 0, 0)


def test_a_vote_is_followed_for_each_seat() -> None:
    """It elects Ada to the first seat and, without her, stops with Clara at the second."""
    of = contest("sequential-irv", seats=2, candidates=3)
    found, counted = way(of, {"0>1": 6, "1>2": 3, "2>1": 2}, "0>2")
    assert [(stay.first, stay.why) for stay in found] == [
        (1, "Seat 1: first choice"),
        (2, "Seat 2: second choice"),
    ]
    assert conclusion(found, counted) == (
        "For seat 1 this vote counts for Ada, who is elected. "
        "For seat 2 this vote counts for Clara, who is not elected."
    )


def test_an_overvote_is_named_as_the_reason() -> None:
    """The second rank holds two."""
    found, _ = way(contest(), {"0": 9, "1": 8, "2": 4}, "4>2=3")
    assert found[-1].why.endswith("the next rank holds several candidates, which stops the ballot")


def test_a_ranking_is_read_by_name_whatever_its_capitals() -> None:
    """Also several at one rank, and blank ranks."""
    assert parse_ranking("ADA >basil=Clara>>  dora", NAMES) == "0>1=2>>3"
    assert ranking_in_words("0>1=2>>3", contest()) == "Ada > Basil = Clara > (blank) > Dora"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    """And a name like no other with all of them."""
    with pytest.raises(ValueError, match="expected a candidate, found 'Bassil'; did you mean 'Basil'\\?"):
        parse_ranking("Ada > Bassil", NAMES)
    with pytest.raises(ValueError, match="there are Ada, Basil, Clara, Dora, Emil"):
        parse_ranking("Xyzzy", NAMES)


@pytest.mark.parametrize(
    ("number", "ballot"), [(1, (0, "0>1")), (3, (0, "0>1")), (4, (1, "2")), (5, (1, "2"))]
)
def test_a_ballot_is_found_by_its_number(number: int, ballot: tuple[int, str]) -> None:
    """Equal ballots stand together."""
    assert ballot_of(FILE, None, number, None) == ballot


@pytest.mark.parametrize("number", [0, 6])
def test_a_number_beyond_the_file_is_refused(number: int) -> None:
    """With how many there are."""
    with pytest.raises(ValueError, match=r"--ballot: expected 1\.\.5"):
        ballot_of(FILE, None, number, None)


def test_a_ballot_is_named_in_one_way() -> None:
    """Neither both nor none."""
    for ranking, number in ((None, None), ("Ada", 1)):
        with pytest.raises(ValueError, match="either --ranking or --ballot"):
            ballot_of(FILE, ranking, number, None)
    assert ballot_of(FILE, "Clara", None, "Children") == (1, "2")
