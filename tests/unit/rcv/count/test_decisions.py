"""What a decision says of itself can be read off the votes of its round: why, by how much, who was level.

The contests are those both tabulators count in `test_two_tabulators`; what is asked here the audit does not record.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import takewhile
from random import Random
from typing import get_args

import pytest

from shared.contract.elections import BY_STATUTE, Contest, Method
from shared.rcv.count.rounds import Decision, Round
from shared.rcv.count.tabulate import tabulate_counts
from tests.support.strategies import MAX_SECTIONS
from tests.unit.rcv.count.test_small_contests import SEEDS
from tests.unit.rcv.count.test_two_tabulators import any_contest, any_profile

OMEGA = 1_000
"""Meek's reference rule calls level whom the surplus left, 0.000001 at most, could still bring level: in units."""

OUTCOMES = {
    "majority": "elected",
    "last-two": "elected",
    "most": "elected",
    "quota": "elected",
    "active-vote": "elected",
    "outvotes-all": "elected",
    "remaining": "elected",
    "percentage": "elected",
    "fewest": "eliminated",
    "batch": "eliminated",
    "write-in": "eliminated",
    "below-minimum": "eliminated",
    "below-percentage": "eliminated",
    "not-in-top-two": "eliminated",
    "unnamed": "eliminated",
    "largest-surplus": "transferred",
}


def decisions(method: Method) -> Iterator[tuple[Contest, int, Round, Decision]]:
    """Yield each decision of each small contest, with its round and the units of a vote."""
    for seed in range(SEEDS):
        chance = Random(f"{method}/{seed}")
        contest = any_contest(chance, method)
        profile = any_profile(chance, len(contest.candidates))
        try:
            count = tabulate_counts(profile, contest, MAX_SECTIONS)
        except ValueError:
            continue
        for round_ in count.rounds:
            for decision in round_.decisions:
                yield contest, 10**count.places, round_, decision


@pytest.mark.parametrize("method", get_args(Method))
def test_a_decision_names_the_rule_that_its_votes_obey(method: Method) -> None:
    """Each reason has one outcome, and holds in figures."""
    for contest, unit, round_, decision in decisions(method):
        assert decision.outcome == OUTCOMES[decision.why]
        assert holds(contest, unit, round_, decision), (contest, decision, round_)


def holds(contest: Contest, unit: int, round_: Round, decision: Decision) -> bool:
    """Return whether the reason is true of the votes, or the scores, that are compared."""
    votes = round_.scores or round_.votes
    own, threshold = votes[decision.candidate], round_.threshold or 0
    left = [votes[c] for c in round_.continuing]
    decided = {of.candidate for of in round_.decisions}
    out = {of.candidate for of in round_.decisions if of.outcome == "eliminated"}
    true = {
        "majority": lambda: (
            2 * own > sum(left) if round_.scores else own >= threshold and elects_by_majority(contest)
        ),
        "quota": lambda: own >= threshold and not elects_by_majority(contest),
        "active-vote": lambda: own < threshold and own >= active_part(contest, round_, decision),
        "outvotes-all": lambda: (
            own >= sum(left) - own - sum(votes[c] for c in decided - {decision.candidate})
        ),
        "percentage": lambda: own >= threshold,
        "most": lambda: (
            own >= max([votes[c] for c in electable(contest, round_) if c not in decided], default=own)
        ),
        "last-two": lambda: own == max(votes[c] for c in electable(contest, round_)),
        "remaining": lambda: 0 < len(decided) <= contest.seats,
        "fewest": lambda: own == min(votes[c] for c in {*round_.continuing} - decided | {decision.candidate}),
        "batch": lambda: (
            len(out) > 1 and is_hopeless(contest, sum(votes[c] for c in out), kept(round_, decided))
        ),
        "write-in": lambda: contest.candidates[decision.candidate].write_in and own > 0,
        "below-minimum": lambda: own < contest.rules.minimum_votes * unit,
        "below-percentage": lambda: own < threshold,
        "not-in-top-two": lambda: len(round_.continuing) - len(decided) == 2 and own <= kept(round_, decided),
        "largest-surplus": lambda: own > threshold,
        "unnamed": lambda: round_.number == 1 and own == 0,
    }
    return true[decision.why]()


