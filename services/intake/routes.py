"""The public routes: one ballot in a request, or a stream of them, one a line.

202 is answered only after the log has acknowledged a ballot; before that nothing is promised. A refused ballot has written
nothing, and its answer names the field and what was expected.

Both routes are ASGI itself: a request and a response object would cost as much as a ballot, and a response that looks out
for a disconnect by reading the request would lose what it reads of a stream.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass

import msgspec
from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from prometheus_client import Counter
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from services.intake.admission import EXAMPLE, Admissions, Admitted, Refusal, read_form
from services.intake.log import BallotLog, LogUnavailable
from services.intake.settings import IntakeSettings
from shared.runtime.process.http import problem

BALLOTS = "/v1/elections/{election}/ballots"
JSON_TYPES = (b"application/json",)
LINES_TYPES = (b"application/x-ndjson", b"application/jsonl", b"application/ndjson")
RETRY_AFTER_S = 1

RECORDED = Counter("livecount_intake_recorded_total", "Ballots recorded", ["election"])
REFUSED = Counter("livecount_intake_refused_total", "Ballots refused, by HTTP status", ["status"])


@dataclass(frozen=True)
class IntakeService:
    """What the routes share: limits, admissions, and the log."""

    settings: IntakeSettings
    admissions: Admissions
    log: BallotLog

    def admit(self, election: str, body: bytes) -> Admitted | Refusal:
        """Return the ballot that bytes hold, or why there is none."""
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


def intake_routes(service: IntakeService) -> list[Route]:
    """Return the routes."""
    return [
        Route(BALLOTS, SingleBallot(service), methods=["POST"]),
        Route(f"{BALLOTS}/bulk", BallotStream(service), methods=["POST"]),
    ]


class ClientLeft(Exception):
    """The client has gone before its request was read: nobody waits for an answer."""


class SingleBallot:
    """Answers `POST …/ballots`: 202 with the ballot's receipt, or a problem."""

    def __init__(self, service: IntakeService) -> None:
        self._service = service
        self._per_second = service.settings.max_per_second_per_client
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._limit = RateLimitItemPerSecond(max(1, self._per_second))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        try:
            cast = await self._cast(scope, receive)
        except ClientLeft:
            return
        if isinstance(cast, Refusal):
            await _refused(cast)(scope, receive, send)
            return
        body = f"{{{_recorded(cast)}}}".encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _cast(self, scope: Scope, receive: Receive) -> Admitted | Refusal:
        fault = _media_fault(scope, JSON_TYPES) or await self._rate_fault(scope)
        if fault is not None:
            return fault
        election: str = scope["path_params"]["election"]
        admitted = self._service.admit(election, await self._body(receive))
        if isinstance(admitted, Refusal):
            return admitted
        return await self._service.record(election, (admitted,)) or admitted

    async def _body(self, receive: Receive) -> bytes:
        """Return the body, cut when it is longer than allowed. Raises ClientLeft."""
        body, more = b"", True
        while more and len(body) <= self._service.settings.max_body_bytes:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return body

    async def _rate_fault(self, scope: Scope) -> Refusal | None:
        if not self._per_second or scope["client"] is None:
            return None
        if await self._limiter.hit(self._limit, scope["client"][0]):
            return None
        words = f"Expected at most {self._per_second} a second"
        return Refusal(429, "Too many ballots from this address", "", words)


class BallotStream:
    """Answers `POST …/ballots/bulk`: each line by a line of its own, as ballots are recorded."""

    def __init__(self, service: IntakeService) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request while it is still being read. A client that is gone shows in the next write."""
        fault = _media_fault(scope, LINES_TYPES)
        if fault is not None:
            await _refused(fault)(scope, receive, send)
            return
        election, answered = scope["path_params"]["election"], 0
        headers = [(b"content-type", b"application/x-ndjson")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for lines in self._lines(receive):
            body = await self._record(election, answered, lines)
            await send({"type": "http.response.body", "body": body, "more_body": True})
            answered += len(lines)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _lines(self, receive: Receive) -> AsyncIterator[list[bytes]]:
        """Yield whole lines as they arrive, at most `bulk_lines` together. An endless line is cut at the limit."""
        settings = self._service.settings
        rest, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            more = message.get("more_body", False)
            *lines, rest = (rest + message.get("body", b"")).split(b"\n")
            rest = rest[: settings.max_body_bytes + 1]
            for start in range(0, len(lines), settings.bulk_lines):
                yield lines[start : start + settings.bulk_lines]
        if rest:
            yield [rest]

    async def _record(self, election: str, before: int, lines: Sequence[bytes]) -> bytes:
        """Record lines together; return their answers."""
        outcomes = [self._service.admit(election, line) for line in lines]
        admitted = [outcome for outcome in outcomes if isinstance(outcome, Admitted)]
        fault = await self._service.record(election, admitted) if admitted else None
        if fault is not None:
            outcomes = [fault if isinstance(outcome, Admitted) else outcome for outcome in outcomes]
        return b"".join([_line(number, outcome) for number, outcome in enumerate(outcomes, before + 1)])


def _line(number: int, outcome: Admitted | Refusal) -> bytes:
    if isinstance(outcome, Admitted):
        return f'{{"line":{number},{_recorded(outcome)}}}\n'.encode()
    REFUSED.labels(str(outcome.status)).inc()
    return msgspec.json.encode({"line": number, "status": "refused", "problem": asdict(outcome)}) + b"\n"


def _recorded(cast: Admitted) -> str:
    """Return the answer for a recorded ballot, as members of a JSON object: recorded, which is not judged yet.

    Nothing in it needs escaping.
    """
    return (
        f'"ballot_id":"{cast.ballot.ballot_id.hex()}","status":"recorded",'
        f'"shard":{cast.shard},"receipt":"{cast.receipt}"'
    )


def _refused(refusal: Refusal) -> Response:
    REFUSED.labels(str(refusal.status)).inc()
    retry = RETRY_AFTER_S if refusal.status in (429, 503) else None
    return problem(
        refusal.status, refusal.title, refusal.detail, field=refusal.field or None, retry_after_s=retry
    )


def _media_fault(scope: Scope, expected: Sequence[bytes]) -> Refusal | None:
    """Return what is wrong with a request's Content-Type."""
    found = next((value for name, value in scope["headers"] if name == b"content-type"), b"")
    if found in expected or found.partition(b";")[0].strip().lower() in expected:
        return None
    names = f"Expected Content-Type {expected[0].decode()}, found {found.decode('latin-1') or 'none'}"
    return Refusal(415, "Unsupported media type", "", names)
