"""The JSON of a count, against published stages and against its own rules."""

import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from shared.contract.elections import Method
from shared.rcv.contests import CountOptions, contest_of, profile_of
from shared.rcv.count.tabulate import tabulate, tabulate_counts
from shared.rcv.formats.detect import read_ballots
from shared.rcv.narrate.counted import counted_of
from shared.rcv.narrate.document import document
from tests.support import labour
from tests.support.reference import data
from tests.unit.rcv.narrate.counted import NAMES, contest, counted


def shown_of(file: Path, method: Method) -> dict[str, Any]:
    """Return the JSON of a ballot file's count."""
    ballots = read_ballots(file)
    of = contest_of(ballots, CountOptions(method))
    shown: dict[str, Any] = json.loads(
        json.dumps(document(counted_of(of, tabulate(profile_of(ballots, of), of), ["all"])))
    )
    return shown


def published(name: str, *kinds: str) -> list[dict[str, Any]]:
    """Return the published steps of some kinds."""
    steps: list[dict[str, Any]] = json.loads(data("stv", name).read_text())["steps"]
    return [step for step in steps if step["step"] in kinds]


@pytest.mark.parametrize("ward", ["craigton-2007", "hillhead-2007"])
def test_the_stages_of_a_scottish_ward_are_those_published(ward: str) -> None:
    """Votes, quota and non-transferable votes as text, stage by stage."""
    shown = shown_of(data("stv", f"{ward}.blt"), "scottish-stv")
    steps = published(f"{ward}.steps.json", "begin", "transfer")
    assert len(shown["stages"]) == len(steps)
    for stage, step in zip(shown["stages"], steps, strict=True):
        assert {key: stage[key] for key in ("quota", "votes", "nontransferable")} == {
            key: step[key] for key in ("quota", "votes", "nontransferable")
        }


@pytest.mark.parametrize("ward", ["craigton-2007", "hillhead-2007"])
def test_a_stage_names_whose_ballots_moved_in_it(ward: str) -> None:
    """Its action, its eliminated and its transfers are about the candidate whom the record names."""
    shown = shown_of(data("stv", f"{ward}.blt"), "scottish-stv")
    steps = published(f"{ward}.steps.json", "begin", "transfer")
    for stage, step in list(zip(shown["stages"], steps, strict=True))[1:]:
        name = step["message"].partition(": ")[2].partition(" (")[0]
        assert {moved["from"] for moved in stage["transfers"]} == {name}
        assert stage["eliminated"] == ([name] if "defeated" in step["message"] else [])
        assert stage["action"] == ("Elimination of " if stage["eliminated"] else "Surplus of ") + name


def test_elected_are_those_deemed_elected_at_a_stage() -> None:
    """Hillhead 2007: at stage 1, 5, 8 and, as the last one left, 10."""
    shown = shown_of(data("stv", "hillhead-2007.blt"), "scottish-stv")
    elected = {stage["stage"]: stage["elected"] for stage in shown["stages"] if stage["elected"]}
    assert elected == {
        1: ["George A Roberts"],
        5: ["Martha Ferguson Wardrop"],
        8: ["Kenneth Elder"],
        10: ["Hanzala Malik"],
    }
    assert shown["elected"] == [name for names in elected.values() for name in names]


def test_the_stages_of_meeks_method_have_nine_places() -> None:
    """One for each time somebody is elected or defeated; the quota as published."""
    shown = shown_of(data("stv", "forty-two.blt"), "meek")
    steps = published("forty-two.meek.steps.json", "elect", "defeat")
    assert [(stage["quota"], stage["votes"]) for stage in shown["stages"]] == [
        (step["quota"], step["votes"]) for step in steps
    ]
    assert shown["elected"] == ["Castor", "Helen"]


def test_a_stage_is_the_one_before_and_its_transfers() -> None:
    """Taken from givers and added to takers, they lead to the votes exactly."""
    stages = shown_of(data("stv", "craigton-2007.blt"), "scottish-stv")["stages"]
    for before, after in pairwise(stages):
        votes = {name: Decimal(held) for name, held in before["votes"].items()}
        stopped = Decimal(before["nontransferable"])
        for moved in after["transfers"]:
            votes[moved["from"]] -= Decimal(moved["votes"])
            if moved["to"]:
                votes[moved["to"]] += Decimal(moved["votes"])
            elif moved["why"] != "residue":
                stopped += Decimal(moved["votes"])
        assert votes == {name: Decimal(held) for name, held in after["votes"].items()}
        assert stopped == Decimal(after["nontransferable"])


def test_an_electoral_college_has_scores_and_sections() -> None:
    """Labour 2010: the final scores to a hundredth, and each section's final votes."""
    college = json.loads(data("labour.json").read_text())["leader_2010_electoral_college"]
    of = contest("electoral-college").model_copy(
        update={
            "candidates": tuple(
                candidate.model_copy(update={"name": name})
                for candidate, name in zip(contest().candidates, labour.NAMES, strict=True)
            )
        }
    )
    shown = document(
        counted_of(of, tabulate_counts(labour.profile(college["first_round_votes"]), of, 3), labour.SECTIONS)
    )
    for stage, scores in zip(shown["stages"], college["score_percent"], strict=True):
        for name, percent in scores.items():
            assert abs(Decimal(stage["scores"][name]) - Decimal(str(percent))) < Decimal("0.01")
    final = shown["stages"][-1]["sections"]
    for section, votes in college["final_round_votes"].items():
        assert {name: int(final[section][name]) for name in votes} == votes


def test_a_tie_has_what_settled_it() -> None:
    """Basil and Clara are level in the first round; the lot takes one of them."""
    shown = document(counted(contest(candidates=3), {"0": 4, "1>0": 3, "2>0": 3}))
    (tie,) = shown["ties"]
    assert tie["stage"] == 1
    assert sorted(tie["candidates"]) == ["Basil", "Clara"]
    assert tie["picked"] in tie["candidates"]
    assert (tie["outcome"], tie["settled_by"]) == ("eliminated", "lot")
    assert shown["lot"] == "7"


def test_blank_ballots_are_not_nontransferable() -> None:
    """They never held a vote; an overvoted one did not either, but stopped for a reason."""
    stage = document(counted(contest(), {"0": 2, "": 5, "1=2": 3}))["stages"][0]
    assert stage["nontransferable"] == "3"
    assert stage["votes"] == dict(zip(NAMES, ["2", "0", "0", "0", "0"], strict=True))


def test_seats_filled_one_after_another_are_runs() -> None:
    """Stages go on in number; each says its run, and a run's first stage has no transfers."""
    of = contest("sequential-irv", seats=2, candidates=3)
    shown = document(counted(of, {"0>1": 6, "1>2": 3, "2>1": 2}))
    assert shown["elected"] == ["Ada", "Basil"]
    assert [(stage["stage"], stage["run"]) for stage in shown["stages"]] == [(1, 1), (2, 2)]
    assert shown["stages"][1]["action"] == "First count"
    assert shown["stages"][1]["votes"] == {"Ada": "0", "Basil": "9", "Clara": "2"}
