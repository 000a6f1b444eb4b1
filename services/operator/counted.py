"""Are all accepted ballots of an election counted? Pure: from what shards report and what standings say.

Yes needs a proof of every part. Whatever is stopped, behind or does not balance makes it no; what nobody has reported, or whoever
is silent, makes it not known. A yes says how old it is (see Tile): of ballots that were cast later it says nothing.
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
"""A shard that has not reported for longer, or whose log has said nothing to it for longer, is not known to be well."""
SKEW_S: Final = 2.0
"""A report from the future by more than this comes from a wrong clock: how old it is cannot be known."""
TALLY: Final = "counting.tally"
ROUNDS: Final = "counting.rounds"
"""The counters, as they report themselves."""


class Tile(NamedTuple):
    """Whether all accepted ballots are counted: yes, no, or not known, and everything that stands against a yes.

    A yes is about the log as it was `as_of_s` seconds ago: the log's own word to the shard of validation that has gone without
    for longest.
    """

    answer: str
    reasons: list[str]
    as_of_s: float = 0.0


def all_counted(
    announced: ElectionAnnounced, standings: Mapping[str, Standing], figures: MonitorFigures
) -> Tile:
    """Return whether every ballot of this election that was accepted is in the standing of every contest.

    Validation says, shard by shard, up to which record of the log a count of this election must go. So other elections of
    the same log, busy or stopped, change nothing here. Yes needs a proof of each part: a shard that is stopped, one
    of validation that is behind, or a standing that stops short, before the close or elsewhere, or does not balance, makes it no.
    What nobody has reported, or was reported too long ago, is not known, and never yes.
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
    is_closed = announced.phase is Phase.CLOSED
    against, silent = _troubles(figures.shards, set(keys.values()), is_closed=is_closed)
    unknown += silent
    for contest, standing in standings.items():
        against += _standing_against(standing, due, counted.get(keys[contest], ()), is_closed=is_closed)
    if against:
        return Tile("No", [*against, *unknown])
    if unknown:
        return Tile("Not known", unknown)
    return Tile("Yes", [], max(map(_age_s, judged.values())))


def _age_s(shard: ShardFigures) -> float:
    """Return how old the end of the log is that a shard's last report names."""
    return shard.heard_s_ago + shard.end_age_s


def _counted(figures: MonitorFigures) -> dict[str, list[int]]:
    """Return what is counted of each contest, shard by shard: live figures trail it, so that no ballot can be learned from them."""
    rounds = [shard.covered for shard in figures.shards if shard.service == ROUNDS]
    return {key: watermark for covered in rounds for key, watermark in covered.items()}


def _troubles(
    shards: Iterable[ShardFigures], keys: set[str], *, is_closed: bool
) -> tuple[list[str], list[str]]:
    """Return the shards that are not well and can concern an election with these contests, and those not known to be well.

    A counter may be behind with other elections: how far it is with this one shows in the standings. Nor does it
    matter what validation has still to judge, once the election is closed: no ballot is accepted any more.
    """
    against, silent = [], []
    for shard in shards:
        name = f"{shard.service}, shard {shard.shard}"
        is_counter = shard.service in (TALLY, ROUNDS)
        if shard.service == ROUNDS and shard.covered and not keys & set(shard.covered):
            continue
        if shard.state == "stopped":
            against.append(f"{name}: stopped: {shard.detail}")
        elif shard.heard_s_ago > SILENT_S:
            silent.append(f"{name}: silent for {shard.heard_s_ago:.0f} s")
        elif is_counter or is_closed:
            continue
        elif shard.state != "running":
            against.append(f"{name}: {shard.state}: {shard.detail}")
        elif shard.behind:
            against.append(f"{name}: {shard.behind:,} records behind")
        elif _age_s(shard) > SILENT_S:
            silent.append(f"{name}: has heard nothing of the log for {_age_s(shard):.0f} s")
        elif shard.ahead_s > SKEW_S:
            silent.append(f"{name}: its clock is {shard.ahead_s:.0f} s ahead of this one")
    return against, silent


def _standing_against(
    standing: Standing, due: Mapping[int, int], counted: Sequence[int], *, is_closed: bool
) -> list[str]:
    name = standing.contest.id
    if standing.stopped:
        return [f"{name}: its count has stopped: {standing.stopped}"]
    if not standing.balance.holds:
        return [f"{name}: its standing does not balance"]
    if is_closed and (before := _before_the_close(standing)):
        upto = standing.watermark[before[0]]
        return [f"{name}: shard {before[0]}: counted up to record {upto:,}, which is before the close"]
    covered = [max(pair) for pair in zip_longest(standing.watermark, counted, fillvalue=0)]
    return [
        f"{name}: shard {shard}: counted up to record {covered[shard]:,}, accepted up to {upto:,}"
        for shard, upto in sorted(due.items())
        if covered[shard] < upto
    ]


def _before_the_close(standing: Standing) -> list[int]:
    """Return the shards whose close a standing does not hold; whatever counts stands before it."""
    return [shard for shard, phase in enumerate(standing.phases) if phase is not Phase.CLOSED]
