"""Commands that run things: all of Livecount on this machine, or one service."""

import asyncio
import logging
import runpy
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from infra.local.folder import LOCAL, data_folder
from services.cli.app import app

if TYPE_CHECKING:
    from infra.local.stack import Addresses

SERVICES: Final = ("intake", "validation", "counting", "results", "operator", "proofs")
DATA_DIR: Final = data_folder()
PORT_BASE: Final = 8100
LOW_DISK_BYTES: Final = 2_000_000_000
LAST_PORT_BASE: Final = 65_529


@app.command()
def up(
    kafka: Annotated[str | None, typer.Option(help="host:port of a Kafka to use; default: embedded")] = None,
    certificates: Annotated[
        Path | None,
        typer.Option(
            help="Folder of `livecount certificates`: Kafka is reached over TLS, each service with its own certificate"
        ),
    ] = None,
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
    verbose: Annotated[  # noqa: FBT002
        bool, typer.Option("--verbose", help="Print all that the services log, not only what went wrong")
    ] = False,
) -> None:
    """Run all of Livecount on this machine until Ctrl-C.

    While it runs, the other commands find it by the file `addresses` in its data folder.

    Example: livecount up --data-dir .livecount --port-base 8100
    """
    from infra.local.ports import PortsTakenError

    if certificates is not None and kafka is None:
        raise ValueError("--certificates is for a Kafka of your own: name it with --kafka")
    try:
        asyncio.run(_up(kafka, certificates, redis, data_dir, namespace, port_base, verbose=verbose))
    except PortsTakenError as taken:
        raise OSError(f"{taken}; choose seven others with --port-base") from None


async def _up(
    kafka: str | None,
    certificates: Path | None,
    redis: str | None,
    data_dir: Path,
    namespace: str,
    port_base: int,
    *,
    verbose: bool,
) -> None:
    from infra.local.deployment import DEFAULT_PORTS, plan
    from infra.local.stack import Stack, cancel_on_signals

    cancel_on_signals()
    logging.getLogger("aiokafka").addHandler(
        logging.NullHandler()
    )  # while topics are made, it tries again by itself
    warn_of_low_disk(data_dir)
    ports = {name: port - PORT_BASE + port_base for name, port in DEFAULT_PORTS.items()}
    try:
        what = plan(data_dir, namespace, ports, kafka=kafka, redis=redis, certificates=certificates)
        async with Stack(what, shown=bool if verbose else is_trouble) as stack:
            typer.echo(_directions(stack.addresses, ports, data_dir, namespace))
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        typer.echo("Livecount has stopped.")


def warn_of_low_disk(data_dir: Path, low_bytes: int = LOW_DISK_BYTES) -> None:
    """Say so if the disk of the data folder, or of the nearest folder above it, is nearly full."""
    there = next(of for of in (data_dir.absolute(), *data_dir.absolute().parents) if of.exists())
    free = shutil.disk_usage(there).free
    if free < low_bytes:
        typer.echo(
            f"Warning: {free / 1e9:.1f} GB are free on the disk of {data_dir}; expected at least {low_bytes / 1e9:g}. "
            "A full disk stops voting.",
            err=True,
        )


def is_trouble(line: str) -> bool:
    """Return whether a line of a service's log speaks of something wrong; what libraries try again is none."""
    return "level='error'" in line or "level='critical'" in line or line.startswith("Traceback")


def _directions(addresses: "Addresses", ports: Mapping[str, int], data_dir: Path, namespace: str) -> str:
    """Return where everything is, and how to go on."""
    at = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    elsewhere = "" if data_dir == data_folder() else f"\n    export LIVECOUNT_DATA_DIR={data_dir.absolute()}"
    return f"""
Livecount is up. Ctrl-C ends it; everything it has recorded stays in {data_dir}.

  results   {at["results"]}   what everybody sees: pages, JSON, a live feed
  intake    {at["intake"]}   where ballots are cast
  proofs    {at["proofs"]}/receipt   where a receipt is checked
  operator  {at["operator"]}   the officers' console and API
  Kafka     {addresses.kafka}; topics begin with {namespace}.livecount
  Redis     {addresses.redis}
  sign in   orders are signed by the keys in {data_dir / "keys"}; the console asks for the token in {data_dir / "operator-token"}
  logs      {data_dir / "logs"}; here only what went wrong

Go on in another terminal{", in this folder" if data_dir == LOCAL else ""}; the commands find these addresses by themselves:
{elsewhere}
    livecount new ID
    livecount create ID.yaml
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
