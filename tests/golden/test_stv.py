"""Scottish wards of 2007 and a small count by Meek's method, stage by stage as published or computed elsewhere."""

import json
from typing import Any

import pytest

from shared.contract.elections import Candidate, Contest
from shared.rcv.count.profile import Profile
from shared.rcv.count.rounds import Count
from shared.rcv.count.tabulate import tabulate
from shared.rcv.formats.detect import read_ballots
from tests.support.reference import data


def counted(name: str, method: str) -> tuple[Count, tuple[str, ...]]:
    """Return the count of a ward's file and its candidates' names."""
    file = read_ballots(data("stv", f"{name}.blt"))
    people = tuple(Candidate(id=f"c{place}", name=person) for place, person in enumerate(file.candidates))
    contest = Contest(id="ward", title="Ward", method=method, seats=file.seats, candidates=people, lot="2007")
    rankings = Profile(len(people), 1, contest.rules)
    rankings.add((0, ranking.marks, ranking.ballots) for ranking in file.ballots)
    return tabulate(rankings, contest).check(int(rankings.columns()[2].sum())), file.candidates


def text(units: int, places: int) -> str:
    """Return units as a decimal number of so many places."""
    return f"{units // 10**places}.{units % 10**places:0{places}d}"


def steps(name: str, *kinds: str) -> list[dict[str, Any]]:
    """Return the published steps of some kinds."""
    return [step for step in json.loads(data("stv", name).read_text())["steps"] if step["step"] in kinds]


@pytest.mark.parametrize("ward", ["craigton-2007", "hillhead-2007"])
def test_a_scottish_ward_stage_by_stage(ward: str) -> None:
    """Each candidate's votes to five places, the quota and the non-transferable votes of every stage."""
    count, names = counted(ward, "scottish-stv")
    stages = steps(f"{ward}.steps.json", "begin", "transfer")
    for round_, stage in zip(count.rounds, stages, strict=True):
        votes = {name: text(units, count.places) for name, units in zip(names, round_.votes, strict=True)}
        assert votes == stage["votes"], stage["message"]
        assert text(round_.threshold or 0, count.places) == stage["quota"]
        assert text(sum(round_.inactive.values()), count.places) == stage["nontransferable"]
    ended = steps(f"{ward}.steps.json", "end")[0]["state"]
    assert {names[c] for c in count.elected} == {name for name, state in ended.items() if state == "elected"}


def test_a_count_by_meeks_method_decision_by_decision() -> None:
    """Castor is elected, Pollux and Helen are within a hair, Helen is left: nine places each time."""
    count, names = counted("forty-two", "meek")
    for round_, step in zip(count.rounds, steps("forty-two.meek.steps.json", "elect", "defeat"), strict=True):
        votes = {name: text(units, count.places) for name, units in zip(names, round_.votes, strict=True)}
        assert votes == step["votes"], step["message"]
        assert text(round_.threshold or 0, count.places) == step["quota"]
    assert [names[c] for c in count.elected] == ["Castor", "Helen"]
