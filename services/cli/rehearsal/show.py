"""What a rehearsal shows: bars while it goes on, a table at its end."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.cli.rehearsal.run import Outcome, Seen

MAX_DIFFERENCES = 10


@contextmanager
def bars(console: Console) -> Iterator[Seen]:
    """Show how many ballots are cast and counted, with rates, and take that away at the end."""
    columns = (
        TextColumn("{task.description:<8}"),
        BarColumn(30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:>7,.0f}/s"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        tasks = [progress.add_task(name, total=None, rate=0.0) for name in ("cast", "counted")]

        def seen(cast: int, counted: int, ballots: int) -> None:
            for task, number in zip(tasks, (cast, counted), strict=True):
                elapsed_s = progress.tasks[task].elapsed or 1.0
                progress.update(task, total=ballots, completed=number, rate=number / max(elapsed_s, 0.1))

        yield seen


def table(outcome: Outcome) -> Table:
    """Return the account of a rehearsal."""
    balance = outcome.balance
    shown = Table(show_header=False, box=None)
    shown.add_column()
    shown.add_column(justify="right")
    shown.add_row("records", f"{outcome.records:,}")
    shown.add_row("cast", f"{balance.cast:,}")
    for reason, ballots in balance.reasons.items():
        shown.add_row(f"  {reason}", f"{ballots:,}")
    shown.add_row("accepted at the end", f"{balance.accepted:,}")
    for step, seconds in outcome.seconds.items():
        shown.add_row(f"{step}, s", f"{seconds:.1f}")
    shown.add_row("ballots a second, cast", f"{balance.cast / max(outcome.seconds['cast'], 0.001):,.0f}")
    shown.add_row("services killed", f"{len(outcome.killed)}")
    shown.add_row("requests sent again", f"{outcome.retries:,}")
    shown.add_row("equal to the cold count", "no" if outcome.differences else "yes")
    return shown


def first_differences(outcome: Outcome) -> Iterator[str]:
    """Yield the differences, as many as one reads."""
    yield from outcome.differences[:MAX_DIFFERENCES]
    if len(outcome.differences) > MAX_DIFFERENCES:
        yield f"and {len(outcome.differences) - MAX_DIFFERENCES:,} more"
