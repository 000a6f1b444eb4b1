"""A part of the ballots, along the whole contest's decisions."""

import numpy as np

from shared.contract.elections import Rules
from shared.rcv.reports.part import Part, Parts
from tests.unit.rcv.reports.counted import ballots, contest, count, two_elected_at_once


def _texts(part: Part, number: int) -> dict[int, str]:
    return {c: str(votes) for c, votes in part.rounds[number - 1].tally.items()}


def test_what_leaves_the_last_elected_is_the_final_rounds_surplus() -> None:
    """Nobody who still stands receives it: 12 ballots of 0.1666."""
    final = Parts(two_elected_at_once()).whole().rounds[-1]
    assert (str(final.surplus), str(final.tally[2])) == ("1.9992", "2")


def test_a_residue_sets_the_elected_back_to_the_threshold_at_its_scale() -> None:
    """5.0004 becomes 5, and 0.0004 of each is lost; active ballots show the places."""
    whole = Parts(two_elected_at_once()).whole()
    assert _texts(whole, 2) == {2: "2", 0: "5", 1: "5"}
    assert (str(whole.rounds[1].residue), str(whole.rounds[1].active)) == ("0.0008", "13.9992")


def test_transfers_say_what_reached_nobody_and_what_was_lost() -> None:
    """The surplus of the last elected is reported as exhausted."""
    moved = Parts(two_elected_at_once()).whole().transfers[0]
    assert {to: str(n) for to, n in moved[0].items()} == {"exhausted": "0.9996", "residual surplus": "0.0004"}


def test_a_slice_knows_no_residue() -> None:
    """Its elected keep what its own ballots left with them."""
    town = Parts(two_elected_at_once()).slice(np.arange(9))
    assert _texts(town, 2) == {2: "0", 0: "5.0004", 1: "2.5002"}
    assert (str(town.rounds[1].residue), str(town.rounds[1].surplus)) == ("0", "1.4994")


def test_slices_add_up_to_the_whole_but_for_the_residue() -> None:
    """Each ballot is in one of them."""
    parts = Parts(two_elected_at_once())
    whole, town, hill = parts.whole(), parts.slice(np.arange(9)), parts.slice(np.arange(9, 15))
    for all_, one, other in zip(whole.rounds, town.rounds, hill.rounds, strict=True):
        assert one.active + other.active == all_.active + all_.residue
        assert one.ballots + other.ballots == all_.ballots + all_.residue


def test_a_ballot_worth_nothing_shows_in_tallies_and_not_in_transfers() -> None:
    """A reaches the quota exactly: its ballots move on, worth 0.0000 each."""
    whole = Parts(
        count(
            contest("ABCD", method="stv-wigm", seats=2),
            ballots((5, "0>1"), (4, "1"), (3, "2"), (1, "3>1")),
        )
    ).whole()
    assert _texts(whole, 1)[1] == "4"
    assert _texts(whole, 2) == {1: "4.0000", 2: "3", 3: "1", 0: "5.0000"}
    assert whole.transfers[0] == {}
    assert {to: str(n) for to, n in whole.transfers[1][3].items()} == {1: "1"}
    assert _texts(whole, 3)[1] == "5.0000"


def test_an_empty_pile_is_nought_without_places() -> None:
    """D has no ballot, divided or not."""
    whole = Parts(
        count(contest("ABCD", method="stv-wigm", seats=2), ballots((7, "0>1"), (3, "1"), (3, "2")))
    ).whole()
    assert _texts(whole, 2)[3] == "0"


def test_blank_ballots_are_no_exhausted_ones() -> None:
    """They are distinguished from the first round on."""
    whole = Parts(count(contest("AB"), ballots((2, "0"), (1, "1"), (3, ""), (1, "0=1")))).whole()
    first = whole.rounds[0]
    numbers = (first.ballots, first.blank, first.exhausted, first.active)
    assert list(map(str, numbers)) == ["7", "3", "1", "3"]


def test_a_count_that_stops_early_moves_nothing() -> None:
    """The last round has no transfers, whom it eliminates or not."""
    rules = Rules(stop_after_round=1, ties="candidate-order")
    whole = Parts(count(contest("ABC", rules=rules), ballots((3, "0"), (3, "1"), (2, "2>1")))).whole()
    assert whole.transfers == ({},)
