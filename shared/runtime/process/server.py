"""How every service serves HTTP: one uvicorn, with limits on connections, and an end that lets requests finish.

The limit on bodies is in `http`, that on requests at once in `overload`; deadlines, header sizes and the number of connections
in `connections`.
"""

import asyncio
import os
import resource
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import uvicorn
import uvloop
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from shared.runtime.process.connections import Connections, Refusals, ServerLimits
from shared.runtime.process.http import MULTIPROCESS_FOLDER, problem
from shared.runtime.process.overload import SAFE_HEADERS, UNFRAMED, as_sent
from shared.runtime.process.patches.bounded_protocol import BoundedProtocol
from shared.runtime.process.patches.overload_protocol import overload_protocol
from shared.runtime.process.telemetry import configure_logging
from shared.runtime.settings import Settings

DATE_EVERY_S: Final = 1.0
"""Answers say the time to the second."""
RESERVED_FILES: Final = 128
"""Descriptors that are no client's: Kafka, Redis, files."""
AGAIN_S: Final = 5


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
    limits = replace(limits, max_connections=min(limits.max_connections, open_files() - RESERVED_FILES))
    protocol = partial(overload_protocol() or BoundedProtocol, book=Connections(limits, refusals()))
    return uvicorn.Config(
        app,
        factory=factory,
        workers=workers,
        lifespan=lifespan,
        http=cast("type[asyncio.Protocol]", protocol),
        ws="none",
        headers=[header for header in SAFE_HEADERS if not (limits.framed and header == UNFRAMED)],
        server_header=False,
        proxy_headers=bool(limits.trusted_proxies),
        forwarded_allow_ips=limits.trusted_proxies,
        timeout_keep_alive=limits.idle_s,
        timeout_graceful_shutdown=limits.drain_s,
        backlog=limits.backlog,
        access_log=False,
        log_config=None,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        log_level="error",  # of what a client did wrong it says nothing: that is counted
    )


def refusals() -> Refusals:
    """Return what clients are sent whose connection is ended at a bound."""

    def answer(status: int, title: str, detail: str, retry_after_s: int | None = None) -> bytes:
        answer = problem(status, title, detail, retry_after_s=retry_after_s)
        answer.headers["Connection"] = "close"
        return as_sent(answer)

    late = "Nothing was recorded; please send the whole request again, without a pause"
    return Refusals(
        busy=answer(503, "Too many connections", "Please try again in a moment", AGAIN_S),
        address=answer(
            429, "Too many connections from this address", "Please try again in a moment", AGAIN_S
        ),
        malformed=answer(400, "Not HTTP", "Expected a request as in RFC 9112"),
        head_too_large=answer(
            431,
            "Headers too large",
            "Expected less than 16 kB of request line and headers, and at most 128 headers",
        ),
        head_late=answer(408, "Headers took too long", late, AGAIN_S),
        body_late=answer(408, "Body took too long", late, AGAIN_S),
        pipelined=answer(
            429, "Too many requests at once", "Please wait for answers before asking more", AGAIN_S
        ),
    )


def open_files() -> int:
    """Return how many files this process may have open, after asking for as many as it may ask for."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return hard
    return soft if soft != resource.RLIM_INFINITY else sys.maxsize


def limits_of(settings: Settings, limits: ServerLimits | None = None) -> ServerLimits:
    """Return a service's limits with those of its settings."""
    return replace(
        limits or ServerLimits(),
        max_connections=settings.max_connections,
        max_per_address=settings.max_connections_per_address,
        trusted_proxies=settings.trusted_proxies,
    )


def listen(host: str, port: int, limits: ServerLimits) -> socket.socket:
    """Return the socket to serve on; its connections inherit the bound on sending. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=limits.backlog)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        bound_ms = int(1000 * limits.send_timeout_s)
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, bound_ms)
    return listening


class Server(uvicorn.Server):
    """Uvicorn's, which looks ten times a second whether it is to end; this one is woken.

    It serves until SIGTERM, SIGINT or `should_exit`. Then `leaving` is called, so that streams end, and requests that are being
    answered have `drain_s` to finish.
    """

    def __init__(self, config: uvicorn.Config, leaving: Callable[[], None] = lambda: None) -> None:
        self._leaving = leaving
        self._ends = False
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        super().__init__(config)

    @property
    def should_exit(self) -> bool:
        """Whether it is to end."""
        return self._ends

    @should_exit.setter
    def should_exit(self, ends: bool) -> None:
        """Set by a signal's handler, too, which may wake an event loop by `call_soon_threadsafe` only."""
        self._ends = ends
        if ends and self._loop is not None:
            self._loop.call_soon_threadsafe(self._woken.set)

    async def main_loop(self) -> None:
        """Wait until it is to end; keep the time that answers say."""
        self._loop = asyncio.get_running_loop()
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(DATE_EVERY_S):
                    await self._woken.wait()
        self._leaving()


def run_server(
    name: str,
    app: ASGIApp | str,
    settings: Settings,
    limits: ServerLimits,
    *,
    workers: int = 1,
    leaving: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT; then `leaving` is called (see Server). Several workers share the port; then `app` is the name of its factory."""
    configure_logging(name, settings.log_level)
    limits = limits_of(settings, limits)
    config = server_config(app, limits, tls=settings.http_tls, factory=isinstance(app, str), workers=workers)
    try:
        listening = listen(settings.host, settings.port, limits)
    except OSError as fault:
        sys.exit(f"{name}: {fault}")
    if workers > 1:
        with TemporaryDirectory(
            prefix="livecount-metrics-"
        ) as shared:  # workers are new processes: they see it
            os.environ[MULTIPROCESS_FOLDER] = shared
            Multiprocess(config, sockets=[listening]).run()
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(Server(config, leaving).serve([listening]))
