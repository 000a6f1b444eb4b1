"""Intake over HTTP beside an empty Starlette handler, its latency, its streams, and a surge: `python -m tests.bench.intake`.

Rule 1: the same load (tests.bench.http_load, a process of its own) on both, in turns, with uvicorn set alike; medians.
Rule 2: a ballot counts when it was answered 202: acknowledged by every replica of a real Kafka.
Rule 3: CPU is the service's own and its kernel's, workers included; the broker and the load share the machine.
Rule 4: in streams no ballot is sent twice, and every bound of intake is as it comes.
Rule 5: at half load the medians of single seconds stand beside: where the largest is far off, the machine had other work for that
        second, and every request waited; a server that keeps one request waiting shows in p99 alone.
Rule 6: in the surge requests come at their times (open loop), and latency counts from when they were due.

Writes results/intake.json and results/overload.png, unless `--quick`.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.console import Console

from infra.local.kafka import EmbeddedKafka
from shared.contract.elections import Phase
from tests.bench.election import Electorate
from tests.bench.goals import Figure, table
from tests.bench.logs import SHARDS
from tests.bench.processes import Server, empty_handler, said_by
from tests.bench.report import arguments, begin, write
from tests.support.pipeline import Pipeline

FORMS: Final = 20_000
STREAMED: Final = 100_000
"""Ballots of a round of streams."""
CONNECTIONS: Final = 100
SURGE_CONNECTIONS: Final = 1_000
UNBOUND: Final = {
    "max_connections_per_address": "2000",
    "max_casts_per_minute": "0",
    "remembered_ballots": "0",
}
"""One by one, the same ballots are sent from one address again and again; each is to be written."""
SURGE_TIMES: Final = 3
BOUND_S: Final = 120.0
SETTLE_S: Final = 1.0
PATH: Final = "/v1/elections/bench/ballots"


@dataclass(frozen=True)
class Length:
    """How long each part takes: rounds, and seconds."""

    warm_s: float = 4.0
    rounds: int = 5
    closed_s: float = 3.0
    half_s: float = 10.0
    streams: int = 3
    surge: tuple[int, int, int] = (5, 8, 8)


QUICK: Final = Length(1.0, 2, 1.0, 3.0, 1, (1, 3, 2))


@dataclass
class Bench:
    """One broker, and servers that come and go."""

    kafka: EmbeddedKafka
    folder: Path
    length: Length
    console: Console

    def run(self) -> tuple[list[Figure], dict[str, Any]]:
        """Return every figure, and the surge second by second."""
        figures, surge = [], {}
        life = Electorate(FORMS, SHARDS)
        (self.folder / "forms").write_bytes(b"\n".join(life.forms()))
        for workers in (1, 2):
            with (
                empty_handler(self.folder, workers) as empty,
                self._intake(life, f"{workers}", {"workers": f"{workers}", **UNBOUND}) as intake,
            ):
                most, found = self._closed(empty, intake, workers)
                figures += [*found, *self._half(intake, most, workers)]
                if workers == 1:
                    surge = self._surge(intake, most)
        return [*figures, *self._streams()], surge

    def _closed(self, empty: Server, intake: Server, workers: int) -> tuple[float, list[Figure]]:
        taken: dict[Server, list[tuple[float, float]]] = {empty: [], intake: []}
        for server in taken:
            self._load(server, f"0:{self.length.warm_s}", CONNECTIONS)
        for number in range(self.length.rounds):
            for server, found in taken.items():
                self._say(f"{workers} worker(s): round {number + 1} of {self.length.rounds}")
                cpu_s = server.cpu_s()
                said = self._load(server, f"0:{self.length.closed_s}", CONNECTIONS, 0.0)
                found.append((said["per_s"], 1e6 * (server.cpu_s() - cpu_s) / said["accepted"]))
        (base, base_us), (ours, ours_us) = (
            [median(part) for part in zip(*of, strict=True)] for of in taken.values()
        )
        how = f"{ours:,.0f}/s, empty handler {base:,.0f}/s; {ours_us:.0f} and {base_us:.0f} us CPU"
        return ours, [
            Figure(_name(workers), "requests/s beside an empty handler", ours / base, "x", 0.55, "more", how)
        ]

    def _half(self, intake: Server, most: float, workers: int) -> Iterator[Figure]:
        self._say(f"{workers} worker(s): half load")
        said = self._load(intake, f"{most / 2:.0f}:{self.length.half_s}", CONNECTIONS)
        medians = [of["p50_ms"] for of in said["seconds"] if of["p50_ms"] is not None]
        how = f"{most / 2:,.0f}/s, open loop; {said['shed']} turned away; p50 of single seconds {min(medians):.0f} to {max(medians):.0f} ms"
        yield Figure(_name(workers), "acknowledgement at half load, p50", said["p50_ms"], "ms", note=how)
        yield Figure(_name(workers), "acknowledgement at half load, p99", said["p99_ms"], "ms", 25, note=how)

    def _streams(self) -> Iterator[Figure]:
        life, spent = Electorate(STREAMED * self.length.streams, SHARDS), list[tuple[float, float]]()
        forms = life.forms()
        with self._intake(life, "streams", {}) as intake:
            for number in range(self.length.streams):
                self._say(f"streams: round {number + 1} of {self.length.streams}")
                part = self.folder / f"streamed-{number}"
                part.write_bytes(b"\n".join(islice(forms, STREAMED)))
                cpu_s = intake.cpu_s()
                argv = (intake.port, f"{PATH}/bulk", part)
                said = json.loads(said_by("tests.bench.stream_load", *argv, bound_s=BOUND_S))
                assert said["recorded"] == said["sent"], f"not every line was recorded: {said}"
                spent.append(((intake.cpu_s() - cpu_s) / said["sent"], said["sent"] / said["seconds"]))
        cpu_s, per_s = (median(part) for part in zip(*spent, strict=True))
        how = f"{1e6 * cpu_s:.1f} us CPU a ballot; {per_s:,.0f}/s seen with the broker on the same cores"
        yield Figure("Streams (NDJSON)", "ballots/s a core", 1 / cpu_s, "/s", 120_000, "more", how)

    def _surge(self, intake: Server, most: float) -> dict[str, Any]:
        self._say(f"a surge of {SURGE_TIMES} times what it takes")
        rates = (most / 2, SURGE_TIMES * most, most / 2)
        plan = ",".join(f"{rate:.0f}:{s}" for rate, s in zip(rates, self.length.surge, strict=True))
        said = self._load(intake, plan, SURGE_CONNECTIONS)
        seconds = said["seconds"][: sum(self.length.surge)]
        return {"times": SURGE_TIMES, "capacity_per_s": most, "plan": plan, "seconds": seconds}

    def _load(self, server: Server, plan: str, connections: int, warm_s: float = 0.5) -> dict[str, Any]:
        where = ("--port", server.port, "--path", PATH, "--forms", self.folder / "forms")
        how = ("--plan", plan, "--connections", connections, "--warm", warm_s)
        said = said_by("tests.bench.http_load", *where, *how, bound_s=BOUND_S)
        return dict(json.loads(said))

    @contextmanager
    def _intake(self, life: Electorate, name: str, settings: dict[str, str]) -> Iterator[Server]:
        folder = self.folder / f"intake-{name}"
        folder.mkdir()
        pipeline = Pipeline(self.kafka.bootstrap, folder, shards=SHARDS)

        async def announce() -> None:
            await pipeline.create()
            await pipeline.announce(life, Phase.OPEN)
            await pipeline.commit_roll(life)

        asyncio.run(announce())
        child = pipeline.start("intake", **settings)
        try:
            pipeline.wait_ready("intake")
            time.sleep(SETTLE_S)  # one worker answers for readiness; the others follow within a moment
            yield Server(pipeline.port("intake"), child.pid)
        finally:
            pipeline.stop()

    def _say(self, words: str) -> None:
        self.console.print(f"[dim]{words}")


def _name(workers: int) -> str:
    return f"One ballot a request, {workers} worker{'s' if workers > 1 else ''}"


def _calm(surge: dict[str, Any], length: Length) -> Iterator[Figure]:
    before, during, _ = length.surge
    seconds = surge["seconds"]
    parts = {
        "before": seconds[:before],
        "during": seconds[before : before + during],
        "after": seconds[before + during :],
    }
    for name, part in parts.items():
        accepted = [of["p99_ms"] for of in part if of["p99_ms"] is not None]
        how = ", ".join(
            f"{sum(of[what] for of in part):,} {what}" for what in ("offered", "accepted", "shed")
        )
        yield Figure(
            "Surge",
            f"p99 of accepted, median second {name}",
            median(accepted) if accepted else None,
            "ms",
            note=how,
        )


def main() -> None:
    """Measure, print the table, write the results."""
    quick = arguments("intake", __doc__, "under a minute: shorter turns, no files").parse_args().quick
    length, console = (QUICK if quick else Length()), begin()
    with TemporaryDirectory() as folder, EmbeddedKafka(Path(folder) / "kafka") as kafka:
        figures, surge = Bench(kafka, Path(folder), length, console).run()
    figures += _calm(surge, length)
    console.print(table(figures, "Intake over HTTP, acks=all"))
    if not quick:
        write("intake", figures, plot="overload", overload=surge)


if __name__ == "__main__":
    main()
