"""Commands about the list of electors, on the officer's machine: look at it, and draw the letters. `codes --electors` makes codes."""

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
        says = (
            ""
            if same
            else f"; the definition says {section.electors:,}: write electors: {counts[section.id]} into it"
        )
        if counts[section.id] < section.electors:
            says += ", or make the codes with --spare"
        typer.echo(f"  {section.name}: {counts[section.id]:,}{says}")
    for fault in found.faults[:MAX_SHOWN]:
        typer.echo(f"  {fault}", err=True)
    if more := max(0, len(found.faults) - MAX_SHOWN):
        typer.echo(f"  and {more:,} more", err=True)
    if found.faults or differs:
        raise typer.Exit(FAULTY)


@command(
    "livecount letters club.yaml --mailing mailing.csv --out letters",
    "livecount letters club.yaml --mailing mailing.csv --out letters --address name --address street --address town",
)
def letters(
    definition: Annotated[Path, typer.Argument(help="The election's definition, YAML or JSON")],
    mailing: Annotated[Path, typer.Option(help="The mailing file that `codes --electors` wrote")],
    out: Annotated[Path, typer.Option(help="Folder for the PDF files")],
    address: Annotated[
        list[str] | None,
        typer.Option(
            help="A column of the address; again for more [default: name, street, town and the like]"
        ),
    ] = None,
    font: Annotated[
        Path | None, typer.Option(help="TrueType font [default: Helvetica, which has Western letters only]")
    ] = None,
) -> None:
    """Draw the letters with the voting codes: large type, a QR code, one page an elector, 1,000 to a file, PDF.

    They are made here and go nowhere. Whoever holds a letter can vote: keep the folder as you keep the mailing file.
    """
    from rich.console import Console
    from rich.progress import Progress, TextColumn, TimeElapsedColumn

    from services.cli.paper.mail import read_letters, write_letters

    columns = TextColumn("{task.completed:,} letters"), TimeElapsedColumn()
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("letters", total=None)
        files = write_letters(
            read_election(definition),
            read_letters(mailing, address or ()),
            out,
            font,
            lambda count: progress.update(task, completed=count),
        )
    if not files:
        raise ValueError(f"{mailing}: expected a row for each elector, found none")
    noun = "file" if len(files) == 1 else "files"
    typer.echo(f"{out}: {len(files):,} {noun}, the last one {files[-1].name}")
