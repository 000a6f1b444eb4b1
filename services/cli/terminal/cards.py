"""One round after another, for a narrow terminal or a long count: a line for each candidate, a sentence for each round.

Rule 1: a round lists who is in it and who has just left; the next round is shorter.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from services.cli.terminal.bars import bar
from services.cli.terminal.look import STYLES, Look, change_text, name_text
from shared.rcv.count.rounds import Round
from shared.rcv.narrate.grid import Cell, Line, Measure, lines, scale_of
from shared.rcv.narrate.numbers import percent, readable, signed
from shared.rcv.narrate.sentences import round_sentence
from shared.rcv.narrate.voice import Voice

SHORTEST_BAR: Final = 8
SHARE_WIDTH: Final = 7


def cards(
    rounds: Sequence[Round], measure: Measure, look: Look, voice: Voice, width: int
) -> Iterator[Rule | Text | Padding]:
    """Yield each round of one run: a title, its lines, and what it says."""
    page = Page(lines(rounds, measure), measure, look, width)
    for place, round_ in enumerate(rounds):
        final = ", final" if place == len(rounds) - 1 else ""
        title = f"[bold]Round {round_.number}{final}[/]"
        yield Rule(title, align="left", style="dim", characters=look.glyphs.rule)
        yield from page.lines(place)
        yield from page.footer(round_)
        yield Padding(Text(round_sentence(round_, voice)), (1, 0, 1, 2))


class Page:
    """What all rounds share: widths and the scale of their bars."""

    def __init__(self, of: Sequence[Line], measure: Measure, look: Look, width: int) -> None:
        self._lines, self._measure, self._look, self._width = of, measure, look, width
        self._scale = scale_of(of)
        self._name_width = look.name_width - 2
        cells = [cell for line in of for cell in line.cells]
        self._votes = max(len(readable(cell.amount, measure.places)) for cell in cells)
        self._changes = max(len(signed(cell.change, measure.places)) for cell in cells) + 2

    def lines(self, place: int) -> Iterator[Text]:
        """Yield the candidates of one round and who has just left."""
        for line in self._lines:
            cell = line.cells[place]
            if cell.state != "out" or cell.change:
                name = name_text(self._look, line.candidate, cell.state)
                name.align("left", self._name_width)
                rest = self._gone(cell) if cell.state == "out" else self._standing(cell)
                yield Text().append_text(name).append_text(rest)

    def footer(self, round_: Round) -> Iterator[Text]:
        """Yield the lines below the candidates."""
        for label, amounts in self._look.footer([round_], self._measure):
            yield Text(label.ljust(self._name_width) + amounts[0].rjust(self._votes), style="dim")

    def _gone(self, cell: Cell) -> Text:
        return Text(" " * self._votes) + change_text(cell.change, self._measure.places, self._changes)

    def _standing(self, cell: Cell) -> Text:
        style = STYLES[cell.state]
        text = Text().append(readable(cell.amount, self._measure.places).rjust(self._votes), style=style)
        text.append_text(change_text(cell.change, self._measure.places, self._changes))
        if self._measure.shares:
            text.append(percent(cell.amount, cell.whole).rjust(SHARE_WIDTH), "dim")
        room = self._width - self._name_width - text.cell_len - 2
        if room >= SHORTEST_BAR:
            drawn = bar(cell.amount, cell.threshold, self._scale, room, style, self._look.glyphs)
            text.append("  ").append_text(drawn)
        return text
