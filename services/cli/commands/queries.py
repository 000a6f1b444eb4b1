"""Commands that ask where elections stand and where things are; they change nothing."""

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.cli.app import command
from services.cli.common import RESULTS_URL, AsJson, ElectionArgument, ResultsUrl
from services.cli.orders import KEYS, Access, show

if TYPE_CHECKING:
    from services.cli.clients.operator import OperatorClient
    from shared.contract.events import ElectionAnnounced
    from shared.contract.standings import Standing

LOOK_S: Final = 2.0
"""How long the results service is asked for the turnout, in all."""

Standings = dict[str, "Standing"]


@command("livecount status")
def status(
    access: Access,
    election: Annotated[str | None, typer.Argument(metavar="[ID]", help="Only this election")] = None,
    results: ResultsUrl = RESULTS_URL,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show where elections stand: phase, turnout, withdrawals, and the next step."""

    async def found(client: "OperatorClient") -> "list[tuple[ElectionAnnounced, Standings, str]]":
        elections = [await client.election(election)] if election else await client.elections()
        looked = await asyncio.gather(*(_standings(of, results) for of in elections))
        counted = [await client.counted(of.definition.id) for of in elections]
        return list(zip(elections, looked, map(_counted, counted), strict=True))

    elections = access.ask(found)
    if as_json:
        typer.echo(json.dumps([_as_json(*of) for of in elections], ensure_ascii=False))
        return
    if not elections:
        typer.echo("No elections yet. Next: livecount new ID, then livecount create ID.yaml")
    for announced, standings, counted in elections:
        show(announced)
        for line in _lines(announced, standings, counted):
            typer.echo(f"  {line}")


@command("livecount controls labour-2015")
def controls(election: ElectionArgument, access: Access, as_json: AsJson = False) -> None:  # noqa: FBT002
    """List what officers did to an election, in order, and who signed."""
    listed = access.ask(lambda client: client.controls(election))
    if as_json:
        typer.echo(json.dumps(listed, ensure_ascii=False))
        return
    for control in listed:
        kinds = ", ".join(sorted(set(control["verdicts"].values())))
        reason = f"  {control['reason']}" if control["reason"] else ""
        batch = f", {control['electors']:,} electors" if control.get("electors") else ""
        typer.echo(
            f"{control['at']}  {control['type']}{batch}  by {control['by']}, {len(control['signers'])} signed: {kinds}{reason}"
        )


@command("livecount certificate labour-2015 --out certificate.pdf")
def certificate(
    election: ElectionArgument,
    access: Access,
    out: Annotated[Path, typer.Option(help="File to write: its name ends in .html or .pdf")],
) -> None:
    """Write the certificate as a document: rounds, balance, hashes, versions, who certified, and that two counts agree."""
    kind = out.suffix.lower().removeprefix(".")
    if kind not in {"html", "pdf"}:
        raise ValueError(f"--out: expected a name that ends in .html or .pdf, found {out}")
    content = access.ask(lambda client: client.certificate(election, kind))
    out.write_bytes(content)
    typer.echo(f"{out}: {len(content):,} bytes")


@command("livecount where")
def where(as_json: AsJson = False) -> None:  # noqa: FBT002
    """Show where everything is kept on this machine, and whether a deployment runs there."""
    from infra.local.folder import StaleAddressesError, data_folder, read_addresses
    from infra.local.jars import cache_folder

    folder = data_folder().absolute()
    try:
        running = bool(read_addresses(folder))
    except StaleAddressesError:
        running = False
    keys = Path(os.environ.get("LIVECOUNT_KEYS", KEYS)).absolute()
    places = {
        "data": folder,
        "keys": keys,
        "rolls": keys.parent / "rolls",
        "logs": folder / "logs",
        "Kafka's program": cache_folder(),
    }
    if as_json:
        typer.echo(json.dumps({"running": running, **{name: str(place) for name, place in places.items()}}))
        return
    for name, place in places.items():
        typer.echo(f"{name:17}{place}{'' if place.exists() else '  (not there yet)'}")
    typer.echo(
        "A deployment runs there." if running else "No deployment runs there: livecount up starts one."
    )


async def _standings(announced: "ElectionAnnounced", url: str) -> Standings:
    """Return the newest standings by contest; none where results does not answer."""
    import httpx

    from services.cli.clients.results import ResultsClient

    contests = [contest.id for contest in announced.definition.contests]
    async with httpx.AsyncClient(timeout=LOOK_S, trust_env=False) as http:
        client = ResultsClient(http, url, announced.definition.id, contests)
        await client.look()
        return client.standings


def _counted(found: dict[str, Any]) -> str:
    """Return whether all accepted ballots are counted, with the first reason against it."""
    return ": ".join([str(found["answer"]).lower(), *found["reasons"][:1]])


def _lines(announced: "ElectionAnnounced", standings: Standings, counted: str) -> list[str]:
    withdrawn = ", ".join("/".join(of) for of in announced.withdrawn)
    return [
        _turnout(announced, standings),
        *([f"withdrawn: {withdrawn}"] if withdrawn else []),
        f"all accepted ballots counted: {counted}",
        f"next: {_next_step(announced, standings)}",
    ]


def _turnout(announced: "ElectionAnnounced", standings: Standings) -> str:
    if not standings:
        return "turnout: not known, results does not show it yet"
    accepted = next(iter(standings.values())).balance.accepted
    electors = announced.definition.electors
    share = f", {100 * accepted / electors:.1f}%" if electors else ""
    return f"turnout: {accepted:,} of {electors:,}{share}"


def _next_step(announced: "ElectionAnnounced", standings: Standings) -> str:
    name = announced.definition.id
    if announced.phase == "configured":
        return f"livecount codes {name} --out codes.csv, hand them out, then livecount open {name}"
    if announced.phase == "open":
        return f"livecount close {name}, once voting is to end"
    if announced.phase == "paused":
        return f"livecount resume {name}, or livecount close {name}"
    if announced.phase == "cancelled":
        return f"nothing: {name} was cancelled; livecount controls {name} says why"
    contests = announced.definition.contests
    if len(standings) == len(contests) and all(of.certificate for of in standings.values()):
        return f"certified; to keep it: livecount export {name} --out {name}.zip"
    return f"livecount certify {name}"


def _as_json(announced: "ElectionAnnounced", standings: Standings, counted: str) -> dict[str, Any]:
    accepted = next(iter(standings.values())).balance.accepted if standings else None
    return {
        "election": announced.definition.id,
        "title": announced.definition.title,
        "epoch": announced.definition.epoch,
        "phase": announced.phase,
        "since": announced.at,
        "config_hash": announced.config_hash,
        "electors": announced.definition.electors,
        "accepted": accepted,
        "all_counted": counted,
        "withdrawn": ["/".join(of) for of in announced.withdrawn],
        "next": _next_step(announced, standings),
    }
