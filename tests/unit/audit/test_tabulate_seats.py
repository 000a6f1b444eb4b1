"""The second tabulator where several are elected, counted by hand and held against published counts."""

import json
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from services.audit.tabulate import Round, tabulate
from services.audit.tabulate.rounds import cut, raise_to
from shared.contract.elections import Candidate, Contest, Method
from tests.support.letters import cast, letters, outcomes
from tests.support.reference import data


def ward(path: Path, method: Method) -> tuple[Contest, dict[tuple[int, str], int]]:
    """Read a plain BLT file: one ranking a line, no withdrawals; ids are c0, c1 and so on."""
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    number, seats = map(int, lines[0].split())
    end = lines.index("0")
    profile: Counter[tuple[int, str]] = Counter()
    for line in lines[1:end]:
        ballots, *ranks = map(int, line.split()[:-1])
        profile[0, ">".join(str(rank - 1) for rank in ranks)] += ballots
    names = [line.strip().strip('"') for line in lines[end + 1 : end + 1 + number]]
    candidates = tuple(Candidate(id=f"c{place}", name=name) for place, name in enumerate(names))
    of = Contest(id="ward", title="Ward", method=method, seats=seats, candidates=candidates, lot="ward")
    return of, dict(profile)


def standing(round_: Round, of: Contest) -> dict[str, Fraction]:
    """Return the votes of everybody in a round, by name: none for who has gone."""
    votes = {**round_.votes, **round_.seated}
    return {candidate.name: Fraction(votes.get(candidate.id, 0)) for candidate in of.candidates}


def published(votes: dict[str, str]) -> dict[str, Fraction]:
    """Return published votes as exact numbers."""
    return {name: Fraction(Decimal(number)) for name, number in votes.items()}


@pytest.mark.parametrize("name", ["craigton-2007", "hillhead-2007"])
def test_a_scottish_ward_is_counted_stage_for_stage(name: str) -> None:
    """Votes, quota and what did not transfer, after the first count and after every transfer."""
    of, profile = ward(data("stv", f"{name}.blt"), "scottish-stv")
    steps = json.loads(data("stv", f"{name}.steps.json").read_text(encoding="utf-8"))["steps"]
    stages = [step for step in steps if step["step"] in {"begin", "transfer"}]
    rounds = tabulate(profile, of)
    assert len(rounds) == len(stages)
    for round_, stage in zip(rounds, stages, strict=True):
        assert standing(round_, of) == published(stage["votes"])
        assert round_.threshold == Fraction(Decimal(stage["quota"]))
        assert sum(round_.inactive.values()) == Fraction(Decimal(stage["nontransferable"]))
        assert round_.ballots == rounds[0].ballots
    names = {candidate.id: candidate.name for candidate in of.candidates}
    elected = {names[winner] for round_ in rounds for winner in round_.elected}
    assert elected == {name for name, state in steps[-1]["state"].items() if state == "elected"}


def test_the_reference_meek_count_comes_out_step_by_step() -> None:
    """Votes and quota of every action; two would tie but for two thousand-millionths."""
    of, profile = ward(data("stv", "forty-two.blt"), "meek")
    steps = json.loads(data("stv", "forty-two.meek.steps.json").read_text(encoding="utf-8"))["steps"]
    rounds = tabulate(profile, of)
    for round_, step in zip(rounds, (steps[2], steps[4], steps[5]), strict=True):
        assert standing(round_, of) == published(step["votes"])
        assert round_.threshold == Fraction(Decimal(step["quota"]))
        assert round_.ballots == 6
    assert outcomes(rounds) == ["c0-", "-c1", "c2-"]


def test_meek_surplus_makes_level_who_is_nearly_level() -> None:
    """While b has one vote and c one more by a's surplus, both are asked about."""
    asked: list[str] = []

    def ask(level: object, outcome: str) -> str:
        asked.append(f"{level} {outcome}")
        return "b"

    rounds = tabulate(cast(a=2, b=1, c=1), letters(3, "meek", 1, ties="ask"), ask)
    assert asked == ["['b', 'c'] eliminated"]
    assert outcomes(rounds) == ["-b", "a-"]


