"""What every request passes before its route: a token that may do it, and a body with one reading."""

import json
from functools import partial

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.operator.access import Session, Sessions
from shared.runtime.process.http import problem
from shared.runtime.process.one_reading import NotOneReading, read_json

UNKEPT = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
OPEN_PATHS = ("/live", "/ready", "/metrics", "/v1/challenges", "/v1/sessions")


class TokenCheck:
    """Middleware that answers 401 to whoever gives no bearer token, 403 to a session whose role may not do what is asked.

    No answer is kept by a cache or taken for another type than it is.
    """

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        else:
            await self._answer(scope, receive, partial(_send_unkept, send))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        given = dict(scope.get("headers", [])).get(b"authorization", b"").decode("latin-1")
        bearer = given.removeprefix("Bearer ") if given.startswith("Bearer ") else ""
        session = self._sessions.find(bearer)
        if self._sessions.is_token(bearer) or (
            session is not None and self._sessions.allows(session, scope["method"], scope["path"])
        ):
            await self._app(scope, receive, send)
            return
        await _refusal(session)(scope, receive, send)


async def _send_unkept(send: Send, message: Message) -> None:
    if message["type"] == "http.response.start":
        message["headers"] = [*message["headers"], *UNKEPT]
    await send(message)


def _refusal(session: Session | None) -> Response:
    if session is not None:
        return problem(403, "Not for this role", f"whoever signed in as {session.role} may not do this")
    refused = problem(401, "No token", "expected the operator's bearer token, or that of a session")
    refused.headers["WWW-Authenticate"] = "Bearer"
    return refused


class OneReading:
    """Middleware that refuses a body which is no JSON, or which two readers may read differently."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on with its body."""
        if scope["type"] != "http" or scope["method"] in ("GET", "HEAD"):
            await self._app(scope, receive, send)
            return
        try:
            body = await Request(scope, receive).body()
            json.dumps(read_json(body), ensure_ascii=False).encode()
        except ClientDisconnect:
            return
        except (NotOneReading, UnicodeEncodeError) as fault:
            title = fault.title if isinstance(fault, NotOneReading) else "Not UTF-8"
            await problem(400, title, str(fault))(scope, receive, send)
            return
        unread = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> Message:
            return unread.pop() if unread else await receive()

        await self._app(scope, again, send)
