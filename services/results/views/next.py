"""Who goes first while ballots can come, and where those votes would go. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from services.results.views.table import NOBODY, FlowPart, bar_width, colours_of
from shared.contract.standings import Ending
from shared.rcv.narrate.counted import Counted, decided
from shared.rcv.narrate.numbers import percent
from shared.rcv.narrate.sentences import first_out, first_to_go
from shared.rcv.narrate.transfers import receivers

NAMED: Final = 4
"""Receivers who are named; further ones are others."""


@dataclass(frozen=True, slots=True)
class FirstOut:
    """Who would be eliminated first, if it ended now."""

    title: str
    sentence: str
    """All of it in words."""
    who: str
    """The first part of it: who, with how many votes, and how far behind."""
    parts: tuple[FlowPart, ...]
    """Who would receive those votes; empty if there are none."""


def first_out_of(counted: Counted) -> FirstOut | None:
    """Return who goes first; None if nobody does, or the count is final."""
    round_ = first_to_go(counted)
    if counted.final or round_ is None:
        return None
    of = f" of the run-off for seat {round_.run}" if counted.contest.method == "sequential-irv" else ""
    return FirstOut(
        f"Out first{of}, if it ended now",
        first_out(counted),
        first_out(counted, where=False),
        tuple(_parts(counted)),
    )


def _parts(counted: Counted) -> Iterator[FlowPart]:
    round_, colours = first_to_go(counted), colours_of(counted)
    if round_ is None:
        return
    found = receivers(counted, round_, decided(round_, "eliminated"))
    to = [(one.name, colours[one.candidate], one.votes) for one in found if one.candidate]
    if len(to) > NAMED + 1:
        others = to[NAMED:]
        to[NAMED:] = [(f"{len(others)} others", "plain", sum(votes for _, _, votes in others))]
    for not_needed, name in ((False, "Nobody: no further choice"), (True, "Not needed: all seats filled")):
        rest = sum(
            one.votes
            for one in found
            if one.candidate is None and (one.ending is Ending.SURPLUS) is not_needed
        )
        to += [(name, NOBODY, rest)] if rest else []
    whole, at = sum(votes for _, _, votes in to), 0
    for name, colour, votes in to:
        yield FlowPart(name, percent(votes, whole), bar_width(at, whole), bar_width(votes, whole), colour)
        at += votes
