"""`python -m tests.chaos`: hold an election on three brokers, break everything at random, and count what was lost."""

import asyncio
import logging
import os
import sys
import tempfile
from math import inf
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra.local.jars import JarError
from infra.local.process import ChildFailedError
from infra.local.stack import cancel_on_signals
from infra.local.topics import TopicError
from tests.chaos.load import ChaosFailed
from tests.chaos.net import INSIDE, can_make, go_inside
from tests.chaos.plan import Counts
from tests.chaos.report import table, write
from tests.chaos.run import Options, run

RESULTS = Path(__file__).parent / "results"

console = Console(highlight=False)


def main(
    *,
    ballots: Annotated[int, typer.Option(help="Ballots to be acknowledged, at least", min=1_000)] = 1_000_000,
    kills: Annotated[int, typer.Option(help="kill -9 of services", min=0)] = 200,
    pauses: Annotated[
        int, typer.Option(help="SIGSTOP and SIGCONT; every fifth outlasts a session", min=0)
    ] = 50,
    broker_kills: Annotated[int, typer.Option(help="kill -9 of brokers", min=0)] = 20,
    seed: Annotated[
        int, typer.Option(help="The same seed breaks the same things in the same order", min=0)
    ] = 1,
    minutes: Annotated[
        float, typer.Option(help="Leave out the faults that are left after so many minutes", min=1)
    ] = inf,
    net: Annotated[
        bool, typer.Option("--net", help="Each service and broker on a host of its own; needs root, Linux")
    ] = False,
    network: Annotated[
        int, typer.Option(help="With --net: how often each of the four faults of the network", min=1)
    ] = 40,
    out: Annotated[
        Path | None, typer.Option(help="JSON report; default: tests/chaos/results/[net-]BALLOTS.json")
    ] = None,
    folder: Annotated[Path | None, typer.Option(help="Keep data and logs in this new folder")] = None,
) -> None:
    """Break everything while known ballots are cast; exit 0 only if nothing was lost, doubled or shown wrongly.

    Example: python -m tests.chaos --ballots 20000 --kills 15 --pauses 4 --broker-kills 2
    """
    if net and os.environ.get(INSIDE) != "1":
        if why_not := can_make():
            raise typer.BadParameter(f"{why_not}", param_hint="--net")
        go_inside(sys.argv[1:])
    counts = Counts(kills, pauses, broker_kills, network if net else 0)
    options = Options(ballots, counts, seed, minutes, net)
    name = f"net-{ballots}" if net else str(ballots)
    with tempfile.TemporaryDirectory(prefix="livecount-chaos-") as passing:
        if folder is not None:
            folder.mkdir(parents=True)
        good = asyncio.run(_main(options, folder or Path(passing), out or RESULTS / f"{name}.json"))
    raise typer.Exit(0 if good else 1)


async def _main(options: Options, folder: Path, out: Path) -> bool:
    cancel_on_signals()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # that brokers go away is no news here
    try:
        report = await run(options, folder, console.print)
    except (ChaosFailed, ChildFailedError, JarError, TopicError, OSError) as fault:
        console.print(f"The run failed: {fault or repr(fault)}", markup=False)
        return False
    except asyncio.CancelledError:
        console.print("Stopped.")
        return False
    write(report, out)
    console.print(table(report))
    truth = report.truth
    console.print(
        f"{truth.acknowledged:,} ballots acknowledged, {truth.records:,} records judged, "
        f"{truth.repeated_verdicts:,} verdicts repeated, {truth.standings:,} standings seen and recounted"
    )
    console.print(report.verdict)
    console.print(f"written: {out}")
    return report.good


if __name__ == "__main__":
    typer.run(main)
