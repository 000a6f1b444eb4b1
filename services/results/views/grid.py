"""The grid: all rounds side by side, on one scale. Pure."""

from services.results.views.table import Bar, Cell, Row, Table, bar_width, colours_of, provisional, votes_cell
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import number
from shared.rcv.narrate.tables import RoundsTable
from shared.rcv.narrate.words import outcome


def every_round(counted: Counted, table: RoundsTable) -> Table:
    """Return the table of all rounds: candidates, why votes rest, all ballots, what elects."""
    final, colours = counted.final, colours_of(counted)
    scored = bool(counted.rounds[-1].scores)
    per_seat = counted.contest.method == "sequential-irv"
    most = max(table.scales, default=0)
    rows = []
    for line in table.lines:
        cells = []
        for cell in line.cells:
            word = outcome(cell.fate, final=final)
            shown = (
                Cell(f"{number(cell.amount, table.places)}%")
                if scored
                else votes_cell(cell.amount, table.places)
            )
            bar = Bar(bar_width(cell.amount, most, 1), colours[line.candidate])
            shown = shown._replace(below=word if cell.decided else "", first=cell.fate == "elected", bar=bar)
            cells.append(shown if cell.in_count else Cell(unseen=word))
        withdrawn = line.cells[0].fate == "withdrawn"
        rows.append(
            Row(
                line.name,
                tuple(cells),
                colours[line.candidate],
                tag="withdrawn" if withdrawn else "",
                kind="withdrawn" if withdrawn else "",
                party=counted.parties[line.candidate],
            )
        )
    for footer in table.footers:
        unit = "%" if scored and footer.kind == "threshold" else ""
        cells = [
            Cell(unseen="none")
            if n is None
            else Cell(f"{number(n, footer.places)}{unit}")
            if unit
            else votes_cell(n, footer.places)
            for n in footer.amounts
        ]
        rows.append(Row(footer.label, tuple(cells), kind="sum" if footer.kind == "sum" else "inactive"))
    what = f"{'scores' if scored else 'votes'} of each candidate"
    rest = f"non-transferable {'votes' if counted.places else 'ballots'}"
    return Table(
        label="All rounds",
        caption=f"Every round{provisional(counted)}: {what}, and the {rest}, by the reason. The bars have one scale",
        columns=(
            "Candidate",
            *(f"Round {each.number}{f', seat {each.run}' if per_seat else ''}" for each in counted.rounds),
        ),
        rows=tuple(rows),
        kind="grid",
    )
