"""The operator's HTTP API: parse, ask the desk, answer. No decision is made here.

Rule 1: everything under /v1 asks for the bearer token; /live, /ready and /metrics are open.
Rule 2: every error is a problem document that says what was expected.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from services.operator.desk import Desk, NotReady, OrderRefused, UnknownElection, UnknownEntry
from services.operator.lifecycle import Command, Order
from services.operator.monitor import MonitorFigures
from services.operator.recount import RecountFailed
from shared.contract.chain import Head
from shared.contract.elections import Election
from shared.contract.events import ElectionAnnounced
from shared.contract.recounts import Recounted
from shared.contract.standings import Balance
from shared.runtime.log import SendFailed
from shared.runtime.process.health import Health
from shared.runtime.process.http import BodyLimit, health_routes, http_problem, problem

MAX_BODY_BYTES = 400_000  # a definition travels in one record, and a record in one batch
RETRY_AFTER_S = 2

NewOrder = Callable[[str, str], Order]
"""By whom and why to an order with its own id and time."""


class OrderForm(BaseModel):
    """Who gives an order, and why."""

    model_config = ConfigDict(extra="forbid")

    by: str = Field(min_length=1, max_length=100, description="Who gives the order")
    reason: str = Field("", max_length=1000, description="Why, for the record")


class ElectorForm(OrderForm):
    """An order about one elector."""

    elector: int = Field(ge=0, description="Number on the roll")


class CandidateForm(OrderForm):
    """An order about one candidate of a contest."""

    contest: str = Field(max_length=48, description="Contest id")
    candidate: str = Field(max_length=48, description="Candidate id")


class ElectorChanged(BaseModel):
    """What has been ordered about an elector."""

    election: str
    elector: int
    status: str


class Certificate(BaseModel):
    """What two independent counts agree on."""

    certified: bool = True
    watermark: tuple[int, ...]
    heads: tuple[Head, ...]
    balance: Balance
    contests: dict[str, Recounted]


def create_api(
    desk: Desk, figures: Callable[[], MonitorFigures], health: Health, token: str, new_order: NewOrder
) -> FastAPI:
    """Return the API."""
    api = FastAPI(title="Livecount operator", version="1", description=__doc__)
    api.router.routes.extend(health_routes(health))
    for add in (_election_routes, _order_routes, _candidate_routes):
        router = APIRouter(prefix="/v1", dependencies=[Depends(_token_check(token))])
        add(router, desk, new_order)
        api.include_router(router)

    @api.get("/v1/monitor", dependencies=[Depends(_token_check(token))])
    async def monitor() -> MonitorFigures:
        """Return how fast each shard of each service moves."""
        return figures()

    _add_problems(api)
    api.add_middleware(BodyLimit, max_bytes=MAX_BODY_BYTES)
    return api


def openapi_document() -> dict[str, Any]:
    """Return the API's OpenAPI document."""
    silent = Desk.__new__(Desk)  # never asked: only the routes' shapes are read
    nothing = MonitorFigures(shards=[])
    order = Order(by="", reason="", at="", control_id="")
    return create_api(silent, lambda: nothing, Health(), "", lambda _by, _reason: order).openapi()


def _election_routes(router: APIRouter, desk: Desk, new_order: NewOrder) -> None:
    @router.post("/elections", status_code=201)
    async def configure(
        definition: Election,
        by: Annotated[str, Query(min_length=1, max_length=100)] = "operator",
        reason: Annotated[str, Query(max_length=1000)] = "",
    ) -> ElectionAnnounced:
        """Freeze an election's definition. The same definition again changes nothing."""
        return await desk.configure(definition, new_order(by, reason))

    @router.get("/elections")
    async def elections() -> list[ElectionAnnounced]:
        """Return every election."""
        return desk.elections()

    @router.get("/elections/{election}")
    async def one(election: str) -> ElectionAnnounced:
        """Return an election as last announced."""
        return desk.election(election)

    @router.post("/elections/{election}/codes", response_class=StreamingResponse)
    def codes(election: str, section: str | None = None) -> StreamingResponse:
        """Return the voting codes of the roll, or of one section, as CSV."""
        return StreamingResponse(desk.codes(election, section), media_type="text/csv")


