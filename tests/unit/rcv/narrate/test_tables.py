"""What the tables hold: who stands where, what becomes of everybody, and that columns add up."""

from typing import get_args

import pytest

from shared.contract.elections import Method, Phase
from shared.rcv.narrate.counted import Counted, counted_in
from shared.rcv.narrate.tables import resting, rounds_table, runs_of, section_lines
from tests.support.standings import college, standing, surplus
from tests.support.strategies import SEVERAL_SEATS
from tests.unit.rcv.narrate.counted import contest, counted


def of(method: Method) -> Counted:
    """Return the count of two sections by a method."""
    return counted_in(standing(5, Phase.CLOSED, method=method, seats=2 if method in SEVERAL_SEATS else 1))


@pytest.mark.parametrize("method", sorted({*get_args(Method)} - {"electoral-college"}))
def test_every_column_adds_up_to_all_ballots(method: Method) -> None:
    """Candidates, reasons and what rounding lost: the sum that stands below them."""
    table = rounds_table(of(method))
    (whole,) = [footer for footer in table.footers if footer.kind == "sum"]
    rest = [footer for footer in table.footers if footer.kind == "rest"]
    for place, total in enumerate(table.totals):
        assert total + sum(footer.amounts[place] or 0 for footer in rest) == whole.amounts[place]


@pytest.mark.parametrize("method", get_args(Method))
def test_every_section_adds_up_to_its_ballots(method: Method) -> None:
    """And the sections to the candidate's votes."""
    found = of(method)
    for round_ in found.rounds:
        lines = section_lines(found, round_)
        for line in lines:
            assert sum(line.votes) == round_.votes[line.candidate]
        for place, (section, ballots) in enumerate(found.ballots.items()):
            held = sum(line.votes[place] for line in lines)
            assert held + resting(found, round_, section) == ballots * 10**found.places


def test_changes_lead_from_each_round_to_the_next() -> None:
    """Also out of the count: whoever is eliminated loses all."""
    for line in rounds_table(counted_in(surplus())).lines:
        for before, after in zip(line.cells, line.cells[1:], strict=False):
            assert before.amount + after.change == after.amount


def test_the_fate_of_each_candidate_is_known_in_every_round() -> None:
    """Continuing until a round decides; then elected or eliminated for good; the withdrawn are never in."""
    fates = {
        line.name: [cell.fate for cell in line.cells] for line in rounds_table(counted_in(surplus())).lines
    }
    assert fates["Apple"] == ["elected"] * 4
    assert fates["Cherry"] == ["continuing", "eliminated", "eliminated", "eliminated"]
    assert fates["Elderberry"] == ["withdrawn"] * 4


def test_a_college_is_measured_in_points() -> None:
    """Hundredths of a point of 100; half of them elects; a section's table has its votes."""
    found = counted_in(college())
    table = rounds_table(found)
    assert (table.places, table.thresholds[0], table.totals[-1]) == (2, 5_000, 10_000)
    section = rounds_table(found, section="members")
    assert {line.name: line.cells[0].amount for line in section.lines} == {
        "Banana": 40,
        "Apple": 37,
        "Cherry": 9,
    }
    assert section.thresholds == (None, None)


def test_of_those_level_the_one_who_is_eliminated_stands_below() -> None:
    """The count stops in the round that eliminates: its decision, not the order of the ballot, says who was last."""
    of = contest(candidates=3, stop_after_round=1)
    found = counted(of, {"0": 4, "1": 3, "2": 3})
    (out,) = [d.candidate for d in found.rounds[-1].decisions if d.outcome == "eliminated"]
    assert rounds_table(found).lines[-1].candidate == out


def test_each_run_has_a_table_of_its_own() -> None:
    """Nobody gains from one seat's run-off to the next, and whoever has a seat is in no later one."""
    found = counted(contest("sequential-irv", seats=2, candidates=3), {"0>1": 6, "1>2": 3, "2>1": 2})
    first, second = (rounds_table(found, run) for run in runs_of(found.rounds))
    assert first.lines[0].name == "Ada"
    assert [line.name for line in second.lines] == ["Basil", "Clara"]
    assert {cell.change for line in second.lines for cell in line.cells} == {0}