def test_meek_splits_ballots_by_what_is_kept() -> None:
    """Of 8 votes a needs 8/3: the rest goes on to b, and what nobody takes becomes inactive."""
    first, second = tabulate(cast(ab=6, c=2), letters(3, "meek", 2))
    assert (first.votes, first.elected) == ({"a": 6, "b": 0, "c": 2}, ("a",))
    assert second.threshold is not None
    assert abs(second.seated["a"] - Fraction(8, 3)) < Fraction(1, 10**6)
    assert second.votes["b"] == 6 - second.seated["a"]
    assert outcomes([first, second]) == ["a-", "b-"]


def test_places_are_cut_or_raised_as_the_rule_says() -> None:
    """A third, at two places."""
    assert (cut(Fraction(1, 3), 2), raise_to(Fraction(1, 3), 2)) == (Fraction(33, 100), Fraction(34, 100))


def test_wigm_passes_on_what_is_above_the_threshold() -> None:
    """Of 12 votes 5 elect. a has 7: 2/7 of each ballot, cut to .2857, is 1.9999; .0001 is residue."""
    rounds = tabulate(cast(ab=7, b=3, c=2), letters(3, "stv-wigm", 2))
    assert outcomes(rounds) == ["a-", "-c", "b-", "-"]
    assert rounds[1].votes == {"b": Fraction("4.9999"), "c": 2}
    assert (rounds[1].seated, rounds[1].residue) == ({"a": 5}, Fraction("0.0001"))
    assert rounds[3].seated == {"a": 5, "b": Fraction("4.9999")}
    assert {round_.ballots for round_ in rounds} == {12}


@pytest.mark.parametrize(
    ("rules", "threshold"),
    [
        ({}, "4"),
        ({"fractional_threshold": True}, "3.3334"),
        ({"fractional_threshold": True, "places": 1}, "3.4"),
        ({"quota": "hare"}, "5"),
        ({"minimum_votes": 4}, "4"),
        ({"minimum_votes": 5}, "5"),
    ],
)
def test_the_threshold_is_the_first_rounds(rules: dict[str, Any], threshold: str) -> None:
    """Ten votes for two seats."""
    rounds = tabulate(cast(a=5, b=5), letters(2, "stv-wigm", 2, **rules))
    assert rounds[0].threshold == Fraction(threshold)


def test_hare_rounds_up() -> None:
    """Eleven votes for two seats: six, or 5.5."""
    whole, exact = (
        tabulate(cast(a=6, b=5), letters(2, "stv-wigm", 2, quota="hare", fractional_threshold=f))
        for f in (False, True)
    )
    assert (whole[0].threshold, exact[0].threshold) == (6, Fraction("5.5"))


def test_one_winner_a_round_leaves_the_others_for_the_next() -> None:
    """Both have the threshold; b's comes after a's surplus has moved."""
    several = tabulate(cast(ac=6, b=5, c=1), letters(3, "stv-wigm", 2))
    one = tabulate(cast(ac=6, b=5, c=1), letters(3, "stv-wigm", 2, winners_per_round="one"))
    assert outcomes(several) == ["ab-", "-"]
    assert outcomes(one) == ["a-", "b-", "-"]
    assert one[1].votes == {"b": 5, "c": Fraction("1.9996")}


def test_nobody_needs_the_last_surplus() -> None:
    """What a has above the threshold would go to c; with the last seat filled nobody needs it."""
    rounds = tabulate(cast(ac=8, b=3, c=1), letters(3, "stv-wigm", 1, places=3))
    assert outcomes(rounds) == ["a-", "-"]
    assert (rounds[0].threshold, rounds[1].votes, rounds[1].seated) == (7, {"b": 3, "c": 1}, {"a": 7})
    assert rounds[1].inactive == {"surplus": 1}


def test_more_seats_than_candidates_elect_everybody_at_once() -> None:
    """And nothing is left to show."""
    assert outcomes(tabulate(cast(a=4, b=3), letters(2, "stv-wigm", 5))) == ["ab-"]


