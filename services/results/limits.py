"""How often an address may ask the API, said in every answer (draft-ietf-httpapi-ratelimit-headers-10)."""

import time
from math import ceil
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.results.feed import OPEN
from shared.runtime.process.connections import address_key
from shared.runtime.process.http import problem
from shared.runtime.process.rates import Rates

WINDOW_S: Final = 60
LIMITED: Final = "/v1/"


class RequestLimit:
    """Middleware that answers 429 to an address that asks the API too often, and says to each how often it still may."""

    def __init__(self, app: ASGIApp, per_minute: int) -> None:
        self._app = app
        self._rates = Rates(per_minute)
        self._policy = f'"address";q={per_minute};w={WINDOW_S}'
        self._each_s = WINDOW_S / per_minute

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] != "http" or not scope["path"].startswith(LIMITED):
            await self._app(scope, receive, send)
            return
        client = Request(scope).client
        address, now_s = address_key(client.host) if client else "", time.monotonic()
        wait_s = self._rates.hit(address, now_s)
        left = 0 if wait_s else self._rates.left(address, now_s)
        state = f'"address";r={left};t={ceil(wait_s or self._each_s)}'

        async def send_with_state(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update({"RateLimit-Policy": self._policy, "RateLimit": state})
            await send(message)

        if not wait_s:
            await self._app(scope, receive, send_with_state)
            return
        said = "This address has asked too often; follow the stream instead, or ask again after Retry-After seconds"
        refused = problem(429, "Too many requests", said, retry_after_s=ceil(wait_s))
        refused.headers.update(OPEN)
        await refused(scope, receive, send_with_state)
