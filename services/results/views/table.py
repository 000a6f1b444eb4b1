"""The forms that views share: tables, stacked bars, and what folds away. One template draws each of them. Pure.

Candidates have one colour in every view, at every hour.
"""

from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import brief, number

COLOURS: Final = 8
NOBODY: Final = "none"
PLAIN: Final = "plain"


class Bar(NamedTuple):
    """A bar, and the line across it that marks what elects. Lengths are in percent."""

    width: str
    colour: str
    """A class of the style sheet."""
    mark: str = ""
    more: str = ""
    """A second part, drawn faint behind the first: what is not final."""


class Cell(NamedTuple):
    """A cell: a bar, or text with a smaller line and a thin bar below it. Without either a dash stands there."""

    text: str = ""
    below: str = ""
    bar: Bar | None = None
    unseen: str = ""
    """What a screen reader says where the eye sees a dash."""
    strong: bool = False
    first: bool = False
    """Whether the line below is about somebody who is ahead or elected."""
    prose: bool = False
    """Whether the text is words, which may be broken into lines."""
    exact: str = ""
    """The text with every decimal, where it has fewer at first: readers ask for them."""


class Row(NamedTuple):
    """A line of a table."""

    name: str
    cells: tuple[Cell, ...]
    colour: str = ""
    tag: str = ""
    first: bool = False
    """Whether the tag is about somebody who is ahead or elected."""
    kind: Literal["", "withdrawn", "inactive", "gone", "sum"] = ""
    party: str = ""
    id: str = ""
    """By which a link finds the line."""
    link: str = ""
    """The id of the line that says more of the same candidate."""


class FlowPart(NamedTuple):
    """One receiver of votes: where its part of a stacked bar begins and how long it is, in percent."""

    name: str
    share: str
    left: str
    width: str
    colour: str


class Flow(NamedTuple):
    """Where the votes go that move after one round."""

    round: str
    what: str
    parts: tuple[FlowPart, ...]
    """Candidates, most first, then the reasons for nobody."""


@dataclass(frozen=True, slots=True)
class Table:
    """A table with its headings, the one of the names first; a column without a heading holds bars."""

    label: str
    caption: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    kind: Literal["bars", "grid", "answers"]
    """Bars and answers become cards on a phone; a grid scrolls beneath its names."""
    labelled: bool = False
    """Whether each cell of a card has its column's heading beside it."""

    @property
    def exact(self) -> bool:
        """Whether any cell has more decimals than it shows at first."""
        return any(cell.exact for row in self.rows for cell in row.cells)


@dataclass(frozen=True, slots=True)
class Fold:
    """A table that folds away under a summary."""

    id: str
    summary: str
    table: Table


def colours_of(counted: Counted) -> dict[str, str]:
    """Return the colour of each candidate, by id: a class of the style sheet."""
    return {c.id: f"c{place % COLOURS}" for place, c in enumerate(counted.contest.candidates)}


def bar_width(part: int, most: int, places: int = 2) -> str:
    """Return the length of a bar, of 100."""
    return number(100 * 10**places * part // most, places) if most else "0"


def votes_cell(units: int, places: int, **more: Any) -> Cell:
    """Return a cell of votes: brief, and with every decimal where it has more."""
    shown, exact = brief(units, places), number(units, places)
    return Cell(shown, exact=exact if exact != shown else "", **more)


def provisional(counted: Counted) -> str:
    """Return what a caption ends with while the count is not final."""
    return "" if counted.final else ", provisional"


def sentence(words: str) -> str:
    """Return words as a sentence."""
    return f"{words[:1].upper()}{words[1:]}."
