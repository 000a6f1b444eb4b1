"""The public routes: one ballot in a request, or a stream of them, one a line.

202 is answered only after the log has acknowledged a ballot; before that nothing is promised. A refused ballot has written
nothing, and its answer names the field and what was expected.

A ballot in a plain request is answered by the server's own protocol (see shared.runtime.process.overload): uvicorn and
Starlette would take longer over it than all that is done with the ballot. A stream is ASGI itself: a response that looks out for a
disconnect by reading the request would lose what it reads.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from time import monotonic

import msgspec
from prometheus_client import Counter
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from services.intake.admission import EXAMPLE, Admissions, Admitted, Refusal, read_form
from services.intake.bounds import Known, RecentBallots
from services.intake.log import BallotLog, LogUnavailable, NotSent
from services.intake.settings import IntakeSettings
from shared.runtime.process.connections import address_key
from shared.runtime.process.http import problem
from shared.runtime.process.overload import Asked, DirectRoute, Headers, as_sent, head_as_sent
from shared.runtime.process.rates import Rates

BALLOTS = "/v1/elections/{election}/ballots"
DIRECT_PATH = re.compile(rb"/v1/elections/([a-z0-9-]+)/ballots")
JSON_TYPES = (b"application/json",)
LINES_TYPES = (b"application/x-ndjson", b"application/jsonl", b"application/ndjson")
RETRY_AFTER_S = 1
LINES_AT_ONCE = 400
"""Lines of a stream that are read before other requests have their turn: some two milliseconds."""
NOTE = "recorded, not yet judged"
"""A ballot is judged by its shard's log alone; its receipt shows what became of it."""
_RECORDED_HEAD = head_as_sent(202, [(b"content-type", b"application/json"), (b"content-length", b"%d")])

RECORDED = Counter("livecount_intake_recorded_total", "Ballots recorded", ["election"])
REPEATED = Counter("livecount_intake_repeated_total", "Ballots sent again that were recorded already")
WRONG_CODES = Counter("livecount_intake_wrong_codes_total", "Well-formed voting codes that nobody was given")
REFUSED = Counter("livecount_intake_refused_total", "Ballots refused, by HTTP status", ["status"])


OTHER_RANKINGS = Refusal(
    409,
    "The same ballot id with other rankings",
    "ballot_id",
    "A ballot of this id was sent before, with other rankings: expected the same ones, or a new ballot id",
)


