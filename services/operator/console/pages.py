"""The console's pages: who may see them, and the form of each order.

Whoever signs in (entrance.py) has a session. A form proposes an order; it is given by signatures, and these are made on the
official's own machine, by `livecount sign-in` in a page of its own or by `livecount approve`.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from services.operator.access import Role, Session, Sessions
from services.operator.changes import Change, change_of
from services.operator.console.drawing import HEADERS, Drawing, style
from services.operator.console.entrance import Entrance, to_sign_in
from services.operator.console.forms import MAX_FORM_BYTES, Form, about_of, change_in, read_form
from services.operator.console.monitoring import reasons, runbook_html, server_tiles, sparkline
from services.operator.console.preview import drawn
from services.operator.console.view import (
    ABOUT,
    checklist,
    countdown,
    found_in,
    orders,
    progress,
    schedule_state,
)
from services.operator.counted import all_counted
from services.operator.monitor import MonitorFigures
from services.operator.openid import Provider
from services.operator.orders import Order
from services.operator.proposals import Proposal
from services.operator.recount import RecountFailed
from services.operator.refusals import NotReady, OrderRefused, UnknownElection, UnknownEntry
from services.operator.service import OperatorService
from shared.contract.elections import Election, Official
from shared.contract.events import ElectionAnnounced
from shared.contract.lifecycle import Command
from shared.contract.mistakes import slug
from shared.contract.receipts import ballot_id_of
from shared.contract.sentences import in_words, is_irreversible
from shared.rcv.definitions.files import check_text
from shared.rcv.definitions.templates import TEMPLATES, write_definition
from shared.runtime.log import SendFailed

MAX_DEFINITION_BYTES: Final = 600_000
MAX_BATCH_FORM_BYTES: Final = 300_000
"""Of an order about a batch: each of 20,000 numbers, and what separates them, as a form sends it."""
MAX_RECEIPT_CHARS: Final = 600
LOOK_AGAIN_S: Final = 5

Page = Callable[[Request, Session], Awaitable[Response]]


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
        self._service = service
        self._figures = figures
        self._sessions = sessions
        self._new_order = new_order
        self._drawing = Drawing(sessions)
        self._entrance = Entrance(service, sessions, self._drawing, origin, provider)

    def routes(self) -> list[Route]:
        """Return the routes."""
        both = ["GET", "POST"]
        return [
            Route("/", self._index),
            Route("/new", self._for_those_who_may(self._new), methods=both),
            Route("/elections/{election}", self._for_those_who_may(self._election)),
            Route("/elections/{election}/trace", self._for_those_who_may(self._trace)),
            Route("/elections/{election}/{command}", self._for_those_who_may(self._order), methods=both),
            Route(
                "/elections/{election}/scheduled/{control_id}",
                self._for_those_who_may(self._take_out),
                methods=["POST"],
            ),
            Route("/proposals/{control_id}", self._for_those_who_may(self._proposal)),
            Route("/monitor", self._for_those_who_may(self._monitor)),
            Route("/runbook", self._for_those_who_may(self._runbook)),
            *self._entrance.routes(),
            Route("/console.css", style),
        ]

    def _for_those_who_may(self, page: Page) -> Callable[[Request], Awaitable[Response]]:
        """Return a handler that shows a page to a session whose role may see or do this, and why not to others."""

        async def handle(request: Request) -> Response:
            session = self._entrance.session(request)
            if session is None:
                return to_sign_in()
            if self._sessions.allows(session, request.method, request.scope["path"]):
                return await page(request, session)
            why = f"Whoever is here as {session.role} may not see or do this."
            return self._drawing.missing(session, 403, why)

        return handle

    async def _index(self, request: Request) -> Response:
        session = self._entrance.session(request)
        if session is None:
            return to_sign_in()
        if session.role is Role.VIEWER:
            return RedirectResponse(f"/elections/{session.election}", 303, HEADERS)
        return self._drawing.page("index.html", session, elections=self._service.elections())

    async def _new(self, request: Request, session: Session) -> Response:
        """Show a template to begin with; check what was written, name every mistake of it, or propose to freeze it."""
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
        if not self._entrance.is_own_form(request, form, session):
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
        return self._drawing.page(
            "new.html", session, status, templates=templates, form=form, text=text, fault=fault, **shown
        )

    async def _election(self, request: Request, session: Session) -> Response:
        name = request.path_params["election"]
        try:
            announced, controls = self._service.election(name), self._service.controls(name)
        except (UnknownElection, NotReady) as fault:
            return self._drawing.missing(
                session, 404 if isinstance(fault, UnknownElection) else 503, str(fault)
            )
        standings = self._service.standings_of(announced)
        sought = request.query_params.get("q", "")[:100]
        shown = session.role is not Role.VIEWER
        word = self._sessions.observers_word(name) if shown else ""
        return self._drawing.page(
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

    async def _order(self, request: Request, session: Session) -> Response:
        """Show the form of an order, or propose what it says."""
        name = request.path_params["election"]
        try:
            command = Command(request.path_params["command"])
            announced = self._service.election(name)
        except (ValueError, UnknownElection, NotReady) as fault:
            return self._drawing.missing(session, 503 if isinstance(fault, NotReady) else 404, str(fault))
        if request.method == "GET":
            return self._order_page(session, announced, command, dict(request.query_params), "")
        form = await read_form(
            request, MAX_BATCH_FORM_BYTES if "electors" in ABOUT.get(command, ()) else MAX_FORM_BYTES
        )
        if not self._entrance.is_own_form(request, form, session):
            return self._order_page(session, announced, command, form, "Send the form from this page.", 403)
        if form.get("do") == "look":
            return self._order_page(session, announced, command, form, "")
        if is_irreversible(command) and form.get("typed", "") != name:
            why = f"Type {name} to say that it is meant."
            return self._order_page(session, announced, command, form, why, 422)
        return await self._propose(session, announced, command, form)

    async def _trace(self, request: Request, session: Session) -> Response:
        """Show a ballot's path, by its id or receipt, and never what is on it."""
        sought = request.query_params.get("ballot", "")[:MAX_RECEIPT_CHARS]
        try:
            announced = self._service.election(request.path_params["election"])
        except (UnknownElection, NotReady) as fault:
            return self._drawing.missing(
                session, 404 if isinstance(fault, UnknownElection) else 503, str(fault)
            )
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
        return self._drawing.page(
            "trace.html",
            session,
            status,
            announced=announced,
            titles=titles,
            sought=sought,
            found=found,
            fault=fault_said,
        )

    async def _take_out(self, request: Request, session: Session) -> Response:
        """Take a scheduled order out."""
        name = request.path_params["election"]
        form = await read_form(request)
        if not self._entrance.is_own_form(request, form, session):
            return self._drawing.missing(session, 403, "Send the form from the election's own page.")
        try:
            await self._service.take_out(name, request.path_params["control_id"])
        except (UnknownElection, UnknownEntry) as fault:
            return self._drawing.missing(session, 404, str(fault))
        except (NotReady, SendFailed, OSError) as fault:
            return self._drawing.missing(session, 503, f"{fault}. Try again.")
        return RedirectResponse(f"/elections/{name}", 303, HEADERS)

    async def _propose(
        self, session: Session, announced: ElectionAnnounced, command: Command, form: Form
    ) -> Response:
        name = announced.definition.id
        order = self._new_order(self._sessions.who(session, name), form.get("reason", ""))
        try:
            about = about_of(announced.definition, command, form)
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
        return self._drawing.page(
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
            change=change_in(announced, command, form, standings),
            is_irreversible=is_irreversible(command),
            may=self._sessions.allows(session, "POST", f"/elections/{definition.id}/{command}"),
            form=form,
            fault=fault,
        )

    async def _proposal(self, request: Request, session: Session) -> Response:
        """Show an order that waits, one whose fate is not known yet, or what became of it."""
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
            return self._drawing.missing(session, 404, why)
        if scheduled is not None:
            left_s, fits = self._service.seconds_until(scheduled.due), self._service.fits(scheduled)
            state = schedule_state(scheduled, left_s, fits=fits)
        else:
            state = progress(proposal, entry, self._service.shards)
        control = found.control
        return self._drawing.page(
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

    async def _monitor(self, request: Request, session: Session) -> Response:
        figures = self._figures()
        every = LOOK_AGAIN_S if request.query_params.get("every") else 0
        page = self._drawing.page(
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

    async def _runbook(self, _: Request, session: Session) -> Response:
        return self._drawing.page("runbook.html", session, text=runbook_html())

    def _names(self, election: str) -> dict[str, str]:
        return self._service.book.account(election).keys()

    def _waiting(self, election: str) -> list[Proposal]:
        return self._service.proposals.of(election)
