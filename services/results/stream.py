"""The live feed: server-sent events (HTML standard, 9.2), the newest standing first.

Standings travel whole, so to resume is to send the newest, unless the client has it (Last-Event-ID).

Rule 1: a standing is made into an event once, however many clients it goes to.
Rule 2: a client that takes nothing within the bound is let go, one that has left at once. Its one task beside waits for
        that, and for nothing else.
"""

import asyncio

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.results.hub import Hub

HEARTBEAT_S = 15.0
HEARTBEAT = b": still here\n\n"
BYE = b"event: bye\ndata: the server is going away; connect again\n\n"


class LiveFeed(Response):
    """The stream of a contest's standings."""

    media_type = "text/event-stream"

    def __init__(self, hub: Hub, key: str, seen: int, send_timeout_s: float) -> None:
        self.status_code = 200
        self.background = None
        self._hub = hub
        self._key = key
        self._seen = seen
        self._send_timeout_s = send_timeout_s
        self.init_headers({"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"})

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send events until the client leaves, is too slow, or the server goes."""
        with self._hub.listen(self._key) as news:
            left = asyncio.create_task(_left(receive, news))
            try:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                while not left.done() and not self._hub.closing.is_set():
                    await self._tell(send, await self._next(news))
                await self._tell(send, BYE, more=False)
            except TimeoutError:  # whoever takes nothing is let go
                return
            finally:
                left.cancel()

    async def _next(self, news: asyncio.Event) -> bytes:
        """Return the newest standing's event if the client has not had it; else wait for news or a heartbeat's time."""
        news.clear()
        newest = self._hub.frames.get(self._key)
        if newest is not None and newest.sequence > self._seen:
            self._seen = newest.sequence
            return newest.event
        try:
            async with asyncio.timeout(HEARTBEAT_S):
                await news.wait()
        except TimeoutError:
            return HEARTBEAT
        return b""

    async def _tell(self, send: Send, event: bytes, *, more: bool = True) -> None:
        if event:
            async with asyncio.timeout(self._send_timeout_s):
                await send({"type": "http.response.body", "body": event, "more_body": more})


def live(request: Request, hub: Hub, key: str, send_timeout_s: float) -> Response:
    """Return the stream of a contest's standings."""
    seen = request.headers.get("last-event-id", "")
    return LiveFeed(hub, key, int(seen) if seen.isdecimal() else -1, send_timeout_s)


async def _left(receive: Receive, news: asyncio.Event) -> None:
    """Wait until the client has left, and wake whoever waits for news."""
    while (await receive())["type"] != "http.disconnect":
        pass
    news.set()
