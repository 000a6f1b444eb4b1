"""From casting to a client of the live feed, all services at work, and what an idle deployment takes: `python -m tests.bench.latency`.

Intake, validation, counting and results, a process each, on a real Kafka and Valkey; ballots come in one stream, evenly.

Rule 1: ballots are counted in the order sent, as far as a client can tell: the k-th is seen with the first standing that
        accounts for k ballots.
Rule 2: a ballot is sent when its lines are handed to the connection; it is seen when the event has been read whole.
Rule 3: the first WARM_S of casting are not counted.
Rule 4: at rest everything is up, an election is open, one client listens, and nothing is cast.

Writes results/latency.json and results/latency.png, unless `--quick`.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import numpy as np
from rich.console import Console

from infra.local.kafka import EmbeddedKafka
from infra.local.process import Child
from infra.local.valkey import EmbeddedValkey
from shared.contract.elections import Phase
from tests.bench.goals import Figure, table
from tests.bench.logs import SHARDS
from tests.bench.papers import CONTESTS, bench_election, forms
from tests.bench.processes import cpu_seconds, memory_bytes
from tests.bench.report import arguments, begin, write
from tests.support.elections import Life
from tests.support.pipeline import Pipeline

SERVICES: Final = ("intake", "validation", "counting", "results")
STEP_S: Final = 0.01
WARM_S: Final = 5.0
STREAM_LINES: Final = 2_500
"""In one request: the client reads answers when its request has ended, and what nobody reads holds the stream up."""
SETTLE_S: Final = 3.0
BOUND_S: Final = 60.0


@dataclass(frozen=True)
class Length:
    """How fast and how long."""

    per_s: int = 5_000
    seconds: float = 60.0
    rest_s: float = 20.0


QUICK: Final = Length(5_000, 10.0, 5.0)


@dataclass
class Seen:
    """What a client of the feed saw: ballots accounted for, and when."""

    events: list[tuple[float, int]] = field(default_factory=list)

    async def watch(self, client: httpx.AsyncClient, url: str) -> None:
        """Listen until cancelled."""
        async with client.stream("GET", url, timeout=None) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data: {"):
                    cast = json.loads(line.removeprefix("data: "))["balance"]["cast"]
                    self.events.append((time.monotonic(), cast))


@dataclass
class Bench:
    """A deployment."""

    pipeline: Pipeline
    life: Life
    processes: dict[str, Child]
    length: Length
    console: Console

    async def run(self) -> tuple[list[Figure], list[tuple[float, float]]]:
        """Return every figure, and each ballot's time and latency in seconds."""
        seen = Seen()
        url = f"http://127.0.0.1:{self.pipeline.port('results')}/v1/elections/bench/contests/{CONTESTS[0]}/stream"
        async with httpx.AsyncClient(trust_env=False) as client:
            watching = asyncio.create_task(seen.watch(client, url))
            await asyncio.sleep(SETTLE_S)
            rest = await self._resting()
            sent = await self._cast(client)
            await self._wait_for(seen, len(sent))
            watching.cancel()
        latencies = _latencies(sent, seen.events)
        return [*_figures(self.length, latencies, len(sent) / (sent[-1] - sent[0])), *rest], latencies

    async def _cast(self, client: httpx.AsyncClient) -> list[float]:
        number = int(self.length.per_s * self.length.seconds)
        lines, sent = forms(self.life, number), list[float]()
        self.console.print(f"[dim]{self.length.per_s:,} ballots/s for {self.length.seconds:g} s")
        url = f"http://127.0.0.1:{self.pipeline.port('intake')}/v1/elections/bench/ballots/bulk"
        headers = {"content-type": "application/x-ndjson"}
        began = time.monotonic()
        while len(sent) < number:
            body = _paced(islice(lines, STREAM_LINES), began, self.length.per_s, sent)
            answer = await client.post(url, content=body, headers=headers, timeout=BOUND_S)
            answer.raise_for_status()
        return sent

    async def _wait_for(self, seen: Seen, ballots: int) -> None:
        async with asyncio.timeout(BOUND_S):
            while not seen.events or seen.events[-1][1] < ballots:
                await asyncio.sleep(0.05)

    async def _resting(self) -> list[Figure]:
        self.console.print(f"[dim]at rest for {self.length.rest_s:g} s")
        before = {name: cpu_seconds(child.pid) for name, child in self.processes.items()}
        await asyncio.sleep(self.length.rest_s)
        spent = {name: cpu_seconds(child.pid) - before[name] for name, child in self.processes.items()}
        memory = {name: memory_bytes(child.pid) for name, child in self.processes.items()}
        each = ", ".join(f"{name} {100 * s / self.length.rest_s:.1f}" for name, s in spent.items())
        sizes = ", ".join(f"{name} {size / 1e6:.0f}" for name, size in memory.items())
        cores = 100 * sum(spent.values()) / self.length.rest_s
        return [
            Figure("At rest, the broker included", "CPU, of one core", cores, "%", 3, note=each),
            Figure(
                "At rest, the broker included",
                "memory",
                sum(memory.values()) / 1e9,
                "GB",
                1.5,
                note=f"{sizes} MB",
            ),
        ]


