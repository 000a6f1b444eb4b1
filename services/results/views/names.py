"""The names in a count, so written that they turn no figures around. Pure."""

from dataclasses import replace
from unicodedata import bidirectional

from shared.contract.standings import Standing
from shared.rcv.narrate.counted import Counted, counted_in


def counted_for_pages(standing: Standing) -> Counted:
    """Return the count of a standing with names that turn no figures around: those written from right to left stand in isolates."""
    counted = counted_in(standing)
    if not any(map(_from_right, counted.names.values())):
        return counted
    candidates = tuple(
        of.model_copy(update={"name": f"\N{FIRST STRONG ISOLATE}{of.name}\N{POP DIRECTIONAL ISOLATE}"})
        if _from_right(of.name)
        else of
        for of in counted.contest.candidates
    )
    return replace(counted, contest=counted.contest.model_copy(update={"candidates": candidates}))


def _from_right(name: str) -> bool:
    return any(bidirectional(letter) in {"R", "AL"} for letter in name)
