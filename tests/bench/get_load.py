"""Gets one path over kept connections, one request in flight on each, and prints the answers a second.

`python -m tests.bench.get_load PORT PATH CONNECTIONS SECONDS [--etag TAG]`
"""

import argparse
import asyncio
import sys
import time
from typing import cast

import httptools
import uvloop


class Connection(asyncio.Protocol):
    """One connection."""

    def __init__(self, request: bytes, expected: int) -> None:
        self.answered = 0
        self.fault = ""
        self._request = request
        self._expected = expected
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Count the answer, and ask again."""
        status = self._parser.get_status_code()
        if status != self._expected:
            self.fault = f"an answer of {status}, expected {self._expected}"
        self.answered += 1
        assert self._transport is not None
        self._transport.write(self._request)

    def close(self) -> None:
        """Hang up."""
        assert self._transport is not None
        self._transport.abort()


async def run(port: int, path: str, connections: int, seconds: float, etag: str) -> float:
    """Return the answers a second. Raises AssertionError on another status."""
    condition = f"If-None-Match: {etag}\r\n" if etag else ""
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\n{condition}\r\n".encode()
    loop, expected = asyncio.get_running_loop(), 304 if etag else 200
    opened = await asyncio.gather(
        *(
            loop.create_connection(lambda: Connection(request, expected), "127.0.0.1", port)
            for _ in range(connections)
        )
    )
    began = time.perf_counter()
    await asyncio.sleep(seconds)
    taken = time.perf_counter() - began
    for _, connection in opened:
        connection.close()
        assert not connection.fault, connection.fault
    return sum(connection.answered for _, connection in opened) / taken


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m tests.bench.get_load")
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("connections", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--etag", default="")
    of = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        said = runner.run(run(of.port, of.path, of.connections, of.seconds, of.etag))
    sys.stdout.write(f"{said}\n")
