"""Every possible final: each pair of candidates as the last two. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

from services.results.views.table import Cell, Row, Table, colours_of
from shared.contract.standings import WhatIf
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import percent


class Against(NamedTuple):
    """A candidate in a final against another one."""

    name: str
    share: str
    """Of the ballots that prefer one of the two."""
    wins: bool


class Finalist(NamedTuple):
    """A candidate in every final."""

    name: str
    colour: str
    won: str
    """In how many of them the candidate wins, in words."""
    against: tuple[Against, ...]


def finalists(counted: Counted, what_if: WhatIf) -> tuple[Finalist, ...]:
    """Return every candidate in every final, who wins most first."""
    names, colours, held = counted.names, colours_of(counted), {}
    for final in what_if.finals:
        (first, second), (more, less) = final.candidates, final.votes
        held[first, second], held[second, first] = (more, more + less), (less, more + less)
    order = list(dict.fromkeys(candidate for pair in held for candidate in pair))
    wins = {one: sum(2 * held[pair][0] > held[pair][1] for pair in held if pair[0] == one) for one in order}
    order.sort(key=lambda one: -wins[one])
    return tuple(
        Finalist(
            name=names[one],
            colour=colours[one],
            won=f"wins {wins[one]} of {len(order) - 1}",
            against=tuple(
                Against(
                    names[other], percent(*held[one, other]), 2 * held[one, other][0] > held[one, other][1]
                )
                for other in order
                if other != one
            ),
        )
        for one in order
    )


def final_pairs(finals: Sequence[Finalist]) -> Table:
    """Return every pair as the last two: a line's share of the ballots that prefer one of both, in bold where it wins."""
    rows = []
    for place, one in enumerate(finals):
        cells = [Cell(against.share, strong=against.wins) for against in one.against]
        cells.insert(place, Cell(unseen="the same candidate"))
        rows.append(Row(one.name, tuple(cells), one.colour))
    return Table(
        label="Table of every final",
        caption="Of the ballots that prefer one of the two, the share that prefers the candidate of the line; bold wins",
        columns=("Against", *(one.name for one in finals)),
        rows=tuple(rows),
        kind="grid",
    )