async def _paced(lines: Iterator[bytes], began: float, per_s: int, sent: list[float]) -> AsyncIterator[bytes]:
    """Yield lines evenly in time since the beginning, and note when each was handed over."""
    ended = False
    while not ended:
        due = int((time.monotonic() - began) * per_s) - len(sent)
        chunk = list(islice(lines, due))
        ended = len(chunk) < due
        if chunk:
            sent.extend([time.monotonic()] * len(chunk))
            yield b"\n".join(chunk) + b"\n"
        await asyncio.sleep(STEP_S)


def _latencies(sent: list[float], events: list[tuple[float, int]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    warm = sent[0] + WARM_S
    done = 0
    for at, ballots in events:
        found += [(moment - sent[0], at - moment) for moment in sent[done:ballots] if moment > warm]
        done = max(done, min(ballots, len(sent)))
    return found


def _figures(length: Length, latencies: list[tuple[float, float]], per_s: float) -> Iterator[Figure]:
    ms = 1000 * np.array([late for _, late in latencies])
    name = f"Cast to seen, {length.per_s:,} ballots/s for {length.seconds:g} s"
    how = f"{len(latencies):,} ballots, {per_s:,.0f}/s sent of {length.per_s:,}/s asked for"
    yield Figure(name, "p50", float(np.percentile(ms, 50)), "ms", 100, note=how)
    yield Figure(name, "p99", float(np.percentile(ms, 99)), "ms", 250, note=how)


async def _measure(
    kafka: EmbeddedKafka, valkey: EmbeddedValkey, folder: Path, length: Length, console: Console
) -> Any:
    life = Life(bench_election(int(length.per_s * length.seconds)))
    pipeline = Pipeline(kafka.bootstrap, folder, shards=SHARDS, redis=valkey.url)
    await pipeline.create()
    await pipeline.announce(life, Phase.OPEN)
    await pipeline.control(life.configured())
    await pipeline.control(life.opened())
    try:
        processes = {service: pipeline.start(service) for service in SERVICES}
        for service in SERVICES:
            await asyncio.to_thread(pipeline.wait_ready, service)
        processes |= {"kafka": kafka.children[0], "valkey": valkey.child}
        return await Bench(pipeline, life, processes, length, console).run()
    finally:
        pipeline.stop()


def main() -> None:
    """Measure, print the table, write the results."""
    parser = arguments("latency", __doc__, "ten seconds, no files")
    parser.add_argument("--minutes", type=float, help="cast for so long, as a soak")
    given = parser.parse_args()
    length = QUICK if given.quick else Length()
    if given.minutes:
        length = Length(length.per_s, 60 * given.minutes, length.rest_s)
    console = begin()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        kafka = stack.enter_context(EmbeddedKafka(folder / "kafka"))
        valkey = stack.enter_context(EmbeddedValkey(folder / "valkey"))
        sub = folder / "deployment"
        sub.mkdir()
        figures, latencies = asyncio.run(_measure(kafka, valkey, sub, length, console))
    console.print(table(figures, "From casting to the page, and at rest"))
    if not given.quick:
        write("latency", figures, plot="latency", by_second_ms=_by_second(latencies))


def _by_second(latencies: list[tuple[float, float]]) -> list[list[float]]:
    """Return p50 and p99 of each second, in ms."""
    seconds: dict[int, list[float]] = {}
    for at, late in latencies:
        seconds.setdefault(int(at), []).append(1000 * late)
    return [[float(np.percentile(of, q)) for q in (50, 99)] for _, of in sorted(seconds.items())]


if __name__ == "__main__":
    main()
