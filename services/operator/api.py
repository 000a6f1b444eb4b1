"""The operator's HTTP API: it parses a request, calls the service, and answers. No decision is made here.

Everything asks for the operator's bearer token, or that of a session whose role may do it (access.py), before its body is
read; only health, metrics and signing in are open. A body has one
reading: no key twice, no NaN, no number for a text or text for a number. Every error is a problem document that
says what was expected. Retry-After stands in every answer to an order that may succeed when it is given again.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.security import HTTPBearer
from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import PydanticCustomError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.operator.access import SESSION_S, Role, Session, Sessions, SignInRefused
from services.operator.book import Entry
from services.operator.certificate.document import BeyondLetters, as_html, as_pdf
from services.operator.certificate.view import NoCertificate
from services.operator.changes import change_of
from services.operator.counted import all_counted
from services.operator.monitor import MonitorFigures
from services.operator.orders import Order
from services.operator.recount import RecountFailed
from services.operator.service import (
    NotFinal,
    NotReady,
    OperatorService,
    OrderRefused,
    Proposal,
    UnknownElection,
    UnknownEntry,
)
from shared.contract.batches import MAX_BATCH_ELECTORS
from shared.contract.elections import Election, Official
from shared.contract.events import (
    ElectionAnnounced,
    ElectorRestored,
    ElectorVoided,
    RollPart,
    SignedRecord,
)
from shared.contract.ids import BallotId
from shared.contract.lifecycle import Command
from shared.contract.mistakes import Mistake, find_mistakes
from shared.contract.recounts import Recount, Trace
from shared.contract.signing import PublicKey, Signature
from shared.runtime.log import SendFailed
from shared.runtime.process.health import Health
from shared.runtime.process.http import BodyLimit, health_routes, http_problem, problem
from shared.runtime.process.one_reading import NotOneReading, read_json

MAX_BODY_BYTES = (
    600_000  # a definition or a chunk of the roll travels in one record, and a record in one batch
)
RETRY_AFTER_S = 2
UNKEPT = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
OPEN_PATHS = ("/live", "/ready", "/metrics", "/v1/challenges", "/v1/sessions")

NewOrder = Callable[[str, str], Order]
"""By whom and why to an order with its own id and time."""


PLAIN = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"
"""Text in one line that is shown as it is written: no control characters, no change of direction."""


def strictly(kind: Any) -> WrapValidator:
    """Return a validator that takes a part of a body only as its own types are written in JSON."""
    adapter: TypeAdapter[Any] = TypeAdapter(kind)

    def check(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        found = handler(value)
        try:
            adapter.validate_json(json.dumps(value), strict=True)
        except ValidationError as fault:
            first = fault.errors()[0]
            path = ".".join(map(str, first["loc"]))
            raise PydanticCustomError(
                "strict", "{path}: {said}", {"path": path, "said": first["msg"]}
            ) from None
        return found

    return WrapValidator(check)


class OrderForm(BaseModel):
    """Who gives an order, and why."""

    model_config = ConfigDict(extra="forbid", strict=True)

    by: str = Field(min_length=1, max_length=100, pattern=PLAIN, description="Who gives the order")
    reason: str = Field("", max_length=1000, pattern=PLAIN, description="Why, for the record")


class ConfigureForm(OrderForm):
    """A definition to freeze."""

    definition: Annotated[Election, strictly(Election)] = Field(strict=False)


class DueForm(OrderForm):
    """An order that may be signed ahead of its time."""

    due: AwareDatetime | None = Field(
        None, strict=False, description="When it is to be carried out; null: at once"
    )


class OpenForm(DueForm):
    """An opening: for which roll."""

    roll: Annotated[tuple[RollPart, ...], strictly(tuple[RollPart, ...])] = Field(
        min_length=1, max_length=1024, strict=False, description="For each shard"
    )


class ElectorsForm(OrderForm):
    """An order about an elector, a batch of them, or all of a section: one of the three."""

    elector: int | None = Field(None, ge=0, description="Number on the roll")
    electors: list[Annotated[list[int], Field(min_length=2, max_length=2)]] | None = Field(
        None,
        min_length=1,
        max_length=MAX_BATCH_ELECTORS,
        description="A batch: the first and last number of each run, rising, such as [[0, 119], [131, 131]]",
    )
    section: str | None = Field(None, max_length=48, description="Section id: all of its electors")


class ReissueForm(OrderForm):
    """A new voting code of an elector, by its commitment."""

    elector: int = Field(ge=0, description="Number on the roll")
    commitment: str = Field(pattern=r"^[0-9a-f]{20}$")


class CandidateForm(OrderForm):
    """An order about one candidate of a contest."""

    contest: str = Field(max_length=48, description="Contest id")
    candidate: str = Field(max_length=48, description="Candidate id")


class KeyForm(OrderForm):
    """A key that takes the place of another."""

    old: PublicKey
    new: Annotated[Official, strictly(Official)] = Field(strict=False)


class SignatureForm(BaseModel):
    """An official's signature of a proposal's payload."""

    model_config = ConfigDict(extra="forbid", strict=True)

    key: PublicKey
    signature: Signature


class Challenge(BaseModel):
    """What to sign to sign in, within a minute: `sign_in_message` of both."""

    log: str
    challenge: str


class SignInForm(BaseModel):
    """A signed challenge."""

    model_config = ConfigDict(extra="forbid", strict=True)

    challenge: str = Field(max_length=64)
    key: PublicKey
    signature: Signature
    signer: str = Field(
        "",
        pattern=r"^(http://127\.0\.0\.1:\d{1,5}/[A-Za-z0-9_-]{20,64})?$",
        description="Where the official's signer answers on their own machine",
    )


class SignedIn(BaseModel):
    """A session: its bearer token, and the code that opens one in a browser, once."""

    session: str
    code: str
    name: str
    role: Role
    ends_in_s: float


class Changed(BaseModel):
    """What an order about votes or a candidate changes, as far as anybody may know before it is given."""

    words: str
    rows: list[tuple[str, str, str]] = Field(description="What, before, and after")


class Proposed(BaseModel):
    """An order that waits for signatures. They are over the UTF-8 bytes of `payload`."""

    control_id: str
    election: str
    type: str
    payload: str
    keys: dict[str, str] = Field(description="Who may sign: names by public key")
    needed: int
    signed: list[str]
    recount: Recount | None = Field(None, description="What a certificate rests on")
    change: Changed | None = Field(
        None, description="Of an order about votes or a candidate: what it changes"
    )
    due: AwareDatetime | None = Field(
        None, description="When it is carried out, if enough have signed by then"
    )


class ScheduledListed(BaseModel):
    """An order that is signed, and waits for its time."""

    control_id: str
    type: str
    due: AwareDatetime
    in_s: float = Field(description="Seconds until it is due")
    fits: bool = Field(description="False: another order came first, so it is not carried out")


class Outcome(BaseModel):
    """What became of an order that was signed by enough, in every shard."""

    control_id: str
    election: str
    type: str
    effect: str
    verdicts: dict[int, str] = Field(description="By shard: applied, or why it had no effect there")
    announced: ElectionAnnounced | None = None


class Counted(BaseModel):
    """Whether all accepted ballots are counted."""

    answer: str = Field(description="Yes, No, or Not known")
    reasons: list[str] = Field(description="What stands against a yes")
    as_of_s: float = Field(description="A yes is about the log as it was so many seconds ago")


class ControlListed(BaseModel):
    """A control in the public list of what officers did. It names no elector."""

    control_id: str
    type: str
    by: str
    reason: str
    at: str
    signers: list[str]
    electors: int | None = Field(None, description="Of a batch: how many electors it is about")
    verdicts: dict[int, str]


def create_api(
    service: OperatorService,
    figures: Callable[[], MonitorFigures],
    health: Health,
    sessions: Sessions,
    new_order: NewOrder,
) -> FastAPI:
    """Return the API."""
    api = FastAPI(title="Livecount operator", version="1", description=__doc__, redirect_slashes=False)
    api.router.routes.extend(health_routes(health))
    for add in (_election_routes, _schedule_routes, _order_routes, _proposal_routes):
        router = APIRouter(prefix="/v1", dependencies=[Depends(HTTPBearer(auto_error=False))])
        add(router, service, new_order)
        api.include_router(router)

    @api.get("/v1/elections/{election}/counted", dependencies=[Depends(HTTPBearer(auto_error=False))])
    async def counted(election: str) -> Counted:
        """Return whether every accepted ballot is in the standings, and what stands against it."""
        announced = service.election(election)
        tile = all_counted(announced, service.standings_of(announced), figures())
        return Counted(answer=tile.answer, reasons=tile.reasons, as_of_s=tile.as_of_s)

    @api.get("/v1/monitor", dependencies=[Depends(HTTPBearer(auto_error=False))])
    async def monitor() -> MonitorFigures:
        """Return how fast each shard of each service moves."""
        return figures()

    _sign_in_routes(api, sessions)
    _add_problems(api)
    api.add_middleware(OneReading)
    api.add_middleware(BodyLimit, max_bytes=MAX_BODY_BYTES)
    api.add_middleware(TokenCheck, sessions=sessions)
    return api


def openapi_document() -> dict[str, Any]:
    """Return the API's OpenAPI document."""
    unused = OperatorService.__new__(OperatorService)  # only the routes' shapes are read
    nothing = MonitorFigures(shards=[])
    order = Order(by="", reason="", at="", control_id="")
    sessions = Sessions(unused, "", lambda: 0.0)
    return create_api(unused, lambda: nothing, Health(), sessions, lambda _by, _reason: order).openapi()


