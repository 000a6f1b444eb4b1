"""The command by which an official signs in to the console, and signs what it proposes."""

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from services.cli.app import app

if TYPE_CHECKING:
    import socket

    from services.cli.clients.keys import KeyRing


@app.command("sign-in")
def sign_in(
    operator: Annotated[
        str, typer.Option("--operator", envvar="LIVECOUNT_OPERATOR_URL", help="Where the operator listens")
    ] = "http://127.0.0.1:8102",
    keys: Annotated[
        Path, typer.Option(envvar="LIVECOUNT_KEYS", help="Folder of your private keys, or one key file")
    ] = Path(".livecount/keys"),
    port: Annotated[int, typer.Option(help="Port of your signer on this machine; 0: any")] = 0,
    once: Annotated[bool, typer.Option("--once", help="Print the link and end: sign by `approve`")] = False,  # noqa: FBT002
) -> None:
    """Sign in to the console with your key, and sign there what you confirm. Ctrl-C ends it.

    It answers with a link that opens the console in a browser, once, within two minutes. Your key stays in this program:
    the console sends you to a page of it, on this machine, which says what an order does and signs it if you say so.

    Example: livecount sign-in --keys second-officer.key
    """
    from services.cli.clients.keys import KeyRing

    ring = KeyRing.read(keys)
    asyncio.run(_serve(ring, operator, keys, None if once else _bound(port)))


def _bound(port: int) -> "socket.socket":
    import socket

    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as fault:
        listener.close()
        raise ValueError(f"--port {port}: {os.strerror(fault.errno or 0)}; 0 takes a free one") from fault
    return listener


async def _serve(ring: "KeyRing", operator: str, keys: Path, listener: "socket.socket | None") -> None:
    import ssl

    import httpx
    import uvicorn

    from services.cli.clients.operator import TIMEOUT_S, Officer, OperatorClient
    from services.cli.signer.pages import Signer

    trusted = ssl.create_default_context()  # SSL_CERT_FILE may name an authority of one's own
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, verify=trusted) as http:
        officer = Officer(ring, say=lambda news: typer.echo(news, err=True))
        client = OperatorClient(http, operator.rstrip("/"), "", officer)
        port = 0 if listener is None else listener.getsockname()[1]
        signer = Signer(client, operator, port, keys.parent / "rolls")
        session = await client.sign_in("" if listener is None else signer.url)
        typer.echo(f"signed in as {session['name']}: {operator.rstrip('/')}/sign-in?code={session['code']}")
        if listener is not None:
            typer.echo("This program signs what you confirm in its pages. Ctrl-C ends it.", err=True)
            config = uvicorn.Config(
                signer.site(), lifespan="off", access_log=False, log_level="warning", server_header=False
            )
            await uvicorn.Server(config).serve(sockets=[listener])
