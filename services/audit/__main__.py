"""`python -m services.audit ELECTION`: count the log again, independently. Exit 0: a report; 2: why there is none."""

import asyncio
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from services.audit.app import audit
from services.audit.judge import WrongSecret
from services.audit.log import LogError
from services.audit.report import NoElection
from services.audit.settings import AuditSettings
from shared.contract.codec import UnknownVersion
from shared.contract.recounts import Recount, Recounted


def main(
    election: Annotated[str, typer.Argument(help="Election id, such as labour-2015")],
    watermark: Annotated[
        str | None, typer.Option(help="Records to read of each shard, such as 100,98,97,99; default: all")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON")] = False,  # noqa: FBT002
) -> None:
    """Count an election again from the first record of the log, with nothing of the counting service.

    Example: python -m services.audit labour-2015 --watermark 105551,105549,105550,105548
    """
    try:
        report = asyncio.run(audit(AuditSettings(), election, _watermark(watermark)))
    except (LogError, NoElection, WrongSecret, UnknownVersion, ValueError) as fault:
        typer.echo(f"recount of {election}: {fault}", err=True)
        raise typer.Exit(2) from fault
    if as_json:
        typer.echo(report.model_dump_json())
    else:
        _print(report)


def _watermark(text: str | None) -> list[int] | None:
    if text is None:
        return None
    parts = text.split(",")
    if not all(part.isascii() and part.isdecimal() for part in parts):
        raise ValueError(f"--watermark: expected numbers such as 100,98,97,99, found {text!r}")
    return [int(part) for part in parts]


def _print(report: Recount) -> None:
    out = Console(highlight=False)
    balance = report.balance
    out.print(f"[bold]{escape(report.election)}[/]  watermark {','.join(map(str, report.watermark))}")
    out.print(
        f"cast {balance.cast:,} = accepted {balance.accepted:,} + duplicate {balance.duplicate:,} "
        f"+ late {balance.late:,} + voided {balance.voided:,} + rejected {balance.rejected:,}"
    )
    for name, counted in report.contests.items():
        out.print(_table(name, counted))
        out.print(f"elected: {', '.join(counted.results.elected) or 'nobody'}")
        out.print(f"result hash: {counted.result_hash}", soft_wrap=True)


def _table(name: str, counted: Recounted) -> Table:
    rounds = counted.results.rounds
    table = Table(name, *(f"round {number}" for number in range(1, len(rounds) + 1)), title_justify="left")
    for candidate in dict.fromkeys(c for votes in rounds for c in votes):
        table.add_row(candidate, *(f"{votes[candidate]:,}" if candidate in votes else "" for votes in rounds))
    for ending in dict.fromkeys(e for ends in counted.results.inactive for e in ends):
        counts = (f"{ends.get(ending, 0):,}" for ends in counted.results.inactive)
        table.add_row(f"({ending})", *counts)
    return table


if __name__ == "__main__":
    typer.run(main)