def _sign_in_routes(api: FastAPI, sessions: Sessions) -> None:
    @api.post("/v1/challenges", status_code=201)
    async def challenge() -> Challenge:
        """Return something to sign. It is good for one attempt."""
        return Challenge(log=sessions.log_id, challenge=sessions.challenges.new())

    @api.post("/v1/sessions", status_code=201)
    async def enter(form: SignInForm) -> SignedIn:
        """Sign in with a signed challenge. A session reads and proposes; it signs nothing."""
        session, code = sessions.enter(form.challenge, form.key, form.signature, form.signer)
        name = sessions.name_of(session.key)
        return SignedIn(session=session.secret, code=code, name=name, role=session.role, ends_in_s=SESSION_S)


def _election_routes(router: APIRouter, service: OperatorService, new_order: NewOrder) -> None:
    @router.post("/elections", status_code=201, response_model=Proposed | ElectionAnnounced)
    async def configure(form: ConfigureForm) -> Proposed | ElectionAnnounced | Response:
        """Propose to freeze an election's definition. The same definition again changes nothing.

        A definition with mistakes is refused with all of them.
        """
        if mistakes := find_mistakes(form.definition.model_dump(mode="json")):
            return _mistaken(mistakes)
        found = await service.configure(form.definition, new_order(form.by, form.reason))
        return found if isinstance(found, ElectionAnnounced) else _proposed(service, found)

    @router.get("/elections")
    async def elections() -> list[ElectionAnnounced]:
        """Return every election."""
        return service.elections()

    @router.get("/elections/{election}")
    async def one(election: str) -> ElectionAnnounced:
        """Return an election as last announced."""
        return service.election(election)

    @router.get("/elections/{election}/controls")
    async def controls(election: str) -> list[ControlListed]:
        """Return what officers did, in order, then the newest records that no shard took as an order."""
        return [_listed(entry) for entry in service.controls(election)]

    @router.get("/elections/{election}/trace/{ballot_id}")
    async def trace(election: str, ballot_id: BallotId) -> Trace:
        """Return a ballot's path, without its content: recorded, judged, and the standings that count it."""
        return await service.trace(election, ballot_id)

    @router.get("/elections/{election}/certificate.{kind}", response_class=Response)
    async def certificate(election: str, kind: Literal["html", "pdf"]) -> Response:
        """Return the certificate that stands as a document for people."""
        document = service.certificate(election, version("livecount"))
        if kind == "html":
            return Response(as_html(document), media_type="text/html")
        return Response(await asyncio.to_thread(as_pdf, document), media_type="application/pdf")

    @router.post("/elections/{election}/roll", status_code=202)
    async def commit(election: str, chunk: SignedRecord) -> dict[str, str]:
        """Write a signed chunk of the roll. Whether it was applied shows when the election is opened."""
        await service.commit_roll(chunk)
        return {"election": election, "status": "written"}


