"""What every way in shares: from the bytes of one ballot to its record, and the answers."""

from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import Counter
from starlette.responses import Response
from starlette.types import Scope

from services.intake.admission import Admissions, Admitted
from services.intake.forms import EXAMPLE, Refusal, read_form
from services.intake.log import BallotLog, LogUnavailable
from services.intake.settings import IntakeSettings
from shared.runtime.process.http import problem

RECORDED = Counter("livecount_intake_recorded_total", "Ballots recorded", ["election"])
REFUSED = Counter("livecount_intake_refused_total", "Ballots refused, by HTTP status", ["status"])
RETRY_AFTER_S = 1


@dataclass(frozen=True)
class IntakeService:
    """What every route needs: the limits, the admissions, and the log."""

    settings: IntakeSettings
    admissions: Admissions
    log: BallotLog

    def admit(self, election: str, body: bytes) -> Admitted | Refusal:
        """Return the record of a ballot, or why there is none."""
        admission = self.admissions.of(election)
        if isinstance(admission, Refusal):
            return admission
        if len(body) > self.settings.max_body_bytes:
            limit = self.settings.max_body_bytes
            return Refusal(413, "Too large", "", f"Expected at most {limit} bytes, like {EXAMPLE}")
        form = read_form(body)
        return form if isinstance(form, Refusal) else admission.admit(form)

    async def record(self, election: str, ballots: Sequence[Admitted]) -> Refusal | None:
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


def recorded(admitted: Admitted) -> str:
    """Return the answer for a recorded ballot, as members of a JSON object: recorded, which is not judged yet.

    Nothing in it needs escaping.
    """
    return (
        f'"ballot_id":"{admitted.ballot.ballot_id.hex()}","status":"recorded",'
        f'"shard":{admitted.shard},"receipt":"{admitted.receipt}"'
    )


def refused(refusal: Refusal) -> Response:
    """Return a refusal as a problem document."""
    REFUSED.labels(str(refusal.status)).inc()
    retry = RETRY_AFTER_S if refusal.status in (429, 503) else None
    return problem(
        refusal.status, refusal.title, refusal.detail, field=refusal.field or None, retry_after_s=retry
    )
