"""Commands that compare an election with its log, and that carry a log in one file to another deployment."""

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.app import command
from services.cli.common import AsJson, ElectionArgument
from services.cli.errors import naming

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from services.audit.check import Difference
    from services.audit.verify import Verification
    from shared.contract.recounts import Recounted
    from shared.contract.standings import Standing

FOUND = 1
"""Exit code: a difference was found, or a ballot was not."""


@command(
    "livecount verify labour-2015",
    "livecount verify --bundle labour-2015.zip --standing kept.json",
)
def verify(
    election: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Election id; a bundle's own if none is given")
    ] = None,
    bundle: Annotated[
        Path | None, typer.Option(help="A file that `export` wrote, in the place of Kafka")
    ] = None,
    standing: Annotated[
        list[Path] | None, typer.Option(help="A standing that was kept, JSON of the results API; repeatable")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON")] = False,  # noqa: FBT002
) -> None:
    """Compare every verdict, head, standing and round with an independent recount of the log.

    Exit code 0: all agrees; 1: the first difference, with its place; 2: it cannot be done. Settings are those of the
    services: LIVECOUNT_KAFKA, _NAMESPACE, _SHARDS, and _LOG_ID and _ROOT_KEY, which say whose log it is.
    """
    from rich.console import Console

    from services.audit.check import Difference

    try:
        verified = asyncio.run(_verify(election, bundle, standing or []))
    except Difference as difference:
        _print_difference(difference, as_json=as_json)
        raise typer.Exit(FOUND) from difference
    if as_json:
        _print(verified.model_dump_json())
        return
    console = Console(highlight=False)
    with console.capture() as shown:
        _show(verified, console)
    _print(shown.get().rstrip())


@command("livecount export labour-2015 --out labour-2015.zip")
def export(
    election: ElectionArgument,
    out: Annotated[Path, typer.Option(help="File to write, readable by its owner only: it holds ballots")],
) -> None:
    """Write an election's whole log, verdicts, announcements and standings to one checksummed file."""
    from services.audit.app import export_log
    from services.audit.settings import AuditSettings

    manifest = asyncio.run(export_log(AuditSettings(), election, out))
    typer.echo(f"{out}: {sum(manifest.watermark):,} cast records of {manifest.shards} shards")


@command("LIVECOUNT_NAMESPACE=again livecount import labour-2015.zip")
def import_(
    file: Annotated[Path, typer.Argument(help="A file that `export` wrote")],
) -> None:
    """Write an exported log into an empty deployment, whose services make everything else of it again.

    The deployment's topics exist and its log is not founded: the file holds the founding records, and the services are
    started with LIVECOUNT_LOG_ID and _ROOT_KEY of the log that it was.
    """
    from services.audit.app import import_bundle
    from services.audit.check import Difference
    from services.audit.settings import AuditSettings

    try:
        manifest = asyncio.run(import_bundle(AuditSettings(), file))
    except Difference as damage:
        raise ValueError(str(damage)) from damage
    typer.echo(f"{sum(manifest.watermark):,} cast records of {manifest.shards} shards are in the log")


@command(
    "livecount trace labour-2015 5f2c0e9a41d84e2f9b5a7c3d1e0f8a6b",
    "livecount trace labour-2015 receipt.json",
)
def trace(
    election: ElectionArgument,
    sought: Annotated[
        str, typer.Argument(metavar="BALLOT", help="A ballot's id, or a receipt: its file, link or text")
    ],
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show a ballot's path: where it stands in the log, how it was judged, which standings count it. Never its content or whose it is.

    It reads the log as `verify` does. Exit code 0: it is there; 1: it is not.
    """
    from services.audit.app import trace as trace_in
    from services.audit.settings import AuditSettings

    ballot_id = _ballot_id(sought)
    found = asyncio.run(trace_in(AuditSettings(), election, bytes.fromhex(ballot_id)))
    if as_json:
        _print(found.model_dump_json())
    else:
        for of in found.arrivals:
            typer.echo(
                f"received: shard {of.shard}, record {of.record:,}, place {of.place}; judged: {of.verdict}"
            )
        for standing in found.counted_in:
            typer.echo(f"counted: {standing.contest}, in standing {standing.sequence:,}")
        counts = "counts" if found.counts else "does not count"
        missing = f"{ballot_id} is not in the log of {election}."
        typer.echo(f"{ballot_id} {counts}." if found.arrivals else missing)
    if not found.arrivals:
        raise typer.Exit(FOUND)


def _ballot_id(sought: str) -> str:
    """Return the ballot id that an id, a receipt's file, its link or its text names. Raises ValueError."""
    from shared.contract.receipts import ballot_id_of

    with suppress(OSError):  # a link or a text is no file's name
        if Path(sought).is_file():
            sought = Path(sought).read_text()
    return ballot_id_of(sought)


@command("livecount not-voted labour-2015 --out not-voted.txt")
def not_voted(
    election: ElectionArgument,
    out: Annotated[
        Path, typer.Option(help="File to write, readable by its owner only: an elector's number a line")
    ],
) -> None:
    """Show the turnout of each section, and write the numbers of the electors who have not voted to a file.

    Numbers, never names: only your own list says who has which. It reads the log as `verify` does, and nothing of it is served.
    """
    from services.audit.app import who_has_not_voted
    from services.audit.settings import AuditSettings
    from services.cli.rolls import private_file

    turnout, left = asyncio.run(who_has_not_voted(AuditSettings(), election))
    with private_file(out) as file:
        file.writelines(f"{elector}\n" for elector in left)
    for of in turnout:
        share = f", {100 * of.voted / of.electors:.1f}%" if of.electors else ""
        typer.echo(f"{of.section}: {of.voted:,} of {of.electors:,}{share}")
    typer.echo(f"{len(left):,} electors have not voted: {out}")


@command("livecount profile labour-2015 deputy --out deputy.blt")
def profile(
    election: ElectionArgument,
    contest: Annotated[str, typer.Argument(metavar="CONTEST", help="Contest id")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="BLT file to write, to be published")],
) -> None:
    """Write all rankings of a certified contest, and how many ballots hold each, to a file for everybody; no sections.

    Only where ballots are no secret, or each ranking is held by as many ballots as the definition's smallest_group: else it
    says why not, with exit code 1. It reads the log as `verify` does.
    """
    from services.audit.app import profile as profile_in
    from services.audit.recount import NotPublic
    from services.audit.settings import AuditSettings
    from shared.rcv.formats.plain import blt
    from shared.rcv.formats.records import BallotFile, BallotGroup

    try:
        of, ballots = asyncio.run(profile_in(AuditSettings(), election, contest))
    except NotPublic as why:
        typer.echo(f"livecount: {why}", err=True)
        raise typer.Exit(FOUND) from why
    if of.method == "equal-shares":
        raise ValueError(
            f"expected a contest of rankings, found {contest}, a budget: BLT cannot say what its ballots are"
        )
    groups = sorted(
        (BallotGroup(*each) for each in ballots.items()), key=lambda each: (-each.ballots, each.marks)
    )
    write_ins = tuple(place for place, candidate in enumerate(of.candidates) if candidate.write_in)
    names = tuple(candidate.name for candidate in of.candidates)
    blt.write(BallotFile(of.title, names, groups, of.seats or None, of.excluded, write_ins), out)
    typer.echo(f"{sum(ballots.values()):,} ballots of {len(ballots):,} rankings in {out}")


