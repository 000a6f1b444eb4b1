"""The spreadsheet, line by line."""

import csv
import io
from dataclasses import replace

import numpy as np

from shared.contract.elections import Rules
from shared.rcv.reports.heading import Slice, candidate_order
from shared.rcv.reports.part import Parts
from shared.rcv.reports.spreadsheet import Spreadsheet
from shared.rcv.reports.tabulated import Settings, Tabulated
from tests.unit.rcv.reports.counted import STAMP, ballots, contest, count, two_elected_at_once


def _sheet(tabulated: Tabulated) -> Spreadsheet:
    whole = Parts(tabulated).whole()
    return Spreadsheet(tabulated, STAMP, whole, candidate_order(tabulated, whole))


def _row(text: str, title: str) -> list[str]:
    return next(row for row in csv.reader(io.StringIO(text)) if row and row[0] == title)


def test_candidates_who_are_level_stand_as_a_java_hash_map_of_their_names() -> None:
    """The order RCTab's own suite shows for these three, who all have three votes."""
    names = ["George Gervin", "Mookie Blaylock", "Yinka Dare"]
    tabulated = count(contest(names), ballots((3, "0"), (3, "1"), (3, "2")))
    order = candidate_order(tabulated, Parts(tabulated).whole())
    assert [names[c] for c in order] == ["Yinka Dare", "George Gervin", "Mookie Blaylock"]


def test_undeclared_write_ins_stand_last_whatever_they_have() -> None:
    """Though they have most votes."""
    tabulated = count(contest(["(Undeclared Write-ins)", "A", "B"]), ballots((5, "0"), (3, "2"), (2, "1")))
    assert candidate_order(tabulated, Parts(tabulated).whole()) == [2, 1, 0]


def test_a_broken_tie_is_marked_and_explained() -> None:
    """With an asterisk beside the name, and a note at the end; not in the line of winners."""
    text = _sheet(count(contest("ABC"), ballots((3, "0"), (2, "1>0"), (2, "2")))).detailed()
    assert _row(text, "Eliminated")[1] == "C*"
    assert text.endswith("\r\n\r\n*Tie resolved in accordance with election law\r\n")
    assert "*" not in _row(text, "Winner(s)")[1]


def test_a_round_names_its_eliminated_in_the_order_of_names() -> None:
    """Not in that of their votes or places."""
    rules = Rules(batch_elimination=True, ties="candidate-order")
    tabulated = count(
        contest(["Zoe", "Ann", "Max", "Bo"], rules=rules), ballots((9, "2"), (9, "3"), (2, "0"), (1, "1"))
    )
    assert _row(_sheet(tabulated).detailed(), "Eliminated")[1] == "Ann; Zoe"


def test_surplus_and_residue_have_lines_of_their_own() -> None:
    """The final round's surplus is empty while there is none."""
    text = _sheet(two_elected_at_once()).detailed()
    assert _row(text, "Final Round Surplus") == ["Final Round Surplus", "", "", "", "1.9992", "", ""]
    assert _row(text, "Residual surplus") == ["Residual surplus", "0", "", "", "0.0008", "", ""]
    assert _row(text, "A") == ["A", "6", "42.85%", "-1", "5", "35.71%", "0"]
    assert _row(text, "Number of Undervotes (No Rankings)")[1] == "1"


def test_a_slice_shows_its_own_votes_and_whose_the_decisions_are() -> None:
    """Without thresholds or residue, candidates in the whole contest's order."""
    tabulated = two_elected_at_once(Settings("Test", single_winner=False))
    parts = Parts(tabulated)
    order = candidate_order(tabulated, parts.whole())
    town = Spreadsheet(
        tabulated, STAMP, parts.slice(np.arange(9)), order, Slice("Precinct", "Town")
    ).detailed()
    assert _row(town, "Precinct") == ["Precinct", "Town"]
    assert _row(town, "Elected†")[1] == "A; B"
    assert _row(town, "A") == ["A", "6", "66.66%", "-0.9996", "5.0004", "55.56%", "0"]
    assert "Threshold" not in town
    assert "Residual" not in town
    assert town.splitlines()[-1].startswith("†Elect/Eliminate decisions are from the full contest.")


def test_a_summary_leaves_out_why_ballots_are_inactive() -> None:
    """It keeps their total."""
    sheet = _sheet(count(contest("AB"), ballots((2, "0"), (1, "0=1"))))
    left_out = [line for line in sheet.detailed().splitlines() if line not in sheet.summary().splitlines()]
    assert [line.split(",")[0].split(" by ")[0] for line in left_out] == ["Inactive Ballots"] * 4
    assert _row(sheet.summary(), "Inactive Ballots Total") == ["Inactive Ballots Total", "1", "", "0"]


def test_shares_are_of_the_round_with_one_winner_and_of_the_first_round_else() -> None:
    """Four votes of five are left in the second round."""
    tabulated = count(contest("ABC"), ballots((2, "0"), (2, "1>0"), (1, "2")))
    several = replace(tabulated, settings=Settings("Test", single_winner=False))
    assert _row(_sheet(tabulated).detailed(), "A")[5] == "50.0%"
    assert _row(_sheet(several).detailed(), "A")[5] == "40.0%"
