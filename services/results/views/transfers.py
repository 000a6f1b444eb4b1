"""All transfers: one table, and a stacked bar for each round after which votes move. Pure."""

from collections.abc import Iterator

from services.results.views.table import (
    NOBODY,
    Cell,
    Flow,
    FlowPart,
    Row,
    Table,
    bar_width,
    colours_of,
    provisional,
)
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import brief, percent
from shared.rcv.narrate.transfers import transfers


def where_votes_went(counted: Counted) -> Table | None:
    """Return one table of all transfers: a line for each round's, a column for each receiver; None if no votes move."""
    moved = [found for round_ in counted.rounds if (found := transfers(counted, round_))]
    if not moved:
        return None
    names = {
        one.name: (one.candidate is None, one.candidate or "") for found in moved for one in found.receivers
    }
    order = [candidate.id for candidate in counted.contest.candidates]
    columns = sorted(
        names, key=lambda name: (names[name][0], order.index(names[name][1]) if names[name][1] else 0)
    )
    rows = []
    for found in moved:
        received = {one.name: one.votes for one in found.receivers}
        cells = [
            Cell(brief(received[name], counted.places), percent(received[name], found.votes))
            if name in received
            else Cell(unseen="none")
            for name in columns
        ]
        rows.append(
            Row(f"Round {found.round}: {found.what}", (Cell(brief(found.votes, counted.places)), *cells))
        )
    return Table(
        label="Table of all transfers",
        caption=f"Whose votes go to whom{provisional(counted)}, and what part of them",
        columns=("Votes", "All", *columns),
        rows=tuple(rows),
        kind="grid",
    )


def flows(counted: Counted) -> Iterator[Flow]:
    """Yield one stacked bar for each round after which votes move: who receives them."""
    colours = colours_of(counted)
    for round_ in counted.rounds:
        found = transfers(counted, round_)
        if found is None:
            continue
        parts, at = [], 0
        for one in found.receivers:
            left, width = bar_width(at, found.votes), bar_width(one.votes, found.votes)
            colour = colours[one.candidate] if one.candidate else NOBODY
            parts.append(FlowPart(one.name, percent(one.votes, found.votes), left, width, colour))
            at += one.votes
        votes = f"{brief(found.votes, counted.places)} votes"
        yield Flow(f"Round {found.round}", f"{votes} {found.what}", tuple(parts))
