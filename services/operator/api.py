"""The operator's HTTP API: it parses a request, calls the service, and answers. No decision is made here.

Everything under /v1 asks for the bearer token; /live, /ready and /metrics are open. Every error is a problem document that
says what was expected. Retry-After stands in every answer to an order that may succeed when it is given again.
"""

import secrets
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, HTTPException, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel, ConfigDict, Field

from services.operator.monitor import MonitorFigures
from services.operator.orders import Order
from services.operator.recount import RecountFailed
from services.operator.service import (
    NotFinal,
    NotReady,
    OperatorService,
    OrderRefused,
    UnknownElection,
    UnknownEntry,
)
from shared.contract.elections import Election
from shared.contract.events import ElectionAnnounced
from shared.contract.lifecycle import Command
from shared.contract.recounts import Certificate
from shared.runtime.log import SendFailed
from shared.runtime.process.health import Health, health_routes
from shared.runtime.process.problems import problem

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


def create_api(
    service: OperatorService,
    figures: Callable[[], MonitorFigures],
    health: Health,
    token: str,
    new_order: NewOrder,
) -> FastAPI:
    """Return the API."""
    api = FastAPI(title="Livecount operator", version="1", description=__doc__)
    api.router.routes.extend(health_routes(health))
    for add in (_election_routes, _order_routes, _candidate_routes):
        router = APIRouter(prefix="/v1", dependencies=[Depends(_token_check(token))])
        add(router, service, new_order)
        api.include_router(router)

    @api.get("/v1/monitor", dependencies=[Depends(_token_check(token))])
    async def monitor() -> MonitorFigures:
        """Return how fast each shard of each service moves."""
        return figures()

    _add_problems(api)
    api.middleware("http")(_bound_body)
    return api


def openapi_document() -> dict[str, Any]:
    """Return the API's OpenAPI document."""
    unused = OperatorService.__new__(OperatorService)  # only the routes' shapes are read
    nothing = MonitorFigures(shards=[])
    order = Order(by="", reason="", at="", control_id="")
    return create_api(unused, lambda: nothing, Health(), "", lambda _by, _reason: order).openapi()


def _election_routes(router: APIRouter, service: OperatorService, new_order: NewOrder) -> None:
    @router.post("/elections", status_code=201)
    async def configure(
        definition: Election,
        by: Annotated[str, Query(min_length=1, max_length=100)] = "operator",
        reason: Annotated[str, Query(max_length=1000)] = "",
    ) -> ElectionAnnounced:
        """Freeze an election's definition. The same definition again changes nothing."""
        return await service.configure(definition, new_order(by, reason))

    @router.get("/elections")
    async def elections() -> list[ElectionAnnounced]:
        """Return every election."""
        return service.elections()

    @router.get("/elections/{election}")
    async def one(election: str) -> ElectionAnnounced:
        """Return an election as last announced."""
        return service.election(election)

    @router.post("/elections/{election}/codes", response_class=StreamingResponse)
    def codes(election: str, section: str | None = None) -> StreamingResponse:
        """Return the voting codes of the roll, or of one section, as CSV."""
        return StreamingResponse(service.codes(election, section), media_type="text/csv")


def _order_routes(router: APIRouter, service: OperatorService, new_order: NewOrder) -> None:
    def moving(command: Command) -> Callable[[str, OrderForm], Awaitable[ElectionAnnounced]]:
        async def move(election: str, form: OrderForm) -> ElectionAnnounced:
            return await service.move(election, command, new_order(form.by, form.reason))

        return move

    def changing(command: Command) -> Callable[[str, ElectorForm], Awaitable[ElectorChanged]]:
        async def change(election: str, form: ElectorForm) -> ElectorChanged:
            await service.change_elector(election, command, form.elector, new_order(form.by, form.reason))
            return ElectorChanged(election=election, elector=form.elector, status=f"{command} recorded")

        return change

    for command in (Command.OPEN, Command.PAUSE, Command.RESUME, Command.CLOSE):
        router.post(f"/elections/{{election}}/{command}", name=command)(moving(command))
    for command in (Command.VOID, Command.RESTORE):
        router.post(f"/elections/{{election}}/{command}", name=command)(changing(command))

    @router.post("/elections/{election}/certify")
    async def certify(election: str, form: OrderForm) -> Certificate:
        """Recount the log independently and certify if everything agrees."""
        report = await service.certify(election, new_order(form.by, form.reason))
        return Certificate.model_validate(report, from_attributes=True)


def _candidate_routes(router: APIRouter, service: OperatorService, new_order: NewOrder) -> None:
    def correcting(command: Command) -> Callable[[str, CandidateForm], Awaitable[ElectionAnnounced]]:
        async def correct(election: str, form: CandidateForm) -> ElectionAnnounced:
            order = new_order(form.by, form.reason)
            return await service.change_candidate(election, command, form.contest, form.candidate, order)

        return correct

    for command in (Command.WITHDRAW, Command.REINSTATE):
        router.post(f"/elections/{{election}}/{command}", name=command)(correcting(command))


def _token_check(token: str) -> Callable[..., None]:
    bearer = HTTPBearer(auto_error=False)

    def check(given: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)]) -> None:
        if given is None or not secrets.compare_digest(given.credentials.encode(), token.encode()):
            raise HTTPException(401, "expected the operator's bearer token", {"WWW-Authenticate": "Bearer"})

    return check


async def _bound_body(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
    length = request.headers.get("content-length", "0")
    if "transfer-encoding" in request.headers or not length.isdecimal() or int(length) > MAX_BODY_BYTES:
        return problem(413, "Body too large", f"expected a stated length of at most {MAX_BODY_BYTES} bytes")
    return await call_next(request)


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
        later = RETRY_AFTER_S if isinstance(fault, NotFinal) else None
        return problem(409, "Order refused", str(fault), retry_after_s=later, differences=fault.found)

    @api.exception_handler(RequestValidationError)
    def invalid(_: Request, fault: RequestValidationError) -> Response:
        first: dict[str, Any] = fault.errors()[0]
        path = ".".join(str(part) for part in first["loc"] if part != "body")
        return problem(422, "Invalid request", f"{path or 'body'}: {first['msg']}", field=path or "body")

    @api.exception_handler(HTTPException)
    def http(_: Request, fault: HTTPException) -> Response:
        response = problem(fault.status_code, str(fault.detail), str(fault.detail))
        response.headers.update(fault.headers or {})
        return response


def _answering(status: int, title: str) -> Callable[[Request, Exception], JSONResponse | Response]:
    def answer(_: Request, fault: Exception) -> Response:
        return problem(status, title, str(fault), retry_after_s=RETRY_AFTER_S if status == 503 else None)

    return answer