def test_write_ins_go_before_anybody_is_elected() -> None:
    """Though a has the threshold."""
    rounds = tabulate(cast(a=6, b=2, ca=1, d=1), letters(4, "stv-wigm", 2, write_in="c"))
    assert outcomes(rounds)[:2] == ["-c", "a-"]
    assert rounds[1].votes["a"] == 7


def test_from_the_bottom_up_without_surplus() -> None:
    """Two seats: the lowest falls until two are left."""
    rounds = tabulate(cast(ab=9, b=2, c=2, db=1), letters(4, "bottoms-up", 2))
    assert outcomes(rounds) == ["-d", "-c", "ab-"]
    assert rounds[2].votes == {"a": 9, "b": 3}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({}, ["-d", "-c", "ab-"]),
        ({"first_round_threshold": True}, ["-d", "-c", "ab-"]),
        ({"cutoff_elimination": True}, ["-cd", "ab-"]),
    ],
)
def test_from_the_bottom_up_to_a_percentage(rules: dict[str, Any], said: list[str]) -> None:
    """All must have more than 29 per cent of ten votes, or of those still counting."""
    rounds = tabulate(cast(a=4, b=3, c=2, d=1), letters(4, "bottoms-up", 0, percentage=29, **rules))
    assert outcomes(rounds) == said
    assert rounds[0].threshold == Fraction("2.9")


def test_a_percentage_must_be_exceeded() -> None:
    """Three of ten are 30 per cent, not more."""
    of = letters(4, "bottoms-up", 0, percentage=30, first_round_threshold=True)
    assert outcomes(tabulate(cast(a=4, b=3, c=2, d=1), of)) == ["-d", "-c", "-b", "a-"]


def test_the_first_rounds_percentage_is_harder_to_reach() -> None:
    """Once c and d are gone b has 2 of 7 votes: over a quarter of those, a fifth of the ten there were."""
    profile = cast(a=5, b=2, c=2, d=1)
    rules: dict[str, Any] = {"percentage": 25, "ties": "candidate-order"}
    moving = tabulate(profile, letters(4, "bottoms-up", 0, **rules))
    fixed = tabulate(profile, letters(4, "bottoms-up", 0, first_round_threshold=True, **rules))
    assert outcomes(moving) == ["-d", "-c", "ab-"]
    assert outcomes(fixed) == ["-d", "-c", "-b", "a-"]
    assert {round_.threshold for round_ in fixed} == {Fraction("2.5")}


def test_with_nobody_above_the_percentage_the_cutoff_decides_nothing() -> None:
    """There would be nobody left."""
    of = letters(3, "bottoms-up", 0, percentage=60, cutoff_elimination=True)
    assert outcomes(tabulate(cast(a=4, b=3, c=3), of)) == ["-"]


def test_labour_2010_elects_the_candidate_of_one_section() -> None:
    """The first round's scores are the published ones; Diane Abbott falls."""
    found = json.loads(data("labour.json").read_text(encoding="utf-8"))["leader_2010_electoral_college"]
    names = list(found["score_percent"][0])
    candidates = tuple(Candidate(id=f"c{place}", name=name) for place, name in enumerate(names))
    of = Contest(
        id="leader",
        title="Leader",
        method="electoral-college",
        candidates=candidates,
        lot="1",
        section_shares=(1, 1, 1),
    )
    profile = {
        (section, str(names.index(name))): votes
        for section, held in enumerate(found["first_round_votes"].values())
        for name, votes in held.items()
    }
    first = tabulate(profile, of)[0]
    scores = {names[int(c[1:])]: round(score * 10_000) for c, score in first.scores.items()}
    assert scores == {name: round(Decimal(str(n)) * 100) for name, n in found["score_percent"][0].items()}
    assert [names[int(c[1:])] for c in first.eliminated] == ["Diane Abbott"]


