"""The console's pages: who may see them, and the form of each order.

Whoever signs in has a session (access.py). A form proposes an order; it is given by signatures, and these are made on the
official's own machine, by `livecount sign-in` in a page of its own or by `livecount approve`. Nothing is taken from another
origin: the cookie is SameSite=Strict, each form carries its session's own token, and a form from elsewhere is refused.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import parse_qs, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from services.operator.access import PROVIDER_SESSION_S, SESSION_S, Role, Session, Sessions, SignInRefused
from services.operator.changes import Change, before_and_after, change_of
from services.operator.console.monitoring import reasons, runbook_html, server_tiles, sparkline
from services.operator.console.preview import drawn
from services.operator.console.view import (
    ABOUT,
    WHAT,
    checklist,
    countdown,
    found_in,
    orders,
    parse_due,
    progress,
    schedule_state,
)
from services.operator.counted import all_counted
from services.operator.monitor import MonitorFigures
from services.operator.openid import ATTEMPT_S, BACK, PATH, Provider, ProviderAway
from services.operator.orders import Order, about_electors
from services.operator.proposals import Proposal
from services.operator.recount import RecountFailed
from services.operator.refusals import NotReady, OrderRefused, UnknownElection, UnknownEntry
from services.operator.service import OperatorService
from shared.contract.batches import parse_runs
from shared.contract.elections import Election, Official
from shared.contract.events import ElectionAnnounced
from shared.contract.lifecycle import Command
from shared.contract.mistakes import slug
from shared.contract.receipts import ballot_id_of
from shared.contract.sentences import in_words, is_irreversible
from shared.contract.standings import Standing
from shared.rcv.definitions.files import check_text
from shared.rcv.definitions.templates import TEMPLATES, write_definition
from shared.runtime.log import SendFailed

HERE: Final = Path(__file__).parent
COOKIE: Final = "livecount-console"
OBSERVER_COOKIE: Final = "livecount-observer"
"""An observers' link opens with a click on any page: it must not take the place of an official's session."""
ATTEMPT_COOKIE: Final = "livecount-sign-in"
OVER_TLS: Final = "__Host-"
"""A cookie whose name begins so is of this host, set over TLS, and no other host of the domain can put one in its place."""
FORM_TYPE: Final = "application/x-www-form-urlencoded"
MAX_FORM_BYTES: Final = 4096
MAX_DEFINITION_BYTES: Final = 600_000
MAX_BATCH_FORM_BYTES: Final = 300_000
"""Of an order about a batch: each of 20,000 numbers, and what separates them, as a form sends it."""
MAX_REASON_CHARS: Final = 1000
MAX_RECEIPT_CHARS: Final = 600
LOOK_AGAIN_S: Final = 5
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",  # with no-referrer a browser calls the origin of a form "null"
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Page = Callable[[Request, Session], Response]
Form = Mapping[str, str]


class Console:
    """The handlers of the pages."""

    def __init__(
        self,
        service: OperatorService,
        figures: Callable[[], MonitorFigures],
        sessions: Sessions,
        new_order: Callable[[str, str], Order],
        *,
        origin: str = "",
        provider: Provider | None = None,
    ) -> None:
        self._origin = origin
        """Where browsers reach the console; empty: at whatever host they ask for."""
        self._provider = provider
        self._service = service
        self._figures = figures
        self._sessions = sessions
        self._new_order = new_order
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
            Route("/new", self._new, methods=["GET", "POST"]),
            Route("/elections/{election}", self._election),
            Route("/elections/{election}/trace", self._trace),
            Route("/elections/{election}/{command}", self._order, methods=["GET", "POST"]),
            Route("/elections/{election}/scheduled/{control_id}", self._take_out, methods=["POST"]),
            Route("/proposals/{control_id}", self._proposal),
            Route("/monitor", self._monitor),
            Route("/runbook", self._runbook),
            Route("/sign-in", self._sign_in, methods=["GET", "POST"]),
            Route(PATH, self._to_provider),
            Route(BACK, self._from_provider),
            Route("/sign-out", self._sign_out, methods=["POST"]),
            Route("/observers/{election}/{word}", self._observe),
            Route("/console.css", _style),
        ]

    async def _index(self, request: Request) -> Response:
        session = self._session(request)
        if session is None:
            return _to_sign_in()
        if session.role is Role.VIEWER:
            return RedirectResponse(f"/elections/{session.election}", 303, HEADERS)
        return self._page("index.html", session, elections=self._service.elections())

    async def _new(self, request: Request) -> Response:
        """Show a template to begin with; check what was written, name every mistake of it, or propose to freeze it."""
        session = self._session(request)
        if (barred := self._barred(request, session)) is not None or session is None:
            return barred or _to_sign_in()
        if request.method == "GET":
            name = request.query_params.get("id", "")
            template = request.query_params.get("template", "committee")
            text = write_definition(TEMPLATES[template], name) if template in TEMPLATES and name else ""
            fault = (
                ""
                if slug(name) == name
                else f"An id is of a-z, 0-9 and hyphens; perhaps {slug(name) or 'club'}"
            )
            return self._new_page(session, {"id": name, "template": template}, "" if fault else text, fault)
        form = await read_form(request, MAX_DEFINITION_BYTES)
        if not self._is_own_form(request, form, session):
            return self._new_page(session, form, "", "Send the form from this page.", 403)
        return await self._check_or_propose(session, form)

    async def _check_or_propose(self, session: Session, form: Form) -> Response:
        text = form.get("definition", "")
        try:
            value, found = await asyncio.to_thread(check_text, text, "definition", tried=True)
        except ValueError as fault:
            return self._new_page(session, form, text, str(fault), 422)
        if found:
            return self._new_page(session, form, text, "", 422, mistakes=found)
        election = Election.model_validate(value)
        by = self._sessions.who(session)
        if not election.officials and session.key and by != "root":
            official = Official(name=by, key=session.key)
            election = election.model_copy(update={"officials": (official,)})
        if form.get("do") != "propose":
            return self._new_page(
                session, form, text, "", checked=election, drawn=await asyncio.to_thread(drawn, election)
            )
        return await self._freeze(session, form, election, by)

    async def _freeze(self, session: Session, form: Form, election: Election, by: str) -> Response:
        text = form.get("definition", "")
        try:
            proposed = await self._service.configure(election, self._new_order(by, form.get("reason", "")))
        except OrderRefused as fault:
            return self._new_page(session, form, text, str(fault), 409)
        except (NotReady, SendFailed) as fault:
            return self._new_page(session, form, text, f"{fault}. Try again.", 503)
        if isinstance(proposed, ElectionAnnounced):
            return RedirectResponse(f"/elections/{election.id}", 303, HEADERS)
        return RedirectResponse(f"/proposals/{proposed.control.control_id}", 303, HEADERS)

    def _new_page(
        self, session: Session, form: Form, text: str, fault: str, status: int = 200, **found: Any
    ) -> Response:
        shown = {"mistakes": [], "checked": None, "drawn": [], **found}
        templates = {name: of.about for name, of in TEMPLATES.items()}
        return self._page(
            "new.html", session, status, templates=templates, form=form, text=text, fault=fault, **shown
        )

    async def _election(self, request: Request) -> Response:
        session = self._session(request)
        if (barred := self._barred(request, session)) is not None or session is None:
            return barred or _to_sign_in()
        name = request.path_params["election"]
        try:
            announced, controls = self._service.election(name), self._service.controls(name)
        except (UnknownElection, NotReady) as fault:
            return self._missing(session, 404 if isinstance(fault, UnknownElection) else 503, str(fault))
        standings = self._service.standings_of(announced)
        sought = request.query_params.get("q", "")[:100]
        shown = session.role is not Role.VIEWER
        word = self._sessions.observers_word(name) if shown else ""
        return self._page(
            "election.html",
            session,
            announced=announced,
            controls=[entry for entry in controls if found_in(entry, sought)],
            all_controls=len(controls),
            sought=sought,
            keys={self._service.root_key: "root", **self._names(name)},
            standing=next(iter(standings.values()), None),
            orders=orders(announced) if shown else [],
            proposals=self._waiting(name) if shown else [],
            scheduled=[
                countdown(of, self._service.seconds_until(of.due), fits=self._service.fits(of))
                for of in self._service.scheduled(name)
            ],
            observers=f"/observers/{name}/{word}" if shown else "",
            may=self._sessions.allows(session, "POST", f"/elections/{name}/pause"),
            tile=all_counted(announced, standings, self._figures()),
        )

    async def _order(self, request: Request) -> Response:  # noqa: PLR0911  each way out is a page of its own
        """Show the form of an order, or propose what it says."""
        session = self._session(request)
        if (barred := self._barred(request, session)) is not None or session is None:
            return barred or _to_sign_in()
        name = request.path_params["election"]
        try:
            command = Command(request.path_params["command"])
            announced = self._service.election(name)
        except (ValueError, UnknownElection, NotReady) as fault:
            return self._missing(session, 503 if isinstance(fault, NotReady) else 404, str(fault))
        if request.method == "GET":
            return self._order_page(session, announced, command, dict(request.query_params), "")
        form = await read_form(
            request, MAX_BATCH_FORM_BYTES if "electors" in ABOUT.get(command, ()) else MAX_FORM_BYTES
        )
        if not self._is_own_form(request, form, session):
            return self._order_page(session, announced, command, form, "Send the form from this page.", 403)
        if form.get("do") == "look":
            return self._order_page(session, announced, command, form, "")
        if is_irreversible(command) and form.get("typed", "") != name:
            why = f"Type {name} to say that it is meant."
            return self._order_page(session, announced, command, form, why, 422)
        return await self._propose(session, announced, command, form)

    async def _trace(self, request: Request) -> Response:
        """Show a ballot's path, by its id or receipt, and never what is on it."""
        session = self._session(request)
        if (barred := self._barred(request, session)) is not None or session is None:
            return barred or _to_sign_in()
        sought = request.query_params.get("ballot", "")[:MAX_RECEIPT_CHARS]
        try:
            announced = self._service.election(request.path_params["election"])
        except (UnknownElection, NotReady) as fault:
            return self._missing(session, 404 if isinstance(fault, UnknownElection) else 503, str(fault))
        found, fault_said, status = None, "", 200
        try:
            found = (
                await self._service.trace(announced.definition.id, ballot_id_of(sought)) if sought else None
            )
        except ValueError as fault:
            fault_said, status = str(fault), 422
        except (NotReady, RecountFailed) as fault:
            fault_said, status = f"{fault}. Try again.", 503
        titles = {contest.id: contest.title for contest in announced.definition.contests}
        return self._page(
            "trace.html",
            session,
            status,
            announced=announced,
            titles=titles,
            sought=sought,
            found=found,
            fault=fault_said,
        )

    async def _take_out(self, request: Request) -> Response:
        """Take a scheduled order out."""
        session = self._session(request)
        if (barred := self._barred(request, session)) is not None or session is None:
            return barred or _to_sign_in()
        name = request.path_params["election"]
        form = await read_form(request)
        if not self._is_own_form(request, form, session):
            return self._missing(session, 403, "Send the form from the election's own page.")
        try:
            await self._service.take_out(name, request.path_params["control_id"])
        except (UnknownElection, UnknownEntry) as fault:
            return self._missing(session, 404, str(fault))
        except (NotReady, SendFailed, OSError) as fault:
            return self._missing(session, 503, f"{fault}. Try again.")
        return RedirectResponse(f"/elections/{name}", 303, HEADERS)

    async def _propose(
        self, session: Session, announced: ElectionAnnounced, command: Command, form: Form
    ) -> Response:
        name = announced.definition.id
        order = self._new_order(self._sessions.who(session, name), form.get("reason", ""))
        try:
            about = _about(announced.definition, command, form)
            if command is Command.CERTIFY:
                proposal = await self._service.certify(name, order)
            else:
                proposal = await self._service.order(name, command, order, **about)
        except OrderRefused as fault:
            listed = "; ".join([str(fault), *fault.found[1:9]])
            return self._order_page(session, announced, command, form, listed, 409)
        except (ValueError, UnknownEntry) as fault:
            return self._order_page(session, announced, command, form, str(fault), 422)
        except (NotReady, SendFailed, RecountFailed) as fault:
            return self._order_page(session, announced, command, form, f"{fault}. Try again.", 503)
        return RedirectResponse(f"/proposals/{proposal.control.control_id}", 303, HEADERS)

    def _order_page(
        self,
        session: Session,
        announced: ElectionAnnounced,
        command: Command,
        form: Form,
        fault: str,
        status: int = 200,
    ) -> Response:
        definition = announced.definition
        standings = self._service.standings_of(announced)
        return self._page(
            "order.html",
            session,
            status,
            announced=announced,
            line=next(of for of in orders(announced) if of.name == command),
            fields=ABOUT.get(command, ()),
            checks=checklist(
                announced,
                command,
                all_counted(announced, standings, self._figures()),
                self._names(definition.id),
                len(self._waiting(definition.id)),
            ),
            change=_change(announced, command, form, standings),
            is_irreversible=is_irreversible(command),
            may=self._sessions.allows(session, "POST", f"/elections/{definition.id}/{command}"),
            form=form,
            fault=fault,
        )

    async def _proposal(self, request: Request) -> Response:
        """Show an order that waits, one whose fate is not known yet, or what became of it."""
        session = self._session(request)
        if (barred := self._barred(request, session)) is not None or session is None:
            return barred or _to_sign_in()
        control_id = request.path_params["control_id"]
        proposal = self._service.proposals.find(control_id)
        entry = self._service.became(control_id)
        kept = {} if self._service.schedule is None else self._service.schedule.kept
        scheduled = kept.get(control_id) if entry is None else None
        found = proposal or entry or scheduled
        if found is None:
            why = (
                "No order of this id waits, and none stands in the log. A proposal is gone when the operator is started "
                "again: look at the list of controls, and order again if it is not there."
            )
            return self._missing(session, 404, why)
        if scheduled is not None:
            left_s, fits = self._service.seconds_until(scheduled.due), self._service.fits(scheduled)
            state = schedule_state(scheduled, left_s, fits=fits)
        else:
            state = progress(proposal, entry, self._service.shards)
        control = found.control
        return self._page(
            "proposal.html",
            session,
            control=control,
            change=None if proposal is None else self._change_of(proposal),
            words="" if proposal is None else in_words(proposal.control),
            proposal=proposal,
            state=state,
            may=proposal is not None and session.key in proposal.keys,
        )

    def _change_of(self, proposal: Proposal) -> Change | None:
        """Return what a proposal changes; None of an election that is not announced yet."""
        announced = self._service.log.elections.newest.get(proposal.control.election)
        if announced is None:
            return None
        return change_of(announced, proposal.control, self._service.standings_of(announced))

    async def _monitor(self, request: Request) -> Response:
        session = self._session(request)
        if (barred := self._barred(request, session)) is not None or session is None:
            return barred or _to_sign_in()
        figures = self._figures()
        every = LOOK_AGAIN_S if request.query_params.get("every") else 0
        page = self._page(
            "monitor.html",
            session,
            figures=figures,
            every=every,
            tiles=server_tiles(figures),
            reasons=reasons(figures.verdicts),
            trend=sparkline,
        )
        if every:
            page.headers["Refresh"] = str(every)
        return page

    async def _runbook(self, request: Request) -> Response:
        session = self._session(request)
        if (barred := self._barred(request, session)) is not None or session is None:
            return barred or _to_sign_in()
        return self._page("runbook.html", session, text=runbook_html())

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
            return self._missing(None, 404, "No OpenID provider is set here.")
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
            return self._missing(None, 404, "No OpenID provider is set here.")
        attempt = self._cookie(request, ATTEMPT_COOKIE)
        try:
            person = await self._provider.finish(attempt, request.query_params)
        except SignInRefused as fault:
            answer = self._sign_in_page(str(fault), 403)
        except ProviderAway as fault:
            answer = self._sign_in_page(f"The provider cannot be reached: {fault}. Begin again.", 503)
        else:
            session = self._sessions.admit(person)
            answer = self._page("signed-in.html", session)
            answer.headers["Refresh"] = "0; url=/"
            self._sessions.end(self._cookie(request, COOKIE))
            self._set_cookie(request, answer, COOKIE, session.secret, PROVIDER_SESSION_S)
        self._set_cookie(request, answer, ATTEMPT_COOKIE, "", 0, samesite="lax")
        return answer

    async def _observe(self, request: Request) -> Response:
        election = request.path_params["election"]
        session = self._sessions.observe(election, request.path_params["word"])
        if session is None or election not in self._service.log.elections.newest:
            return self._missing(None, 404, "That is no observers' link of an election here.")
        return self._entered(request, session, f"/elections/{election}", OBSERVER_COOKIE)

    async def _sign_out(self, request: Request) -> Response:
        if self._is_from_here(request):
            for name in (COOKIE, OBSERVER_COOKIE):
                self._sessions.end(self._cookie(request, name))
        return _to_sign_in()

    def _session(self, request: Request) -> Session | None:
        found = (self._sessions.find(self._cookie(request, name)) for name in (COOKIE, OBSERVER_COOKIE))
        return next((session for session in found if session is not None), None)

    def _barred(self, request: Request, session: Session | None) -> Response | None:
        """Return what is answered to somebody who may not see or do this; None if they may."""
        if session is None:
            return _to_sign_in()
        if self._sessions.allows(session, request.method, request.scope["path"]):
            return None
        return self._missing(session, 403, f"Whoever is here as {session.role} may not see or do this.")

    def _names(self, election: str) -> dict[str, str]:
        return self._service.book.account(election).keys()

    def _waiting(self, election: str) -> list[Proposal]:
        return self._service.proposals.of(election)

    def _is_from_here(self, request: Request) -> bool:
        """Return whether a form was sent by a page of this very origin; every browser says so of a POST."""
        origin = request.headers.get("origin", "")
        if self._origin:
            return origin == self._origin
        return bool(origin) and urlsplit(origin).netloc == request.headers.get("host")

    def _is_own_form(self, request: Request, form: Form, session: Session) -> bool:
        """Return whether a form was sent by a page of this origin that was made for this very session."""
        given = form.get("token", "").encode()
        return self._is_from_here(request) and secrets.compare_digest(given, session.form_token.encode())

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
        return self._page("sign-in.html", None, status, fault=fault, code=code, provider=provider, path=PATH)

    def _missing(self, session: Session | None, status: int, why: str) -> Response:
        return self._page("missing.html", session, status, why=why)

    def _page(self, template: str, session: Session | None, status: int = 200, **shown: Any) -> Response:
        who = "" if session is None else self._sessions.who(session) or str(session.role)
        body = self._templates.get_template(template).render(session=session, who=who, what=WHAT, **shown)
        return HTMLResponse(body, status, HEADERS)


