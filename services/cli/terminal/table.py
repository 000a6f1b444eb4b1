"""The rounds side by side: candidates down, rounds across, for a terminal that is wide enough.

Rule 1: a cell has votes and their change, and below them a bar on one scale for the whole table.
Rule 2: rounds that do not fit beside one another go on in a further block below, without those who are out by then.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.table import Table
from rich.text import Text

from services.cli.terminal.bars import bar
from services.cli.terminal.look import STYLES, Look, change_text, name_text
from shared.rcv.count.rounds import Round
from shared.rcv.narrate.grid import Cell, Line, Measure, lines, scale_of
from shared.rcv.narrate.numbers import percent, readable, signed

GAP: Final = 3
SHARE_WIDTH: Final = 7
WIDEST_CELL: Final = 34


def fits(rounds: Sequence[Round], measure: Measure, look: Look, width: int) -> int:
    """Return how many rounds stand side by side in `width` columns."""
    cell = sum(_widths(lines(rounds, measure), measure.places)) + GAP
    return max(0, width - look.name_width) // cell


def blocks(rounds: Sequence[Round], measure: Measure, look: Look, width: int) -> Iterator[Table]:
    """Yield tables of as many rounds of one run as stand side by side."""
    per_block = max(1, min(len(rounds), fits(rounds, measure, look, width)))
    room = (width - look.name_width) // per_block - GAP
    layout = Layout(lines(rounds, measure), measure, look, room)
    for start in range(0, len(rounds), per_block):
        yield layout.block(rounds, slice(start, start + per_block))


class Layout:
    """What all blocks of one table share: widths and the scale of its bars."""

    def __init__(self, of: Sequence[Line], measure: Measure, look: Look, room: int) -> None:
        self._lines = of
        self._measure = measure
        self._look = look
        self._scale = scale_of(of)
        votes, changes = _widths(of, measure.places)
        self._votes, self._changes = votes, max(changes, min(room, WIDEST_CELL) - votes)

    @property
    def _cell_width(self) -> int:
        return self._votes + self._changes

    def block(self, rounds: Sequence[Round], chosen: slice) -> Table:
        """Return the table of the `chosen` of all `rounds`."""
        table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False)
        table.add_column("", width=self._look.name_width - GAP, no_wrap=True)
        for round_ in rounds[chosen]:
            final = ", final" if round_ is rounds[-1] else ""
            title = Text(f"Round {round_.number}{final}", style="bold reverse" if final else "bold")
            table.add_column(title, width=self._cell_width, no_wrap=True)
        for line in self._lines:
            cells = line.cells[chosen]
            if any(cell.state != "out" or cell.change for cell in cells):
                name = name_text(self._look, line.candidate, cells[-1].state)
                table.add_row(name, *map(self._cell, cells))
        for label, amounts in self._look.footer(rounds[chosen], self._measure):
            table.add_row(
                Text(label, style="dim"), *(Text(a.rjust(self._votes), style="dim") for a in amounts)
            )
        return table

    def _cell(self, cell: Cell) -> Text:
        if cell.state == "out":
            return Text(signed(cell.change, self._measure.places).rjust(self._cell_width), style="dim red")
        style = STYLES[cell.state]
        text = Text().append(readable(cell.amount, self._measure.places).rjust(self._votes), style=style)
        text.append_text(change_text(cell.change, self._measure.places, self._changes)).append("\n")
        share = percent(cell.amount, cell.whole).rjust(SHARE_WIDTH) if self._measure.shares else ""
        room = self._cell_width - len(share)
        text.append_text(bar(cell.amount, cell.threshold, self._scale, room, style, self._look.glyphs))
        return text.append(share, style="dim")


def _widths(all_lines: Sequence[Line], places: int) -> tuple[int, int]:
    """Return how wide votes are and, two columns apart from them, changes."""
    cells = [cell for line in all_lines for cell in line.cells]
    votes = max(len(readable(cell.amount, places)) for cell in cells)
    changes = max(len(signed(cell.change, places)) for cell in cells)
    return max(votes, 7), max(changes + 2, 11)