def test_a_college_may_elect_who_has_fewer_votes() -> None:
    """A section of one elector weighs as much as one of nine."""
    profile = {(0, "0"): 4, (0, "1"): 5, (1, "0"): 1}
    (only,) = tabulate(profile, letters(2, "electoral-college"))
    assert only.scores == {"a": Fraction(13, 18), "b": Fraction(5, 18)}
    assert (only.votes, only.elected) == ({"a": 5, "b": 5}, ("a",))


def test_shares_may_differ_and_an_empty_section_gives_nothing() -> None:
    """The second section has no vote for a or b: its share falls to the others in proportion."""
    profile = {(0, "0"): 3, (0, "1"): 1, (1, "2"): 1, (2, "1"): 2}
    of = letters(3, "electoral-college", section_shares=(2, 1, 1), finish="last-two")
    first, last = tabulate(profile, of)[0], tabulate(profile, of)[-1]
    assert first.scores == {"a": Fraction(3, 8), "b": Fraction(3, 8), "c": Fraction(1, 4)}
    assert last.scores == {"a": Fraction(1, 2), "b": Fraction(1, 2)}


def test_a_section_without_a_share_is_an_error() -> None:
    """Its votes would count for nothing."""
    with pytest.raises(ValueError, match="no share for section 2, only 2 shares"):
        tabulate({(2, "0"): 1}, letters(2, "electoral-college", section_shares=(1, 1)))


def test_scottish_surpluses_move_the_largest_first() -> None:
    """Quota 4 of 15: a's two move before b's one; c has the quota by them, and the seats are full."""
    rounds = tabulate(cast(ac=6, bd=5, c=2, d=2), letters(4, "scottish-stv", 3))
    assert rounds[0].threshold == 4
    assert [round_.transferred for round_ in rounds[:2]] == ["a", "b"]
    assert rounds[1].votes == {"c": Fraction("3.99998"), "d": 2}


@pytest.mark.parametrize("lot", ["v", "w", "x", "y", "z"])
def test_scottish_ties_go_back_to_the_last_stage_that_differed(lot: str) -> None:
    """First d is eliminated; then b and c have four each. Before that c had three: whatever the lot, c is the next."""
    profile = {(0, "0"): 10, (0, "1"): 4, (0, "2"): 3, (0, "3>2"): 1, (0, "4"): 6}
    rounds = tabulate(profile, letters(5, "scottish-stv", 1, lot=lot))
    assert [round_.eliminated for round_ in rounds[:2]] == [("d",), ("c",)]
    assert rounds[1].votes["b"] == rounds[1].votes["c"] == 4


def test_scottish_ties_that_never_differed_go_to_the_lot() -> None:
    """Another seed, another one excluded."""
    gone = {
        tabulate(cast(a=4, b=1, c=1), letters(3, "scottish-stv", 2, lot=lot))[1].eliminated for lot in "vwxyz"
    }
    assert gone == {("b",), ("c",)}


def test_nothing_moves_once_the_last_seats_are_filled() -> None:
    """There is a surplus, but all who are left have a seat."""
    (only,) = tabulate(cast(ab=9, b=2, c=1), letters(3, "scottish-stv", 3))
    assert (only.elected, only.transferred) == (("a", "b", "c"), None)


def test_who_has_no_vote_may_still_be_elected_to_a_seat() -> None:
    """Nobody but a has one: its surplus moves, then two others are excluded by lot, and two are left for two seats."""
    rounds = tabulate(cast(a=3), letters(5, "scottish-stv", 3))
    assert [len(round_.elected) for round_ in rounds] == [1, 0, 0, 2]
    assert [len(round_.eliminated) for round_ in rounds] == [0, 1, 1, 0]


def test_meek_gives_each_candidate_of_a_ballot_one_part() -> None:
    """Though a is marked again, beside somebody who has gone: what a passes on goes to c."""
    profile = {(0, "0>0=1>2"): 6, (0, "3"): 1}
    of = letters(4, "meek", 2, excluded="b", overvote="exhaust-if-several-continue")
    rounds = tabulate(profile, of)
    assert rounds[1].votes["c"] == 6 - rounds[1].seated["a"]
    assert outcomes(rounds) == ["a-", "c-"]
