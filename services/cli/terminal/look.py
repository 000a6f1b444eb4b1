"""How candidates look in a terminal: their names, marks and colours, and the lines that stand below them.

Rule 1: a mark before the name says what its colour says.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from services.cli.terminal.bars import Glyphs
from shared.contract.standings import Ending
from shared.rcv.count.rounds import Round
from shared.rcv.narrate.grid import Measure, State
from shared.rcv.narrate.numbers import readable, signed

STYLES: Final[dict[State, str]] = {
    "hopeful": "cyan",
    "elected": "bold green",
    "falling": "red",
    "out": "dim",
}
LONGEST_NAME: Final = 28
STOPPED: Final[dict[Ending, str]] = {
    Ending.EXHAUSTED: "No further choice",
    Ending.OVERVOTE: "Overvote",
    Ending.SKIPPED: "Skipped ranks",
    Ending.REPEATED: "Ranked twice",
    Ending.SURPLUS: "Not needed: all seats filled",
}
LOST: Final = "Lost to rounding"


@dataclass(frozen=True, slots=True)
class Look:
    """What it takes to draw one count."""

    names: Sequence[str]
    glyphs: Glyphs
    threshold_name: str
    """"Quota", "Majority" or, where no number elects, nothing."""

    @property
    def name_width(self) -> int:
        """Columns for a mark, a name, and the gap after it."""
        longest = max(map(cell_len, (*self.names, *STOPPED.values(), LOST)))
        return min(longest, LONGEST_NAME) + 5

    def footer(self, rounds: Sequence[Round], measure: Measure) -> Iterator[tuple[str, list[str]]]:
        """Yield the lines below the candidates: why papers stopped, what places lost, what elects."""
        for ending, label in STOPPED.items():
            yield from _line(label, [measure.stopped(r).get(ending, 0) for r in rounds], measure)
        yield from _line(LOST, [r.residue for r in rounds], measure)
        if self.threshold_name:
            yield from _line(self.threshold_name, [measure.threshold(r) or 0 for r in rounds], measure)


def name_text(look: Look, candidate: int, state: State) -> Text:
    """Return a candidate's name behind the mark of its state."""
    mark = {"elected": look.glyphs.elected, "hopeful": " "}.get(state, look.glyphs.falling)
    name = look.names[candidate]
    short = name if cell_len(name) <= LONGEST_NAME else f"{set_cell_size(name, LONGEST_NAME - 1)}…"
    return Text(f"{mark} {short}", style=STYLES[state] if state != "hopeful" else "", no_wrap=True)


def change_text(change: int, places: int, width: int) -> Text:
    """Return a change of votes, to the right of `width` columns."""
    return Text(signed(change, places).rjust(width), style="dim green" if change > 0 else "dim red")


def _line(label: str, amounts: Sequence[int], measure: Measure) -> Iterator[tuple[str, list[str]]]:
    if any(amounts):
        yield f"  {label}", [readable(amount, measure.places) if amount else "" for amount in amounts]
