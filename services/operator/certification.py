"""Whether a result may be certified: two counts of the same log, held against one another. Pure.

Everything must agree: the balance of the ballots, every round's votes, the votes that became inactive, who is elected. All
that disagrees is listed, and nothing is certified while the list is not empty.
"""

from collections.abc import Iterator, Mapping, Sequence

from shared.contract import agreement
from shared.contract.elections import Election, config_hash
from shared.contract.recounts import Recount
from shared.contract.standings import Standing, Status

_FINAL = (Status.COMPLETE, Status.CERTIFIED)  # certified already: an announcement that failed is repeated


def obstacles(election: Election, standings: Mapping[str, Standing]) -> list[str]:
    """Return why the newest standings, by contest id, are not final yet; empty if they are."""
    missing = [f"{c.id}: no standing yet" for c in election.contests if c.id not in standings]
    found = [standings[c.id] for c in election.contests if c.id in standings]
    unfinished = [f"{s.contest.id}: {fault}" for s in found for fault in _unfinished(election, s)]
    watermarks = {s.watermark for s in found}
    apart = (
        [f"the contests stand at different watermarks: {sorted(watermarks)}"] if len(watermarks) > 1 else []
    )
    return [*missing, *unfinished, *apart]


def disagreements(standings: Sequence[Standing], recount: Recount) -> list[str]:
    """Return everything that a recount finds otherwise than the standings do; empty if nothing."""
    found = [
        f"{contest}: the withdrawal or reinstatement of {candidate} stands in some shards only; repeat the order"
        for contest, candidate in recount.half_withdrawn
    ]
    for standing in standings:
        found += [f"{standing.contest.id}: {fault}" for fault in agreement.disagreements(standing, recount)]
    return found


def _unfinished(election: Election, standing: Standing) -> Iterator[str]:
    if standing.config_hash != config_hash(election):
        yield "the standing is of another definition"
    if standing.status not in _FINAL:
        yield f"not final yet: {standing.status}"
    if not standing.balance.holds:
        yield f"the ballots do not balance: {standing.balance}"
