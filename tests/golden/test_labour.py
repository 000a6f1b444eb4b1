"""The Labour Party's elections of 2010 and 2015, as published."""

import json
from fractions import Fraction
from typing import Any

import pytest

from shared.contract.elections import Candidate, Contest
from shared.rcv.count.tabulate import tabulate_counts
from tests.support import labour
from tests.support.reference import data

HUNDREDTH = Fraction(1, 100)


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    """Return the published figures."""
    figures: dict[str, Any] = json.loads(data("labour.json").read_text())
    return figures


def contest(names: tuple[str, ...], method: str) -> Contest:
    """Return a contest between people."""
    people = tuple(Candidate(id=f"c{place}", name=name) for place, name in enumerate(names))
    return Contest(id="leader", title="Leader", method=method, candidates=people, lot="2010")


def test_the_electoral_college_of_2010(published: dict[str, Any]) -> None:
    """Four rounds: every score to a hundredth of a point, first and final votes of each section, Ed Miliband elected."""
    college = published["leader_2010_electoral_college"]
    counts = labour.profile(college["first_round_votes"])
    count = tabulate_counts(counts, contest(labour.NAMES, "electoral-college"), 3).check(sum(counts.values()))
    assert len(count.rounds) == 4
    for round_, scores in zip(count.rounds, college["score_percent"], strict=True):
        for name, percent in scores.items():
            score = round_.scores[labour.NAMES.index(name)] * 100
            assert abs(score - Fraction(str(percent))) < HUNDREDTH, f"round {round_.number}: {name}"
    for place, section in enumerate(labour.SECTIONS):
        for round_, key in ((count.rounds[0], "first_round_votes"), (count.rounds[3], "final_round_votes")):
            for name, votes in college[key][section].items():
                assert round_.votes_by_section[place][labour.NAMES.index(name)] == votes
    assert [sorted(round_.eliminated) for round_ in count.rounds[:3]] == [[c] for c in labour.ELIMINATED]
    assert count.elected == (labour.ED,)


def test_the_member_of_parliament_section_of_2010_in_every_round(published: dict[str, Any]) -> None:
    """Its four rounds are published: 266 votes at first, 262 at last, David Miliband 140 to 122."""
    counts = labour.profile(published["leader_2010_electoral_college"]["first_round_votes"])
    rounds = tabulate_counts(counts, contest(labour.NAMES, "electoral-college"), 3).rounds
    assert [round_.votes_by_section[0] for round_ in rounds] == [
        (111, 84, 40, 24, 7),
        (111, 88, 41, 24, 0),
        (125, 96, 43, 0, 0),
        (140, 122, 0, 0, 0),
    ]


def test_the_leadership_of_2015_ends_in_its_first_round(published: dict[str, Any]) -> None:
    """Three sections counted as one electorate: 251,417 of 422,664."""
    leader = published["leader_2015"]
    names = tuple(leader["first_preferences"])
    counts = {
        (place, str(names.index(name))): votes
        for place, section in enumerate(leader["sections"].values())
        for name, votes in section.items()
    }
    count = tabulate_counts(counts, contest(names, "irv"), 3).check(leader["electorate"]["valid"])
    assert dict(zip(names, count.rounds[0].votes, strict=True)) == leader["first_preferences"]
    assert [names[c] for c in count.rounds[leader["elected_in_round"] - 1].elected] == ["Jeremy Corbyn"]


def test_the_deputy_leadership_of_2015_in_every_round(published: dict[str, Any]) -> None:
    """Tallies and transfers of three rounds, from ballots that follow the published transfers."""
    rounds = published["deputy_2015"]["rounds"]
    names = tuple(rounds[0]["tally"])
    counts = deputy_profile(rounds, names)
    count = tabulate_counts(counts, contest(names, "irv"), 1).check(sum(rounds[0]["tally"].values()))
    for counted, official in zip(count.rounds, rounds, strict=True):
        tally = {names[c]: counted.votes[c] for c in counted.continuing}
        assert tally == official["tally"]
        moved = {"exhausted" if t.target is None else names[t.target]: t.votes for t in counted.transfers}
        assert moved == official.get("transfers", {})
    assert [names[c] for c in count.elected] == ["Tom Watson"]


def deputy_profile(rounds: list[dict[str, Any]], names: tuple[str, ...]) -> dict[tuple[int, str], int]:
    """Return ballots of which the transfers are the published ones; what Bradshaw hands to Eagle goes on to nobody."""
    first, second = (names.index(round_["eliminated"]) for round_ in rounds[:2])
    counts = {(0, str(names.index(name))): votes for name, votes in rounds[0]["tally"].items()}
    for eliminated, round_ in zip((first, second), rounds, strict=False):
        for name, votes in round_["transfers"].items():
            if name != "exhausted":
                counts[0, str(eliminated)] -= votes
                counts[0, f"{eliminated}>{names.index(name)}"] = votes
    return counts