@dataclass
class IntakeService:
    """What the routes share: limits, admissions, and the log."""

    settings: IntakeSettings
    admissions: Admissions
    log: BallotLog
    now_s: Callable[[], float] = monotonic

    def __post_init__(self) -> None:
        settings, most = self.settings, self.settings.max_per_second_per_client
        self.recent = RecentBallots(settings.remembered_ballots)
        self.casts = Rates(settings.max_casts_per_minute)
        """Places in the log, by elector."""
        self.wrong_codes = Rates(settings.max_wrong_codes_per_minute)
        """By address."""
        self.sent = Rates(60 * most, most)
        """Ballots, by address."""

    def admit(self, election: str, body: bytes, client: str) -> Admitted | Refusal:
        """Return the ballot that bytes from an address hold, or why there is none."""
        admission = self.admissions.of(election)
        if isinstance(admission, Refusal):
            return admission
        if len(body) > self.settings.max_body_bytes:
            limit = self.settings.max_body_bytes
            return Refusal(413, "Too large", "", f"Expected at most {limit} bytes, like {EXAMPLE}")
        fault = self._rate_fault(client)
        if fault is not None:
            return fault
        form = read_form(body)
        admitted = form if isinstance(form, Refusal) else admission.admit(form)
        return self._guessed(client, admitted) if _is_wrong_code(admitted) else admitted

    def admit_all(self, election: str, lines: Sequence[bytes], client: str) -> list[Admitted | Refusal]:
        """Return `admit` of each line of a stream."""
        admission = self.admissions.of(election)
        settings = self.settings
        if (
            isinstance(admission, Refusal)
            or settings.max_per_second_per_client
            or max(map(len, lines)) > settings.max_body_bytes
        ):
            return [self.admit(election, line, client) for line in lines]
        found = admission.admit_all(lines)
        return [self._guessed(client, of) if _is_wrong_code(of) else of for of in found]

    async def record(self, election: str, ballots: Sequence[Admitted]) -> list[Admitted | Refusal]:
        """Return each ballot once it is in the log, or why it may not be.

        A ballot that was recorded lately is not written again, and of equal ones among `ballots` the first is.
        """
        outcomes: list[Admitted | Refusal] = list(ballots)
        firsts: dict[bytes, Admitted] = {}
        marks = [self.recent.mark(ballot.who, ballot.ballot) for ballot in ballots]
        new: list[bytes] = []
        now_s = self.now_s()
        for place, (ballot, found) in enumerate(zip(ballots, self.recent.find(marks), strict=True)):
            first = firsts.get(ballot.who)
            if found == "other rankings" or (first is not None and first.ballot != ballot.ballot):
                outcomes[place] = OTHER_RANKINGS
            elif found == "recorded" or first is not None:
                REPEATED.inc()
            elif wait_s := self.casts.hit((election, ballot.ballot.elector), now_s):
                outcomes[place] = _too_many("Too many ballots with this voting code", wait_s)
            else:
                firsts[ballot.who] = ballot
                new.append(marks[place])
        self.recent.note(new, recorded=False)
        fault = await self._write(election, list(firsts.values()), new) if firsts else None
        if fault is None:
            return outcomes
        return [fault if isinstance(of, Admitted) and of.who in firsts else of for of in outcomes]

    def recall(self, ballot: Admitted) -> Known:
        """Return whether a ballot was recorded lately; what is not remembered may have been recorded all the same."""
        return self.recent.find([self.recent.mark(ballot.who, ballot.ballot)])[0]

    async def _write(
        self, election: str, ballots: Sequence[Admitted], marks: Sequence[bytes]
    ) -> Refusal | None:
        try:
            await self.log.append(ballots)
        except LogUnavailable as fault:
            if isinstance(fault, NotSent):
                for mark in marks:
                    self.recent.forget(mark)
            again = f"Send the same ballot again; it counts once ({fault})"
            return Refusal(503, "Ballots cannot be recorded now", "", again, RETRY_AFTER_S)
        self.recent.note(marks, recorded=True)
        _recorded_in(election).inc(len(ballots))
        return None

    def _rate_fault(self, client: str) -> Refusal | None:
        if not self.settings.max_per_second_per_client:
            return None
        wait_s = self.sent.hit(address_key(client), self.now_s())
        return _too_many("Too many ballots from this address", wait_s) if wait_s else None

    def _guessed(self, client: str, refusal: Admitted | Refusal) -> Admitted | Refusal:
        """Count a wrong code. A good one is never refused because others at the same address mistype theirs."""
        wait_s = self.guess(client)
        return _too_many("Too many wrong voting codes from this address", wait_s) if wait_s else refusal

    def guess(self, client: str) -> float:
        """Count a wrong code from an address; return 0, or after how many seconds the next may be looked at."""
        WRONG_CODES.inc()
        return self.wrong_codes.hit(address_key(client), self.now_s())


@lru_cache(maxsize=1024)
def _recorded_in(election: str) -> Counter:
    return RECORDED.labels(election)


def _is_wrong_code(found: Admitted | Refusal) -> bool:
    return isinstance(found, Refusal) and found.status == 403


def _too_many(title: str, wait_s: float) -> Refusal:
    return Refusal(429, title, "", "Nothing was recorded; try again after Retry-After seconds", ceil(wait_s))


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
        outcomes: list[Admitted | Refusal] = []
        for start in range(0, len(lines), LINES_AT_ONCE):
            part = lines[start : start + LINES_AT_ONCE]
            outcomes += self._service.admit_all(election, part, client)
            await asyncio.sleep(0)
        admitted = [outcome for outcome in outcomes if isinstance(outcome, Admitted)]
        recorded = iter(await self._service.record(election, admitted))
        outcomes = [next(recorded) if isinstance(outcome, Admitted) else outcome for outcome in outcomes]
        return b"".join([_line(number, outcome) for number, outcome in enumerate(outcomes, before + 1)])


def _client(scope: Scope) -> str:
    return scope["client"][0] if scope["client"] else ""


def _line(number: int, outcome: Admitted | Refusal) -> bytes:
    if isinstance(outcome, Admitted):
        return f'{{"line":{number},{_recorded(outcome)}}}\n'.encode()
    REFUSED.labels(str(outcome.status)).inc()
    return msgspec.json.encode({"line": number, "status": "refused", "problem": outcome}) + b"\n"


def _recorded(cast: Admitted) -> str:
    """Return the answer for a recorded ballot, as members of a JSON object: recorded, which is not judged yet.

    Nothing in it needs escaping.
    """
    return (
        f'"ballot_id":"{cast.ballot.ballot_id.hex()}","status":"recorded",'
        f'"shard":{cast.shard},"receipt":"{cast.receipt}","note":"{NOTE}"'
    )


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
