"""Commands that write files: `tabulate` reports of a configuration, `convert` one ballot format as another."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from services.cli.app import command
from services.cli.asking import asker
from services.cli.errors import naming
from services.cli.waiting import waiting

if TYPE_CHECKING:
    from shared.rcv.reports.tabulated import Stamp

Format = Literal["blt", "csv", "cdf", "preflib", "abif"]


@command(
    "livecount tabulate mayor_config.json --out results",
)
def tabulate(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.json", help="RCTab's contest configuration")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the reports; made if need be")],
) -> None:
    """Count the cast vote records of an RCTab configuration and write RCTab's reports.

    The sources' paths are relative to the configuration. All reports are written, or none.
    """
    from shared.rcv.formats.rctab import contest_of, load
    from shared.rcv.tabulation import tabulate_configuration

    with naming(config), waiting(f"Tabulating {config.name}") as hush:
        configuration = load(config)
        ask = asker([candidate.name for candidate in contest_of(configuration).candidates], hush)
        written = tabulate_configuration(configuration, out, stamp(), ask)
    for path in written:
        typer.echo(path)


@command(
    "livecount convert ward.blt --to abif --out ward.abif",
    "livecount convert ward.csv --to preflib --out ward.toi",
    "livecount convert mayor_config.json --to cdf --out mayor_cvr.json",
)
def convert(
    file: Annotated[
        Path, typer.Argument(metavar="FILE|CONFIG", help="BLT, PrefLib, ABIF, CSV or RCTab's configuration")
    ],
    to: Annotated[Format, typer.Option(help="Format to write; cdf: NIST cast vote records")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="File to write, whole or not at all")],
) -> None:
    """Write the ballots of one file in another format.

    Those of an RCTab configuration become csv in the columns RCTab has when it converts.
    """
    with naming(file), waiting(f"Converting {file.name}"):
        ballots = _convert(file, to, out)
    typer.echo(f"{ballots:,} ballots in {out}")


def _convert(file: Path, to: Format, out: Path) -> int:
    if file.suffix.lower() == ".json":
        from shared.rcv.conversion import convert_configuration
        from shared.rcv.formats.rctab import load

        return convert_configuration(load(file), to, out, stamp())
    from shared.rcv.conversion import convert_plain
    from shared.rcv.formats.detect import read_ballots

    return convert_plain(read_ballots(file), to, out, stamp())


def stamp() -> "Stamp":
    """Return who writes reports, and that it is now."""
    from datetime import UTC, datetime
    from importlib.metadata import version

    from shared.rcv.reports.tabulated import Stamp

    now = datetime.now(UTC).astimezone()  # noqa: TID251 - the command line is where a clock is read
    return Stamp("Livecount", version("livecount"), now.isoformat(timespec="seconds"))
