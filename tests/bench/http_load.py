"""Posts to one path over kept connections, and prints what came back, as JSON: `python -m tests.bench.http_load --help`.

Rule 1: a connection has one request in flight. Without a plan (closed loop) it sends the next with the answer.
Rule 2: with a plan (open loop) requests are due at their times, whatever the server does; one that finds no free
        connection waits, and its latency counts from when it was due.
Rule 3: a status other than 202 and 503, or a connection that breaks, ends the run.
"""

import argparse
import asyncio
import json
import resource
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Final, cast

import numpy as np
import uvloop

TICK_S: Final = 0.001
OPEN_GAP_S: Final = 0.001
DRAIN_S: Final = 15.0
ACCEPTED, SHED = 202, 503
_LENGTH: Final = b"\r\ncontent-length: "


class LoadFailed(Exception):
    """The load cannot go on, and why."""


@dataclass
class Second:
    """What was due in one second of the run. Latencies of accepted requests are in seconds."""

    offered: int = 0
    shed: int = 0
    accepted_s: list[float] = field(default_factory=list)
    shed_s: list[float] = field(default_factory=list)


class Load:
    """All connections, and the book of what they were answered."""

    def __init__(self, requests: list[bytes], *, closed: bool) -> None:
        self.idle: deque[Connection] = deque()
        self.due: deque[float] = deque()
        self.fault = ""
        self.running = True
        self.in_flight = 0
        self.began_s = 0.0
        self.seconds: list[Second] = []
        self._requests = cycle(requests)
        self._closed = closed

    def begin(self) -> None:
        """Start the clock; what was measured before is forgotten."""
        self.began_s, self.seconds = time.perf_counter(), []

    def send(self, connection: "Connection", due_s: float) -> None:
        """Send the next request."""
        self.in_flight += 1
        self._second(due_s).offered += 1
        connection.send(next(self._requests), due_s)

    def answered(self, connection: "Connection", status: int, due_s: float) -> None:
        """Note an answer; the connection is free again."""
        self.in_flight -= 1
        now_s = time.perf_counter()
        second = self._second(due_s)
        if status == ACCEPTED:
            second.accepted_s.append(now_s - due_s)
        elif status == SHED:
            second.shed += 1
            second.shed_s.append(now_s - due_s)
        else:
            self.fault = self.fault or f"an answer of {status}"
        if self.due:
            self.send(connection, self.due.popleft())
        elif self._closed and self.running:
            self.send(connection, now_s)
        else:
            self.idle.append(connection)

    def _second(self, due_s: float) -> Second:
        place = max(0, int(due_s - self.began_s))
        while len(self.seconds) <= place:
            self.seconds.append(Second())
        return self.seconds[place]


class Connection(asyncio.Protocol):
    """One kept connection."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._got = b""
        self._due_s = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """A server that hangs up during the run is a fault."""
        if self._load.running:
            self._load.fault = self._load.fault or f"a connection was closed ({exc})"

    def send(self, request: bytes, due_s: float) -> None:
        """Send a request."""
        self._due_s = due_s
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Gather an answer; enter it when it is whole."""
        self._got += data
        got = self._got
        head = got.find(b"\r\n\r\n")
        if head < 0:
            return
        length = got.find(_LENGTH, 0, head) + len(_LENGTH)
        if len(got) >= head + 4 + int(got[length : got.find(b"\r", length)]):
            self._got = b""
            self._load.answered(self, int(got[9:12]), self._due_s)


async def run(
    load: Load, port: int, connections: int, plan: list[tuple[float, float]], warm_s: float
) -> None:
    """Open the connections, load the server as planned, and wait for the last answers. Raises LoadFailed."""
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        _, connection = await loop.create_connection(lambda: Connection(load), "127.0.0.1", port)
        load.idle.append(connection)
        await asyncio.sleep(OPEN_GAP_S)
    load.begin()
    for rate, seconds in [(plan[0][0], warm_s), (0.0, -1.0), *plan]:
        if seconds < 0:
            load.begin()
        elif rate:
            await _open_loop(load, rate, seconds)
        else:
            await _closed_loop(load, seconds)
    load.running = False
    async with asyncio.timeout(DRAIN_S):
        while load.in_flight or load.due:
            _check(load)
            await asyncio.sleep(TICK_S)


