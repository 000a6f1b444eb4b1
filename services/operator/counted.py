"""Are all accepted ballots of an election counted? Pure: from what shards report and what standings say.

Yes needs a proof of every part. Whatever is silent, stopped, behind or does not balance makes it no, and what nobody has reported
makes it not known. A yes says how old it is (see Tile): of ballots that were cast later it says nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple

from services.operator.monitor import MonitorFigures, ShardFigures
from shared.contract.elections import Phase
from shared.contract.events import ElectionAnnounced
from shared.contract.ids import contest_key
from shared.contract.standings import Standing

SILENT_S: Final = 5.0
"""A shard that has not reported for longer is not known to be well."""
TALLY: Final = "counting.tally"
ROUNDS: Final = "counting.rounds"
"""The counters, as they report themselves."""


class Tile(NamedTuple):
    """Whether all accepted ballots are counted: yes, no, or not known, and everything that stands against a yes.

    A yes is about the log as it was `as_of_s` seconds ago, when the shard of validation that is silent for longest reported.
    """

    answer: str
    reasons: list[str]
    as_of_s: float = 0.0


def all_counted(
    announced: ElectionAnnounced, standings: Mapping[str, Standing], figures: MonitorFigures
) -> Tile:
    """Return whether every ballot of this election that was accepted is in the standing of every contest.

    Validation says, shard by shard, up to which record of the log a count of this election must go. So other elections of
    the same log, busy or stopped, change nothing here. Yes needs a proof of each part: a shard that is silent or stopped, one
    of validation that is behind, or a standing that is missing, stops short or does not balance, makes it no. What nobody
    has reported is not known, and never yes.
    """
    definition, name = announced.definition, announced.definition.id
    keys = {of.id: contest_key(name, of.id) for of in definition.contests}
    judged = {shard.shard: shard for shard in figures.shards if shard.service == "validation"}
    due = {n: shard.covered[name][0] for n, shard in judged.items() if name in shard.covered}
    unknown = [
        f"shard {n}: validation has not reported"
        if n not in judged
        else f"shard {n}: validation has not come to this election"
        for n in range(announced.shards)
        if n not in due
    ]
    unknown += [f"{contest}: no standing is published" for contest in keys if contest not in standings]
    held_back = definition.live_tallies and announced.phase is not Phase.CLOSED
    counted = _counted(figures) if held_back else {}
    against = _troubles(figures.shards, set(keys.values()), is_closed=announced.phase is Phase.CLOSED)
    for contest, standing in standings.items():
        against += _standing_against(standing, due, counted.get(keys[contest], ()))
    if against:
        return Tile("No", [*against, *unknown])
    if unknown:
        return Tile("Not known", unknown)
    return Tile("Yes", [], max(shard.heard_s_ago for shard in judged.values()))


def _counted(figures: MonitorFigures) -> dict[str, list[int]]:
    """Return what is counted of each contest, shard by shard: live figures trail it, so that no ballot can be learned from them."""
    rounds = [shard.covered for shard in figures.shards if shard.service == ROUNDS]
    return {key: watermark for covered in rounds for key, watermark in covered.items()}


def _troubles(shards: Iterable[ShardFigures], keys: set[str], *, is_closed: bool) -> list[str]:
    """Return the shards that are not well and can concern an election with these contests.

    A counter may be behind with other elections: how far it is with this one shows in the standings. Nor does it
    matter what validation has still to judge, once the election is closed: no ballot is accepted any more.
    """
    found = []
    for shard in shards:
        name = f"{shard.service}, shard {shard.shard}"
        is_counter = shard.service in (TALLY, ROUNDS)
        if shard.service == ROUNDS and shard.covered and not keys & set(shard.covered):
            continue
        if shard.state == "stopped":
            found.append(f"{name}: stopped: {shard.detail}")
        elif shard.heard_s_ago > SILENT_S:
            found.append(f"{name}: silent for {shard.heard_s_ago:.0f} s")
        elif is_counter or is_closed:
            continue
        elif shard.state != "running":
            found.append(f"{name}: {shard.state}: {shard.detail}")
        elif shard.behind:
            found.append(f"{name}: {shard.behind:,} records behind")
    return found


def _standing_against(standing: Standing, due: Mapping[int, int], counted: Sequence[int]) -> list[str]:
    name = standing.contest.id
    if standing.stopped:
        return [f"{name}: its count has stopped: {standing.stopped}"]
    if not standing.balance.holds:
        return [f"{name}: its standing does not balance"]
    covered = [max(pair) for pair in zip_longest(standing.watermark, counted, fillvalue=0)]
    return [
        f"{name}: shard {shard}: counted up to record {covered[shard]:,}, accepted up to {upto:,}"
        for shard, upto in sorted(due.items())
        if covered[shard] < upto
    ]
