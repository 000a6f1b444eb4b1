"""Rounds by section. Pure."""

from collections.abc import Iterator

from services.results.views.table import Cell, Row, Table, colours_of, provisional, votes_cell
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import number, points
from shared.rcv.narrate.tables import resting, section_lines
from shared.rcv.narrate.words import non_transferable


def by_section(counted: Counted) -> Iterator[tuple[int, Table]]:
    """Yield each round's number and its table by section, newest round first.

    In an electoral college it has the points that a section's votes bring.
    """
    colours, places = colours_of(counted), counted.places
    for round_ in reversed(counted.rounds):
        rows = []
        for line in section_lines(counted, round_):
            brings = [f"{points(part)} points" for part in line.brings] or [""] * len(line.votes)
            cells = [votes_cell(n, places, below=below) for n, below in zip(line.votes, brings, strict=True)]
            if round_.scores:
                score, total = round_.scores[line.candidate].points, round_.votes[line.candidate]
                cells.append(Cell(f"{score}%", f"{number(total, places)} votes", strong=True))
            else:
                cells.append(votes_cell(round_.votes[line.candidate], places))
            rows.append(Row(line.name, tuple(cells), colours[line.candidate]))
        rest = [resting(counted, round_, section) for section in counted.sections]
        if any(rest):
            amounts = tuple(votes_cell(n, places) for n in (*rest, sum(rest)))
            rows.append(Row(non_transferable(with_residue=bool(round_.residue)), amounts, kind="inactive"))
        caption = f"Votes in round {round_.number} by section{provisional(counted)}"
        if round_.scores:
            caption += (
                ", and the points of 100 that they bring."
                " Before they are rounded, the points of a line add up to its score."
            )
        columns = ("Candidate", *counted.sections.values(), "Score" if round_.scores else "Together")
        label = f"Round {round_.number} by section"
        yield round_.number, Table(label, caption, columns, tuple(rows), "grid")
