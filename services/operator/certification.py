"""Whether a result may be certified: two counts of the same log, held against one another. Pure.

Rule 1: everything must agree: the ballots' account, every round's votes, who became inactive, who is elected.
Rule 2: what disagrees is listed whole; nobody certifies over a list.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest

from shared.contract.elections import Election, config_hash
from shared.contract.recounts import Recount
from shared.contract.standings import Results, Standing, Status, decimal, result_hash, results_of

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
        name = standing.contest.id
        found += [f"{name}: {fault}" for fault in _different_terms(standing, recount)]
        recounted = recount.contests.get(name)
        if recounted is None:
            found.append(f"{name}: the recount does not hold this contest")
            continue
        found += [f"{name}: {difference}" for difference in differences(standing, recounted.results)]
    return found


def differences(standing: Standing, results: Results) -> list[str]:
    """Return where a contest's recount differs from its standing, round by round; empty if it agrees."""
    published = results_of(standing.rounds, standing.elected, standing.places)
    places = standing.places
    found = [*_round_differences("votes", published.rounds, results.rounds, places)]
    found += _round_differences("inactive", published.inactive, results.inactive, places)
    if published.places != results.places:
        found.append(f"decimal places: published {published.places}, recounted {results.places}")
    if published.elected != results.elected:
        found.append(f"elected: published {_names(published.elected)}, recounted {_names(results.elected)}")
    if standing.result_hash != result_hash(results):
        found.append(f"result hash: published {standing.result_hash}, recounted {result_hash(results)}")
    return found


def _unfinished(election: Election, standing: Standing) -> Iterator[str]:
    if standing.config_hash != config_hash(election):
        yield "the standing is of another definition"
    if standing.status not in _FINAL:
        yield f"not final yet: {standing.status}"
    if not standing.balance.holds:
        yield f"the ballots do not balance: {standing.balance}"


def _different_terms(standing: Standing, recount: Recount) -> Iterator[str]:
    if standing.config_hash != recount.config_hash:
        yield "the recount is of another definition"
    if standing.watermark != recount.watermark:
        yield f"watermark: published {standing.watermark}, recounted {recount.watermark}"
    for shard, (ours, theirs) in enumerate(zip_longest(standing.heads, recount.heads)):
        if ours != theirs:
            yield f"shard {shard}, head of the chain: published {ours}, recounted {theirs}"
    if standing.balance != recount.balance:
        yield f"balance: published {standing.balance}, recounted {recount.balance}"


def _round_differences(
    what: str, published: Sequence[Mapping[str, int]], recounted: Sequence[Mapping[str, int]], places: int
) -> Iterator[str]:
    for number, (ours, theirs) in enumerate(zip_longest(published, recounted), start=1):
        if ours is None or theirs is None:
            yield f"round {number} ({what}): only {'recounted' if ours is None else 'published'}"
            continue
        for name in sorted({*ours, *theirs}):
            if ours.get(name) != theirs.get(name):
                told = (_votes(ours.get(name), places), _votes(theirs.get(name), places))
                yield f"round {number}, {what} {name}: published {told[0]}, recounted {told[1]}"


def _votes(units: int | None, places: int) -> str:
    return "none" if units is None else decimal(units, places)


def _names(ids: Sequence[str]) -> str:
    return ", ".join(ids) or "nobody"
