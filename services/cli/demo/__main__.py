"""`python -m services.cli.demo`: Labour's 2015 election, cast and counted live on this machine."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import httpx
import typer
from rich.console import Console

from infra.local.deployment import DEFAULT_PORTS, plan
from infra.local.jars import JarError
from infra.local.ports import free_ports, require_free
from infra.local.process import ChildFailedError
from infra.local.stack import Stack, cancel_on_signals
from infra.local.topics import TopicError
from services.cli.clients.ballots import CastingFailed
from services.cli.clients.operator import OperatorError
from services.cli.clients.results import NotPublished
from services.cli.demo.run import Demo

NAMESPACE = "demo"
TIMEOUT_S = 30.0
FAILURES = (
    *(OperatorError, CastingFailed, NotPublished, httpx.HTTPError),
    *(ChildFailedError, JarError, TopicError, OSError),
)
"""What may be wrong with the run, and with the machine it runs on."""

console = Console(highlight=False)


def main(
    rate: Annotated[float, typer.Option(help="Ballots a second", min=1)] = 14_000,
    *,
    oneshot: Annotated[bool, typer.Option(help="Stop at the end; exit 0 only if all came out")] = False,
    data_dir: Annotated[Path | None, typer.Option(help="Folder to use; default: a new temporary one")] = None,
) -> None:
    """Cast and count Labour's 2015 leadership and deputy leadership election on this machine."""
    with tempfile.TemporaryDirectory(prefix="livecount-demo-") as folder:
        good = asyncio.run(_main(rate, data_dir or Path(folder), oneshot=oneshot))
    raise typer.Exit(0 if good else 1)


async def _main(rate: float, data_dir: Path, *, oneshot: bool) -> bool:
    cancel_on_signals()
    ports = _ports()
    good = False
    try:
        async with (
            Stack(plan(data_dir, NAMESPACE, ports), console),
            httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client,
        ):
            token = (data_dir / "operator-token").read_text().strip()
            good = await Demo(client, ports, token, data_dir / "keys", console).run(rate)
            if not oneshot:
                console.print("Still serving; Ctrl-C ends it.")
                await asyncio.Event().wait()
    except FAILURES as fault:
        console.print(f"The demo failed: {fault or repr(fault)}", markup=False)
        return False
    except asyncio.CancelledError:
        console.print("Stopped.")
    return good


def _ports() -> dict[str, int]:
    """Return the default ports if all are free, else others that are."""
    try:
        require_free(*DEFAULT_PORTS.values())
    except OSError:
        return dict(zip(DEFAULT_PORTS, free_ports(len(DEFAULT_PORTS)), strict=True))
    return dict(DEFAULT_PORTS)


if __name__ == "__main__":
    typer.run(main)