async def _verify(election: str | None, bundle: Path | None, kept: list[Path]) -> "Verification":
    from services.audit.app import verify_bundle, verify_log
    from services.audit.settings import AuditSettings

    if election is None and bundle is None:
        raise ValueError("expected an election's id, or --bundle FILE")
    standings = [_standing(file) for file in kept]
    if bundle is not None:
        return await verify_bundle(AuditSettings(), bundle, election, standings)
    return await verify_log(AuditSettings(), str(election), standings)


def _standing(file: Path) -> "Standing":
    from shared.contract.codec import decode_as
    from shared.contract.standings import Standing

    with naming(file):
        return decode_as(Standing, file.read_bytes())


def _print_difference(difference: "Difference", *, as_json: bool) -> None:
    if as_json:
        place = {"shard": difference.shard, "offset": difference.offset}
        _print(json.dumps({"type": "difference/1", "difference": str(difference), **place}))
    else:
        typer.echo(f"livecount: {difference}", err=True)


def _print(report: str) -> None:
    """Print a report. Whether its reader stays to the end changes nothing of what was found."""
    try:
        typer.echo(report)
        sys.stdout.flush()
    except BrokenPipeError:
        # Python flushes once more when it ends, and would end otherwise than we say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _show(verified: "Verification", out: "Console") -> None:
    """Print what was verified: the balance, each shard, and every round of every contest."""
    from rich.markup import escape

    recount, balance = verified.recount, verified.recount.balance
    out.print(f"[bold]{escape(recount.election)}[/]  every verdict, head and round agrees", soft_wrap=True)
    out.print(
        f"cast {balance.cast:,} = accepted {balance.accepted:,} + duplicate {balance.duplicate:,} "
        f"+ late {balance.late:,} + voided {balance.voided:,} + rejected {balance.rejected:,}",
        soft_wrap=True,
    )
    for number, shard in enumerate(verified.shards):
        out.print(
            f"shard {number}: {shard.cast:,} records, {shard.judged:,} verdicts, {shard.repeats:,} published again, "
            f"head {shard.head}",
            soft_wrap=True,
        )
    for standing in verified.standings:
        covered = "+".join(map(str, standing.watermark))
        out.print(
            f"standing of {standing.contest}, {standing.status}, at {covered}: {standing.result_hash}",
            soft_wrap=True,
        )
    if not verified.standings:
        out.print("no standing is published")
    for name, counted in recount.contests.items():
        out.print(_table(name, counted))
        what = "elected" if counted.results.spending is None else "funded"
        out.print(f"{what}: {', '.join(counted.results.elected) or 'nobody'}", soft_wrap=True)
        out.print(f"result hash: {counted.result_hash}", soft_wrap=True)


def _table(name: str, counted: "Recounted") -> "Table":
    from rich.table import Table

    from shared.contract.standings import decimal

    results = counted.results
    if (spending := results.spending) is not None:
        table = Table(name, "cost", "supporters", "", title_justify="left")
        for of in spending.funded:
            table.add_row(of.project, of.cost, f"{of.supporters:,}", "funded")
        for lacks in spending.not_funded:
            table.add_row(lacks.project, lacks.cost, f"{lacks.supporters:,}", f"{lacks.missing} missing")
        return table
    table = Table(name, *(f"round {n}" for n in range(1, len(results.rounds) + 1)), title_justify="left")

    def votes(units: int) -> str:
        return decimal(units, results.places) if results.places else f"{units:,}"

    for candidate in dict.fromkeys(c for round_ in results.rounds for c in round_):
        table.add_row(candidate, *(votes(r[candidate]) if candidate in r else "" for r in results.rounds))
    for ending in dict.fromkeys(e for ends in results.inactive for e in ends):
        table.add_row(f"({ending})", *(votes(ends.get(ending, 0)) for ends in results.inactive))
    return table
