"""The routes: elections, orders, proposals, what is scheduled, signing in."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Literal

from fastapi import APIRouter, FastAPI, Response

from services.operator.access import SESSION_S, Sessions
from services.operator.api.answers import (
    Challenge,
    ControlListed,
    Counted,
    Outcome,
    Proposed,
    ScheduledListed,
    SignedIn,
    listed,
    outcome,
    proposed,
    waiting,
)
from services.operator.api.forms import (
    CandidateForm,
    ConfigureForm,
    DueForm,
    ElectorsForm,
    KeyForm,
    OpenForm,
    OrderForm,
    ReissueForm,
    SignatureForm,
    SignInForm,
)
from services.operator.api.problems import mistaken
from services.operator.certificate.document import as_html, as_pdf
from services.operator.counted import all_counted
from services.operator.monitor import MonitorFigures
from services.operator.orders import Order
from services.operator.proposals import Proposal
from services.operator.service import OperatorService
from shared.contract.events import ElectionAnnounced, SignedRecord
from shared.contract.ids import BallotId
from shared.contract.lifecycle import Command
from shared.contract.mistakes import find_mistakes
from shared.contract.recounts import Trace

NewOrder = Callable[[str, str], Order]
"""By whom and why to an order with its own id and time."""


def sign_in_routes(api: FastAPI, sessions: Sessions) -> None:
    """Add signing in with a key."""

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


def election_routes(router: APIRouter, service: OperatorService, new_order: NewOrder) -> None:
    """Add what an election is, what was done to it, and its definition and roll."""

    @router.post("/elections", status_code=201, response_model=Proposed | ElectionAnnounced)
    async def configure(form: ConfigureForm) -> Proposed | ElectionAnnounced | Response:
        """Propose to freeze an election's definition. The same definition again changes nothing.

        A definition with mistakes is refused with all of them.
        """
        if mistakes := find_mistakes(form.definition.model_dump(mode="json")):
            return mistaken(mistakes)
        found = await service.configure(form.definition, new_order(form.by, form.reason))
        return found if isinstance(found, ElectionAnnounced) else proposed(service, found)

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
        return [listed(entry) for entry in service.controls(election)]

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


def schedule_routes(router: APIRouter, service: OperatorService) -> None:
    """Add the orders that wait for their time."""

    @router.get("/elections/{election}/scheduled")
    async def scheduled(election: str) -> list[ScheduledListed]:
        """Return the orders that are signed and wait for their time, in order."""
        return [waiting(service, of) for of in service.scheduled(election)]

    @router.delete("/elections/{election}/scheduled/{control_id}", status_code=204)
    async def take_out(election: str, control_id: str) -> None:
        """Take a scheduled order out: it is not carried out."""
        await service.take_out(election, control_id)


def order_routes(router: APIRouter, service: OperatorService, new_order: NewOrder) -> None:
    """Add one route for each order."""

    def proposing(command: Command, kind: type[OrderForm]) -> Callable[[str, OrderForm], Awaitable[Proposed]]:
        async def propose(election: str, form: OrderForm) -> Proposed:
            about = {
                name: getattr(form, name) for name in kind.model_fields if name not in OrderForm.model_fields
            }
            return proposed(
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
        return proposed(service, await service.certify(election, new_order(form.by, form.reason)))


def proposal_routes(router: APIRouter, service: OperatorService) -> None:
    """Add what waits for signatures, and signing."""

    @router.get("/proposals")
    async def proposals() -> list[Proposed]:
        """Return the orders that wait for signatures."""
        return [proposed(service, proposal) for proposal in service.proposals]

    @router.get("/proposals/{control_id}")
    async def one(control_id: str) -> Proposed:
        """Return an order that waits for signatures."""
        return proposed(service, service.proposals.require(control_id))

    @router.post("/proposals/{control_id}/signatures")
    async def sign(control_id: str, form: SignatureForm) -> Outcome | Proposed:
        """Sign an order; the last signature that it needs carries it out."""
        found = await service.sign(control_id, form.key, form.signature)
        return proposed(service, found) if isinstance(found, Proposal) else outcome(service, found)


def monitor_routes(
    router: APIRouter, service: OperatorService, figures: Callable[[], MonitorFigures]
) -> None:
    """Add whether all is counted, and how fast each shard moves."""

    @router.get("/elections/{election}/counted")
    async def counted(election: str) -> Counted:
        """Return whether every accepted ballot is in the standings, and what stands against it."""
        announced = service.election(election)
        tile = all_counted(announced, service.standings_of(announced), figures())
        return Counted(answer=tile.answer, reasons=tile.reasons, as_of_s=tile.as_of_s)

    @router.get("/monitor")
    async def monitor() -> MonitorFigures:
        """Return how fast each shard of each service moves."""
        return figures()
