"""The command that looks at the list of electors, on the officer's machine. `codes --electors` makes their codes."""

from pathlib import Path
from typing import Annotated, Final

import typer

from services.cli.app import command
from services.cli.commands.definition import read_election

FAULTY: Final = 1


@command(
    "livecount roll members.csv --definition club.yaml",
    "livecount codes club --electors members.csv --out mailing.csv",
)
def roll(
    file: Annotated[Path, typer.Argument(help="The list of electors: CSV, or a workbook's first sheet")],
    definition: Annotated[Path, typer.Option(help="The election's definition: its sections")],
) -> None:
    """Look at a list of electors: how many there are of each section, and every fault with its row.

    The list has a row of column names and a row an elector; a column `section` where there are several. It is read here and goes
    nowhere. Exit code 1: it has faults, or other counts than the definition.
    """
    from services.cli.rolls import MAX_SHOWN, read_list

    election = read_election(definition)
    found = read_list(file, election.sections)
    counts = found.counts(election.sections)
    typer.echo(f"{file}: {len(found.sections):,} electors; columns: {', '.join(found.columns)}")
    differs = False
    for section in election.sections:
        same = counts[section.id] == section.electors
        differs |= not same
        says = "" if same else f"; the definition says {section.electors:,}: electors: {counts[section.id]}"
        typer.echo(f"  {section.name}: {counts[section.id]:,}{says}")
    for fault in found.faults[:MAX_SHOWN]:
        typer.echo(f"  {fault}", err=True)
    if more := max(0, len(found.faults) - MAX_SHOWN):
        typer.echo(f"  and {more:,} more", err=True)
    if found.faults or differs:
        raise typer.Exit(FAULTY)
