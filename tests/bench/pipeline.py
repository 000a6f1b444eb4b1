"""Ballots judged and counted by whole processes, beside Kafka Streams and a bare copy: `python -m tests.bench.pipeline`.

One broker; the services, the peer and the load share the machine with it. Two contests a paper.

Rule 1: in turns: the log is copied, the copy is judged and counted by Livecount, then by the peer; ratios are taken
        within a turn, then the median.
Rule 2: a pass lasts from the start of the processes until everything is covered: by a published standing here, by
        committed counts there. Starting is in it on both sides.
Rule 3: both must accept the same ballots and find the same first preferences, or nothing is told.

Writes results/pipeline.json and results/pipeline.png, unless `--quick`.
"""

import argparse
import asyncio
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from aiokafka import AIOKafkaConsumer
from rich.console import Console

from infra.local.kafka import EmbeddedKafka
from infra.local.topics import create_topics
from shared.contract.elections import Election
from shared.contract.standings import Standing
from shared.contract.topics import BALLOTS_CAST, TopicSpec
from tests.bench.goals import Figure, table
from tests.bench.machine import machine
from tests.bench.papers import CONTESTS, bench_election, records
from tests.bench.race import PEERS_PYTHON
from tests.bench.stages import cpu_seconds
from tests.bench.streams_peer import StreamsPeer, compiled
from tests.support.elections import Life
from tests.support.pipeline import Pipeline

SHARDS: Final = 4
SERVICES: Final = ("validation", "counting")
CHUNK: Final = 20_000
THREADS: Final = 2
BOUND_S: Final = 600.0
_HERE: Final = Path(__file__).parent
_RESULTS: Final = _HERE / "results"
_PROJECT: Final = _HERE.parents[1]


@dataclass(frozen=True)
class Length:
    """How much is done."""

    ballots: int = 2_000_000
    turns: int = 2
    growth: tuple[int, ...] = (200_000, 600_000, 1_800_000)
    """Smaller ones drown in what a process takes to start."""
    scale: int = 400_000


QUICK: Final = Length(400_000, 1, (), 0)


@dataclass(frozen=True)
class Pass:
    """Seconds until all was covered, the CPU each process took, and what came out."""

    seconds: float
    cpu_s: dict[str, float]
    standing: Standing


