"""The signer's pages. They come from the official's own program, so no service can change what is shown or signed.

Rule 1: it answers on the loopback address only, below a path that only its owner and the owner's session know.
Rule 2: it signs nothing but on a form that one of its own pages has sent; a form from elsewhere is refused.
Rule 3: what is shown is made of the very bytes that are signed, and nothing else.
Rule 4: what nothing takes back is signed only with the election's id typed.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from services.cli.clients.operator import OperatorClient, OperatorError, Outcome
from services.operator.console.drawing import HEADERS
from services.operator.console.drawing import HERE as CONSOLE
from services.operator.console.forms import read_form
from services.operator.console.view import parse_due
from shared.contract.events import PAYLOAD, LogFounded, RollCommitted, VersionAdmitted
from shared.contract.rolls import Roll, read_roll
from shared.contract.sentences import IRREVERSIBLE, in_words

HERE: Final = Path(__file__).parent
PATH_CHARS: Final = 32


class NotAnOrder(ValueError):
    """A payload that this program cannot put into words; it is not signed."""


class Signer:
    """The handlers. `rolls` is the folder of the official's roll files."""

    def __init__(self, client: OperatorClient, console: str, port: int, rolls: Path) -> None:
        self._client = client
        self._console = console.rstrip("/")
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}
        self._rolls = rolls
        self.word = secrets.token_urlsafe(PATH_CHARS)
        """What each path begins with."""
        self.url = f"http://127.0.0.1:{port}/{self.word}"
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )

    def site(self) -> Starlette:
        """Return the application."""
        both = ["GET", "POST"]
        return Starlette(
            routes=[
                Route("/{word}/proposals/{control_id}", self._proposal, methods=both),
                Route("/{word}/elections/{election}/open", self._open, methods=both),
                Route("/{word}/console.css", self._style),
            ]
        )

    async def _proposal(self, request: Request) -> Response:
        """Show an order that waits; with a form of this page, sign it."""
        if (barred := self._barred(request)) is not None:
            return barred
        control_id = request.path_params["control_id"]
        try:
            proposed = await self._client.proposal(control_id)
            control = PAYLOAD.validate_json(proposed["payload"])
            if isinstance(control, LogFounded | VersionAdmitted | RollCommitted):
                raise NotAnOrder(f"{control.type} is no order about an election: it is not signed here")
            if control.control_id != control_id:
                raise NotAnOrder(f"{control_id} is the order {control.control_id}: it is not signed")
        except (OperatorError, ValueError) as fault:
            return self._page("fault.html", 409, why=str(fault), back=self._back(control_id))
        shown = {
            "words": in_words(control),
            "control": control,
            "payload": proposed["payload"],
            "names": self._client.own_names(proposed),
            "must_type": type(control) in IRREVERSIBLE,
            "back": self._back(control_id),
        }
        if request.method == "GET":
            return self._page("sign.html", fault="", **shown)
        typed = (await read_form(request)).get("typed", "")
        if type(control) in IRREVERSIBLE and typed != control.election:
            return self._page(
                "sign.html", 422, fault=f"Type {control.election} to say that it is meant.", **shown
            )
        try:
            await self._client.sign(proposed)
        except OperatorError as fault:
            return self._page("fault.html", 409, why=str(fault), back=self._back(control_id))
        return RedirectResponse(self._back(control_id), 303, HEADERS)

    async def _open(self, request: Request) -> Response:
        """Upload the roll of an election, and open it, or propose that."""
        if (barred := self._barred(request)) is not None:
            return barred
        election = request.path_params["election"]
        back = f"{self._console}/elections/{election}"
        try:
            roll = self._roll(election)
        except (OSError, ValueError) as fault:
            return self._page("fault.html", 409, why=str(fault), back=back)
        form = {} if request.method == "GET" else await read_form(request)
        why = ""
        if request.method == "POST":
            try:
                outcome = await self._opened(form, election, roll)
            except (OperatorError, ValueError) as refused:
                why = str(refused)
            else:
                return RedirectResponse(self._back(outcome.control_id), 303, HEADERS)
        head = {"electors": roll.head.electors, "log": roll.head.log}
        return self._page(
            "open.html", 422 if why else 200, fault=why, election=election, form=form, back=back, **head
        )

    async def _opened(self, form: Mapping[str, str], election: str, roll: Roll) -> Outcome:
        """Upload a roll and sign the opening. Raises ValueError for what the form lacks, OperatorError."""
        if form.get("typed", "") != election:
            raise ValueError(f"Type {election} to say that it is meant.")
        due = parse_due(form.get("due", ""), form.get("zone", ""))
        about = {} if due is None else {"due": due.isoformat()}
        return await self._client.open(election, roll, reason=form.get("reason", ""), **about)

    def _roll(self, election: str) -> Roll:
        """Return an election's roll. Raises ValueError if there is none here."""
        file = self._rolls / f"{Path(election).name}.roll"
        if not file.is_file():
            raise ValueError(f"{file}: no roll there; `livecount codes {election} --out codes.csv` makes one")
        roll = read_roll(file.read_bytes())
        if roll.head.election != election:
            raise ValueError(f"{file}: a roll of {roll.head.election}, not of {election}")
        return roll

    def _back(self, control_id: str) -> str:
        return f"{self._console}/proposals/{control_id}"

    def _barred(self, request: Request) -> Response | None:
        """Return what is answered to whoever is not this signer's owner; None if it may be."""
        own = secrets.compare_digest(request.path_params["word"].encode(), self.word.encode())
        host = request.headers.get("host", "")
        is_form = request.method == "GET" or request.headers.get("origin", "") == f"http://{host}"
        if own and host in self._hosts and is_form:
            return None
        return Response("not here", 404 if not own else 403, HEADERS, "text/plain")

    async def _style(self, request: Request) -> Response:
        return self._barred(request) or FileResponse(CONSOLE / "console.css", headers=HEADERS)

    def _page(self, template: str, status: int = 200, **shown: Any) -> Response:
        body = self._templates.get_template(template).render(style=f"/{self.word}/console.css", **shown)
        headers = {
            **HEADERS,
            "Content-Security-Policy": HEADERS["Content-Security-Policy"].replace(
                "form-action 'self'", f"form-action 'self' {self._console}"
            ),
        }
        return HTMLResponse(body, status, headers)
