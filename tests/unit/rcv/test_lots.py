"""Ties that an order, drawn lots or a published count settle."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from shared.rcv.contests import CountOptions, contest_of, profile_of, ties_settled
from shared.rcv.count.tabulate import tabulate
from shared.rcv.count.ties import Tie
from shared.rcv.formats.records import BallotFile, BallotGroup
from shared.rcv.lots import drawn, given_order

NAMES = ("Ann", "Bo", "Cy")
LEVEL = BallotFile(
    "Level", NAMES, (BallotGroup("0", 2), BallotGroup("1", 2), BallotGroup("2", 2)), tie_order=(1, 0, 2)
)


def test_of_an_order_the_first_wins_and_the_last_falls() -> None:
    """Whatever the order in which the level ones are listed; names as people type them."""
    ask = given_order("cy > Ann >bo", NAMES)
    assert ask(Tie(1, (0, 1, 2), "winner")) == 2
    assert ask(Tie(1, (0, 1, 2), "loser")) == 1
    assert ask(Tie(4, (1, 0), "loser")) == 1


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ann > Ann", "each candidate once"),
        ("Ann > Zoe", "expected a candidate, found 'Zoe'"),
        ("", "found ''"),
    ],
)
def test_an_order_that_cannot_be_one_is_refused(text: str, said: str) -> None:
    """Before anything is counted."""
    with pytest.raises(ValueError, match=said):
        given_order(text, NAMES)


def test_who_is_level_and_not_in_the_order_is_named() -> None:
    """With the round."""
    with pytest.raises(
        ValueError, match="round 3: Ann, Bo are level, and the order that settles ties lacks Bo"
    ):
        given_order("Ann > Cy", NAMES)(Tie(3, (0, 1), "loser"))


def test_lots_are_found_by_their_round() -> None:
    """Comments and empty lines aside; a lot for others who are level in that round is another tie's."""
    ask = drawn("# drawn on Friday\n\n2: Bo\n2: ann # of another tie\n", NAMES)
    assert ask(Tie(2, (1, 2), "loser")) == 1
    assert ask(Tie(2, (0, 2), "loser")) == 0
    with pytest.raises(ValueError, match="round 1: Bo, Cy are level, and no lot is given for them"):
        ask(Tie(1, (1, 2), "loser"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Bo", "line 1: expected a round and whom the lot picked, '3: NAME', found 'Bo'"),
        ("one: Bo", "found 'one: Bo'"),
        ("1: Zoe", "expected a candidate, found 'Zoe'"),
        (
            "1: Zoe\n2: Bo\n\nx: Bo",
            "line 1: expected a candidate, found 'Zoe'.*; line 4: expected a round and whom",
        ),
        ('{"ties": 3}', "expected a count as"),
        ('{"stages": []}', "expected a count as"),
        ("{", "expected a count as"),
    ],
)
def test_lots_that_are_none_are_refused(text: str, said: str) -> None:
    """With the line."""
    with pytest.raises(ValueError, match=said):
        drawn(text, NAMES)


def test_a_name_may_have_the_sign_of_a_comment() -> None:
    """A comment begins with it and a space, or is a line of its own."""
    ask = drawn("#drawn on Friday\n1: Team #2 # heads\n", ["Team #1", "Team #2"])
    assert ask(Tie(1, (0, 1), "loser")) == 1


def elected(file: BallotFile, options: CountOptions) -> tuple[int, ...]:
    """Return who is elected of ballots that are all level."""
    contest = contest_of(file, options)
    return tabulate(profile_of(file, contest), contest, ties_settled(file, options)).elected


def test_a_files_own_order_settles_its_ties_unless_a_rule_is_given() -> None:
    """Droop's [tie bo ann cy]: Bo falls first, then Ann is picked to win. By the file's candidates Ann wins."""
    assert elected(LEVEL, CountOptions("irv")) == (0,)
    assert elected(replace(LEVEL, tie_order=(0, 2, 1)), CountOptions("irv")) == (2,)
    by_candidates = CountOptions("irv", rules={"ties": "candidate-order"})
    assert elected(replace(LEVEL, tie_order=(0, 2, 1)), by_candidates) == (0,)


def test_an_order_outranks_the_files_and_no_other_rule_goes_with_it(tmp_path: Path) -> None:
    """Cy wins by the order given, and by lots of a file; `lot` would settle ties before anybody is asked."""
    assert elected(LEVEL, CountOptions("irv", tie="Cy > Ann > Bo")) == (2,)
    lots = tmp_path / "lots"
    lots.write_text("1: Ann\n2: Cy\n", encoding="utf-8")
    assert elected(LEVEL, CountOptions("irv", tie=str(lots))) == (2,)
    with pytest.raises(ValueError, match="--tie settles what is asked"):
        elected(LEVEL, CountOptions("irv", tie="Cy > Ann > Bo", rules={"ties": "lot"}))


@pytest.mark.parametrize(
    ("lots", "message"),
    [
        (b"\xef\xbb\xbf1: Zed\r\n", "--tie LOTS: line 1: expected a candidate, found 'Zed'"),
        (b"1: Ann\n0: Cy\n", "--tie LOTS: line 2: expected a round and whom the lot picked"),
        (b"1: Ann\n2: C\xff\n", "LOTS: line 2: expected UTF-8, found byte 0xff"),
        ("1: Ann".encode("utf-16"), "LOTS: line 1: expected UTF-8, found UTF-16"),
    ],
)
def test_a_fault_in_a_file_of_lots_names_that_file(tmp_path: Path, lots: bytes, message: str) -> None:
    """Not the file of the ballots; a byte order mark is no fault."""
    path = tmp_path / "lots.txt"
    path.write_bytes(lots)
    with pytest.raises(ValueError, match=re.escape(message.replace("LOTS", str(path)))):
        elected(LEVEL, CountOptions("irv", tie=str(path)))


def test_neither_nothing_nor_a_folder_is_a_file_of_lots(tmp_path: Path) -> None:
    """An empty word is no path to the folder one is in."""
    with pytest.raises(ValueError, match="--tie: expected a candidate, found ''"):
        elected(LEVEL, CountOptions("irv", tie=""))
    with pytest.raises(ValueError, match="expected a file that can be read: Is a directory"):
        elected(LEVEL, CountOptions("irv", tie=str(tmp_path)))