def _schedule_routes(router: APIRouter, service: OperatorService, _: NewOrder) -> None:
    @router.get("/elections/{election}/scheduled")
    async def scheduled(election: str) -> list[ScheduledListed]:
        """Return the orders that are signed and wait for their time, in order."""
        return [
            ScheduledListed(
                control_id=of.control.control_id,
                type=of.control.type,
                due=of.due,
                in_s=service.seconds_until(of.due),
                fits=service.fits(of),
            )
            for of in service.scheduled(election)
        ]

    @router.delete("/elections/{election}/scheduled/{control_id}", status_code=204)
    async def take_out(election: str, control_id: str) -> None:
        """Take a scheduled order out: it is not carried out."""
        await service.take_out(election, control_id)


def _order_routes(router: APIRouter, service: OperatorService, new_order: NewOrder) -> None:
    def proposing(command: Command, kind: type[OrderForm]) -> Callable[[str, OrderForm], Awaitable[Proposed]]:
        async def propose(election: str, form: OrderForm) -> Proposed:
            about = {
                name: getattr(form, name) for name in kind.model_fields if name not in OrderForm.model_fields
            }
            return _proposed(
                service, await service.order(election, command, new_order(form.by, form.reason), **about)
            )

        propose.__annotations__["form"] = kind
        return propose

    forms: dict[Command, type[OrderForm]] = {
        Command.OPEN: OpenForm,
        Command.PAUSE: OrderForm,
        Command.RESUME: OrderForm,
        Command.CLOSE: DueForm,
        Command.CANCEL: OrderForm,
        Command.VOID: ElectorsForm,
        Command.RESTORE: ElectorsForm,
        Command.REISSUE: ReissueForm,
        Command.WITHDRAW: CandidateForm,
        Command.REINSTATE: CandidateForm,
        Command.REPLACE_KEY: KeyForm,
    }
    for command, kind in forms.items():
        router.post(f"/elections/{{election}}/{command}", name=command)(proposing(command, kind))

    @router.post("/elections/{election}/certify")
    async def certify(election: str, form: OrderForm) -> Proposed:
        """Recount the log independently, and propose a certificate if everything agrees."""
        return _proposed(service, await service.certify(election, new_order(form.by, form.reason)))