def elects_by_majority(contest: Contest) -> bool:
    """Return whether a majority elects: one seat at a time, filled in rounds, by Droop's quota; or New Zealand's only one."""
    if contest.method == "new-zealand-stv":
        return contest.seats == 1
    one = contest.seats == 1 or contest.method == "sequential-irv"
    return one and contest.method not in BY_STATUTE and contest.rules.quota == "droop"


def active_part(contest: Contest, round_: Round, decision: Decision) -> Fraction:
    """Return what elects by ERS97 5.1.7: the votes but for the quotas of those elected before, by the places left and one more."""
    before = takewhile(lambda of: of != decision, round_.decisions)
    elected = {*round_.seated, *(of.candidate for of in before if of.outcome == "elected")}
    active = sum(round_.votes) - sum(min(round_.votes[c], round_.threshold or 0) for c in elected)
    return Fraction(active, contest.seats - len(elected) + 1)


def is_hopeless(contest: Contest, together: Fraction | int, above: int) -> bool:
    """Return whether candidates cannot pass the next one even together; by ERS97 5.2.5 being level is not enough."""
    return together <= above if contest.method == "ers97" else together < above


def electable(contest: Contest, round_: Round) -> list[int]:
    """Return who continues and is no undeclared write-in."""
    return [c for c in round_.continuing if not contest.candidates[c].write_in]


def kept(round_: Round, decided: set[int]) -> int:
    """Return the fewest votes of those whom the round leaves."""
    return min(round_.votes[c] for c in round_.continuing if c not in decided)


@pytest.mark.parametrize("method", [m for m in get_args(Method) if m not in BY_STATUTE])
def test_a_margin_is_the_distance_to_the_nearest_other(method: Method) -> None:
    """Of all who continue; a college has scores, and no margin in votes."""
    for _, _, round_, decision in decisions(method):
        own, others = round_.votes[decision.candidate], {*round_.continuing} - {decision.candidate}
        nearest = min((abs(round_.votes[c] - own) for c in others), default=None)
        assert decision.margin == (None if round_.scores else nearest)


@pytest.mark.parametrize("method", sorted(BY_STATUTE))
def test_by_statute_a_margin_is_to_the_quota_or_to_the_next(method: Method) -> None:
    """Whoever is elected or has a surplus: to the quota; whoever falls: to the nearest hopeful."""
    for _, _, round_, decision in decisions(method):
        own, threshold = round_.votes[decision.candidate], round_.threshold or 0
        hopeful = {*round_.continuing} - {of.candidate for of in round_.decisions}
        if decision.why == "unnamed":
            assert decision.margin is None
        elif decision.outcome == "eliminated":
            assert decision.margin == min(round_.votes[c] - own for c in hopeful)
        elif method in {"meek", "new-zealand-stv"}:
            assert decision.margin == (None if decision.why == "remaining" else own - threshold)
        else:
            assert decision.margin == abs(own - threshold)


@pytest.mark.parametrize("method", get_args(Method))
def test_a_tie_names_all_who_are_level_and_what_settled_it(method: Method) -> None:
    """Two or more of equal votes and the contest's own rule; or nobody, and the votes."""
    seen = 0
    for contest, _, round_, decision in decisions(method):
        votes = round_.scores or round_.votes
        if decision.tied:
            seen += 1
            assert len(decision.tied) > 1
            assert decision.why == "not-in-top-two" or decision.candidate in decision.tied
            level = [votes[c] for c in decision.tied]
            assert max(level) - min(level) <= (OMEGA if contest.method == "meek" else 0)
            assert decision.settled_by in settled_by(contest)
        else:
            assert (decision.tied, decision.settled_by) == ((), "votes")
    assert seen, "these contests are small enough to have ties"


def settled_by(contest: Contest) -> set[str]:
    """Return what may decide between level candidates: Scottish stages are looked back on whatever the rule."""
    rule = contest.rules.ties
    if contest.method == "new-zealand-stv":
        return {"first-difference", "pseudo-random"}
    looks_back = contest.method == "scottish-stv" or rule.startswith("earlier-rounds")
    last = "random" if rule == "earlier-rounds-then-random" else rule
    return {last, "earlier-rounds"} if looks_back else {last}
