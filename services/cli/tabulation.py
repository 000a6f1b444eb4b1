"""Commands that write files: `convert` turns one ballot format into another."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from services.cli.app import command
from services.cli.waiting import waiting

if TYPE_CHECKING:
    from services.counting.reports.tabulated import Stamp

Format = Literal["blt", "csv", "cdf", "preflib", "abif"]


@command(
    "livecount convert ward.blt --to abif --out ward.abif",
    "livecount convert ward.blt --to cdf --out ward_cvr.json",
    "livecount convert ward.csv --to preflib --out ward.toi",
)
def convert(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="BLT, PrefLib, ABIF or CSV")],
    to: Annotated[Format, typer.Option(help="Format to write; cdf: NIST cast vote records")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="File to write, whole or not at all")],
) -> None:
    """Write the papers of one file in another format."""
    from services.counting.conversion import convert_plain
    from services.counting.formats.detect import read_ballots

    with waiting(f"Reading {file.name}"):
        ballots = read_ballots(file)
    with waiting(f"Writing {out.name}"):
        papers = convert_plain(ballots, to, out, _stamp())
    typer.echo(f"{papers:,} papers in {out}")


def _stamp() -> "Stamp":
    from datetime import UTC, datetime
    from importlib.metadata import version

    from services.counting.reports.tabulated import Stamp

    now = datetime.now(UTC).astimezone()  # noqa: TID251 - the front door is where a clock is read
    return Stamp("Livecount", version("livecount"), now.isoformat(timespec="seconds"))