def _proposal_routes(router: APIRouter, service: OperatorService, _: NewOrder) -> None:
    @router.get("/proposals")
    async def proposals() -> list[Proposed]:
        """Return the orders that wait for signatures."""
        return [_proposed(service, proposal) for proposal in service.proposals.values()]

    @router.get("/proposals/{control_id}")
    async def one(control_id: str) -> Proposed:
        """Return an order that waits for signatures."""
        return _proposed(service, service.proposal(control_id))

    @router.post("/proposals/{control_id}/signatures")
    async def sign(control_id: str, form: SignatureForm) -> Outcome | Proposed:
        """Sign an order; the last signature that it needs carries it out."""
        found = await service.sign(control_id, form.key, form.signature)
        if isinstance(found, Proposal):
            return _proposed(service, found)
        control = found.control
        return Outcome(
            control_id=control.control_id,
            election=control.election,
            type=control.type,
            effect="applied" if found.applied else "ignored",
            verdicts=_verdicts(found),
            announced=service.log.elections.newest.get(control.election),
        )


def _proposed(service: OperatorService, proposal: Proposal) -> Proposed:
    control = proposal.control
    announced = service.log.elections.newest.get(control.election)
    change = None if announced is None else change_of(announced, control, service.standings_of(announced))
    return Proposed(
        control_id=control.control_id,
        election=control.election,
        type=control.type,
        payload=proposal.record.payload,
        keys=proposal.keys,
        needed=proposal.needed,
        signed=proposal.signed,
        recount=proposal.recount,
        change=None if change is None else Changed(words=change.words, rows=list(change.rows)),
        due=proposal.due,
    )


def _listed(entry: Entry) -> ControlListed:
    control = entry.control
    return ControlListed(
        control_id=control.control_id,
        type=control.type,
        by=control.by,
        reason=control.reason,
        at=control.at,
        signers=list(entry.signers),
        electors=control.size if isinstance(control, ElectorVoided | ElectorRestored) else None,
        verdicts=_verdicts(entry),
    )


def _verdicts(entry: Entry) -> dict[int, str]:
    return {shard: str(of.why or of.effect) for shard, of in sorted(entry.verdicts.items())}


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


def _add_problems(api: FastAPI) -> None:
    titles: dict[type[Exception], tuple[int, str]] = {
        UnknownElection: (404, "No such election"),
        UnknownEntry: (422, "No such entry"),
        NoCertificate: (409, "No certificate"),
        BeyondLetters: (422, "Letters beyond the PDF's fonts"),
        SignInRefused: (403, "Not signed in"),
        RecountFailed: (502, "The audit gave no report"),
        NotReady: (503, "Not ready yet"),
        SendFailed: (503, "Not known yet what became of the order; it can be signed again"),
    }
    for kind, (status, title) in titles.items():
        api.add_exception_handler(kind, _answering(status, title))

    @api.exception_handler(OrderRefused)
    def refused(_: Request, fault: OrderRefused) -> Response:
        later = RETRY_AFTER_S if isinstance(fault, NotFinal) else None
        return problem(409, "Order refused", str(fault), retry_after_s=later, differences=fault.found)

    @api.exception_handler(RequestValidationError)
    def invalid(_: Request, fault: RequestValidationError) -> Response:
        first: dict[str, Any] = fault.errors()[0]
        path = ".".join(str(part) for part in first["loc"] if part != "body")
        if path.startswith("definition.") and isinstance(fault.body, dict):
            return _mistaken(find_mistakes(fault.body["definition"]))
        return problem(422, "Invalid request", f"{path or 'body'}: {first['msg']}", field=path or "body")

    api.add_exception_handler(HTTPException, http_problem)


def _mistaken(mistakes: list[Mistake]) -> Response:
    noun = "mistake" if len(mistakes) == 1 else "mistakes"
    listed = [str(of) for of in mistakes]
    return problem(
        422, "Invalid definition", f"{len(mistakes)} {noun}", field="definition", differences=listed
    )


def _answering(status: int, title: str) -> Callable[[Request, Exception], JSONResponse | Response]:
    def answer(_: Request, fault: Exception) -> Response:
        return problem(status, title, str(fault), retry_after_s=RETRY_AFTER_S if status == 503 else None)

    return answer
