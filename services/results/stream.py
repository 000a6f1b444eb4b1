"""The live feed: server-sent events, the newest standing first.

Standings travel whole, so to resume is to send the newest, unless the client has it (Last-Event-ID).
"""

from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from services.results.hub import Hub

HEARTBEAT_S = 15
RECONNECT_MS = 2_000


def live(request: Request, hub: Hub, key: str, send_timeout_s: float) -> Response:
    """Return the stream of a contest's standings."""
    seen = request.headers.get("last-event-id", "")
    events = _events(hub, key, int(seen) if seen.isdecimal() else -1)
    headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-store"}
    return EventSourceResponse(events, ping=HEARTBEAT_S, send_timeout=send_timeout_s, headers=headers)


async def _events(hub: Hub, key: str, seen: int) -> AsyncIterator[ServerSentEvent]:
    with hub.listen(key) as news:
        while not hub.closing.is_set():
            news.clear()
            newest = hub.frames.get(key)
            if newest is not None and newest.sequence > seen:
                seen = newest.sequence
                yield ServerSentEvent(
                    newest.body.decode(), event="standing", id=str(seen), retry=RECONNECT_MS, sep="\n"
                )
                continue
            await news.wait()
        yield ServerSentEvent("the server is going away; connect again", event="bye", sep="\n")
