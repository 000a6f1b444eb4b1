"""How every service serves HTTP: one uvicorn, with limits on connections, and an end that lets requests finish.

The limit on bodies is in `http`, that on requests at once in `overload`. Header sizes and deadlines are uvicorn's own.
"""

import asyncio
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn
import uvloop
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from shared.runtime.process.overload import overload_protocol
from shared.runtime.process.telemetry import configure_logging
from shared.runtime.settings import Settings

LOOK_EVERY_S: Final = 0.1


@dataclass(frozen=True)
class ServerLimits:
    """What a server allows its connections."""

    idle_s: int = 5
    """A connection without a request is closed after this."""
    send_timeout_s: float = 10.0
    """A connection that takes nothing of what it is sent for so long is ended by the kernel, where it can (TCP_USER_TIMEOUT);
    the server would keep it open until all has been taken."""
    drain_s: int = 5
    """Requests that are being answered when the process is to end have so long to finish."""
    backlog: int = 2048
    """Connections that wait to be accepted."""


def server_config(
    app: ASGIApp | str,
    limits: ServerLimits,
    *,
    tls: tuple[Path, Path] | None = None,
    factory: bool = False,
    workers: int = 1,
    lifespan: Any = "on",
) -> uvicorn.Config:
    """Return how to serve an application, which may be named as "module:function" that returns it.

    With `tls`, the files of a certificate and its key, it is served over TLS and not in plain.
    """
    certificate, key = tls or (None, None)
    return uvicorn.Config(
        app,
        factory=factory,
        workers=workers,
        lifespan=lifespan,
        http=overload_protocol() or "httptools",
        timeout_keep_alive=limits.idle_s,
        timeout_graceful_shutdown=limits.drain_s,
        backlog=limits.backlog,
        access_log=False,
        log_config=None,
        log_level="warning",
        ssl_certfile=certificate,
        ssl_keyfile=key,
    )


def listen(host: str, port: int, limits: ServerLimits) -> socket.socket:
    """Return the socket to serve on; its connections inherit the bound on sending. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=limits.backlog)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        bound_ms = int(1000 * limits.send_timeout_s)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, bound_ms)
    return listening


async def serve(
    server: uvicorn.Server, listening: socket.socket, leaving: Callable[[], None] | None = None
) -> None:
    """Serve until SIGTERM, SIGINT or `server.should_exit`.

    Then `leaving` is called, so that streams end, and requests that are being answered have `drain_s` to finish.
    """
    looking = asyncio.create_task(_call_when_leaving(server, leaving)) if leaving is not None else None
    try:
        await server.serve([listening])
    finally:
        if looking is not None:
            looking.cancel()


def run_server(
    name: str,
    app: ASGIApp | str,
    settings: Settings,
    limits: ServerLimits,
    *,
    workers: int = 1,
    leaving: Callable[[], None] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT. Several workers share the port; then `app` is the name of its factory."""
    configure_logging(name, settings.log_level)
    config = server_config(app, limits, tls=settings.http_tls, factory=isinstance(app, str), workers=workers)
    try:
        listening = listen(settings.host, settings.port, limits)
    except OSError as fault:
        sys.exit(f"{name}: {fault}")
    if workers > 1:
        Multiprocess(config, sockets=[listening]).run()
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(uvicorn.Server(config), listening, leaving))


async def _call_when_leaving(server: uvicorn.Server, leaving: Callable[[], None]) -> None:
    while not server.should_exit:  # noqa: ASYNC110  uvicorn only sets a flag in its signal handler
        await asyncio.sleep(LOOK_EVERY_S)
    leaving()
