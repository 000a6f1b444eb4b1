"""The live feed: server-sent events (HTML standard, 9.2), the newest standing first.

Standings travel whole, so to resume is to send the newest, unless the client has it or a newer one (Last-Event-ID): another
gateway may have been ahead of this one. An id that is no number, or far beyond the newest, was never sent: it counts as none.

A standing is made into an event once, however many clients it goes to, and packed once for those who take gzip. Who asks for
it with `?light=1`, as our pages do, gets the sequence alone, and heartbeats that its script can hear. A client that takes nothing within the bound is dropped, and one that has left at once: a second task for each client waits for that alone. A client has one timer, set
again only when it fires: one for each event costs more than sending the event.
"""

import asyncio
from typing import NamedTuple, Self

from prometheus_client import Gauge
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.results.feed import GZIP_HEAD, OPEN, Publisher, packed
from services.results.hub import Hub, Listener
from shared.runtime.process.connections import address_key
from shared.runtime.process.http import problem

HEARTBEAT_S = 15.0
HEARTBEAT = b": still here\n\n"
BEAT = b"event: beat\ndata: still here\n\n"
"""A heartbeat that a page's script can hear; a comment is hidden from it."""
MAX_ID_DIGITS = 18
FAR_AHEAD = 10_000_000
"""Cast records by which another gateway is never ahead."""
RETRY_AFTER_S = 5
CLIENTS = Gauge("livecount_feed_clients", "Live connections of the feed", multiprocess_mode="livesum")
BYE = b"event: bye\ndata: the server is going away; connect again\n\n"
SAID = {
    pack: {said: packed(said) if pack else said for said in (HEARTBEAT, BEAT, BYE)} for pack in (False, True)
}
"""What is said beside standings, as it is sent."""


class Events(NamedTuple):
    """Who makes events of standings, whether they are packed, and whether they say the sequence alone."""

    publisher: Publisher
    pack: bool = False
    light: bool = False


class LiveFeed(Response):
    """The stream of a contest's standings."""

    media_type = "text/event-stream"

    def __init__(
        self,
        hub: Hub,
        key: str,
        seen: int,
        send_timeout_s: float,
        events: Events,
        address: str = "",
    ) -> None:
        self.status_code = 200
        self.background = None
        self._hub = hub
        self._events = events
        self._key = key
        newest = hub.frames.get(key)
        self._seen = -1 if newest is not None and seen > newest.sequence + FAR_AHEAD else seen
        self._address = address
        self._send_timeout_s = send_timeout_s
        encoding = {"Content-Encoding": "gzip"} if events.pack else {}
        self.init_headers(
            {
                "Access-Control-Allow-Origin": "*",
                "Cache-Control": "no-store",
                "Vary": "Accept-Encoding",
                **encoding,
            }
        )

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        """Send events until the client leaves, is too slow, or the server goes."""
        with (
            CLIENTS.track_inprogress(),
            self._hub.slots.taken(self._address),
            self._hub.listen(self._key) as listener,
            _ClientTimer(listener, self._send_timeout_s) as timer,
        ):
            left = asyncio.create_task(_left(receive, listener))
            try:
                await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
                if self._events.pack:
                    await self._send(send, timer, GZIP_HEAD)
                while not left.done() and not self._hub.closing:
                    event = self._next(timer)
                    if event is None:
                        await listener.wait()
                    else:
                        await self._send(send, timer, event)
                await self._send(send, timer, SAID[self._events.pack][BYE], more=False)
            except asyncio.CancelledError:
                if not timer.lost:
                    raise
            finally:
                left.cancel()

    def _next(self, timer: "_ClientTimer") -> bytes | None:
        """Return the newest standing's event if the client has not had it, a heartbeat when it is time for one."""
        newest = self._hub.frames.get(self._key)
        if newest is not None and newest.sequence > self._seen:
            self._seen = newest.sequence
            publisher, pack, light = self._events
            return publisher.event(newest, pack=pack, light=light)
        said = BEAT if self._events.light else HEARTBEAT
        return SAID[self._events.pack][said] if timer.heartbeat_due() else None

    async def _send(self, send: Send, timer: "_ClientTimer", event: bytes, *, more: bool = True) -> None:
        timer.begin(sending=True)
        await send({"type": "http.response.body", "body": event, "more_body": more})
        timer.begin(sending=False)


class _ClientTimer:
    """Bounds how long a client's task waits for news (then a heartbeat is due) and for the client to take some."""

    def __init__(self, listener: Listener, send_timeout_s: float) -> None:
        self.lost = False
        """Whether the client has taken nothing for too long: then its task is cancelled."""
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._bounds_s = (HEARTBEAT_S, send_timeout_s)
        """While waiting for news, and while sending."""
        self.begin(sending=False)

    def __enter__(self) -> Self:
        self._fire()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def begin(self, *, sending: bool) -> None:
        """Begin to wait for the client, or for news."""
        self._sending = sending
        self._since_s = self._loop.time()

    def heartbeat_due(self) -> bool:
        """Whether there have been no news for a heartbeat's time. Asked while nothing is being sent."""
        return self._left_s() <= 0

    def _left_s(self) -> float:
        return self._since_s + self._bounds_s[self._sending] - self._loop.time()

    def _fire(self) -> None:
        left_s = self._left_s()
        if left_s <= 0 and self._sending and self._task is not None:
            self.lost = True
            self._task.cancel()
        elif left_s <= 0:
            self._listener.wake()
        again_s = min(self._bounds_s)
        self._timer = self._loop.call_later(min(left_s, again_s) if left_s > 0 else again_s, self._fire)


def live(
    request: Request,
    hub: Hub,
    key: str,
    send_timeout_s: float,
    publisher: Publisher | None = None,
    *,
    light: bool = False,
) -> Response:
    """Return the stream of a contest's standings, or why there is no room for one more."""
    address = address_key(request.client.host) if request.client else ""
    if not hub.slots.free(address):
        refused = problem(
            429 if hub.slots.room else 503,
            "Too many live connections",
            "Ask for the standing instead, or try again after Retry-After seconds",
            retry_after_s=RETRY_AFTER_S,
        )
        refused.headers.update(OPEN)
        return refused
    seen = request.headers.get("last-event-id", "")
    number = int(seen) if len(seen) <= MAX_ID_DIGITS and seen.isdecimal() else -1
    feed = LiveFeed(
        hub,
        key,
        number,
        send_timeout_s,
        Events(
            publisher or Publisher(),
            pack="gzip" in request.headers.get("accept-encoding", ""),
            light=light,
        ),
        address,
    )
    return Response(headers=dict(feed.headers)) if request.method == "HEAD" else feed


async def _left(receive: Receive, listener: Listener) -> None:
    """Wait until the client has left, and wake its task."""
    while (await receive())["type"] != "http.disconnect":
        pass
    listener.wake()
