"""Commands that write files: `tabulate` reports of a configuration, `convert` one ballot format as another."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from services.cli import options
from services.cli.app import command
from services.cli.asking import asker
from services.cli.errors import naming
from services.cli.waiting import Bar, waiting

if TYPE_CHECKING:
    from shared.rcv.formats.cvr.raw import Listeners, Note
    from shared.rcv.reports.tabulated import Stamp

Format = Literal["blt", "csv", "rctab", "cdf", "preflib", "abif"]

AsRctab = Annotated[
    bool,
    typer.Option("--as-rctab", help="Read a vendor's own 'do not count' as RCTab 2.0 does, where it differs"),
]


@command(
    "livecount tabulate mayor_config.json --out results",
    "livecount tabulate mayor_config.json --out results --tie 'Ada > Basil > Clara'",
)
def tabulate(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.json", help="RCTab's contest configuration")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the reports; made if need be")],
    tie: options.Tie = None,
    *,
    as_rctab: AsRctab = False,
) -> None:
    """Count the cast vote records of an RCTab configuration and write RCTab's reports.

    The sources' paths are relative to the configuration. All reports are written, or none.
    """
    from shared.rcv.contests import ties_settled_by
    from shared.rcv.formats.rctab import contest_of, load
    from shared.rcv.tabulation import tabulate_configuration

    left_out, odd = Counter[str](), Counter[str]()
    with naming(config), waiting(f"Tabulating {config.name}") as bar:
        configuration = load(config, as_rctab=as_rctab)
        names = [candidate.name for candidate in contest_of(configuration).candidates]
        ask = asker(names, bar.end) if tie is None else ties_settled_by(tie, names)
        written = tabulate_configuration(configuration, out, stamp(), ask, _listeners(left_out, odd, bar))
    for remark in configuration.remarks:
        typer.echo(f"livecount: {remark}", err=True)
    _say_what_is_noted(left_out, odd)
    for path in written:
        typer.echo(path)


@command(
    "livecount convert ward.blt --to abif --out ward.abif",
    "livecount convert ward.csv --to preflib --out ward.toi",
    "livecount convert mayor_config.json --to cdf --out mayor_cvr.json",
    "livecount convert ward.blt --to rctab --out ward_rctab_cvr.csv",
)
def convert(
    file: Annotated[
        Path, typer.Argument(metavar="FILE|CONFIG", help="BLT, PrefLib, ABIF, CSV or RCTab's configuration")
    ],
    to: Annotated[
        Format, typer.Option(help="Format to write; cdf: NIST cast vote records, rctab: RCTab's CSV of them")
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="File to write, whole or not at all")],
    ignore: options.Ignore = None,
    *,
    as_rctab: AsRctab = False,
) -> None:
    """Write the ballots of one file in another format.

    Those of an RCTab configuration become csv in the columns RCTab has when it converts.
    """
    left_out, odd = Counter[str](), Counter[str]()
    with naming(file), waiting(f"Converting {file.name}") as bar:
        if out.exists() and file.exists() and out.samefile(file):
            raise ValueError(f"--out: expected another file than the one that is read, found {out}")
        if file.suffix.lower() == ".json":
            if ignore:
                raise ValueError(
                    "--ignore is for CSV files: a configuration says itself which columns it reads"
                )
            hear = _listeners(left_out, odd, bar)
            ballots = _convert_configuration(file, to, out, hear, as_rctab=as_rctab)
        elif as_rctab:
            raise ValueError("--as-rctab is for an RCTab configuration: a plain file has no vendor's marks")
        else:
            ballots = _convert_plain(file, to, out, options.columns(ignore))
    _say_what_is_noted(left_out, odd)
    typer.echo(f"{ballots:,} ballots in {out}")


def _convert_configuration(file: Path, to: Format, out: Path, hear: "Listeners", *, as_rctab: bool) -> int:
    from shared.rcv.conversion import convert_configuration, not_said
    from shared.rcv.formats.rctab import contest_of, load

    configuration = load(file, as_rctab=as_rctab)
    ballots = convert_configuration(configuration, to, out, stamp(), hear)
    contest = contest_of(configuration)
    for remark in configuration.migrated:
        typer.echo(f"livecount: {remark}", err=True)
    _say_what_is_lost(not_said(contest.title, contest.seats, to), to)
    return ballots


def _convert_plain(file: Path, to: Format, out: Path, ignored: tuple[str, ...]) -> int:
    from shared.rcv.conversion import convert_plain, not_said, unranked
    from shared.rcv.formats.detect import read_ballots

    found = read_ballots(file, ignored)
    ballots = convert_plain(found, to, out, stamp(), file.name)
    lost = not_said("" if found.title == file.stem else found.title, found.seats, to)
    _say_what_is_lost(
        [*lost, *(f"candidate {name!r}, whom no ballot ranks" for name in unranked(found, to))], to
    )
    return ballots


def _listeners(left_out: Counter[str], odd: Counter[str], bar: Bar) -> "Listeners":
    """Return who counts what is noted while records are read, and shows how many have been."""
    from shared.rcv.formats.cvr.raw import Listeners

    return Listeners(_counting(left_out), _counting(odd), bar.read)


def _counting(noted: Counter[str]) -> "Note":
    """Return what counts how often each thing was noted."""

    def note(why: str) -> None:
        noted[why] += 1

    return note


def _say_what_is_noted(left_out: Counter[str], odd: Counter[str]) -> None:
    """Say on standard error what the files have and was not counted, and what is odd: nothing is dropped without a word."""
    for what, noted in (("not counted", left_out), ("counted, though odd", odd)):
        for why, times in sorted(noted.items()):
            typer.echo(f"livecount: {what}, {times:,} times: {why}", err=True)


def _say_what_is_lost(lost: list[str], to: Format) -> None:
    """Say on standard error what the new file does not say: whoever counts it has to."""
    if lost:
        typer.echo(f"livecount: {to} has no place for the {', nor for the '.join(lost)}", err=True)


def stamp() -> "Stamp":
    """Return who writes reports, and that it is now."""
    from datetime import UTC, datetime
    from importlib.metadata import version

    from shared.rcv.reports.tabulated import Stamp

    now = datetime.now(UTC).astimezone()  # noqa: TID251 - the command line is where a clock is read
    return Stamp("Livecount", version("livecount"), now.isoformat(timespec="seconds"))
