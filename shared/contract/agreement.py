"""Whether a published standing and an independent recount of the log agree. Pure.

Everything must agree: the chain's heads, the balance of the ballots, every round's votes, who is elected. What a standing
withholds is compared with nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TypeVar

from shared.contract.elections import Phase
from shared.contract.recounts import Recount
from shared.contract.standings import Results, Spending, Standing, decimal, result_hash, results_of

Name = TypeVar("Name", bound=str)
"""A candidate's id, or an ending."""


def disagreements(standing: Standing, recount: Recount) -> list[str]:
    """Return everything that a recount finds otherwise than a contest's standing; empty if nothing."""
    found = [*_different_terms(standing, recount)]
    recounted = recount.contests.get(standing.contest.id)
    if recounted is None:
        return [*found, "the recount does not hold this contest"]
    return found if standing.withheld else [*found, *differences(standing, recounted.results)]


def differences(standing: Standing, results: Results) -> list[str]:
    """Return where a contest's recount differs from its standing, round by round; empty if it agrees."""
    published = results_of(standing.rounds, standing.elected, standing.places, standing.spending)
    places = standing.places
    found = [*_round_differences("votes", published.rounds, results.rounds, places)]
    found += _round_differences("inactive", published.inactive, results.inactive, places)
    found += _spending_differences(published.spending, results.spending)
    if published.places != results.places:
        found.append(f"decimal places: published {published.places}, recounted {results.places}")
    if published.elected != results.elected:
        found.append(f"elected: published {_names(published.elected)}, recounted {_names(results.elected)}")
    if standing.result_hash != result_hash(results):
        found.append(f"result hash: published {standing.result_hash}, recounted {result_hash(results)}")
    return found


def _different_terms(standing: Standing, recount: Recount) -> Iterator[str]:
    if standing.config_hash != recount.config_hash:
        yield "the recount is of another definition"
    if standing.watermark != recount.watermark:
        yield f"watermark: published {standing.watermark}, recounted {recount.watermark}"
    heads = zip_longest(standing.heads, () if standing.withheld else recount.heads)
    for shard, (ours, theirs) in enumerate(heads):
        if ours != theirs:
            yield f"shard {shard}, head of the chain: published {ours}, recounted {theirs}"
    if standing.phases != recount.phases:
        yield f"phases: published {_named(standing.phases)}, recounted {_named(recount.phases)}"
    if standing.balance != recount.balance:
        yield f"balance: published {standing.balance}, recounted {recount.balance}"
    for published in standing.turnout:
        together = standing.together.get(published.section, (published.section,))
        accepted = sum(recount.turnout.get(section, 0) for section in together)
        if published.accepted != accepted:
            yield f"turnout of {published.section}: published {published.accepted}, recounted {accepted}"


def _spending_differences(published: Spending | None, recounted: Spending | None) -> Iterator[str]:
    if published is None or recounted is None:
        if published != recounted:
            yield f"spending: only {'recounted' if published is None else 'published'}"
        return
    for name in ("share", "unspent"):
        ours, theirs = getattr(published, name), getattr(recounted, name)
        if ours != theirs:
            yield f"spending, {name}: published {ours}, recounted {theirs}"
    for part in ("funded", "not_funded"):
        pairs = zip_longest(getattr(published, part), getattr(recounted, part))
        for number, (ours, theirs) in enumerate(pairs, start=1):
            if ours != theirs:
                yield f"spending, {part} {number}: published {ours or 'none'}, recounted {theirs or 'none'}"


def _round_differences(
    what: str,
    published: Sequence[Mapping[Name, int]],
    recounted: Sequence[Mapping[Name, int]],
    places: int,
) -> Iterator[str]:
    for number, (ours, theirs) in enumerate(zip_longest(published, recounted), start=1):
        if ours is None or theirs is None:
            yield f"round {number} ({what}): only {'recounted' if ours is None else 'published'}"
            continue
        for name in sorted({*ours, *theirs}):
            if ours.get(name) != theirs.get(name):
                shown, counted = _votes(ours.get(name), places), _votes(theirs.get(name), places)
                yield f"round {number}, {what} {name}: published {shown}, recounted {counted}"


def _votes(units: int | None, places: int) -> str:
    return "none" if units is None else decimal(units, places)


def _names(ids: Sequence[str]) -> str:
    return ", ".join(ids) or "nobody"


def _named(phases: Sequence[Phase | None]) -> str:
    return ", ".join(phase or "unknown" for phase in phases)
