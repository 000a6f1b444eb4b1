"""What every way in shares: from the bytes of one ballot to its record, and the answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import Counter
from starlette.responses import Response
from starlette.types import Scope

from services.intake.decide import Taken
from services.intake.desks import Desks
from services.intake.forms import EXAMPLE, Refusal, read_form
from services.intake.log import BallotLog, LogUnavailable
from services.intake.settings import IntakeSettings
from shared.runtime.process.problems import problem

RECORDED = Counter("livecount_intake_recorded_total", "Ballots recorded", ["election"])
REFUSED = Counter("livecount_intake_refused_total", "Ballots refused, by HTTP status", ["status"])
RETRY_AFTER_S = 1


@dataclass(frozen=True)
class Taking:
    """What it takes to take a ballot."""

    settings: IntakeSettings
    desks: Desks
    log: BallotLog

    def take(self, election: str, body: bytes) -> Taken | Refusal:
        """Return the record of a ballot, or why there is none."""
        desk = self.desks.desk(election)
        if isinstance(desk, Refusal):
            return desk
        if len(body) > self.settings.max_body_bytes:
            limit = self.settings.max_body_bytes
            return Refusal(413, "Too large", "", f"Expected at most {limit} bytes, like {EXAMPLE}")
        form = read_form(body)
        return form if isinstance(form, Refusal) else desk.take(form)

    async def record(self, election: str, ballots: Sequence[Taken]) -> Refusal | None:
        """Return once every ballot is in the log, or why they may not be."""
        try:
            await self.log.append(ballots)
        except LogUnavailable as fault:
            again = f"Send the same ballot again; it counts once ({fault})"
            return Refusal(503, "Ballots cannot be recorded now", "", again)
        RECORDED.labels(election).inc(len(ballots))
        return None


def media_fault(scope: Scope, expected: Sequence[bytes]) -> Refusal | None:
    """Return what is wrong with a request's Content-Type."""
    found = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    if found in expected or found.partition(b";")[0].strip().lower() in expected:
        return None
    names = f"Expected Content-Type {expected[0].decode()}, found {found.decode('latin-1') or 'none'}"
    return Refusal(415, "Unsupported media type", "", names)


def recorded(taken: Taken) -> str:
    """Return what is said of a recorded ballot, as members of a JSON object: nothing in it needs escaping."""
    return f'"ballot_id":"{taken.ballot.ballot_id}","status":"recorded","receipt":"{taken.receipt}"'


def refused(refusal: Refusal) -> Response:
    """Return a refusal as a problem document."""
    REFUSED.labels(str(refusal.status)).inc()
    retry = RETRY_AFTER_S if refusal.status in (429, 503) else None
    return problem(
        refusal.status, refusal.title, refusal.detail, field=refusal.field or None, retry_after_s=retry
    )
