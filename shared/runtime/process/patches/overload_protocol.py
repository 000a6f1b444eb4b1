"""uvicorn's protocol with an `Overload` (see `process/overload.py`).

A request too many is answered before anything is made of it, and a plain one without ASGI.

To turn a request away costs a third of what recording a ballot does, so that an overload can be answered, and what was taken
in does not queue without end. The same as middleware (`OverloadLimit`) costs a task, a scope and a cycle for each. A plain
request is answered by one task: no scope, no cycle, no layers of middleware, one write. They would take longer than the ballot.

Relies on uvicorn's callbacks of httptools' parser, on `tasks`, `app_state`, `app`, `url`, `headers`, `expect_100_continue`, `client`,
`parser`, `transport`, `flow`, `on_response_complete`, on what others ask of `cycle`, and on the proxy middleware's `trusted_hosts`.
A request is turned away, or answered here, only when it is the next on its connection and has been read to its end. Requests
that are still being read are not being answered, and do not count.
"""

import asyncio
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Final
from urllib.parse import unquote_to_bytes

import structlog
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from shared.runtime.process.connections import NEVER
from shared.runtime.process.overload import Asked, DirectRoute, Overload
from shared.runtime.process.patches.bounded_protocol import BoundedProtocol

READ_IN: Final = "0.54."
"""The versions of uvicorn whose `HttpToolsProtocol` was read."""
FAILED: Final = b"HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"

log = structlog.get_logger()


@dataclass(slots=True)
class DirectCycle:
    """A request that is answered without ASGI; the fields are those of uvicorn's own cycle that its protocol looks at."""

    route: DirectRoute
    part: str
    body: bytearray = field(default_factory=bytearray)
    message_event: asyncio.Event = field(default_factory=asyncio.Event)
    keep_alive: bool = True
    disconnected: bool = False
    response_started: bool = False
    response_complete: bool = False


class OverloadProtocol(BoundedProtocol):
    """One connection. The application gives its `Overload` in its lifespan's state."""

    _turned_away = False
    _direct: DirectCycle | None = None
    """The request that is being read, if it is to be answered without ASGI."""

    def on_headers_complete(self) -> None:
        """Let the request in, or not."""
        overload = self.app_state.get("overload")
        is_next = self.cycle is None or self.cycle.response_complete
        if overload is None or not is_next or not path_of(self.url).endswith(overload.path_end):
            super().on_headers_complete()
        elif len(self.tasks) - self._book.reading >= overload.max_requests:
            self._take_head()
            self._turned_away = True
        elif (direct := self._plain(overload)) is not None:
            self._take_head()
            self.cycle = self._direct = direct  # type: ignore[assignment]  # in the place of uvicorn's own
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Read on."""
        if self._turned_away:
            self._take_body(body)
        elif self._direct is not None:
            self._take_body(body)
            self._direct.body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Answer, now that the request has been read."""
        if self._turned_away:
            self._turned_away = False
            self._turn_away(self.app_state["overload"])
        elif self._direct is not None:
            direct, self._direct = self._direct, None
            self._bare_bytes, self._in_body, self.waits_since_s = 0, False, NEVER
            self.tasks.add(self.loop.create_task(self._answer(direct, self.headers)))
        else:
            super().on_message_complete()

    def _turn_away(self, overload: Overload) -> None:
        overload.turned_away()
        self.transport.write(overload.answer_bytes)
        if not self.parser.should_keep_alive():
            self.transport.close()
        self._in_body, self._bare_bytes = False, 0
        self._wait()
        self.on_response_complete()

    def _plain(self, overload: Overload) -> DirectCycle | None:
        """Return the request that is being read if it is plain."""
        route, parser = overload.direct, self.parser
        found = route.path.fullmatch(self.url) if route is not None else None
        if route is None or found is None or parser.get_method() != b"POST" or self.expect_100_continue:
            return None
        length = next((value for name, value in self.headers if name == b"content-length"), b"")
        if not length.isdigit() or int(length) > route.max_body_bytes:
            return None
        stays = parser.should_keep_alive() and not parser.should_upgrade()
        return DirectCycle(route, found[1].decode()) if stays else None

    async def _answer(self, cycle: DirectCycle, headers: list[tuple[bytes, bytes]]) -> None:
        try:
            answer = await cycle.route.answer(
                Asked(cycle.part, headers, self._client(headers), bytes(cycle.body))
            )
        except Exception:
            log.exception("a request failed")
            answer, cycle.keep_alive = FAILED, False
        finally:  # before the answer is sent: the next request may come before this task is seen to have ended
            self.tasks.discard(asyncio.current_task())
        if self.flow.write_paused and not cycle.disconnected:
            await self.flow.drain()
        cycle.response_complete = True
        if cycle.disconnected or self.transport.is_closing():
            return
        self.transport.write(answer)
        if not cycle.keep_alive:
            self.transport.close()
        self.on_response_complete()

    def _client(self, headers: list[tuple[bytes, bytes]]) -> str:
        """Return the client's address: of a trusted proxy's connection, the one that the proxy names."""
        host = self.client[0] if self.client else ""
        if not isinstance(self.app, ProxyHeadersMiddleware) or host not in self.app.trusted_hosts:
            return host
        forwarded = b", ".join([value for name, value in headers if name == b"x-forwarded-for"])
        return self.app.trusted_hosts.get_trusted_client_address(forwarded.decode("latin1"))[0] or host


def overload_protocol() -> type[OverloadProtocol] | None:
    """Return the protocol that holds to an `Overload` by itself, None in a version of uvicorn that was not read."""
    return OverloadProtocol if version("uvicorn").startswith(READ_IN) else None


def path_of(url: bytes) -> bytes:
    """Return the path of a request as routes see it, however it is spelt."""
    path = url.partition(b"?")[0].partition(b"#")[0]
    return unquote_to_bytes(path) if b"%" in path else path
