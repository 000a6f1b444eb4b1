"""Many clients of one live feed in one process: what each received, and when.

`python -m tests.bench.feed_clients PORT PATH CLIENTS SECONDS OUT [gzip]`: says "connected" on standard output once every client
has the head of its answer; after SECONDS writes OUT, pairs of float64: a standing's number, and CLOCK_MONOTONIC in
seconds when one client had it. At the end it prints what clients received, least first, as JSON.

Rule 1: a client only looks for "id:" lines; whatever else it costs to receive is the network's.
Rule 2: with `gzip` clients count the ends of packed events, but one in PLAIN_OF takes them plain and notes when: to unpack what 5,000
        are sent would take more than to send it.
"""

import asyncio
import json
import re
import resource
import sys
import time
from array import array
from itertools import count
from pathlib import Path
from typing import Final, cast

import uvloop

OPENED_AT_ONCE: Final = 100
PLAIN_OF: Final = 50
FLUSHED: Final = b"\x00\x00\xff\xff"
"""How each part of a gzip stream ends that is an event (RFC 1951, an empty stored block)."""
_ID: Final = re.compile(rb"\nid: (\d+)\nevent: standing\n")


class Client(asyncio.Protocol):
    """One connection."""

    wants = b"Accept: text/event-stream\r\n"

    def __init__(self, request: bytes, arrivals: "array[float]") -> None:
        self.received = self.bytes = 0
        self.head: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost = False
        self._request = request
        self._arrivals = arrivals
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the feed."""
        cast("asyncio.Transport", transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        """Note each standing."""
        if not self.head.done():
            self.head.set_result(None)
        self.bytes += len(data)
        self.take(data)

    def take(self, data: bytes) -> None:
        """Note each standing of a stream that is not packed."""
        data = self._rest + data
        for found in _ID.finditer(data):
            self.received += 1
            self._arrivals.extend((float(found.group(1)), time.monotonic()))
        self._rest = data[-1:] if data.endswith(b"\n") else b""

    def connection_lost(self, _: Exception | None) -> None:
        """Remember that it ended."""
        self.lost = True


class Counting(Client):
    """A connection that takes gzip, and counts the ends of events."""

    wants = Client.wants + b"Accept-Encoding: gzip\r\n"

    def take(self, data: bytes) -> None:
        """Count, ends that came in two pieces too."""
        data = self._rest + data
        self.received += data.count(FLUSHED)
        self._rest = b"" if data.endswith(FLUSHED) else data[1 - len(FLUSHED) :]


async def run(
    port: int, path: str, number: int, seconds: float, out: Path, *, pack: bool
) -> dict[str, object]:
    """Connect, listen, and return what was received."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (number + 500, max(number + 500, resource.getrlimit(7)[1])))
    loop, arrivals = asyncio.get_running_loop(), array("d")
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\n".encode()

    def client() -> Client:
        kind = Counting if pack and next(numbers) % PLAIN_OF else Client
        return kind(request + kind.wants + b"\r\n", arrivals)

    numbers = count()
    clients: list[Client] = []
    while len(clients) < number:
        opened = [
            loop.create_connection(client, "127.0.0.1", port)
            for _ in range(min(OPENED_AT_ONCE, number - len(clients)))
        ]
        fresh = [each for _, each in await asyncio.gather(*opened)]
        await asyncio.gather(*(each.head for each in fresh))
        clients += fresh
    sys.stdout.write("connected\n")
    sys.stdout.flush()
    await asyncio.sleep(seconds)
    out.write_bytes(arrivals.tobytes())
    received = sorted(each.received for each in clients)
    taken = sorted(each.bytes for each in clients)
    return {"received": received, "bytes": taken, "lost": sum(each.lost for each in clients)}


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        of = run(
            int(sys.argv[1]),
            sys.argv[2],
            int(sys.argv[3]),
            float(sys.argv[4]),
            Path(sys.argv[5]),
            pack=sys.argv[6:] == ["gzip"],
        )
        said = runner.run(of)
    sys.stdout.write(json.dumps(said) + "\n")
