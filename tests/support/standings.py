"""Standings to show: an election of two sections in three states of its count, by any method."""

from collections import Counter

from services.counting.core.tabulate import tabulate
from services.counting.standing import ShardLedger, standing_of
from shared.contract.elections import Method, Phase
from shared.contract.standings import Standing
from tests.support.elections import election

PROFILE = {(0, "0>1"): 9, (0, "1"): 7, (1, "2>1"): 4, (1, "3>2"): 2, (1, "3"): 1, (0, ""): 1}


def standing(
    times: int, phase: Phase, name: str = "picnic", *, method: Method = "irv", seats: int = 1
) -> Standing:
    """Return a standing of `times` the profile, at that phase of the election."""
    definition = election(name, electors=4_000, method=method, seats=seats)
    contest = definition.contests[0]
    profile = {ranking: times * n for ranking, n in PROFILE.items()}
    adults = sum(n for (section, _), n in profile.items() if section == 0)
    children = sum(n for (section, _), n in profile.items() if section == 1)
    reasons = Counter({"accepted": adults + children, "already-voted": 2})
    shards = [ShardLedger(adults + children + 10, phase, reasons, 0, (adults, children))]
    return standing_of(definition, contest, shards, tabulate(profile, contest, 2))
