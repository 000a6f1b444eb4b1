"""A whole count on a terminal: what was counted, the rounds, a sentence for each, who is elected.

Rounds stand side by side if they all fit, or if `LEAST_SIDE_BY_SIDE` of them do; else one follows another.
"""

from collections.abc import Iterator
from typing import Final

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from services.cli.terminal.look import Glyphs
from services.cli.terminal.rounds import Drawing
from shared.contract.standings import Ending
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import SHOWN_PLACES, number
from shared.rcv.narrate.sentences import round_sentence
from shared.rcv.narrate.tables import rounds_table, runs_of, seats
from shared.rcv.narrate.words import how, listed, plural

LEAST_SIDE_BY_SIDE: Final = 4


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
