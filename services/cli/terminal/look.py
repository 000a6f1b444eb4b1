"""How a count looks on a terminal: glyphs, colours, bars. A mark before a name says what its colour says."""

from typing import Final, NamedTuple

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from shared.rcv.narrate.numbers import MINUS, SHOWN_PLACES, number, signed
from shared.rcv.narrate.tables import Cell

LONGEST_NAME: Final = 28
STYLES: Final = {"continuing": "cyan", "elected": "bold green", "eliminated": "red", "out": "dim"}


class Glyphs(NamedTuple):
    """The characters a terminal can show."""

    full: str
    half: str
    threshold: str
    elected: str
    """The mark of those elected."""
    eliminated: str
    rule: str


UNICODE = Glyphs("━", "╸", "│", "★", "✗", "─")
ASCII = Glyphs("=", "-", "|", "*", "x", "-")


def style_of(cell: Cell) -> str:
    """Return the style of a candidate in a round; whoever has left the count is dim."""
    return STYLES[cell.fate if cell.in_count else "out"]


def name_text(name: str, cell: Cell, glyphs: Glyphs) -> Text:
    """Return a candidate's name behind the mark of its fate."""
    fate = cell.fate if cell.in_count else "eliminated"
    mark = {"elected": glyphs.elected, "eliminated": glyphs.eliminated}.get(fate, " ")
    short = name if cell_len(name) <= LONGEST_NAME else f"{set_cell_size(name, LONGEST_NAME - 1)}…"
    return Text(f"{mark} {short}", style="" if fate == "continuing" else style_of(cell), no_wrap=True)


def votes_text(units: int, places: int) -> str:
    """Return votes to two decimals."""
    return number(units, places, SHOWN_PLACES)


def change_text(change: int, places: int) -> str:
    """Return a change of votes, with the minus of a keyboard; nothing for none."""
    return signed(change, places, SHOWN_PLACES).replace(MINUS, "-")


def bar(amount: int, threshold: int | None, scale: int, width: int, style: str, glyphs: Glyphs) -> Text:
    """Return a bar `width` wide for `amount`, where `scale` fills it, half a character exact.

    A mark shows where the threshold is, unless the bar covers it.
    """
    halves = 2 * width * amount // scale if scale else 0
    drawn = glyphs.full * (halves // 2) + glyphs.half * (halves % 2)
    text = Text(no_wrap=True).append(drawn.ljust(width), style=style)
    if threshold is not None and scale:
        place = min(width - 1, width * threshold // scale)
        if place >= len(drawn):
            mark = Text().append(glyphs.threshold, style="dim")
            text = text[:place] + mark + text[place + 1 :]
    return text
