"""uvicorn's protocol with an `Overload` (see `process/overload.py`): a request too many is answered before anything is made of it.

It costs a third of what recording a ballot does, so that an overload can be answered, and what was taken in does not
queue without end. The same as middleware (`OverloadLimit`) costs a task, a scope and a cycle for each.

Relies on uvicorn's callbacks of httptools' parser, on `tasks`, `app_state`, `url`, `cycle.response_complete`, `parser`,
`transport` and `on_response_complete`. A request is turned away only when it is the next on its connection and has been
read to its end. Requests that are still being read are not being answered, and do not count.
"""

from urllib.parse import unquote_to_bytes

from shared.runtime.process.patches.bounded_protocol import BoundedProtocol


class OverloadProtocol(BoundedProtocol):
    """One connection. The application gives its `Overload` in its lifespan's state."""

    _turned_away = False

    def on_headers_complete(self) -> None:
        """Let the request in, or not."""
        overload = self.app_state.get("overload")
        if (
            overload is not None
            and len(self.tasks) - self._book.reading >= overload.max_requests
            and path_of(self.url).endswith(overload.path_end)
            and (self.cycle is None or self.cycle.response_complete)
        ):
            self._take_head()
            self._turned_away = True
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Read on."""
        if self._turned_away:
            self._take_body(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Turn away what was not let in, now that it has been read."""
        if not self._turned_away:
            super().on_message_complete()
            return
        self._turned_away = False
        overload = self.app_state["overload"]
        overload.turned_away()
        self.transport.write(overload.answer_bytes)
        if not self.parser.should_keep_alive():
            self.transport.close()
        self._in_body, self._bare_bytes = False, 0
        self._wait()
        self.on_response_complete()


def path_of(url: bytes) -> bytes:
    """Return the path of a request as routes see it, however it is spelt."""
    path = url.partition(b"?")[0].partition(b"#")[0]
    return unquote_to_bytes(path) if b"%" in path else path