class Bench:
    """One broker, one log after another."""

    def __init__(self, kafka: EmbeddedKafka, folder: Path, console: Console) -> None:
        self._kafka = kafka
        self._folder = folder
        self._console = console

    async def beside(self, length: Length) -> Iterator[Figure]:
        """Measure Livecount beside its peer and the copy."""
        life = Life(bench_election(length.ballots))
        log = await self.filled("log", life, length.ballots)
        peer = StreamsPeer(compiled(self._sub("classes")), self._folder, self._kafka.bootstrap)
        rates: list[tuple[float, float, float]] = []
        for turn in range(length.turns):
            copied = await self.deployment(f"turn-{turn}", SHARDS)
            self._say(f"turn {turn + 1} of {length.turns}: copied")
            copy_s = await self._copy(log, copied)
            self._say(f"turn {turn + 1} of {length.turns}: judged and counted")
            ours = await self.judged_and_counted(copied, length.ballots)
            self._say(f"turn {turn + 1} of {length.turns}: judged and counted by Kafka Streams")
            peer_s = await self._peer(peer, copied, life, ours.standing)
            rates.append((length.ballots / ours.seconds, length.ballots / peer_s, length.ballots / copy_s))
        return _beside(rates, length)

    async def growth(self, sizes: tuple[int, ...]) -> list[Figure]:
        """Measure what a ballot costs after so many others."""
        idle = await self.judged_and_counted(await self.filled("idle", Life(bench_election(100)), 100), 100)
        figures, base = [], 0.0
        for size in sizes:
            self._say(f"growth: {size:,} ballots")
            of = await self.judged_and_counted(
                await self.filled(f"{size}", Life(bench_election(size)), size), size
            )
            cost = 1e6 * (sum(of.cpu_s.values()) - sum(idle.cpu_s.values())) / size
            base = base or cost
            how = f"{cost:.1f} us CPU of validation and counting"
            figures.append(Figure("Growth", f"a ballot among {size:,}", cost / base, "x", 1.2, note=how))
        return figures

    async def scale(self, ballots: int) -> list[Figure]:
        """Measure shards and processes; all must come to the same result."""
        figures, hashes = [], set()
        for shards in (1, 2, 4):
            for processes in (1, 2) if shards > 1 else (1,):
                name = f"shards {shards}, processes a service {processes}"
                self._say(name)
                made = await self.filled(
                    f"scale-{shards}-{processes}", Life(bench_election(ballots)), ballots, shards
                )
                of = await self.judged_and_counted(made, ballots, processes)
                hashes.add(of.standing.result_hash)
                figures.append(
                    Figure("Shards and processes", name, ballots / of.seconds, "/s", better="more")
                )
        assert len(hashes) == 1, "other shards or processes come to another result"
        return figures

    async def deployment(self, name: str, shards: int) -> Pipeline:
        """Return a deployment with empty topics."""
        pipeline = Pipeline(self._kafka.bootstrap, self._sub(name), shards=shards)
        await pipeline.create()
        return pipeline

    async def filled(self, name: str, life: Life, ballots: int, shards: int = SHARDS) -> Pipeline:
        """Return a deployment whose log holds an election from its definition to its close."""
        pipeline = await self.deployment(name, shards)
        await pipeline.control(life.configured())
        await pipeline.control(life.opened())
        cast = records(life, ballots, shards)
        while chunk := list(islice(cast, CHUNK)):
            await pipeline.cast(chunk)
        await pipeline.control(life.closed())
        return pipeline

    async def judged_and_counted(self, pipeline: Pipeline, ballots: int, processes: int = 1) -> Pass:
        """Let validation and counting do all of a log."""
        began = time.perf_counter()
        names = [(service, str(number + 1)) for service in SERVICES for number in range(processes)]
        children = {f"{service}-{number}": pipeline.start(service, number) for service, number in names}
        try:
            standings = await pipeline.standings(ballots + 3 * pipeline.shards, CONTESTS[0], BOUND_S)
            taken = time.perf_counter() - began
            return Pass(taken, {name: cpu_seconds(of.pid) for name, of in children.items()}, standings[-1])
        finally:
            for service, number in names:
                pipeline.kill(service, number)

    async def _copy(self, source: Pipeline, target: Pipeline) -> float:
        topics = [BALLOTS_CAST.name(of.namespace) for of in (source, target)]
        argv = [sys.executable, "-m", "tests.bench.copy_loop", self._kafka.bootstrap, *topics]
        told = await asyncio.to_thread(
            subprocess.run, argv, check=True, stdout=subprocess.PIPE, timeout=BOUND_S
        )
        return float(told.stdout)

    async def _peer(self, peer: StreamsPeer, cast: Pipeline, life: Life, standing: Standing) -> float:
        topics = (
            BALLOTS_CAST.name(cast.namespace),
            f"{cast.namespace}.peer",
            f"{cast.namespace}.peer-counts",
        )
        await create_topics(self._kafka.bootstrap, [TopicSpec(topic, SHARDS, 1, {}) for topic in topics[1:]])
        began = time.perf_counter()
        child = peer.start(topics, life.definition, SHARDS, life.key, THREADS)
        try:
            counts = await _committed(self._kafka.bootstrap, topics[2], standing.sequence)
            taken = time.perf_counter() - began
        finally:
            child.stop(BOUND_S)
        _require_same(counts, standing, life.definition)
        return taken

    def _sub(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir()
        return folder

    def _say(self, words: str) -> None:
        self._console.print(f"[dim]{words}")


async def _committed(bootstrap: str, topic: str, records: int) -> list[dict[str, int]]:
    """Return each shard's counts once `records` of the log have been judged and committed."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await consumer.start()
    newest: dict[int, dict[str, int]] = {}
    try:
        async with asyncio.timeout(BOUND_S):
            async for record in consumer:
                counts = json.loads(record.value)
                newest[counts["shard"]] = counts
                if sum(of["judged"] for of in newest.values()) >= records:
                    break
    finally:
        await consumer.stop()
    return list(newest.values())


def _require_same(counts: list[dict[str, int]], standing: Standing, election: Election) -> None:
    accepted = sum(of["accepted"] for of in counts)
    assert accepted == standing.balance.accepted, (
        f"accepted: {accepted}, and {standing.balance.accepted} here"
    )
    for place, candidate in enumerate(election.contests[0].candidates):
        first = sum(of.get(f"first/0/{place}", 0) for of in counts)
        here = standing.rounds[0].votes[candidate.id]
        assert first == here, f"{candidate.id}: {first} first preferences, and {here} here"


def _beside(rates: list[tuple[float, float, float]], length: Length) -> Iterator[Figure]:
    ours, peer, copy = (median(of) for of in zip(*rates, strict=True))
    name = f"{length.ballots:,} ballots, {SHARDS} shards, one process a service"
    yield Figure(name, "judged and counted", ours, "/s", 150_000, "more", f"{length.turns} turns, median")
    yield Figure(name, "Kafka Streams, exactly once", peer, "/s", better="more", note=f"{THREADS} threads")
    yield Figure(name, "a bare copy of the log", copy, "/s", better="more", note="aiokafka, one process")
    streams = median(mine / theirs for mine, theirs, _ in rates)
    yield Figure("Ratios", "beside Kafka Streams", streams, "x", 2, "more", "medians of turns")
    bare = median(mine / theirs for mine, _, theirs in rates)
    yield Figure("Ratios", "beside a bare copy", bare, "x", 0.5, "more", "medians of turns")


async def _measure(bench: Bench, length: Length) -> list[Figure]:
    figures = list(await bench.beside(length))
    if length.growth:
        figures += await bench.growth(length.growth)
    if length.scale:
        figures += await bench.scale(length.scale)
    return figures


def main() -> None:
    """Measure, print the table, write the results."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.pipeline",
        description=__doc__.partition("\n")[0],
        epilog="Example: python -m tests.bench.pipeline --quick",
    )
    parser.add_argument("--quick", action="store_true", help="fewer ballots, one turn, no files")
    quick = parser.parse_args().quick
    console = Console()
    console.print(machine())
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a new topic's leader takes a moment
    with TemporaryDirectory() as folder, EmbeddedKafka(Path(folder) / "kafka") as kafka:
        bench = Bench(kafka, Path(folder), console)
        figures = asyncio.run(_measure(bench, QUICK if quick else Length()))
    console.print(table(figures, "Ballots through the services"))
    if not quick:
        _write(figures)


def _write(figures: list[Figure]) -> None:
    told: dict[str, Any] = {"machine": machine(), "figures": [figure.as_data() for figure in figures]}
    target = _RESULTS / "pipeline.json"
    target.write_text(json.dumps(told, indent=1) + "\n")
    plot = str(_HERE / "plot_pipeline.py")
    subprocess.run(
        [str(_PROJECT / PEERS_PYTHON), plot, str(target), str(_RESULTS / "pipeline.png")], check=True
    )


if __name__ == "__main__":
    main()
