"""The live feed with thousands of clients, of a small contest and of 20 candidates with every what-if, packed; and the standing's route beside an empty handler: `python -m tests.bench.feed`.

One results process on a real Kafka and Valkey; clients are two processes on the same machine.

Rule 1: a standing is late by the time from its acknowledgement by the log to a client's having it.
Rule 2: memory of a client is what the process grew by, all clients connected and fed, over their number.
Rule 3: bytes of a client are those that came on its connection, as they are; packed and light are the same events' lengths.
        20 candidates come packed, as to every browser; when, one client in fifty says, who takes them plain.
Rule 4: the route and the empty handler in turns, the same load on both; ratios within a turn, then the median.

Writes results/feed.json, unless `--quick`.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Final
from urllib.request import urlopen

import numpy as np
from aiokafka import AIOKafkaProducer
from rich.console import Console

from infra.local.process import Child
from services.results.feed import Publisher, frame
from shared.contract.codec import encode
from shared.contract.elections import Phase
from shared.contract.standings import Standing
from shared.contract.topics import COUNTS_PUBLISHED
from shared.rcv.contract_rounds import what_if_of
from shared.rcv.count.profile import Profile
from shared.rcv.scenarios import what_if
from shared.runtime.kafka.sink import send_all, start_producer
from tests.bench.alone import contest_of
from tests.bench.ballots import WIDE, profile
from tests.bench.goals import Figure, table
from tests.bench.live import servers
from tests.bench.processes import cpu_seconds, empty_handler, memory_bytes, said_by
from tests.bench.report import arguments, begin, write
from tests.support.elections import Life, election
from tests.support.pipeline import Pipeline
from tests.support.standings import standing, standing_by

EVERY_S: Final = 0.25
CONTEST: Final = "/v1/elections/picnic/contests/fruit"
CONNECTIONS: Final = 50
BOUND_S: Final = 120.0
BALLOTS: Final = 1_000_000
PACKED_KB: Final = 10.0


@dataclass(frozen=True)
class Length:
    """How much is done."""

    clients: int = 5_000
    seconds: float = 30.0
    rounds: int = 5
    closed_s: float = 3.0


QUICK: Final = Length(1_000, 6.0, 2, 1.0)


@dataclass
class Bench:
    """One gateway."""

    pipeline: Pipeline
    gateway: Child
    folder: Path
    length: Length
    console: Console
    producer: AIOKafkaProducer
    published: dict[int, float] = field(default_factory=dict)

    async def run(self) -> list[Figure]:
        """Return every figure."""
        small = [standing(number, Phase.OPEN) for number in range(1, self._standings + 2)]
        await self._publish(small[0])
        figures = [*await self._fan_out("5 candidates", small), *self._route()]
        wide = _wide(small[-1].sequence, self._standings + 1)
        await self._publish(wide[0])
        return [*figures, *await self._fan_out("20 candidates with every what-if, packed", wide, "gzip")]

    @property
    def _standings(self) -> int:
        return int(self.length.seconds / EVERY_S)

    async def _fan_out(self, what: str, standings: list[Standing], *more: str) -> Iterator[Figure]:
        first, *others = standings
        before = memory_bytes(self.gateway.pid)
        each, outs = self.length.clients // 2, [self.folder / f"arrivals-{n}" for n in range(2)]
        argv = [
            str(self.pipeline.port("results")),
            f"{CONTEST}/stream",
            str(each),
            str(self.length.seconds + 2),
        ]
        clients = [_start("tests.bench.feed_clients", [*argv, str(out), *more]) for out in outs]
        self.console.print(f"[dim]connecting {self.length.clients:,} clients")
        for client in clients:
            assert client.stdout is not None
            await asyncio.wait_for(asyncio.to_thread(client.stdout.readline), BOUND_S)
        self.console.print(f"[dim]a standing each {EVERY_S} s for {self.length.seconds:g} s")
        cpu_s = cpu_seconds(self.gateway.pid)
        began = time.monotonic()
        for number, value in enumerate(others):
            await self._publish(value)
            await asyncio.sleep(max(0.0, began + (number + 1) * EVERY_S - time.monotonic()))
        spent = cpu_seconds(self.gateway.pid) - cpu_s
        grown = memory_bytes(self.gateway.pid) - before
        said = [
            json.loads((await asyncio.to_thread(client.communicate, timeout=BOUND_S))[0])
            for client in clients
        ]
        # The one held when a client connects is one of the standings, too.
        name = f"{self.length.clients:,} clients, a standing each {1000 * EVERY_S:.0f} ms, {what}"
        late = self._late(outs, first.sequence)
        cores = spent / self.length.seconds
        return _fan_out(name, self.length, said, standings, late, grown=grown, cores=cores)

    def _late(self, outs: list[Path], first: int) -> "np.ndarray[Any, Any]":
        pairs = np.concatenate([np.fromfile(out).reshape(-1, 2) for out in outs])
        pairs = pairs[pairs[:, 0] > first]
        published = np.array([self.published[int(number)] for number in pairs[:, 0]])
        late_s: np.ndarray[Any, Any] = pairs[:, 1] - published
        return 1000 * late_s

    def _route(self) -> Iterator[Figure]:
        path, at = f"{CONTEST}/standing", self.pipeline.port("results")
        with empty_handler(self.folder) as empty:
            with urlopen(f"http://127.0.0.1:{at}{path}", timeout=BOUND_S) as answer:
                tag = answer.headers["ETag"]
            sides = {"empty": (empty.port, ()), "standing": (at, ()), "not modified": (at, ("--etag", tag))}
            rates: dict[str, list[float]] = {name: [] for name in sides}
            for number in range(self.length.rounds + 1):
                self.console.print(f"[dim]the standing's route: round {number} of {self.length.rounds}")
                for name, (where, more) in sides.items():
                    argv = (where, path, CONNECTIONS, self.length.closed_s, *more)
                    said = said_by("tests.bench.get_load", *argv, bound_s=BOUND_S)
                    if number:
                        rates[name].append(float(said))
        for name, beside, goal in (("standing", "empty", 0.7), ("not modified", "standing", 1.0)):
            ratio = median(mine / base for mine, base in zip(rates[name], rates[beside], strict=True))
            how = f"{median(rates[name]):,.0f}/s beside {median(rates[beside]):,.0f}/s"
            what = "an empty handler" if beside == "empty" else f"a {beside}"
            yield Figure("Route of a standing", f"{name}, beside {what}", ratio, "x", goal, "more", how)

    async def _publish(self, value: Standing) -> None:
        topic = COUNTS_PUBLISHED.name(self.pipeline.namespace)
        await send_all(self.producer, topic, [(0, value.key.encode(), encode(value))])
        self.published[value.sequence] = time.monotonic()


def _wide(after: int, number: int) -> list[Standing]:
    """Return so many standings of a contest of 20 after a sequence: a million ballots in two sections, with every what-if."""
    of = contest_of(WIDE.candidates)
    named = [
        each.model_copy(update={"id": f"candidate-{each.id}", "name": f"Candidate {each.name}"})
        for each in of.candidates
    ]
    of = of.model_copy(update={"id": "fruit", "candidates": tuple(named)})
    counts = {
        (place % 2, marks): times for place, (marks, times) in enumerate(profile(WIDE, BALLOTS, 1).items())
    }
    rankings = Profile.of(of, 2, ((*ranking, times) for ranking, times in counts.items()))
    first = standing_by(of, counts, Phase.OPEN).model_copy(
        update={"what_if": what_if_of(what_if(rankings, of), of)}
    )
    sequences = range(max(after, first.sequence) + 1, max(after, first.sequence) + number + 1)
    return [first.model_copy(update={"sequence": each, "watermark": (each,)}) for each in sequences]


def _fan_out(
    name: str,
    length: Length,
    said: list[dict[str, Any]],
    standings: list[Standing],
    late_ms: "np.ndarray[Any, Any]",
    *,
    grown: float,
    cores: float,
) -> Iterator[Figure]:
    received = sorted(number for of in said for number in of["received"])
    lost = sum(of["lost"] for of in said)
    how = f"of {len(standings)}; median {received[len(received) // 2]}, {lost} connections lost; {cores:.2f} cores"
    yield Figure(
        name,
        "standings that the poorest client received",
        received[0] / len(standings),
        "x",
        0.9,
        "more",
        how,
    )
    yield Figure(name, "late, p50", float(np.percentile(late_ms, 50)), "ms")
    yield Figure(name, "late, p99", float(np.percentile(late_ms, 99)), "ms")
    yield Figure(name, "memory of a client", grown / length.clients / 1000, "kB", 100)
    taken = sorted(number for of in said for number in of["bytes"])
    a_minute = 60 / length.seconds / 1000
    yield Figure(
        name,
        "bytes of a client a minute",
        a_minute * taken[len(taken) // 2],
        "kB",
        note=_lighter(standings[0]),
    )
    if len(standings[0].contest.candidates) == WIDE.candidates:
        event = Publisher().event(frame(encode(standings[0]), 0), pack=True)
        yield Figure(name, "a standing, packed", len(event) / 1000, "kB", PACKED_KB)


def _lighter(of: Standing) -> str:
    """Return what the same events take packed, and for pages, which need their sequence alone."""
    newest, publisher = frame(encode(of), 0), Publisher()
    kinds = {"packed": (True, False), "light": (False, True), "light and packed": (True, True)}
    return ", ".join(
        f"{name} {60 / EVERY_S / 1000 * len(publisher.event(newest, pack=pack, light=light)):.1f}"
        for name, (pack, light) in kinds.items()
    )


def _start(module: str, argv: list[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-m", module, *argv], stdout=subprocess.PIPE, text=True)


async def _measure(kafka: str, redis: str, folder: Path, length: Length, console: Console) -> list[Figure]:
    pipeline = Pipeline(kafka, folder, shards=1, redis=redis)
    await pipeline.create()
    await pipeline.announce(Life(election()), Phase.OPEN)
    gateway, producer = (
        pipeline.start(
            "results",
            max_clients=str(length.clients + 100),
            max_clients_per_address="20000",
            max_connections_per_address="20000",
            max_requests_per_minute="0",
        ),
        await start_producer(kafka),
    )
    try:
        await asyncio.to_thread(pipeline.wait_ready, "results")
        return await Bench(pipeline, gateway, folder, length, console, producer).run()
    finally:
        await producer.stop()
        pipeline.stop()


def main() -> None:
    """Measure, print the table, write the results."""
    quick = arguments("feed", __doc__, "fewer clients, less long, no files").parse_args().quick
    console = begin()
    with servers() as (kafka, valkey, folder):
        length = QUICK if quick else Length()
        figures = asyncio.run(_measure(kafka.bootstrap, valkey.url, folder, length, console))
    console.print(table(figures, "The live feed and the standing's route"))
    if not quick:
        write("feed", figures)


if __name__ == "__main__":
    main()
