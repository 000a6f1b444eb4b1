"""The public routes: one ballot in a request, or a stream of them, one a line.

202 is answered only after the log has acknowledged a ballot; before that nothing is promised. A refused ballot has written
nothing, and its answer names the field and what was expected.

A ballot in a plain request is answered by the server's own protocol (see shared.runtime.process.overload): uvicorn and
Starlette would take longer over it than all that is done with the ballot. A stream is ASGI itself: a response that looks out for a
disconnect by reading the request would lose what it reads.
"""

import re
from collections.abc import AsyncIterator, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray
from prometheus_client import Counter
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from services.intake.outcomes import Admitted, AdmittedLines, Refusal
from services.intake.service import IntakeService
from shared.runtime.process.http import problem
from shared.runtime.process.overload import Asked, DirectRoute, Headers, as_sent, head_as_sent

BALLOTS = "/v1/elections/{election}/ballots"
DIRECT_PATH = re.compile(rb"/v1/elections/([a-z0-9-]+)/ballots")
JSON_TYPES = (b"application/json",)
LINES_TYPES = (b"application/x-ndjson", b"application/jsonl", b"application/ndjson")
NOTE = "recorded, not yet judged"
"""A ballot is judged by its shard's log alone; its receipt shows what became of it."""
_RECORDED_HEAD = head_as_sent(202, [(b"content-type", b"application/json"), (b"content-length", b"%d")])

REFUSED = Counter("livecount_intake_refused_total", "Ballots refused, by HTTP status", ["status"])


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

    @property
    def direct(self) -> DirectRoute:
        """The same route without ASGI, for the server's protocol."""
        return DirectRoute(DIRECT_PATH, self._service.settings.max_body_bytes, self._answer)

    async def _answer(self, asked: Asked) -> bytes:
        cast = await self._cast(asked)
        if isinstance(cast, Refusal):
            return as_sent(_refused(cast))
        body = b"{%b}" % _recorded(cast).encode()
        return _RECORDED_HEAD % len(body) + body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that comes by way of ASGI."""
        try:
            body = await self._body(receive)
        except ClientLeft:
            return
        cast = await self._cast(
            Asked(scope["path_params"]["election"], scope["headers"], _client(scope), body)
        )
        if isinstance(cast, Refusal):
            await _refused(cast)(scope, receive, send)
        else:
            body = b"{%b}" % _recorded(cast).encode()
            await Response(body, 202, media_type="application/json")(scope, receive, send)

    async def _cast(self, asked: Asked) -> Admitted | Refusal:
        fault = _media_fault(asked.headers, JSON_TYPES)
        if fault is not None:
            return fault
        admitted = self._service.admit(asked.part, asked.body, asked.client)
        if isinstance(admitted, Refusal):
            return admitted
        return (await self._service.record(asked.part, (admitted,)))[0]

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


class BallotStream:
    """Answers `POST …/ballots/bulk`: each line by a line of its own, as ballots are recorded."""

    def __init__(self, service: IntakeService) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request while it is still being read. A client that is gone shows in the next write."""
        fault = _media_fault(scope["headers"], LINES_TYPES)
        if fault is not None:
            await _refused(fault)(scope, receive, send)
            return
        election, client, answered = scope["path_params"]["election"], _client(scope), 0
        headers = [(b"content-type", b"application/x-ndjson")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        async for lines in self._lines(receive):
            body = await self._record(election, client, answered, lines)
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

    async def _record(self, election: str, client: str, before: int, lines: Sequence[bytes]) -> bytes:
        """Record lines together; return their answers."""
        together, single = await self._service.cast_lines(election, lines, client)
        answers = _lines_recorded(before + 1, together)
        if not single:
            return "".join(answers).encode()
        placed = dict(zip(together.columns["line"].tolist(), answers, strict=True))
        placed |= {place: _line(before + 1 + place, outcome) for place, outcome in single.items()}
        return "".join([placed[place] for place in range(len(lines))]).encode()


def _client(scope: Scope) -> str:
    return scope["client"][0] if scope["client"] else ""


def _line(number: int, outcome: Admitted | Refusal) -> str:
    if isinstance(outcome, Admitted):
        return f'{{"line":{number},{_recorded(outcome)}}}\n'
    REFUSED.labels(str(outcome.status)).inc()
    return msgspec.json.encode({"line": number, "status": "refused", "problem": outcome}).decode() + "\n"


def _recorded(cast: Admitted) -> str:
    """Return the answer for a recorded ballot, as members of a JSON object: recorded, which is not judged yet.

    Nothing in it needs escaping.
    """
    return _members(cast.ballot.ballot_id.hex(), cast.shard, cast.receipt)


def _lines_recorded(first: int, cast: AdmittedLines) -> list[str]:
    """Return `_line` of each recorded ballot; their lines are counted from `first` on."""
    columns = cast.columns
    numbers, shards = (columns["line"] + first).tolist(), columns["shard"].tolist()
    ids, receipts = _hex(columns["ballot_id"]), _hex(columns["who"])
    return [
        f'{{"line":{number},{_members(ballot_id, shard, receipt)}}}\n'
        for number, ballot_id, shard, receipt in zip(numbers, ids, shards, receipts, strict=True)
    ]


def _members(ballot_id: str, shard: int, receipt: str) -> str:
    return (
        f'"ballot_id":"{ballot_id}","status":"recorded","shard":{shard},"receipt":"{receipt}","note":"{NOTE}"'
    )


def _hex(rows: NDArray[np.uint8]) -> list[str]:
    """Return each row in hexadecimal digits."""
    return rows.tobytes().hex(" ", rows.shape[1]).split()


def _refused(refusal: Refusal) -> Response:
    REFUSED.labels(str(refusal.status)).inc()
    return problem(
        refusal.status,
        refusal.title,
        refusal.detail,
        field=refusal.field or None,
        retry_after_s=refusal.retry_after_s,
    )


def _media_fault(headers: Headers, expected: Sequence[bytes]) -> Refusal | None:
    """Return what is wrong with a request's Content-Type."""
    found = next((value for name, value in headers if name == b"content-type"), b"")
    if found in expected or found.partition(b";")[0].strip().lower() in expected:
        return None
    names = f"Expected Content-Type {expected[0].decode()}, found {found.decode('latin-1') or 'none'}"
    return Refusal(415, "Unsupported media type", "", names)
