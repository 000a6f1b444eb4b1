"""What the demo shows in the terminal while it runs, and the table at its end."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from infra.demo.comparison import Line
from infra.demo.official import PAPERS
from shared.contract.standings import Standing

STAGES = ("cast", "judged", "counted", "shown")


class Show:
    """Bars for each stage, and who leads."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<8}"),
            BarColumn(40),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:>9,.0f}/s"),
            TimeElapsedColumn(),
        )
        self._bars = {stage: self._progress.add_task(stage, total=PAPERS, rate=0.0) for stage in STAGES}
        self._began: dict[str, float] = {}
        self._standings: Mapping[str, Standing] = {}
        self.rates: dict[str, float] = {}

    def update(self, done: Mapping[str, int], now_s: float, standings: Mapping[str, Standing]) -> None:
        """Move the bars: ballots through each stage so far."""
        for stage, ballots in done.items():
            self._note_rate(stage, ballots, now_s)
            self._progress.update(
                self._bars[stage], completed=min(ballots, PAPERS), rate=self.rates.get(stage, 0.0)
            )
        self._standings = standings

    def _note_rate(self, stage: str, ballots: int, now_s: float) -> None:
        if ballots:
            began = self._began.setdefault(stage, now_s)
            if ballots < PAPERS or stage not in self.rates:
                self.rates[stage] = ballots / max(now_s - began, 0.5)

    def __rich__(self) -> RenderableType:
        return Group(self._progress, *[_leading(standing) for standing in self._standings.values()])


def _leading(standing: Standing) -> Text:
    names = {candidate.id: candidate.name for candidate in standing.contest.candidates}
    line = Text(f"{standing.contest.title}: ", style="bold")
    for round_ in standing.rounds[-1:]:
        votes = sorted(round_.votes.items(), key=lambda pair: -pair[1])
        line.append(f"round {round_.number}  ", style="default")
        line.append("   ".join(f"{names[name]} {n:,}" for name, n in votes), style="default")
    return line


def comparison_table(lines: Sequence[Line]) -> Table:
    """Return official figures beside counted ones."""
    table = Table(title="Official and counted")
    for column, justify in (
        ("", "left"),
        ("", "left"),
        ("official", "right"),
        ("counted", "right"),
        ("", "left"),
    ):
        table.add_column(column, justify="right" if justify == "right" else "left")
    for (contest, where), group in groupby(lines, key=lambda line: (line.contest, line.where)):
        table.add_row(f"[bold]{contest} {where}", "", "", "", "")
        for line in group:
            mark = "[green]equal" if line.agrees else "[bold red]DIFFERS"
            table.add_row("", line.what, _figure(line.official), _figure(line.counted), mark)
    return table


def _figure(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
