"""Turnout. Pure."""

from services.results.views.table import PLAIN, Bar, Cell, Row, Table, bar_width
from shared.contract.standings import Standing
from shared.rcv.narrate.numbers import number, percent


def turnout(standing: Standing) -> Table:
    """Return accepted ballots against the roll, section by section."""
    rows = []
    for section, line in zip(standing.sections, standing.turnout, strict=True):
        share = percent(line.accepted, line.electors)
        bar = Bar(bar_width(line.accepted, line.electors), PLAIN)
        cells = (Cell(number(line.electors)), Cell(number(line.accepted)), Cell(share), Cell(bar=bar))
        rows.append(Row(section.name, cells))
    return Table(
        label="Table of turnout",
        caption="Accepted ballots against the roll",
        columns=("Section", "Electors", "Voted", "Turnout", ""),
        rows=tuple(rows),
        kind="bars",
    )
