"""The command that casts an election out of a file through all services, as a test, and reports what came out."""

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli import options
from services.cli.app import command
from services.cli.commands.tabulation import stamp
from services.cli.errors import naming
from services.cli.waiting import waiting

if TYPE_CHECKING:
    from services.cli.rehearsal.run import Outcome
    from services.cli.rehearsal.script import Disturbances
    from services.cli.rehearsal.subject import Subject
    from shared.rcv.contests import CountOptions

Share = Annotated[float, typer.Option(min=0, max=1, metavar="P", help="Share of the electors")]


@command(
    "livecount rehearse mayor_config.json --out results --seed 1",
    "livecount rehearse ward.blt --method scottish-stv --out results --seed 7 --voids 0.2 --chaos",
)
@options.rehearsed
def rehearse(
    file: Annotated[
        Path, typer.Argument(metavar="CONFIG.json|FILE", help="RCTab's configuration, or a plain ballot file")
    ],
    *,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the reports; made if need be")],
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of who votes when, twice, and is voided")],
    double_votes: Share = 0.1,
    voids: Share = 0.05,
    withdrawals: Annotated[
        int, typer.Option(min=0, metavar="N", help="Candidates who withdraw for a while")
    ] = 1,
    chaos: Annotated[
        bool, typer.Option("--chaos", help="Kill each service once while ballots arrive")
    ] = False,
    asked: "CountOptions | None",
) -> None:
    """Cast an election out of a file through Kafka and all services, and report what came out.

    Its records are cast in a random order, each by an elector. Some vote twice, some are voided and restored.
    A configuration is reported as tabulate does, a plain file as count --json does.
    Exit code 1 if anything differs from a cold count.
    """
    from services.cli.rehearsal.deployment import VICTIMS
    from services.cli.rehearsal.script import Disturbances

    with naming(file), waiting(f"Reading {file.name}"):
        subject = _subject(file, asked)
    outcome = _run(
        subject, Disturbances(seed, double_votes, voids, withdrawals, VICTIMS if chaos else ()), out
    )
    _show(outcome, out)
    if outcome.differences:
        raise typer.Exit(1)


def _subject(file: Path, asked: "CountOptions | None") -> "Subject":
    from services.cli.rehearsal.subject import configured, plain

    if file.suffix.lower() == ".json":
        if asked is not None:
            raise ValueError("a configuration says itself how it is counted: expected no --method")
        return configured(file, stamp())
    if asked is None:
        raise ValueError("a plain file does not say how it is counted: expected --method")
    return plain(file, asked)


def _run(subject: "Subject", how: "Disturbances", out: Path) -> "Outcome":
    with tempfile.TemporaryDirectory(prefix="livecount-rehearsal-") as folder:
        try:
            return asyncio.run(_rehearse(subject, how, out, Path(folder)))
        except asyncio.CancelledError:
            raise typer.Abort from None


async def _rehearse(subject: "Subject", how: "Disturbances", out: Path, folder: Path) -> "Outcome":
    from rich.console import Console

    from infra.local.stack import cancel_on_signals
    from services.cli.rehearsal.deployment import deployed
    from services.cli.rehearsal.run import rehearse as hold
    from services.cli.rehearsal.show import bars

    cancel_on_signals()
    console = Console(stderr=True, highlight=False)
    console.print("Starting Kafka, Valkey and the services")
    async with deployed(folder) as where:
        with bars(console) as seen:
            return await hold(where, subject, subject.name, how, out, seen)


def _show(outcome: "Outcome", out: Path) -> None:
    from rich.console import Console

    from services.cli.rehearsal.show import first_differences, table

    Console(highlight=False).print(table(outcome))
    typer.echo(f"{len(outcome.written)} files in {out}")
    for difference in first_differences(outcome):
        typer.echo(difference, err=True)
