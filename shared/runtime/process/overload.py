"""The one route that bears a load: what is too much at once is answered before it is read, what is plain without ASGI."""

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from http import HTTPStatus
from typing import Final, NamedTuple

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

UNFRAMED: Final = ("Content-Security-Policy", "frame-ancestors 'none'")
SAFE_HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    UNFRAMED,
    ("Referrer-Policy", "no-referrer"),
)
"""In every answer of every service: nothing is guessed to be a script, and no other site shows a page as if it were its own.
A page's own policy stands beside this one; a browser holds to both. Results alone has pages that may be framed: see `ServerLimits`."""


Headers = Iterable[tuple[bytes, bytes]]


class Asked(NamedTuple):
    """A request that has been read whole."""

    part: str
    """What stands in the path in the place of the pattern's group."""
    headers: Headers
    client: str
    """The client's address, as a trusted proxy says it if one stands between."""
    body: bytes


@dataclass(frozen=True)
class DirectRoute:
    """A route that the server's protocol answers by itself, where a request is plain.

    Plain is a POST without `Expect`, its path spelt as `path`, its body's length stated and at most `max_body_bytes`, the next
    on a connection that stays open. Every other request comes by way of ASGI, where the application has the same route.
    `answer` gives the whole answer as it is sent over HTTP/1.1.
    """

    path: re.Pattern[bytes]
    max_body_bytes: int
    answer: Callable[[Asked], Awaitable[bytes]]


@dataclass(frozen=True)
class Overload:
    """What is turned away, and how; and what is answered without ASGI.

    Beyond `max_requests` that are being answered, one more whose path ends in `path_end` has `answer`, before its body is
    looked at; every other request (health, streams) always comes in. `turned_away` is called for each.
    """

    max_requests: int
    path_end: bytes
    answer: Response
    turned_away: Callable[[], None]
    direct: DirectRoute | None = None

    @cached_property
    def answer_bytes(self) -> bytes:
        """The answer as it is sent over HTTP/1.1."""
        return as_sent(self.answer)


def as_sent(answer: Response) -> bytes:
    """Return an answer as it is sent over HTTP/1.1, with the headers that every answer has."""
    return head_as_sent(answer.status_code, answer.raw_headers) + bytes(answer.body)


def head_as_sent(status_code: int, headers: Headers) -> bytes:
    """Return the head of an answer as it is sent over HTTP/1.1, with the headers that every answer has."""
    status = HTTPStatus(status_code)
    safe = [(name.encode(), value.encode()) for name, value in SAFE_HEADERS]
    lines = b"".join([b"%b: %b\r\n" % header for header in [*safe, *headers]])
    return f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() + lines + b"\r\n"


class OverloadLimit:
    """Middleware that holds to an `Overload` where the server's protocol does not."""

    def __init__(self, app: ASGIApp, overload: Overload) -> None:
        self._app = app
        self._overload = overload
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        overload = self._overload
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self._running >= overload.max_requests and scope["raw_path"].endswith(overload.path_end):
            overload.turned_away()
            message: Message = {"more_body": True}
            while message.get("more_body", False):
                message = await receive()
            await overload.answer(scope, receive, send)
        else:
            self._running += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._running -= 1
