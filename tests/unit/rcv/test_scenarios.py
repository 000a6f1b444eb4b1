"""What-ifs on small profiles, the question of 2015 among them: where do his votes go if Andy drops out."""

import pytest

from shared.contract.elections import Contest
from shared.contract.standings import Ending
from shared.rcv.count.profile import Profile, RankingCounts
from shared.rcv.count.rounds import Transfer
from shared.rcv.count.tabulate import tabulate
from shared.rcv.scenarios import (
    Final,
    changes_needed,
    condorcet_winner,
    finals,
    if_dropped_out,
    pairwise,
    safe,
    votes_needed,
)
from tests.support.elections import contest

JEREMY, ANDY, YVETTE, LIZ = range(4)
LEADER = contest("leader", ("jeremy", "andy", "yvette", "liz"))
COUNTS: RankingCounts = {
    (0, "0"): 40,
    (0, "1>2>0"): 15,
    (0, "1>0"): 6,
    (0, "1"): 2,
    (0, "2>1"): 20,
    (0, "3>2>1"): 9,
    (0, "0=1>2"): 3,
}


def profile_of(counts: RankingCounts, of: Contest = LEADER) -> Profile:
    """Return the profile of ballots of one section."""
    return Profile.of(of, 1, ((section, marks, ballots) for (section, marks), ballots in counts.items()))


def test_who_drops_out_leaves_the_votes_to_the_next_choices() -> None:
    """Of Andy's 23, 15 go to Yvette, 6 to Jeremy, and 2 name nobody else; then Yvette meets Jeremy."""
    dropped = if_dropped_out(profile_of(COUNTS), LEADER, [ANDY])
    assert dropped.transfers == (
        Transfer(ANDY, JEREMY, None, 6),
        Transfer(ANDY, YVETTE, None, 15),
        Transfer(ANDY, None, Ending.EXHAUSTED, 2),
    )
    assert tabulate(profile_of(COUNTS), LEADER.excluding([ANDY])).rounds[0].votes == (46, 0, 35, 9)
    assert dropped.elected == (JEREMY,)


def test_a_rank_of_several_is_read_by_who_is_left_when_somebody_drops_out() -> None:
    """Andy and Liz share a rank: without Andy the ballots are Liz's, and an overvote stops them while both are in."""
    of = contest("leader", ("jeremy", "andy", "yvette", "liz"), overvote="exhaust-if-several-continue")
    profile = profile_of({(0, "0"): 5, (0, "1"): 2, (0, "1=3"): 3, (0, "2>1=3"): 4}, of)
    both = if_dropped_out(profile, of, [YVETTE, ANDY])
    assert both.transfers == (
        Transfer(YVETTE, LIZ, None, 4),
        Transfer(ANDY, None, Ending.EXHAUSTED, 2),
    )
    assert both.elected == (LIZ,)
    assert if_dropped_out(profile, of, [YVETTE]).transfers == (Transfer(YVETTE, None, Ending.OVERVOTE, 4),)


def test_nobody_is_elected_if_everybody_drops_out() -> None:
    """It is refused, not answered with an empty count."""
    with pytest.raises(ValueError, match="nobody would be left"):
        if_dropped_out(profile_of(COUNTS), LEADER, range(4))


def test_a_pair_is_compared_over_all_ballots() -> None:
    """Whoever is ranked beats whoever is not; an overvote that stops the ballot prefers nobody."""
    matrix = pairwise(profile_of(COUNTS))
    assert (matrix[JEREMY, ANDY], matrix[ANDY, JEREMY]) == (40, 15 + 6 + 2 + 20 + 9)
    assert matrix[LIZ, YVETTE] == 9
    assert matrix[JEREMY, JEREMY] == 0


def test_the_condorcet_winner_beats_every_other_one() -> None:
    """Cherry, everybody's second, falls first in a run-off; where Andy beats Jeremy beats Yvette beats Andy, nobody."""
    counts = {(0, "0>2"): 4, (0, "1>2"): 4, (0, "2>0"): 1}
    assert condorcet_winner(pairwise(profile_of(counts))) == 2
    assert condorcet_winner(pairwise(profile_of(counts)), excluded=[2]) == 0
    assert condorcet_winner(pairwise(profile_of(COUNTS))) is None


def test_every_pair_is_counted_as_the_last_two() -> None:
    """Six pairs of four; with the ballots that rank neither."""
    pairs = {final.pair: final for final in finals(profile_of(COUNTS), LEADER)[0]}
    assert len(pairs) == 6
    assert pairs[ANDY, LIZ] == Final((ANDY, LIZ), (43, 9), 43)
    assert pairs[ANDY, LIZ].winner == ANDY
    assert Final((ANDY, LIZ), (3, 3), 0).winner is None


@pytest.mark.parametrize(("out", "safe_to_fall"), [(10, (LIZ,)), (11, ())])
def test_an_elimination_is_safe_while_the_ballots_out_cannot_reach_the_next(
    out: int, safe_to_fall: tuple[int, ...]
) -> None:
    """Liz has 9, Yvette 20: with 10 more she cannot pass her, with 11 she might draw level."""
    found = safe(tabulate(profile_of(COUNTS), LEADER), out)
    assert sum((call.eliminated for call in found.calls), ()) == safe_to_fall
    assert all((call.bound, call.least) == (9 + out, 20) for call in found.calls)


def test_candidates_can_be_safe_to_fall_together_though_not_one_by_one() -> None:
    """Cherry and damson are level at 2: who falls first is open, that both do is not."""
    counts = {(0, "0"): 24, (0, "1"): 20, (0, "2>1"): 2, (0, "3>1"): 2}
    (call,) = safe(tabulate(profile_of(counts), LEADER), 5).calls
    assert (set(call.eliminated), call.bound, call.least) == ({2, 3}, 9, 20)


def test_a_majority_of_all_that_can_be_cast_is_certain() -> None:
    """51 of 90 with 11 out is certain, with 12 it is not."""
    counts = {(0, "0"): 51, (0, "1"): 39}
    count = tabulate(profile_of(counts), LEADER)
    assert safe(count, 11).elected == 0
    assert safe(count, 12).elected is None


def test_what_it_would_take_is_one_vote_more_than_the_margin() -> None:
    """Liz lacks 11 on Yvette, Andy 6 in the round after; the last two are 2 apart, so three ballots could do it."""
    count = tabulate(profile_of(COUNTS), LEADER)
    assert votes_needed(count) == {LIZ: 12, ANDY: 7}
    assert changes_needed(count) == 3
