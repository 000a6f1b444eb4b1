"""Many clients of one live feed in one process: what each received, and when.

`python -m tests.bench.feed_clients PORT PATH CLIENTS SECONDS OUT`: says "connected" on standard output once every client
has the head of its answer; after SECONDS writes OUT, pairs of float64: a standing's number, and CLOCK_MONOTONIC in
seconds when one client had it. At the end it prints what clients received, least first, as JSON.

Rule 1: a client only looks for "id:" lines; whatever else it costs to receive is the network's.
"""

import asyncio
import json
import re
import resource
import sys
import time
from array import array
from pathlib import Path
from typing import Final, cast

import uvloop

OPENED_AT_ONCE: Final = 100
_ID: Final = re.compile(rb"\nid: (\d+)\nevent: standing\n")


class Client(asyncio.Protocol):
    """One connection."""

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
        data = self._rest + data
        for found in _ID.finditer(data):
            self.received += 1
            self._arrivals.extend((float(found.group(1)), time.monotonic()))
        self._rest = data[-1:] if data.endswith(b"\n") else b""

    def connection_lost(self, _: Exception | None) -> None:
        """Remember that it ended."""
        self.lost = True


async def run(port: int, path: str, number: int, seconds: float, out: Path) -> dict[str, object]:
    """Connect, listen, and return what was received."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (number + 500, max(number + 500, resource.getrlimit(7)[1])))
    loop, arrivals = asyncio.get_running_loop(), array("d")
    request = f"GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: text/event-stream\r\n\r\n".encode()
    clients: list[Client] = []
    while len(clients) < number:
        opened = [
            loop.create_connection(lambda: Client(request, arrivals), "127.0.0.1", port)
            for _ in range(min(OPENED_AT_ONCE, number - len(clients)))
        ]
        fresh = [client for _, client in await asyncio.gather(*opened)]
        await asyncio.gather(*(client.head for client in fresh))
        clients += fresh
    sys.stdout.write("connected\n")
    sys.stdout.flush()
    await asyncio.sleep(seconds)
    out.write_bytes(arrivals.tobytes())
    received = sorted(client.received for client in clients)
    taken = sorted(client.bytes for client in clients)
    return {"received": received, "bytes": taken, "lost": sum(client.lost for client in clients)}


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        said = runner.run(
            run(int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), Path(sys.argv[5]))
        )
    sys.stdout.write(json.dumps(said) + "\n")
