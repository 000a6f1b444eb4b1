"""`python -m services.cli.rehearsal FOLDER`: every RCTab configuration below a folder, cast live and held against `tabulate`."""

import asyncio
import tempfile
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from infra.local.stack import cancel_on_signals
from services.cli.rehearsal.deployment import VICTIMS, deployed
from services.cli.rehearsal.every import every
from services.cli.rehearsal.script import Disturbances


def main(
    folder: Annotated[Path, typer.Argument(help="Folder with *_config.json files, at any depth")],
    seed: Annotated[int, typer.Option(help="Seed of the order and the disturbances")] = 1,
    double_votes: Annotated[float, typer.Option(min=0, max=1, help="Share of electors")] = 0.1,
    voids: Annotated[float, typer.Option(min=0, max=1, help="Share of electors")] = 0.05,
    *,
    chaos: Annotated[bool, typer.Option(help="Kill each service once in every rehearsal")] = False,
) -> None:
    """Rehearse every configuration below a folder on one stack; exit 1 if a report is not as `tabulate` writes it.

    Example: python -m services.cli.rehearsal ../shared/data/rctab --double-votes 0.5 --voids 0.5
    """
    how = Disturbances(seed, double_votes, voids, victims=VICTIMS if chaos else ())
    with tempfile.TemporaryDirectory(prefix="livecount-rehearsal-") as work:
        try:
            verdicts = asyncio.run(_main(sorted(folder.rglob("*_config.json")), how, Path(work)))
        except (RuntimeError, OSError) as fault:
            typer.echo(str(fault), err=True)
            raise typer.Exit(2) from fault
    typer.echo(", ".join(f"{number} {verdict}" for verdict, number in verdicts.items()))
    raise typer.Exit(1 if verdicts["differs"] else 0)


async def _main(configs: list[Path], how: Disturbances, work: Path) -> Counter[str]:
    cancel_on_signals()
    verdicts: Counter[str] = Counter()
    async with deployed(work / "stack") as where:
        async for row in every(where, configs, how, work):
            verdicts[row.verdict] += 1
            typer.echo(f"{row.verdict:<9} {row.config.parent.name}: {row.detail}")
    return verdicts


if __name__ == "__main__":
    typer.run(main)
