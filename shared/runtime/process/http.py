"""What every service answers over HTTP in the same way: health, metrics, and problem documents for whatever goes wrong.

`create_site` makes a service's ASGI application of its own routes and these; see `server` for how it is served.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, Protocol

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.runtime.process.collector import calm_collector
from shared.runtime.process.health import Health
from shared.runtime.process.overload import Overload, OverloadLimit
from shared.runtime.process.patches.overload_protocol import overload_protocol
from shared.runtime.projection import Projection

MULTIPROCESS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus_client learns, when it is imported, where workers share their metrics."""
CATCH_UP_WITHIN_S: Final = 60.0
"""A process whose topics take longer to read ends, with the reason in its log."""


def problem(
    status: int,
    title: str,
    detail: str,
    *,
    field: str | None = None,
    retry_after_s: int | None = None,
    **extra: Any,
) -> Response:
    """Return a problem document (RFC 9457); `field` is the path of what is wrong in the request."""
    document: dict[str, Any] = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": _sendable(detail),
        **extra,
    }
    if field is not None:
        document["field"] = _sendable(field)
    headers = {} if retry_after_s is None else {"Retry-After": str(retry_after_s)}
    return JSONResponse(document, status_code=status, headers=headers, media_type="application/problem+json")


def _sendable(text: str) -> str:
    """Return text that UTF-8 can carry: what a client sent may hold half of a character."""
    return text.encode(errors="replace").decode()


def http_problem(_: Request, fault: Exception) -> Response:
    """Return what a framework refuses by itself (no such path, no such method, no token) as a problem document."""
    assert isinstance(fault, HTTPException)
    response = problem(fault.status_code, str(fault.detail), str(fault.detail))
    response.headers.update(fault.headers or {})
    return response


def client_left(_: Request, __: Exception) -> Response:
    """Return what nobody reads: the client has gone before its request was read, which is no fault of ours."""
    return Response(status_code=400)


def exposition() -> bytes:
    """Return the metrics of this process or, where several workers share a port, of all of them, added up."""
    if MULTIPROCESS_FOLDER not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    return generate_latest(registry)


def health_routes(health: Health) -> list[BaseRoute]:
    """Return /live, /ready (200 or 503) and /metrics."""

    async def live(_: Request) -> Response:
        return JSONResponse({"live": True})

    async def ready(_: Request) -> Response:
        return JSONResponse(health.as_json(), status_code=200 if health.ready else 503)

    async def metrics(_: Request) -> Response:
        return Response(exposition(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/live", live), Route("/ready", ready), Route("/metrics", metrics)]


MAX_LENGTH_DIGITS: Final = 18


class BodyLimit:
    """Middleware that refuses a body whose length is not stated, or is more than `max_bytes`, before it is read."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        headers = dict(scope["headers"]) if scope["type"] == "http" else {}
        length = headers.get(b"content-length", b"0")
        if b"transfer-encoding" in headers or not _is_at_most(length, self._max_bytes):
            detail = f"expected a stated length of at most {self._max_bytes} bytes"
            await problem(413, "Body too large", detail)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _is_at_most(length: bytes, most: int) -> bool:
    """Return whether a stated length is a number up to `most`; one of thousands of digits is none that Python reads."""
    return length.isdigit() and len(length) <= MAX_LENGTH_DIGITS and int(length) <= most


class Part(Protocol):
    """What a service starts before it answers, and stops after it has answered."""

    def start(self) -> Awaitable[None]:
        """Begin; does not wait for what takes time."""

    def stop(self) -> Awaitable[None]:
        """End, within a bound."""


def create_site(
    name: str,
    routes: Sequence[BaseRoute],
    health: Health,
    parts: Sequence[Part] = (),
    overload: Overload | None = None,
) -> Starlette:
    """Return a service's ASGI application.

    Its lifespan starts `parts` in their order, waits until every projection among them has read its topic to the end, and
    only then is ready; in the end it stops them in the opposite order. A projection that stops later makes
    it unready again. Raises at the start: TimeoutError after CATCH_UP_WITHIN_S, or what a part raises.
    """
    followed = [part for part in parts if isinstance(part, Projection)]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[Mapping[str, Any]]:
        health.set(name, ready=False, detail="starting")
        async with AsyncExitStack() as started:
            for part in parts:
                await part.start()
                started.push_async_callback(part.stop)
            for projection in followed:
                await projection.wait_caught_up(CATCH_UP_WITHIN_S)
                health.watch(projection.topic, projection.readiness)
            health.set(name, ready=True)
            calm_collector()
            yield {} if overload is None else {"overload": overload}

    site = Starlette(
        routes=[*routes, *health_routes(health)],
        lifespan=lifespan,
        exception_handlers={HTTPException: http_problem, ClientDisconnect: client_left},
    )
    if overload is not None and overload_protocol() is None:
        site.add_middleware(OverloadLimit, overload=overload)
    return site
