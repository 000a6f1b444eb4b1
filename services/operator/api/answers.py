"""What the operator answers: each shape, and how it is made of what the service returned."""

from pydantic import AwareDatetime, BaseModel, Field

from services.operator.access import Role
from services.operator.book import Entry
from services.operator.changes import change_of
from services.operator.proposals import Proposal
from services.operator.schedule import Scheduled
from services.operator.service import OperatorService
from shared.contract.events import ElectionAnnounced, ElectorRestored, ElectorVoided
from shared.contract.recounts import Recount


class Challenge(BaseModel):
    """What to sign to sign in, within a minute: `sign_in_message` of both."""

    log: str
    challenge: str


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


def proposed(service: OperatorService, proposal: Proposal) -> Proposed:
    """Return how a proposal is shown, with what it changes."""
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


def waiting(service: OperatorService, scheduled: Scheduled) -> ScheduledListed:
    """Return how an order is shown that waits for its time."""
    return ScheduledListed(
        control_id=scheduled.control.control_id,
        type=scheduled.control.type,
        due=scheduled.due,
        in_s=service.seconds_until(scheduled.due),
        fits=service.fits(scheduled),
    )


def outcome(service: OperatorService, entry: Entry) -> Outcome:
    """Return what became of an order."""
    control = entry.control
    return Outcome(
        control_id=control.control_id,
        election=control.election,
        type=control.type,
        effect="applied" if entry.applied else "ignored",
        verdicts=_verdicts(entry),
        announced=service.log.elections.newest.get(control.election),
    )


def listed(entry: Entry) -> ControlListed:
    """Return how a control stands in the public list."""
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
