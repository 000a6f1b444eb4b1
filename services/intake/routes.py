"""The public routes: one ballot, or a stream of them.

Rule 1: 202 only after the log has acknowledged; before that nothing is promised.
Rule 2: a refused ballot has written nothing; its answer names the field and what was expected.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass

import msgspec
from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from prometheus_client import Counter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from services.intake.decide import Taken
from services.intake.desks import Desks
from services.intake.forms import EXAMPLE, Refusal, read_form
from services.intake.log import BallotLog, LogUnavailable
from services.intake.settings import IntakeSettings
from shared.runtime.problems import problem

RECORDED = Counter("livecount_intake_recorded_total", "Ballots recorded", ["election"])
REFUSED = Counter("livecount_intake_refused_total", "Ballots refused, by HTTP status", ["status"])
RETRY_AFTER_S = 1
JSON_TYPES = ("application/json",)
LINES_TYPES = ("application/x-ndjson", "application/jsonl", "application/ndjson")

_encode = msgspec.json.Encoder().encode


class DuplexResponse(StreamingResponse):
    """Answers while the request is still being read.

    The usual one looks out for a disconnect by reading the request itself, and what it reads is lost; here a client
    that is gone shows in the next write.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        """Send the answers."""
        await self.stream_response(send)


@dataclass
class Intake:
    """The handlers and what they need."""

    settings: IntakeSettings
    desks: Desks
    log: BallotLog

    def __post_init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._limit = RateLimitItemPerSecond(max(1, self.settings.max_per_second_per_client))

    def routes(self) -> list[Route]:
        """Return the routes."""
        path = "/v1/elections/{election}/ballots"
        return [
            Route(path, self.cast_one, methods=["POST"]),
            Route(f"{path}/bulk", self.cast_many, methods=["POST"]),
        ]

    async def cast_one(self, request: Request) -> Response:
        """Take one ballot: 202 with its receipt, or a problem."""
        fault = self._media_fault(request, JSON_TYPES) or await self._too_fast(request)
        if fault is not None:
            return _refused(fault)
        body = await self._body(request)
        taken = body if isinstance(body, Refusal) else self._take(request.path_params["election"], body)
        if isinstance(taken, Refusal):
            return _refused(taken)
        try:
            await self.log.append([taken])
        except LogUnavailable as fault_of_log:
            return _refused(_unavailable(fault_of_log))
        RECORDED.labels(taken.ballot.election).inc()
        return Response(_encode(_recorded(taken)), 202, media_type="application/json")

    async def cast_many(self, request: Request) -> Response:
        """Take a stream of ballots, one a line; answer each with a line of its own, as they are recorded."""
        fault = self._media_fault(request, LINES_TYPES)
        if fault is not None:
            return _refused(fault)
        return DuplexResponse(self._answers(request), media_type="application/x-ndjson")

    async def _answers(self, request: Request) -> AsyncIterator[bytes]:
        election, number = request.path_params["election"], 0
        async for lines in self._lines(request):
            yield await self._record(election, number, lines)
            number += len(lines)

    async def _record(self, election: str, before: int, lines: Sequence[bytes]) -> bytes:
        verdicts = [self._take_line(election, line) for line in lines]
        taken = [verdict for verdict in verdicts if isinstance(verdict, Taken)]
        fault: Refusal | None = None
        try:
            await self.log.append(taken)
            RECORDED.labels(election).inc(len(taken))
        except LogUnavailable as fault_of_log:
            fault = _unavailable(fault_of_log)
        answers = [
            _line(before + place, verdict if isinstance(verdict, Refusal) else fault or verdict)
            for place, verdict in enumerate(verdicts, 1)
        ]
        return b"".join(answers)

    def _take(self, election: str, body: bytes) -> Taken | Refusal:
        desk = self.desks.desk(election)
        if isinstance(desk, Refusal):
            return desk
        form = read_form(body)
        return form if isinstance(form, Refusal) else desk.take(form)

    def _take_line(self, election: str, line: bytes) -> Taken | Refusal:
        if len(line) > self.settings.max_body_bytes:
            return self._too_large()
        return self._take(election, line)

    async def _body(self, request: Request) -> bytes | Refusal:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self.settings.max_body_bytes:
                return self._too_large()
        return bytes(body)

    async def _lines(self, request: Request) -> AsyncIterator[list[bytes]]:
        """Yield whole lines as they arrive, at most `bulk_lines` together. An endless line is cut at the limit."""
        rest, limit = b"", self.settings.max_body_bytes
        try:
            async for chunk in request.stream():
                *lines, rest = (rest + chunk).split(b"\n")
                rest = rest[: limit + 1]
                for start in range(0, len(lines), self.settings.bulk_lines):
                    yield lines[start : start + self.settings.bulk_lines]
        except ClientDisconnect:
            return
        if rest:
            yield [rest]

    def _media_fault(self, request: Request, expected: Sequence[str]) -> Refusal | None:
        found = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if found in expected:
            return None
        return Refusal(
            415, "Unsupported media type", "", f"Expected Content-Type {expected[0]}, found {found or 'none'}"
        )

    async def _too_fast(self, request: Request) -> Refusal | None:
        if not self.settings.max_per_second_per_client or request.client is None:
            return None
        if await self._limiter.hit(self._limit, request.client.host):
            return None
        limit = self.settings.max_per_second_per_client
        return Refusal(429, "Too many ballots from this address", "", f"Expected at most {limit} a second")

    def _too_large(self) -> Refusal:
        return Refusal(
            413, "Too large", "", f"Expected at most {self.settings.max_body_bytes} bytes, like {EXAMPLE}"
        )


def _recorded(taken: Taken) -> dict[str, str]:
    return {"ballot_id": taken.ballot.ballot_id, "status": "recorded", "receipt": taken.receipt}


def _line(number: int, verdict: Taken | Refusal) -> bytes:
    if isinstance(verdict, Taken):
        return _encode({"line": number, **_recorded(verdict)}) + b"\n"
    REFUSED.labels(str(verdict.status)).inc()
    return _encode({"line": number, "status": "refused", "problem": asdict(verdict)}) + b"\n"


def _unavailable(fault: LogUnavailable) -> Refusal:
    return Refusal(
        503, "Ballots cannot be recorded now", "", f"Send the same ballot again; it counts once ({fault})"
    )


def _refused(refusal: Refusal) -> Response:
    REFUSED.labels(str(refusal.status)).inc()
    retry = RETRY_AFTER_S if refusal.status in (429, 503) else None
    return problem(
        refusal.status, refusal.title, refusal.detail, field=refusal.field or None, retry_after_s=retry
    )
