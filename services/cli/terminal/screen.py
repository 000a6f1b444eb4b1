"""A whole count on a terminal: what was counted, the rounds, a sentence for each, who is elected.

Rounds stand side by side if they all fit, or if `LEAST_SIDE_BY_SIDE` of them do; else one follows another. All bars of one
table have one scale. Rounds that do not fit beside one another go on in a further block below, without those eliminated
by then.
"""

from collections.abc import Iterator
from textwrap import wrap
from typing import Final

from rich.cells import cell_len
from rich.console import RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from services.cli.terminal.look import (
    LONGEST_NAME,
    Glyphs,
    bar,
    change_text,
    name_text,
    style_of,
    votes_text,
)
from shared.contract.standings import Ending
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import SHOWN_PLACES, number, percent
from shared.rcv.narrate.sentences import round_sentence
from shared.rcv.narrate.tables import Cell, RoundsTable, rounds_table, runs_of, seats
from shared.rcv.narrate.words import how, listed, plural

LEAST_SIDE_BY_SIDE: Final = 4
GAP: Final = 3
SHARE_WIDTH: Final = 7
WIDEST_CELL: Final = 34
SHORTEST_BAR: Final = 8
SHORTEST_NAME: Final = len("No further choice")
LEAST_VOTES: Final = 7
LEAST_CHANGE: Final = 11


def screen(counted: Counted, width: int, glyphs: Glyphs) -> Iterator[RenderableType]:
    """Yield what to print, from top to bottom."""
    contest = counted.contest
    yield from _heading(counted)
    for seat, rounds in enumerate(runs_of(counted.rounds), 1):
        if contest.method == "sequential-irv":
            yield Text(f"Seat {seat} of {contest.seats}\n", style="bold underline")
        drawing = Drawing(rounds_table(counted, rounds), glyphs, width)
        if drawing.side_by_side() < min(len(rounds), LEAST_SIDE_BY_SIDE):
            yield from drawing.cards(counted)
            continue
        for block in drawing.blocks():
            yield block
            yield Text("")
        sentences = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        sentences.add_column(style="bold", no_wrap=True)
        sentences.add_column()
        for round_ in rounds:
            sentences.add_row(f"Round {round_.number}", Text(round_sentence(counted, round_)))
        yield sentences
        yield Text("")
    if contest.method == "electoral-college":
        for section, name in counted.sections.items():
            yield Text(f"Votes: {name}", style="bold underline")
            for block in Drawing(rounds_table(counted, section=section), glyphs, width).blocks():
                yield block
                yield Text("")
    yield from _result(counted)


def _heading(counted: Counted) -> Iterator[Text]:
    contest = counted.contest
    blank = counted.rounds[0].inactive[Ending.BLANK] // 10**counted.places
    facts = [
        plural(len(contest.candidates), "candidate", "candidates"),
        plural(sum(counted.ballots.values()), "ballot", "ballots"),
        *([f"{number(blank)} of them blank"] if blank else []),
    ]
    yield Text(contest.title, style="bold")
    yield Text(f"{how(contest)}. {', '.join(facts)}", style="dim")
    withdrawn = [candidate.name for candidate in contest.candidates if candidate.excluded]
    if withdrawn:
        yield Text(f"Withdrawn: {listed(withdrawn)}", style="dim")
    yield Text("")


def _result(counted: Counted) -> Iterator[Text]:
    if not counted.elected:
        yield Text("Nobody is elected.", style="bold")
    for seat in seats(counted):
        yield Text(f"Elected in round {seat.round}: ", style="green").append(seat.name, style="bold green")
    if counted.places > SHOWN_PLACES:
        shown = f"Shown to {SHOWN_PLACES} of {counted.places} decimal places; --json has them all."
        yield Text(shown, style="dim")


