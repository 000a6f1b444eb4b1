"""One ballot's way through a count, on a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from services.cli.terminal.look import Glyphs
from shared.contract.standings import decimal
from shared.rcv.count.trace import Traced
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.explain import Stay, conclusion, ranking_in_words, stays


def journey(
    counted: Counted, traced: Traced, row: int, marks: str, glyphs: Glyphs
) -> Iterator[RenderableType]:
    """Yield what to print of the ballot at `row` of the trace; `counted` is the traced count."""
    way = stays(counted, traced, row, marks)
    yield Text(counted.contest.title, style="bold")
    yield Text(ranking_in_words(marks, counted.contest), style="dim")
    yield Text("")
    yield _table(way, counted, glyphs)
    yield Text("")
    yield Text(conclusion(way, counted))


def _table(way: Sequence[Stay], counted: Counted, glyphs: Glyphs) -> Table:
    """Return a line for each who holds a part of the vote; whoever holds what moves last, with the reason."""
    table = Table(box=None, padding=(0, 3, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("Round", no_wrap=True)
    table.add_column("Vote with", no_wrap=True)
    if counted.places:
        table.add_column("Worth", justify="right", no_wrap=True)
    table.add_column("Why")
    for stay in way:
        rounds = str(stay.first) if stay.first == stay.last else f"{stay.first} to {stay.last}"
        shown = [(holder, worth, "keeps what the quota needs") for holder, worth in stay.stand.kept]
        if stay.stand.worth or not shown:
            shown.append((stay.stand.holder, stay.stand.worth, stay.why))
        for place, (holder, worth, why) in enumerate(shown):
            worths = [decimal(worth, counted.places)] if counted.places else []
            table.add_row("" if place else rounds, _holder(holder, counted, glyphs), *worths, why)
    return table


def _holder(holder: int, counted: Counted, glyphs: Glyphs) -> Text:
    candidates = counted.contest.candidates
    if holder >= len(candidates):
        return Text("nobody", style="dim")
    mark = f" {glyphs.elected}" if candidates[holder].id in counted.elected else ""
    return Text(f"{candidates[holder].name}{mark}", style="green" if mark else "cyan")
