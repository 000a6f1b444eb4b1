"""How requests come in: uvicorn's protocol, and a limit on what is admitted on at once.

Rule 1: while `max_requests` requests are being answered, one more single ballot is turned away before anything is made
        of it: 503 with Retry-After. That costs less than taking it (some third), so that an overload can be
        answered, and what was admitted in does not queue without end. Everything else (health, streams) always comes in.
Rule 2: a request is turned away only when it is the next on its connection and has been read to its end.

The application says `max_requests` in its lifespan's state, so that the door knows nothing of settings.
"""

from typing import Final

import msgspec
from prometheus_client import Counter
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TURNED_AWAY: Final = Counter(
    "livecount_intake_turned_away_total", "Ballots turned away before they were read"
)
RETRY_AFTER_S: Final = 1
SINGLE: Final = b"/ballots"
"""How the path of a single ballot ends."""
_PROBLEM: Final = msgspec.json.encode(
    {
        "type": "about:blank",
        "title": "Too much at once",
        "status": 503,
        "detail": "Nothing was recorded; send the same ballot again after Retry-After seconds",
    }
)
_ANSWER: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: %d\r\n"
    b"content-length: %d\r\n\r\n%b" % (RETRY_AFTER_S, len(_PROBLEM), _PROBLEM)
)


class OverloadProtocol(HttpToolsProtocol):
    """One connection."""

    _turned_away = False

    def on_headers_complete(self) -> None:
        """Let the request in, or not."""
        full = len(self.tasks) >= self.app_state["max_requests"]
        if full and self.url.endswith(SINGLE) and (self.cycle is None or self.cycle.response_complete):
            self._turned_away = True
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Read on."""
        if not self._turned_away:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Turn away what was not let in, now that it has been read."""
        if not self._turned_away:
            super().on_message_complete()
            return
        self._turned_away = False
        TURNED_AWAY.inc()
        self.transport.write(_ANSWER)
        if not self.parser.should_keep_alive():
            self.transport.close()
        self.on_response_complete()
