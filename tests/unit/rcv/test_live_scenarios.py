"""What-ifs kept up where a rule looks back or eliminates out of turn, and which tables are kept."""

import pytest

from shared.contract.elections import Contest
from shared.rcv.count.profile import Change, Profile
from shared.rcv.count.tabulate import tabulate
from shared.rcv.live_scenarios import MAX_UNUSED, LiveScenarios
from shared.rcv.scenarios import what_if
from tests.support.elections import contest

FIVE = contest("leader", ("ada", "basil", "clara", "dora", "emil"))
EARLIER = {"3>0>4": 4, "0>4>2": 5, "4>1>3": 1, "0>2": 5, "4>3": 5}
CHANCE = {"4>0>1": 1, "3": 3, "2>3": 5, "3>1>2": 2, "0>4": 6, "1>4": 4}
STOPPED = {"4>0>1": 2, "0>1>4": 3, "1>3": 5, "4": 2}
LOW = {"1>2": 1, "3": 1, "2": 3, "3>0": 1}


def with_rules(**rules: object) -> Contest:
    """Return the contest of five by other rules; ties are drawn from 7."""
    return Contest.model_validate({**FIVE.model_dump(), "lot": "7", "rules": rules})


@pytest.mark.parametrize(
    ("rules", "ballots", "elected"),
    [
        ({"ties": "earlier-rounds-then-random"}, EARLIER, [(4,), (0,), (0,), (0,), (0,)]),
        ({"ties": "random"}, CHANCE, [(4,), (0,), (3,), (0,), (2,)]),
        ({"stop_after_round": 2}, STOPPED, [(1,), (), (), (), ()]),
        ({"minimum_votes": 4}, LOW, [(), (2,), (), (), ()]),
    ],
)
def test_rules_that_look_back_or_pick_others_are_asked_in_every_round(
    rules: dict[str, object], ballots: dict[str, int], elected: list[tuple[int, ...]]
) -> None:
    """Each is a drop-out that comes to a set of the main count, or to a plain round, and ends otherwise."""
    of = with_rules(**rules)
    profile = Profile.of(of, 1, ((0, marks, times) for marks, times in ballots.items()))
    answers = LiveScenarios(of, profile).answers(tabulate(profile, of))
    assert [drop.elected for drop in answers.drops] == elected
    assert answers == what_if(profile, of, with_two=True)


def test_tables_that_nobody_needs_any_more_are_given_up() -> None:
    """The order turns again and again; the answers stay right, and no more than a few tables are kept beside those in use."""
    nine = contest("leader", tuple("abcdefghi"))
    profile = Profile.of(nine, 1)
    kept_up = LiveScenarios(nine, profile)
    for turn in range(60):
        changes: list[Change] = [
            (0, f"{(turn * place) % 9}>{(turn + place * 2 + 1) % 9}", 1 + turn) for place in range(9)
        ]
        profile.add([each for each in changes if len({*each[1].split(">")}) == 2])
        assert kept_up.answers(tabulate(profile, nine)) == what_if(profile, nine, with_two=True)
        assert len(kept_up._tables) <= len(kept_up._used) + MAX_UNUSED
    assert len(kept_up._tables) < 60
