"""A figure beside its goal."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from operator import attrgetter
from typing import Literal

from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """One measure, and whether it reached its goal."""

    contest: str
    """What is counted, read or held."""
    measure: str
    value: float | None
    """None: nothing could be measured; the note says why."""
    unit: str
    goal: float | None = None
    """None: for comparison only."""
    better: Literal["more", "less"] = "less"
    note: str = ""

    @property
    def reached(self) -> bool | None:
        """Return whether the goal is reached; None without a goal or a value."""
        if self.goal is None or self.value is None:
            return None
        return self.value >= self.goal if self.better == "more" else self.value <= self.goal

    @property
    def columns(self) -> tuple[str, str, str, str, str]:
        """Return measure, value, goal, mark and note, as shown."""
        value = "" if self.value is None else f"{self.value:.3g} {self.unit}"
        goal = "" if self.goal is None else f"{_SIGNS[self.better]} {self.goal:g} {self.unit}"
        mark = {True: "✓", False: "✗ missed", None: ""}[self.reached]
        return self.measure, value, goal, mark, self.note

    def as_data(self) -> dict[str, object]:
        """Return the figure for JSON."""
        return {**asdict(self), "reached": self.reached}


_SIGNS = {"more": "≥", "less": "≤"}
HEADINGS = ("", "figure", "goal", "", "how")


CORE = "The counting core beside its peers and its goals"


def table(figures: list[Figure], title: str = CORE) -> Table:
    """Return the figures as a table for the terminal, contest by contest."""
    shown = Table(*HEADINGS, title=title, title_justify="left")
    for contest, rows in groupby(figures, attrgetter("contest")):
        shown.add_section()
        shown.add_row(f"[bold]{contest}")
        for figure in rows:
            style = {True: "green", False: "bold red", None: "dim"}[figure.reached]
            shown.add_row(*figure.columns, style=style)
    return shown


def goals(found: Mapping[str, Sequence[Figure]]) -> str:
    """Return the figures of each piece that have a goal as a table of Markdown: seen, goal, and by how much it was missed."""
    rows: list[tuple[str, ...]] = [("piece", "what", "seen", "goal", "missed by", "how"), ("---",) * 6]
    for piece, figures in found.items():
        for of in figures:
            if of.goal is not None and of.value is not None:
                _, seen, goal, _, how = of.columns
                ratio = of.value / of.goal if of.better == "less" else of.goal / of.value
                missed = "" if of.reached else f"{ratio:.2f}x"
                rows.append((piece, f"{of.contest}: {of.measure}", seen, goal, missed, how))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def markdown(figures: list[Figure]) -> str:
    """Return the figures as a table of Markdown, contest by contest."""
    rows: list[tuple[str, ...]] = [HEADINGS, ("---",) * len(HEADINGS)]
    for contest, of_contest in groupby(figures, attrgetter("contest")):
        rows += [(f"**{contest}**", "", "", "", ""), *(figure.columns for figure in of_contest)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