class Drawing:
    """One table of rounds, drawn `width` columns wide."""

    def __init__(self, table: RoundsTable, glyphs: Glyphs, width: int) -> None:
        self._table, self._glyphs, self._width = table, glyphs, width
        cells = [cell for line in table.lines for cell in line.cells]
        self._votes = max((len(votes_text(cell.amount, table.places)) for cell in cells), default=0)
        self._change = max((len(change_text(cell.change, table.places)) for cell in cells), default=0) + 2
        self._scale = max(table.scales)
        self._shares = table.shares and not table.places  # beside divided votes there is no room for them
        longest = max([SHORTEST_NAME, *(cell_len(line.name) for line in table.lines)])
        self._name = min(longest, LONGEST_NAME) + GAP
        """A mark, a name, and one column more."""

    def side_by_side(self) -> int:
        """Return how many rounds stand side by side."""
        cell = max(self._votes, LEAST_VOTES) + max(self._change, LEAST_CHANGE) + GAP
        return max(0, self._width - self._name - 2) // cell

    def blocks(self) -> Iterator[Table]:
        """Yield tables of as many rounds as stand side by side."""
        rounds = len(self._table.rounds)
        per_block = max(1, min(rounds, self.side_by_side()))
        room = min((self._width - self._name - 2) // per_block - GAP, WIDEST_CELL)
        votes = max(self._votes, LEAST_VOTES)
        cell_width = votes + max(self._change, LEAST_CHANGE, room - votes)
        for start in range(0, rounds, per_block):
            yield self._block(range(start, min(start + per_block, rounds)), votes, cell_width)

    def cards(self, counted: Counted) -> Iterator[Rule | Text | Padding]:
        """Yield one round after another: its title, who is in it or has just left, what it decides."""
        for place, round_ in enumerate(self._table.rounds):
            yield Rule(
                f"[bold]{self._title(place)}[/]", align="left", style="dim", characters=self._glyphs.rule
            )
            for line in self._table.lines:
                cell = line.cells[place]
                if cell.in_count or cell.change:
                    name = name_text(line.name, cell, self._glyphs)
                    name.align("left", self._name)
                    yield Text().append_text(name).append_text(self._card_cell(cell, place))
            for label, amounts in self._footers(range(place, place + 1)):
                first, *more = label
                yield Text(f"{first.ljust(self._name)}{amounts[0].rjust(self._votes)}", style="dim")
                yield from (Text(line, style="dim") for line in more)
            yield Padding(Text(round_sentence(counted, round_)), (1, 0, 1, 2))

    def _block(self, places: range, votes: int, cell_width: int) -> Table:
        table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False)
        table.add_column("", width=self._name + 2 - GAP)
        for place in places:
            style = "bold reverse" if place == len(self._table.rounds) - 1 else "bold"
            table.add_column(Text(self._title(place), style=style), width=cell_width, no_wrap=True)
        for line in self._table.lines:
            cells = [line.cells[place] for place in places]
            if any(cell.in_count or cell.change for cell in cells):
                name = name_text(line.name, cells[-1], self._glyphs)
                drawn = (
                    self._block_cell(c, place, votes, cell_width)
                    for c, place in zip(cells, places, strict=True)
                )
                table.add_row(name, *drawn)
        for label, amounts in self._footers(places):
            table.add_row(
                Text("\n".join(label), style="dim"), *(Text(a.rjust(votes), style="dim") for a in amounts)
            )
        return table

    def _title(self, place: int) -> str:
        final = ", final" if place == len(self._table.rounds) - 1 else ""
        return f"Round {self._table.rounds[place].number}{final}"

    def _block_cell(self, cell: Cell, place: int, votes: int, cell_width: int) -> Text:
        change = change_text(cell.change, self._table.places)
        if not cell.in_count:
            return Text(change.rjust(cell_width), style="dim red")
        text = Text().append(votes_text(cell.amount, self._table.places).rjust(votes), style=style_of(cell))
        text.append(change.rjust(cell_width - votes), "dim green" if cell.change > 0 else "dim red")
        text.append("\n")
        share = percent(cell.amount, self._table.totals[place]).rjust(SHARE_WIDTH) if self._shares else ""
        text.append_text(self._bar(cell, place, cell_width - len(share)))
        return text.append(share, style="dim")

    def _card_cell(self, cell: Cell, place: int) -> Text:
        votes = votes_text(cell.amount, self._table.places) if cell.in_count else ""
        change = change_text(cell.change, self._table.places)
        text = Text().append(votes.rjust(self._votes), style=style_of(cell))
        text.append(change.rjust(self._change), "dim green" if cell.change > 0 else "dim red")
        if not cell.in_count:
            return text
        if self._shares:
            text.append(percent(cell.amount, self._table.totals[place]).rjust(SHARE_WIDTH), "dim")
        room = self._width - self._name - text.cell_len - 2
        return text.append("  ").append_text(self._bar(cell, place, room)) if room >= SHORTEST_BAR else text

    def _bar(self, cell: Cell, place: int, width: int) -> Text:
        threshold = self._table.thresholds[place]
        return bar(cell.amount, threshold, self._scale, width, style_of(cell), self._glyphs)

    def _footers(self, places: range) -> Iterator[tuple[list[str], list[str]]]:
        """Yield the lines of each label, and the amounts, where any of these rounds has one."""
        for footer in self._table.footers:
            amounts = [footer.amounts[place] or 0 for place in places]
            if any(amounts) and footer.kind != "sum":
                label = wrap(footer.label, self._name - 1, initial_indent="  ", subsequent_indent="  ")
                yield label, [votes_text(amount, footer.places) if amount else "" for amount in amounts]
