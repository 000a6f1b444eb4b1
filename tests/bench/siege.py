"""Honest electors while somebody floods intake with one code, or holds its connections: `python -m tests.bench.siege`.

Rule 1: intake as it is set by default, on a real Kafka; electors cast from 127.0.0.2, some twenty a second, each a ballot of its own.
Rule 2: the attackers are processes of their own, on the same two cores as intake, broker and electors.
Rule 3: latency is from the first byte sent to the answer; an elector who is not answered 202 is a missed goal.
"""

import asyncio
import http.client
import json
import multiprocessing
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx
import numpy as np

from infra.local.kafka import EmbeddedKafka
from shared.contract.elections import Phase
from tests.bench.election import Electorate
from tests.bench.goals import Figure, table
from tests.bench.logs import SHARDS
from tests.bench.processes import memory_bytes
from tests.bench.report import arguments, begin, write
from tests.support.pipeline import Pipeline

ELECTORS: Final = 20_000
ELECTOR: Final = "127.0.0.2"
PAUSE_S: Final = 0.05
PATH: Final = "/v1/elections/bench/ballots"
ATTACKERS: Final = 3
HELD: Final = 100
"""Connections of each attacker that gives a byte a second."""
GOAL_P99_MS: Final = 1_000
GOAL_MIB: Final = 512
"""Of intake's memory: half of what Kubernetes gives it."""

Attack = Callable[[int, bytes], None]


def streams(port: int, form: bytes) -> None:
    """Send streams of the same ballot, one after another."""
    while True:
        _posted(port, f"{PATH}/bulk", (form + b"\n") * 10_000, "application/x-ndjson")


def requests(port: int, form: bytes) -> None:
    """Send one ballot a request with the same code, each with an id of its own."""
    for number in count():
        ballot = json.loads(form) | {"ballot_id": f"{number:032x}"}
        _posted(port, PATH, json.dumps(ballot).encode(), "application/json")


def slow_lines(port: int, _: bytes) -> None:
    """Hold connections, and give each a byte of a head a second; one that is closed is opened again."""
    held: list[socket.socket] = []
    while True:
        while len(held) < HELD:
            held.append(socket.create_connection(("127.0.0.1", port)))
            held[-1].sendall(b"POST / HTTP/1.1\r\nX: ")
        left = []
        for one in held:
            with suppress(OSError):
                one.sendall(b"x")
                left.append(one)
        held = left
        time.sleep(1.0)


ATTACKS: Final[dict[str, Attack | None]] = {
    "nobody attacks": None,
    "streams with one code": streams,
    "requests with one code": requests,
    "slow lines": slow_lines,
}


def _posted(port: int, path: str, body: bytes, media: str) -> None:
    with suppress(OSError, http.client.HTTPException):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        connection.request("POST", path, body, {"Content-Type": media})
        connection.getresponse().read()
        connection.close()


@contextmanager
def attackers(attack: Attack | None, port: int, form: bytes) -> Iterator[None]:
    """Run the attackers; they have begun when the context does."""
    context = multiprocessing.get_context("spawn")
    running = [
        context.Process(target=attack, args=(port, form), daemon=True)
        for _ in range(0 if attack is None else ATTACKERS)
    ]
    for one in running:
        one.start()
    time.sleep(3.0)
    try:
        yield
    finally:
        for one in running:
            one.kill()
            one.join()


async def electors(port: int, forms: Iterator[bytes], seconds: float) -> tuple[list[float], list[int]]:
    """Cast ballots one after another; return each one's latency in ms, and its status."""
    latencies, statuses = [], []
    transport = httpx.AsyncHTTPTransport(local_address=ELECTOR)
    async with httpx.AsyncClient(transport=transport, timeout=30) as client:
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            began_s = time.perf_counter()
            answer = await client.post(
                f"http://127.0.0.1:{port}{PATH}",
                content=next(forms),
                headers={"Content-Type": "application/json"},
            )
            latencies.append(1e3 * (time.perf_counter() - began_s))
            statuses.append(answer.status_code)
            await asyncio.sleep(PAUSE_S)
    return latencies, statuses


def measured(pipeline: Pipeline, pid: int, life: Electorate, seconds: float) -> Iterator[Figure]:
    """Yield the electors' p99 under each attack, and how much memory intake holds behind it."""
    forms = iter(life.forms())
    attackers_form, port = next(forms), pipeline.port("intake")
    for name, attack in ATTACKS.items():
        with attackers(attack, port, attackers_form):
            latencies, statuses = asyncio.run(electors(port, forms, seconds))
        taken = statuses.count(202)
        p50, p99 = np.percentile(latencies, (50, 99))
        how = f"p50 {p50:.0f} ms, largest {max(latencies):.0f} ms; {taken} of {len(statuses)} ballots answered 202"
        yield Figure(
            name,
            "honest electors, p99",
            float(p99) if taken == len(statuses) else None,
            "ms",
            GOAL_P99_MS,
            note=how,
        )
        yield Figure(name, "intake's memory behind it", _held_mib(pid), "MiB", GOAL_MIB)


def _held_mib(pid: int) -> float:
    """Return what a process and its workers hold."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return sum(map(memory_bytes, (pid, *map(int, children)))) / 2**20


def main() -> None:
    """Measure, print the table, write the results."""
    quick = arguments("siege", __doc__, "40 s: shorter turns, no files").parse_args().quick
    console, life = begin(), Electorate(ELECTORS, SHARDS)
    with TemporaryDirectory() as folder, EmbeddedKafka(Path(folder) / "kafka") as kafka:
        pipeline = Pipeline(kafka.bootstrap, Path(folder), shards=SHARDS)

        async def announce() -> None:
            await pipeline.create()
            await pipeline.announce(life, Phase.OPEN)
            await pipeline.commit_roll(life)

        asyncio.run(announce())
        child = pipeline.start("intake")
        try:
            pipeline.wait_ready("intake")
            figures = list(measured(pipeline, child.pid, life, 6.0 if quick else 20.0))
        finally:
            pipeline.stop()
    console.print(table(figures, "Honest electors under attack"))
    if not quick:
        write("siege", figures)


if __name__ == "__main__":
    main()