async def _closed_loop(load: Load, seconds: float) -> None:
    while load.idle:
        load.send(load.idle.popleft(), time.perf_counter())
    end_s = time.perf_counter() + seconds
    while time.perf_counter() < end_s:
        _check(load)
        await asyncio.sleep(0.01)


async def _open_loop(load: Load, rate: float, seconds: float) -> None:
    began_s, sent = time.perf_counter(), 0
    while sent < int(rate * seconds):
        _check(load)
        for number in range(sent, min(int((time.perf_counter() - began_s) * rate), int(rate * seconds))):
            due_s = began_s + number / rate
            if load.idle:
                load.send(load.idle.popleft(), due_s)
            else:
                load.due.append(due_s)
            sent = number + 1
        await asyncio.sleep(TICK_S)


def _check(load: Load) -> None:
    if load.fault:
        raise LoadFailed(load.fault)


def report(load: Load, planned_s: float) -> dict[str, object]:
    """Return what was seen: in all, and second by second; latencies in milliseconds."""
    accepted = [of for second in load.seconds for of in second.accepted_s]
    shed = [of for second in load.seconds for of in second.shed_s]
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "per_s": len(accepted) / planned_s,
        "accepted": len(accepted),
        "shed": len(shed),
        **_percentiles("", accepted),
        **_percentiles("shed_", shed),
        "generator_cpu_s": used.ru_utime + used.ru_stime,
        "seconds": [
            {
                "offered": second.offered,
                "accepted": len(second.accepted_s),
                "shed": second.shed,
                **_percentiles("", second.accepted_s),
            }
            for second in load.seconds
        ],
    }


def _percentiles(prefix: str, seconds: list[float]) -> dict[str, float | None]:
    names = {f"{prefix}p50_ms": 50, f"{prefix}p99_ms": 99}
    if not seconds:
        return dict.fromkeys(names)
    return {name: round(1e3 * float(np.percentile(seconds, of)), 3) for name, of in names.items()}


def _requests(path: str, forms: Path) -> list[bytes]:
    head = f"POST {path} HTTP/1.1\r\nHost: livecount\r\nContent-Type: application/json\r\nContent-Length: "
    lines = forms.read_bytes().splitlines()
    return [head.encode() + b"%d\r\n\r\n" % len(line) + line for line in lines]


def _plan(text: str) -> list[tuple[float, float]]:
    return [
        (float(rate), float(seconds))
        for rate, _, seconds in (part.partition(":") for part in text.split(","))
    ]


def main() -> None:
    """Load, and print the report."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.http_load",
        description=__doc__.partition("\n")[0],
        epilog="Example: --port 8101 --path /v1/elections/bench/ballots --forms forms.ndjson --plan 2000:10,9000:10",
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", required=True)
    parser.add_argument("--forms", type=Path, required=True, help="bodies, one a line")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--warm", type=float, default=0.5, help="seconds before the clock starts")
    parser.add_argument("--plan", type=_plan, required=True, help="rate:seconds,…; rate 0: closed loop")
    of = parser.parse_args()
    load = Load(_requests(of.path, of.forms), closed=of.plan[0][0] == 0)
    try:
        uvloop.run(run(load, of.port, of.connections, of.plan, of.warm))
    except (LoadFailed, OSError, TimeoutError) as fault:
        sys.stderr.write(f"http_load: {fault!r}\n")
        sys.exit(1)
    sys.stdout.write(json.dumps(report(load, sum(seconds for _, seconds in of.plan))))


if __name__ == "__main__":
    main()