def _order_routes(router: APIRouter, desk: Desk, new_order: NewOrder) -> None:
    def moving(command: Command) -> Callable[[str, OrderForm], Awaitable[ElectionAnnounced]]:
        async def move(election: str, form: OrderForm) -> ElectionAnnounced:
            return await desk.move(election, command, new_order(form.by, form.reason))

        return move

    def changing(command: Command) -> Callable[[str, ElectorForm], Awaitable[ElectorChanged]]:
        async def change(election: str, form: ElectorForm) -> ElectorChanged:
            await desk.change_elector(election, command, form.elector, new_order(form.by, form.reason))
            return ElectorChanged(election=election, elector=form.elector, status=f"{command} recorded")

        return change

    for command in (Command.OPEN, Command.PAUSE, Command.RESUME, Command.CLOSE):
        router.post(f"/elections/{{election}}/{command}", name=command)(moving(command))
    for command in (Command.VOID, Command.RESTORE):
        router.post(f"/elections/{{election}}/{command}", name=command)(changing(command))

    @router.post("/elections/{election}/certify")
    async def certify(election: str, form: OrderForm) -> Certificate:
        """Recount the log independently and certify if everything agrees."""
        report = await desk.certify(election, new_order(form.by, form.reason))
        return Certificate.model_validate(report, from_attributes=True)


def _candidate_routes(router: APIRouter, desk: Desk, new_order: NewOrder) -> None:
    def correcting(command: Command) -> Callable[[str, CandidateForm], Awaitable[ElectionAnnounced]]:
        async def correct(election: str, form: CandidateForm) -> ElectionAnnounced:
            order = new_order(form.by, form.reason)
            return await desk.change_candidate(election, command, form.contest, form.candidate, order)

        return correct

    for command in (Command.WITHDRAW, Command.REINSTATE):
        router.post(f"/elections/{{election}}/{command}", name=command)(correcting(command))


def _token_check(token: str) -> Callable[..., None]:
    bearer = HTTPBearer(auto_error=False)

    def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
        if given is None or not secrets.compare_digest(given.credentials.encode(), token.encode()):
            raise HTTPException(401, "expected the operator's bearer token", {"WWW-Authenticate": "Bearer"})

    return check


def _add_problems(api: FastAPI) -> None:
    titles: dict[type[Exception], tuple[int, str]] = {
        UnknownElection: (404, "No such election"),
        UnknownEntry: (422, "Not on the roll"),
        RecountFailed: (502, "The recount gave no report"),
        NotReady: (503, "Not ready yet"),
        SendFailed: (503, "Not every shard acknowledged; the order can be repeated"),
    }
    for kind, (status, title) in titles.items():
        api.add_exception_handler(kind, _answering(status, title))

    @api.exception_handler(OrderRefused)
    def refused(_: Request, fault: OrderRefused) -> Response:
        return problem(409, "Order refused", str(fault), differences=fault.found)

    @api.exception_handler(RequestValidationError)
    def invalid(_: Request, fault: RequestValidationError) -> Response:
        first: dict[str, Any] = fault.errors()[0]
        path = ".".join(str(part) for part in first["loc"] if part != "body")
        return problem(422, "Invalid request", f"{path or 'body'}: {first['msg']}", field=path or "body")

    api.add_exception_handler(HTTPException, http_problem)


def _answering(status: int, title: str) -> Callable[[Request, Exception], JSONResponse | Response]:
    def answer(_: Request, fault: Exception) -> Response:
        return problem(status, title, str(fault), retry_after_s=RETRY_AFTER_S if status == 503 else None)

    return answer
