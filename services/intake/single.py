"""One ballot in a request: 202 with its receipt once the log has acknowledged it, or a problem.

Written for ASGI itself: a request and a response object would cost as much as the ballot.
"""

from limits import RateLimitItemPerSecond
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from services.intake.admission import Admitted
from services.intake.forms import Refusal
from services.intake.service import IntakeService, media_fault, recorded, refused

JSON_TYPES = (b"application/json",)


class SingleBallot:
    """Answers `POST …/ballots`."""

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
