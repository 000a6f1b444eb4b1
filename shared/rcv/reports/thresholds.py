"""The threshold of each round, at the scale RCTab gives it.

Rule 1: whole, unless the rules divide it: then it has their places.
Rule 2: a percentage is not rounded to votes: it is that part of the active votes, at two decimals.
Rule 3: where the minimum of votes is higher it stands instead, whole, as the configuration gives it.
Rule 4: RCTab states one in every method; where the count needs none it is the whole Droop quota.
"""

from decimal import Decimal

from shared.contract.elections import Contest
from shared.rcv.count.methods.by_thresholds import threshold_of
from shared.rcv.count.rounds import Round
from shared.rcv.reports.numbers import EXACT, ZERO
from shared.rcv.reports.tabulated import Tabulated


def thresholds(tabulated: Tabulated) -> tuple[Decimal, ...]:
    """Return the threshold of each round."""
    rounds, places = tabulated.traced.count.rounds, tabulated.traced.count.places
    contest = tabulated.contest
    first_holds = contest.seats > 1 or contest.rules.first_round_threshold
    return tuple(_threshold(contest, r, rounds[0] if first_holds else r, places) for r in rounds)


def _threshold(contest: Contest, round_: Round, basis: Round, places: int) -> Decimal:
    active = sum(basis.votes[c] for c in basis.continuing)
    minimum = Decimal(contest.rules.minimum_votes)
    percentage = contest.rules.percentage
    if percentage is not None:
        return max(_votes(active * percentage, places + 2), minimum)
    bare = _without_minimum(contest, active, 10**places)
    if _votes(bare, places) < minimum:
        return minimum
    scale = contest.rules.places if contest.rules.fractional_threshold else 0
    units = bare if round_.threshold is None else round_.threshold
    return EXACT.quantize(_votes(units, places), EXACT.scaleb(ZERO, -scale))


def _without_minimum(contest: Contest, active: int, unit: int) -> int:
    rules = contest.rules.model_copy(update={"minimum_votes": 0})
    bare = threshold_of(contest.model_copy(update={"rules": rules}), active, unit)
    if bare is None:
        bare = threshold_of(contest.model_copy(update={"rules": rules, "method": "irv"}), active, unit)
    assert bare is not None, "an instant run-off has a threshold"
    return bare


def _votes(units: int, places: int) -> Decimal:
    return EXACT.scaleb(Decimal(units), -places)
