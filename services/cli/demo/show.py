"""What the demo shows in the terminal while it runs, and the table at its end."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from rich.console import Group, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from services.cli.demo.official import BALLOTS, Line
from shared.contract.standings import Standing
from shared.rcv.narrate.counted import counted_in
from shared.rcv.narrate.numbers import number
from shared.rcv.narrate.sentences import headline

STAGES = ("cast", "judged", "counted", "shown")


class Show:
    """Bars for each stage, and who leads. `rates` are ballots a second from the start until the last one is through."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<8}"),
            BarColumn(30),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:>7,.0f}/s {task.fields[behind]:>7,} behind"),
            TimeElapsedColumn(),
        )
        self._bars = {
            stage: self._progress.add_task(stage, total=BALLOTS, rate=0.0, behind=0) for stage in STAGES
        }
        self._began_s: float | None = None
        self._seen = dict.fromkeys(STAGES, 0)
        self._standings: Mapping[str, Standing] = {}
        self.rates = dict.fromkeys(STAGES, 0.0)

    def update(self, reached: Mapping[str, int], now_s: float, standings: Mapping[str, Standing]) -> None:
        """Move the bars to what each stage has `reached` by `now_s`; a bar never goes back."""
        self._began_s = now_s if self._began_s is None else self._began_s
        self._standings = standings
        for stage, ballots in _implied(reached).items():
            if self._seen[stage] < BALLOTS:
                self._seen[stage] = min(BALLOTS, max(ballots, self._seen[stage]))
                self.rates[stage] = self._seen[stage] / max(now_s - self._began_s, 0.5)
        for stage, bar in self._bars.items():
            behind = self._seen["cast"] - self._seen[stage]
            self._progress.update(
                bar, completed=self._seen[stage], rate=self.rates[stage], behind=max(0, behind)
            )

    def __rich__(self) -> RenderableType:
        return Group(self._progress, *[_leading(standing) for standing in self._standings.values()])


def _leading(standing: Standing) -> Text:
    """Return a contest's headline and, below it, the votes of its last round."""
    counted = counted_in(standing)
    line = Text(f"{standing.contest.title}: ", style="bold").append(headline(counted), style="default")
    for round_ in counted.rounds[-1:]:
        votes = sorted(round_.votes.items(), key=lambda pair: -pair[1])
        shown = (f"{counted.names[name]} {number(units, counted.places)}" for name, units in votes)
        line.append(f"\n  round {round_.number}  {'   '.join(shown)}", style="default")
    return line


def comparison_table(lines: Sequence[Line]) -> Table:
    """Return official figures beside counted ones, each with its mark."""
    table = Table("", title="Official and counted")
    for column in ("official", "counted"):
        table.add_column(column, justify="right")
    table.add_column("")
    for place, group in groupby(lines, key=lambda line: line.place):
        table.add_row(f"[bold]{place}", "", "", "")
        for line in group:
            mark = "[green]✓" if line.agrees else "[bold red]✗ differs"
            table.add_row(f"  {line.what}", _figure(line.official), _figure(line.counted), mark)
    return table


def _implied(reached: Mapping[str, int]) -> dict[str, int]:
    """Return the figures with what they imply: reports come late, and what is shown was counted and judged before."""
    judged, counted, shown = (reached.get(stage, 0) for stage in STAGES[1:])
    return {
        "cast": reached.get("cast", 0),
        "judged": max(judged, counted, shown),
        "counted": max(counted, shown),
        "shown": shown,
    }


def _figure(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
