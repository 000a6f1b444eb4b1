"""Commands that run things: all of Livecount on this machine, or one service."""

import asyncio
import runpy
from pathlib import Path
from typing import Annotated, Final

import typer

from services.cli.app import app

SERVICES: Final = ("intake", "validation", "counting", "results", "operator")


@app.command()
def up(
    kafka: Annotated[str | None, typer.Option(help="host:port of a Kafka to use; default: embedded")] = None,
    redis: Annotated[str | None, typer.Option(help="URL of a Redis to use; default: embedded")] = None,
    data_dir: Annotated[Path, typer.Option(help="Folder for everything that is kept")] = Path(".livecount"),
    namespace: Annotated[str, typer.Option(help="Stands before every topic's name")] = "local",
) -> None:
    """Run all of Livecount on this machine until Ctrl-C.

    Example: livecount up --data-dir .livecount
    """
    asyncio.run(_up(kafka, redis, data_dir, namespace))


async def _up(kafka: str | None, redis: str | None, data_dir: Path, namespace: str) -> None:
    from infra.local.deployment import DEFAULT_PORTS, plan
    from infra.local.stack import Stack, cancel_on_signals

    cancel_on_signals()
    try:
        async with Stack(plan(data_dir, namespace, kafka=kafka, redis=redis)) as stack:
            at = f"http://127.0.0.1:{DEFAULT_PORTS['results']}"
            typer.echo(f"Livecount is up: {at}, Kafka at {stack.addresses.kafka}. Ctrl-C ends it.")
            await asyncio.Event().wait()
    except asyncio.CancelledError:
        typer.echo("Livecount has stopped.")


def _service_command(name: str) -> None:
    @app.command(
        name, help=f"Run {name} until it is told to stop.\n\nExample: LIVECOUNT_PORT=9000 livecount {name}"
    )
    def run() -> None:
        runpy.run_module(f"services.{name}", run_name="__main__", alter_sys=True)


for _name in SERVICES:
    _service_command(_name)
