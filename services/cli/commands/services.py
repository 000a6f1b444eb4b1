"""Commands that run things: all of Livecount on this machine, or one service."""

import asyncio
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from services.cli.app import app

if TYPE_CHECKING:
    from infra.local.stack import Addresses

SERVICES: Final = ("intake", "validation", "counting", "results", "operator", "proofs")
DATA_DIR: Final = Path(".livecount")
PORT_BASE: Final = 8100
LAST_PORT_BASE: Final = 65_529


@app.command()
def up(
    kafka: Annotated[str | None, typer.Option(help="host:port of a Kafka to use; default: embedded")] = None,
    redis: Annotated[str | None, typer.Option(help="URL of a Redis to use; default: embedded")] = None,
    data_dir: Annotated[
        Path, typer.Option(envvar="LIVECOUNT_DATA_DIR", help="Folder for everything that is kept")
    ] = DATA_DIR,
    namespace: Annotated[
        str, typer.Option(envvar="LIVECOUNT_NAMESPACE", help="Stands before every topic's name")
    ] = "local",
    port_base: Annotated[
        int,
        typer.Option(
            envvar="LIVECOUNT_PORT_BASE",
            min=1,
            max=LAST_PORT_BASE,
            help="First of seven ports: results, intake, operator, validation, counting, monitor, proofs",
        ),
    ] = PORT_BASE,
) -> None:
    """Run all of Livecount on this machine until Ctrl-C.

    While it runs, the other commands find it by the file `addresses` in its data folder.

    Example: livecount up --data-dir .livecount --port-base 8100
    """
    from infra.local.ports import PortsTakenError

    try:
        asyncio.run(_up(kafka, redis, data_dir, namespace, port_base))
    except PortsTakenError as taken:
        raise OSError(f"{taken}; choose seven others with --port-base") from None


async def _up(kafka: str | None, redis: str | None, data_dir: Path, namespace: str, port_base: int) -> None:
    from infra.local.deployment import DEFAULT_PORTS, plan
    from infra.local.stack import Stack, cancel_on_signals

    cancel_on_signals()
    ports = {name: port - PORT_BASE + port_base for name, port in DEFAULT_PORTS.items()}
    try:
        async with Stack(plan(data_dir, namespace, ports, kafka=kafka, redis=redis)) as stack:
            typer.echo(_directions(stack.addresses, ports, data_dir, namespace))
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        typer.echo("Livecount has stopped.")


def _directions(addresses: "Addresses", ports: Mapping[str, int], data_dir: Path, namespace: str) -> str:
    """Return where everything is, and how to go on."""
    at = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    elsewhere = "" if data_dir == DATA_DIR else f"\n    export LIVECOUNT_DATA_DIR={data_dir.absolute()}"
    return f"""
Livecount is up. Ctrl-C ends it; everything it has recorded stays in {data_dir}.

  results   {at["results"]}   what everybody sees: pages, JSON, a live feed
  intake    {at["intake"]}   where ballots are cast
  proofs    {at["proofs"]}/receipt   where a receipt is checked
  operator  {at["operator"]}   the officer's API; its token is in {data_dir / "operator-token"}
  Kafka     {addresses.kafka}; topics begin with {namespace}.livecount
  Redis     {addresses.redis}

Go on in another terminal, in this folder; the commands find these addresses by themselves:
{elsewhere}
    livecount create DEFINITION.json
    livecount status
    livecount --help
"""


def _service_command(name: str) -> None:
    @app.command(
        name, help=f"Run {name} until it is asked to stop.\n\nExample: LIVECOUNT_PORT=9000 livecount {name}"
    )
    def run() -> None:
        runpy.run_module(f"services.{name}", run_name="__main__", alter_sys=True)


for _name in SERVICES:
    _service_command(_name)
