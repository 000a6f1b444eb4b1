"""A stream of ballots, one a line: each is answered by a line of its own, as they are recorded."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from services.intake.admission import Admitted
from services.intake.forms import Refusal
from services.intake.service import REFUSED, IntakeService, media_fault, recorded, refused

LINES_TYPES = (b"application/x-ndjson", b"application/jsonl", b"application/ndjson")


class DuplexResponse(StreamingResponse):
    """Answers while the request is still being read.

    The usual one looks out for a disconnect by reading the request itself, and what it reads is lost; here a client
    that is gone shows in the next write.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        """Send the answers."""
        await self.stream_response(send)


class StreamOfBallots:
    """Answers `POST …/ballots/bulk`."""

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
