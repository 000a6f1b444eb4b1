"""The commands that show how far and how fast each shard of each service is, and what needs attention.

A stopped shard comes first, with its reason; then whoever is behind. The exit code is 1 if a shard has stopped, so that a
script notices.
"""

import asyncio
import json
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from services.cli.app import command
from services.cli.common import AsJson
from services.cli.orders import Access

if TYPE_CHECKING:
    from rich.table import Table

    from services.cli.clients.operator import OperatorClient

EVERY_S: Final = 1.0
SILENT_S: Final = 5.0
"""A shard that has not reported for longer is called silent."""


@command("livecount monitor --watch")
def monitor(
    access: Access,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until Ctrl-C")] = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Show every shard of every service: where it stands, how fast it moves, and why it does not."""
    from rich.console import Console
    from rich.live import Live

    console = Console(highlight=False)

    async def show(client: "OperatorClient") -> Any:
        figures = await client.monitor()
        if as_json:
            typer.echo(json.dumps(figures))
            return figures
        if not watch:
            console.print(shards_table(figures))
            return figures
        with Live(shards_table(figures), console=console, auto_refresh=False) as live:
            while True:
                await asyncio.sleep(EVERY_S)
                live.update(shards_table(await client.monitor()), refresh=True)

    figures = access.ask(show)
    if any(shard["state"] == "stopped" for shard in figures["shards"]):
        raise typer.Exit(1)


@command("livecount alerts", "livecount alerts --json")
def alerts(access: Access, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Show what needs attention now, what to do about it, and where the runbook says more.

    Exit code 1: something critical does.
    """
    found = access.ask(lambda client: client.monitor())["alerts"]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
    elif not found:
        typer.echo("Nothing needs attention.")
    for alert in [] if as_json else found:
        typer.echo(f"{alert['severity']}: {alert['summary']}\n  {alert['what_to_do']}\n  {alert['runbook']}")
    if any(alert["severity"] == "critical" for alert in found):
        raise typer.Exit(1)


def shards_table(figures: Any) -> "Table":
    """Return the monitor's figures as a table."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("Service", no_wrap=True)
    for name in ("Shard", "Position", "Behind", "Behind, s", "Records/s", "Restarts"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("State")
    for shard in sorted(figures["shards"], key=_urgency):
        silent = shard["heard_s_ago"] > SILENT_S
        state = f"silent for {shard['heard_s_ago']:.0f} s" if silent else shard["state"]
        style = "bold red" if shard["state"] == "stopped" else "yellow" if silent or shard["behind"] else ""
        text = f"{state}: {shard['detail']}" if shard["detail"] else state
        seconds = round(shard["lag_s"])
        numbers = (shard["position"], shard["behind"], seconds, round(shard["per_second"]), shard["restarts"])
        table.add_row(
            f"{shard['service']} ({shard['instance']})",
            str(shard["shard"]),
            *(f"{number:,}" for number in numbers),
            Text(text, style=style),
        )
    return table


def _urgency(shard: Any) -> tuple[bool, bool, str, int]:
    return shard["state"] != "stopped", not shard["behind"], shard["service"], shard["shard"]
