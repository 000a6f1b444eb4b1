"""The public routes: one ballot in a request, or a stream of them, one a line.

Rule 1: 202 only after the log has acknowledged; before that nothing is promised.
Rule 2: a refused ballot has written nothing; its answer names the field and what was expected.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict

import msgspec
from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from services.intake.admission import Admitted
from services.intake.forms import Refusal
from services.intake.service import REFUSED, IntakeService, media_fault, recorded, refused

BALLOTS = "/v1/elections/{election}/ballots"
JSON_TYPES = (b"application/json",)
LINES_TYPES = (b"application/x-ndjson", b"application/jsonl", b"application/ndjson")


def intake_routes(service: IntakeService) -> list[Route]:
    """Return the routes."""
    stream = StreamOfBallots(service)
    return [
        Route(BALLOTS, SingleBallot(service), methods=["POST"]),
        Route(f"{BALLOTS}/bulk", stream.cast, methods=["POST"]),
    ]


class SingleBallot:
    """Answers `POST …/ballots`: 202 with its receipt once the log has acknowledged it, or a problem.

    Written for ASGI itself: a request and a response object would cost as much as the ballot.
    """

    def __init__(self, service: IntakeService) -> None:
        self._service = service
        self._per_second = service.settings.max_per_second_per_client
        self._limiter = FixedWindowRateLimiter(MemoryStorage())
        self._limit = RateLimitItemPerSecond(max(1, self._per_second))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        try:
            admitted = await self._cast(scope, receive)
        except ClientDisconnect:
            return
        if isinstance(admitted, Refusal):
            await refused(admitted)(scope, receive, send)
            return
        body = f"{{{recorded(admitted)}}}".encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        await send({"type": "http.response.start", "status": 202, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _cast(self, scope: Scope, receive: Receive) -> Admitted | Refusal:
        fault = media_fault(scope, JSON_TYPES) or await self._too_fast(scope)
        if fault is not None:
            return fault
        election: str = scope["path_params"]["election"]
        admitted = self._service.admit(election, await self._body(receive))
        if isinstance(admitted, Refusal):
            return admitted
        return await self._service.record(election, (admitted,)) or admitted

    async def _body(self, receive: Receive) -> bytes:
        """Return the body, cut when it is longer than allowed. Raises ClientDisconnect."""
        body, more = b"", True
        while more and len(body) <= self._service.settings.max_body_bytes:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return body

    async def _too_fast(self, scope: Scope) -> Refusal | None:
        if not self._per_second or scope["client"] is None:
            return None
        if await self._limiter.hit(self._limit, scope["client"][0]):
            return None
        words = f"Expected at most {self._per_second} a second"
        return Refusal(429, "Too many ballots from this address", "", words)


class DuplexResponse(StreamingResponse):
    """Answers while the request is still being read.

    The usual one looks out for a disconnect by reading the request itself, and what it reads is lost; here a client
    that is gone shows in the next write.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        """Send the answers."""
        await self.stream_response(send)


class StreamOfBallots:
    """Answers `POST …/ballots/bulk`: each ballot by a line of its own, as they are recorded."""

    def __init__(self, service: IntakeService) -> None:
        self._service = service

    async def cast(self, request: Request) -> Response:
        """Answer a request."""
        fault = media_fault(request.scope, LINES_TYPES)
        if fault is not None:
            return refused(fault)
        return DuplexResponse(self._answers(request), media_type="application/x-ndjson")

    async def _answers(self, request: Request) -> AsyncIterator[bytes]:
        election, number = request.path_params["election"], 0
        async for lines in self._lines(request):
            yield await self._record(election, number, lines)
            number += len(lines)

    async def _record(self, election: str, before: int, lines: Sequence[bytes]) -> bytes:
        """Record lines together; return their answers."""
        take = self._service.admit
        verdicts = [take(election, line) for line in lines]
        admitted = [verdict for verdict in verdicts if isinstance(verdict, Admitted)]
        fault = await self._service.record(election, admitted) if admitted else None
        if fault is not None:
            verdicts = [fault if isinstance(verdict, Admitted) else verdict for verdict in verdicts]
        return b"".join([_answer(number, verdict) for number, verdict in enumerate(verdicts, before + 1)])

    async def _lines(self, request: Request) -> AsyncIterator[list[bytes]]:
        """Yield whole lines as they arrive, at most `bulk_lines` together. An endless line is cut at the limit."""
        settings = self._service.settings
        rest, limit = b"", settings.max_body_bytes
        try:
            async for chunk in request.stream():
                *lines, rest = (rest + chunk).split(b"\n")
                rest = rest[: limit + 1]
                for start in range(0, len(lines), settings.bulk_lines):
                    yield lines[start : start + settings.bulk_lines]
        except ClientDisconnect:
            return
        if rest:
            yield [rest]


def _answer(number: int, verdict: Admitted | Refusal) -> bytes:
    if isinstance(verdict, Admitted):
        return f'{{"line":{number},{recorded(verdict)}}}\n'.encode()
    REFUSED.labels(str(verdict.status)).inc()
    return msgspec.json.encode({"line": number, "status": "refused", "problem": asdict(verdict)}) + b"\n"
