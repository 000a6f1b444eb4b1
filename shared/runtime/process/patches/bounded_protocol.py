"""uvicorn's protocol with the bounds of `connections`: one object a connection.

Relies on uvicorn's callbacks of httptools' parser, on `flow` (`read_paused`), `pipeline`, `transport`, `cycle`
(`response_started`, `response_complete`, `disconnected`, `message_event`), `send_400_response` and `on_response_complete`. A
callback that raises ends the parser, and uvicorn then sends 400: so a request that is refused while it is parsed goes no further.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.runtime.process.connections import ENDED, LINGER_S, MAX_LINGERING, NEVER, Connections

MAX_PIPELINED: Final = 16
"""Requests of one connection that wait for the answer to the one before."""


HTTP_VERSIONS: Final = ("1.0", "1.1")


class _Refused(Exception):
    """Ends the parser."""


class BoundedProtocol(HttpToolsProtocol):
    """One connection."""

    def __init__(self, *arguments: Any, book: Connections, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._book = book
        self.address = ""
        self.waits_since_s = NEVER
        """Since when we wait for a request's head or body."""
        self._in_body = False
        self._reading = False
        """Whether a request that is being answered is still being read."""
        self._bare_bytes = 0
        """Received since the last piece of a body."""
        self._body_bytes = 0
        self._blocked_since_s = NEVER
        """Since when the client takes nothing of what it is sent."""
        self._over = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Take the connection, or say why not."""
        super().connection_made(transport)
        self.address = self._book.address_of(self.client)
        self._wait()
        refused = self._book.add(self)
        if refused is not None:
            self.end("connections", refused)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._book.remove(self)
        self._read()
        self._over = True
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        if self._over:
            return
        self._bare_bytes += len(data)
        super().data_received(data)
        limits = self._book.limits
        too_many = self.headers is not None and len(self.headers) > limits.max_headers
        if (self._bare_bytes > limits.max_head_bytes or too_many) and not self._over:
            self.end("head bytes", self._book.refusals.head_too_large)

    def on_message_begin(self) -> None:
        """Wait for the head."""
        super().on_message_begin()
        self._in_body = False
        self._wait()

    def on_headers_complete(self) -> None:
        """Wait for the body."""
        self._take_head()
        super().on_headers_complete()
        if not self.pipeline:
            self._reading = True
            self._book.reading += 1

    def _take_head(self) -> None:
        """Refuse a head that is too large, names not one host (RFC 9112, 3.2), or is one of too many; then wait for the body."""
        size = len(self.url) + sum([len(name) + len(value) + 4 for name, value in self.headers])
        limits = self._book.limits
        if size > limits.max_head_bytes or len(self.headers) > limits.max_headers:
            self._refuse("head bytes", self._book.refusals.head_too_large)
        hosts, version = sum([name == b"host" for name, _ in self.headers]), self.parser.get_http_version()
        if hosts > 1 or (not hosts and version == "1.1") or version not in HTTP_VERSIONS:
            self._refuse("malformed", self._book.refusals.malformed)
        if len(self.pipeline) >= MAX_PIPELINED:
            self._refuse("pipelined", self._book.refusals.pipelined)
        self._in_body, self._body_bytes = True, 0
        self._wait()

    def on_body(self, body: bytes) -> None:
        """Read on."""
        self._take_body(body)
        super().on_body(body)

    def _take_body(self, body: bytes) -> None:
        self._bare_bytes = 0
        self._body_bytes += len(body)

    def on_message_complete(self) -> None:
        """Answer; the next head is waited for if that has been done already."""
        super().on_message_complete()
        self._read()
        self._in_body, self._bare_bytes = False, 0
        if self.cycle is None or self.cycle.response_complete:
            self._wait()
        else:
            self.waits_since_s = NEVER

    def on_response_complete(self) -> None:
        """Wait for the next head, unless there is more to answer or to read."""
        queued = bool(self.pipeline)
        self._read()
        super().on_response_complete()
        if queued and self._in_body and not self.pipeline:
            self._reading = True
            self._book.reading += 1
        elif not queued and self.waits_since_s == NEVER:
            self._wait()

    def pause_writing(self) -> None:
        """Note since when the client takes nothing."""
        self._blocked_since_s = self.loop.time()
        super().pause_writing()
        self._book.leaves(self, self.transport.get_write_buffer_size())

    def resume_writing(self) -> None:
        """The client takes again."""
        self._blocked_since_s = NEVER
        self._book.taken(self)
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  uvicorn's own words say less
        """Say that this is not HTTP, unless the client has been sent something else."""
        if not self._over:
            self.end("malformed", self._book.refusals.malformed)

    def look(self, now_s: float) -> None:
        """End the connection if its client has kept us waiting for too long, for a request or to take an answer."""
        limits, refusals = self._book.limits, self._book.refusals
        if now_s - self._blocked_since_s > limits.send_timeout_s:
            self.end("answer not taken")
        elif self.flow.read_paused:
            self.waits_since_s = NEVER if self.waits_since_s == NEVER else now_s
        elif self._in_body:
            if now_s - self.waits_since_s > limits.body_s + self._body_bytes / limits.body_bytes_per_s:
                started = self.cycle is not None and self.cycle.response_started
                self.end("body late", b"" if started else refusals.body_late)
        elif now_s - self.waits_since_s > limits.head_s:
            self.end("head late", refusals.head_late if self._bare_bytes else b"")

    def end(self, bound: str, answer: bytes = b"") -> None:
        """End the connection: with an answer, which the client is given a moment to read, or at once."""
        ENDED.labels(bound).inc()
        self._over = True
        self._book.remove(self)
        self._unset_keepalive_if_required()
        self._leave_off()
        if not answer or self.transport.is_closing() or self._book.lingering >= MAX_LINGERING:
            self.transport.abort()
            return
        self.transport.write(answer)
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._book.lingering += 1
        self.loop.call_later(LINGER_S, self._leave)

    def _leave_off(self) -> None:
        """Let the application know that nobody listens any more: what it says after the answer would raise."""
        self.pipeline.clear()
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
            self.flow.resume_writing()

    def _leave(self) -> None:
        self._book.lingering -= 1
        self.transport.abort()

    def _refuse(self, bound: str, answer: bytes) -> None:
        self.end(bound, answer)
        raise _Refused(bound)

    def _wait(self) -> None:
        self.waits_since_s = self.loop.time()

    def _read(self) -> None:
        """Note that nothing more is to be read of the request that is being answered."""
        if self._reading:
            self._reading = False
            self._book.reading -= 1
