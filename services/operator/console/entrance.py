"""Who comes in: signing in by link, token or provider, observers' links, cookies, and forms from elsewhere.

Nothing is taken from another origin: the cookie is SameSite=Strict, each form carries its session's own token, and a form from
elsewhere is refused.
"""

import secrets
from typing import Final, Literal
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.operator.access import PROVIDER_SESSION_S, SESSION_S, Session, Sessions, SignInRefused
from services.operator.console.drawing import HEADERS, Drawing
from services.operator.console.forms import Form, read_form
from services.operator.openid import ATTEMPT_S, BACK, PATH, Provider, ProviderAway
from services.operator.service import OperatorService

COOKIE: Final = "livecount-console"
OBSERVER_COOKIE: Final = "livecount-observer"
"""An observers' link opens with a click on any page: it must not take the place of an official's session."""
ATTEMPT_COOKIE: Final = "livecount-sign-in"
OVER_TLS: Final = "__Host-"
"""A cookie whose name begins so is of this host, set over TLS, and no other host of the domain can put one in its place."""


class Entrance:
    """Knows whose session a request belongs to, and opens and ends sessions."""

    def __init__(
        self,
        service: OperatorService,
        sessions: Sessions,
        drawing: Drawing,
        origin: str = "",
        provider: Provider | None = None,
    ) -> None:
        self._service = service
        self._sessions = sessions
        self._drawing = drawing
        self._origin = origin
        """Where browsers reach the console; empty: at whatever host they ask for."""
        self._provider = provider

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/sign-in", self._sign_in, methods=["GET", "POST"]),
            Route(PATH, self._to_provider),
            Route(BACK, self._from_provider),
            Route("/sign-out", self._sign_out, methods=["POST"]),
            Route("/observers/{election}/{word}", self._observe),
        ]

    def session(self, request: Request) -> Session | None:
        """Return whose session a request belongs to: an official's before an observer's."""
        found = (self._sessions.find(self._cookie(request, name)) for name in (COOKIE, OBSERVER_COOKIE))
        return next((session for session in found if session is not None), None)

    def is_own_form(self, request: Request, form: Form, session: Session) -> bool:
        """Return whether a form was sent by a page of this origin that was made for this very session."""
        given = form.get("token", "").encode()
        return self._is_from_here(request) and secrets.compare_digest(given, session.form_token.encode())

    async def _sign_in(self, request: Request) -> Response:
        if request.method == "GET":
            return self._sign_in_page(code=request.query_params.get("code", ""))
        if not self._is_from_here(request):
            return self._sign_in_page("Sign in from this page itself.", 403)
        form = await read_form(request)
        if "code" in form:
            session, fault = self._sessions.redeem(form["code"]), "That link has been used, or is too old."
        else:
            session, fault = (
                self._sessions.with_token(form.get("token", "")),
                "That is not this operator's token.",
            )
        if session is None:
            return self._sign_in_page(fault, 401)
        return self._entered(request, session, "/")

    async def _to_provider(self, request: Request) -> Response:
        """Lead to the provider, with a cookie that the way back is held against."""
        if self._provider is None:
            return self._drawing.missing(None, 404, "No OpenID provider is set here.")
        attempt = self._provider.attempts.new()
        try:
            answer = RedirectResponse(await self._provider.begin(attempt), 303, HEADERS)
        except ProviderAway as fault:
            return self._sign_in_page(f"The provider cannot be reached: {fault}. Try again.", 503)
        self._set_cookie(request, answer, ATTEMPT_COOKIE, attempt, int(ATTEMPT_S), samesite="lax")
        return answer

    async def _from_provider(self, request: Request) -> Response:
        """Open a session for whoever the provider has sent back.

        A browser that comes from another site shows a cookie with SameSite=Strict from the next page on: so this is one, which
        leads on by itself. It always leads to `/`.
        """
        if self._provider is None:
            return self._drawing.missing(None, 404, "No OpenID provider is set here.")
        attempt = self._cookie(request, ATTEMPT_COOKIE)
        try:
            person = await self._provider.finish(attempt, request.query_params)
        except SignInRefused as fault:
            answer = self._sign_in_page(str(fault), 403)
        except ProviderAway as fault:
            answer = self._sign_in_page(f"The provider cannot be reached: {fault}. Begin again.", 503)
        else:
            session = self._sessions.admit(person)
            answer = self._drawing.page("signed-in.html", session)
            answer.headers["Refresh"] = "0; url=/"
            self._sessions.end(self._cookie(request, COOKIE))
            self._set_cookie(request, answer, COOKIE, session.secret, PROVIDER_SESSION_S)
        self._set_cookie(request, answer, ATTEMPT_COOKIE, "", 0, samesite="lax")
        return answer

    async def _observe(self, request: Request) -> Response:
        election = request.path_params["election"]
        session = self._sessions.observe(election, request.path_params["word"])
        if session is None or election not in self._service.log.elections.newest:
            return self._drawing.missing(None, 404, "That is no observers' link of an election here.")
        return self._entered(request, session, f"/elections/{election}", OBSERVER_COOKIE)

    async def _sign_out(self, request: Request) -> Response:
        if self._is_from_here(request):
            for name in (COOKIE, OBSERVER_COOKIE):
                self._sessions.end(self._cookie(request, name))
        return to_sign_in()

    def _is_from_here(self, request: Request) -> bool:
        """Return whether a form was sent by a page of this very origin; every browser says so of a POST."""
        origin = request.headers.get("origin", "")
        if self._origin:
            return origin == self._origin
        return bool(origin) and urlsplit(origin).netloc == request.headers.get("host")

    def _entered(self, request: Request, session: Session, to: str, cookie: str = COOKIE) -> Response:
        """Lead on with a session of its own; the one that this browser had in its place ends."""
        self._sessions.end(self._cookie(request, cookie))
        answer = RedirectResponse(to, 303, HEADERS)
        self._set_cookie(request, answer, cookie, session.secret, SESSION_S)
        return answer

    def _is_over_tls(self, request: Request) -> bool:
        return self._origin.startswith("https:") or request.url.scheme == "https"

    def _cookie(self, request: Request, name: str) -> str:
        return request.cookies.get(OVER_TLS + name if self._is_over_tls(request) else name, "")

    def _set_cookie(
        self,
        request: Request,
        answer: Response,
        name: str,
        value: str,
        max_age: int,
        *,
        samesite: Literal["lax", "strict"] = "strict",
    ) -> None:
        secure = self._is_over_tls(request)
        name = OVER_TLS + name if secure else name
        answer.set_cookie(name, value, max_age=max_age, httponly=True, samesite=samesite, secure=secure)

    def _sign_in_page(self, fault: str = "", status: int = 200, code: str = "") -> Response:
        provider = "" if self._provider is None else self._provider.client.host
        return self._drawing.page(
            "sign-in.html", None, status, fault=fault, code=code, provider=provider, path=PATH
        )


def to_sign_in() -> Response:
    """Lead to where one signs in."""
    return RedirectResponse("/sign-in", 303, HEADERS)