def _about(definition: Election, command: Command, form: Form) -> dict[str, Any]:
    """Return what an order is about, from its form. Raises ValueError."""
    if len(form.get("reason", "")) > MAX_REASON_CHARS:
        raise ValueError(f"expected a reason of at most {MAX_REASON_CHARS:,} characters")
    if command is Command.CLOSE and (due := parse_due(form.get("due", ""), form.get("zone", ""))) is not None:
        return {"due": due}
    about: dict[str, Any] = {
        name: text for name in ABOUT.get(command, ()) if (text := form.get(name, "").strip())
    }
    if "elector" in about:
        if not (about["elector"].isascii() and about["elector"].isdecimal() and len(about["elector"]) < 10):
            raise ValueError("expected an elector's number on the roll")
        about["elector"] = int(about["elector"])
    if "electors" in about:
        about["electors"] = parse_runs(about["electors"])
    if command in (Command.WITHDRAW, Command.REINSTATE):
        if "candidate" not in about:
            raise ValueError("expected a candidate")
        about["contest"], _, about["candidate"] = about["candidate"].partition("/")
    if command in (Command.VOID, Command.RESTORE):
        about = about_electors(definition, about)
    if command in (Command.OPEN, Command.REISSUE, Command.REPLACE_KEY):
        raise ValueError(
            "this order needs files of your own machine: give it in your signer, or by its command"
        )
    return about


def _change(
    announced: ElectionAnnounced, command: Command, form: Form, standings: Mapping[str, Standing]
) -> Change | None:
    """Return what an order changes, as far as its form says what it is about."""
    try:
        about = _about(announced.definition, command, form) if form else {}
    except ValueError:
        about = {}
    if command in (Command.VOID, Command.RESTORE) and not about:
        return None
    return before_and_after(announced, command, about, standings)


async def _style(_: Request) -> Response:
    return FileResponse(HERE / "console.css", headers={"X-Content-Type-Options": "nosniff"})


def _to_sign_in() -> Response:
    return RedirectResponse("/sign-in", 303, HEADERS)


async def read_form(request: Request, max_bytes: int = MAX_FORM_BYTES) -> Form:
    """Return a form's fields; of one that is too large, or is no form's body, none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        return {}
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > max_bytes:
            return {}
    try:
        found = parse_qs(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=16)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}
