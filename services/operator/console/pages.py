"""The console's pages and who may see them.

Who has the operator's token signs in with it, and has a session for as long as this process lives, at most SESSION_S. A session
shows; it cannot order: orders are signed on the officer's own machine, so the pages give the command. Nothing is taken from
another origin: the cookie is SameSite=Strict, and a form from elsewhere is refused.
"""

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from services.operator.console.view import all_counted, orders
from services.operator.monitor import MonitorFigures
from services.operator.service import NotReady, OperatorService, UnknownElection
from shared.contract.events import ElectionAnnounced
from shared.contract.ids import contest_key
from shared.contract.standings import Standing

HERE: Final = Path(__file__).parent
COOKIE: Final = "livecount-console"
SESSION_S: Final = 8 * 3600
MAX_SESSIONS: Final = 100
MAX_FORM_BYTES: Final = 4096
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser calls the origin of a form "null"
    "Cache-Control": "no-store",
}


class Console:
    """The handlers, and the sessions by their secret: when each ends, by `now_s`."""

    def __init__(
        self,
        service: OperatorService,
        figures: Callable[[], MonitorFigures],
        token: str,
        now_s: Callable[[], float],
    ) -> None:
        self._service = service
        self._figures = figures
        self._token = token
        self._now_s = now_s
        self._sessions: dict[str, float] = {}
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self._index),
            Route("/elections/{election}", self._election),
            Route("/monitor", self._monitor),
            Route("/sign-in", self._sign_in, methods=["GET", "POST"]),
            Route("/sign-out", self._sign_out, methods=["POST"]),
            Route("/console.css", _style),
        ]

    async def _index(self, request: Request) -> Response:
        if not self._is_signed_in(request):
            return _to_sign_in()
        return self._page("index.html", elections=self._service.elections())

    async def _election(self, request: Request) -> Response:
        if not self._is_signed_in(request):
            return _to_sign_in()
        name = request.path_params["election"]
        try:
            announced, controls = self._service.election(name), self._service.controls(name)
        except UnknownElection as fault:
            return self._page("missing.html", 404, why=str(fault))
        except NotReady as fault:
            return self._page("missing.html", 503, why=str(fault))
        standings = self._standings(announced)
        waiting = [of for of in self._service.proposals.values() if of.control.election == name]
        return self._page(
            "election.html",
            announced=announced,
            controls=controls,
            standing=next(iter(standings.values()), None),
            orders=orders(announced),
            proposals=waiting,
            tile=all_counted(announced, standings, self._figures()),
        )

    async def _monitor(self, request: Request) -> Response:
        if not self._is_signed_in(request):
            return _to_sign_in()
        return self._page("monitor.html", shards=self._figures().shards)

    async def _sign_in(self, request: Request) -> Response:
        if request.method == "GET":
            return self._page("sign-in.html", fault="")
        if not _is_from_here(request):
            return self._page("sign-in.html", 403, fault="Sign in from this page itself.")
        given = await _field(request, "token")
        if not secrets.compare_digest(given.strip().encode(), self._token.encode()):
            return self._page("sign-in.html", 401, fault="That is not this operator's token.")
        now_s = self._now_s()
        self._sessions = {secret: ends for secret, ends in self._sessions.items() if ends > now_s}
        while len(self._sessions) >= MAX_SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))
        session = secrets.token_urlsafe(32)
        self._sessions[session] = now_s + SESSION_S
        answer = RedirectResponse("/", 303, HEADERS)
        is_tls = request.url.scheme == "https"
        answer.set_cookie(COOKIE, session, max_age=SESSION_S, httponly=True, samesite="strict", secure=is_tls)
        return answer

    async def _sign_out(self, request: Request) -> Response:
        if _is_from_here(request):
            self._sessions.pop(request.cookies.get(COOKIE, ""), None)
        return _to_sign_in()

    def _is_signed_in(self, request: Request) -> bool:
        return self._sessions.get(request.cookies.get(COOKIE, ""), 0.0) > self._now_s()

    def _standings(self, announced: ElectionAnnounced) -> Mapping[str, Standing]:
        name = announced.definition.id
        keys = {of.id: contest_key(name, of.id) for of in announced.definition.contests}
        newest = self._service.standings
        return {contest: newest[key] for contest, key in keys.items() if key in newest}

    def _page(self, template: str, status: int = 200, **shown: Any) -> Response:
        return HTMLResponse(self._templates.get_template(template).render(**shown), status, HEADERS)


async def _style(_: Request) -> Response:
    return FileResponse(HERE / "console.css", headers={"X-Content-Type-Options": "nosniff"})


def _to_sign_in() -> Response:
    return RedirectResponse("/sign-in", 303, HEADERS)


def _is_from_here(request: Request) -> bool:
    """Return whether a form was sent by a page of this very origin; every browser says so of a POST."""
    origin = request.headers.get("origin", "")
    return bool(origin) and urlsplit(origin).netloc == request.headers.get("host")


async def _field(request: Request, name: str) -> str:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_FORM_BYTES:
            return ""
    values = parse_qs(body.decode(errors="replace"), max_num_fields=8).get(name, [""])
    return values[0]
