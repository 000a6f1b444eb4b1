"""Ballots judged and counted by whole processes, beside Kafka Streams and a bare copy: `python -m tests.bench.pipeline`.

One broker; the services, the peer and the load share the machine with it. Two contests a paper.

Rule 1: in turns: the log is copied, the copy is judged and counted by Livecount, then by the peer; ratios are taken
        within a turn, then the median.
Rule 2: a pass lasts from the start of the processes until everything is covered (see logs): by a published standing
        here, by committed counts there.
Rule 3: both must accept the same ballots and find the same first preferences, or nothing is told.

Writes results/pipeline.json and results/pipeline.png, unless `--quick`.
"""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from aiokafka import AIOKafkaConsumer
from rich.console import Console

from infra.local.kafka import EmbeddedKafka
from infra.local.topics import create_topics
from shared.contract.elections import Election
from shared.contract.standings import Standing
from shared.contract.topics import BALLOTS_CAST, TopicSpec
from tests.bench.goals import Figure, table
from tests.bench.logs import PASS_BOUND_S, SHARDS, Logs, judged_and_counted
from tests.bench.papers import bench_election
from tests.bench.processes import said_by
from tests.bench.report import arguments, begin, write
from tests.bench.streams_peer import StreamsPeer, compiled
from tests.support.elections import Life
from tests.support.pipeline import Pipeline

THREADS: Final = 2


@dataclass(frozen=True)
class Length:
    """How much is done."""

    ballots: int = 2_000_000
    turns: int = 2
    scale: int = 400_000


QUICK: Final = Length(400_000, 1, 0)


class Bench:
    """One broker, one log after another."""

    def __init__(self, kafka: str, folder: Path, console: Console) -> None:
        self._kafka = kafka
        self._folder = folder
        self._console = console
        self._logs = Logs(kafka, folder, console)

    async def beside(self, length: Length) -> Iterator[Figure]:
        """Measure Livecount beside its peer and the copy."""
        life = Life(bench_election(length.ballots))
        log = await self._logs.filled("log", length.ballots)
        peer = StreamsPeer(compiled(self._logs.folder("classes")), self._folder, self._kafka)
        rates: list[tuple[float, float, float]] = []
        for turn in range(length.turns):
            copied = await self._logs.empty(f"turn-{turn}")
            self._say(f"turn {turn + 1} of {length.turns}: copied")
            copy_s = await self._copy(log, copied)
            self._say(f"turn {turn + 1} of {length.turns}: judged and counted")
            ours = await judged_and_counted(copied, length.ballots)
            self._say(f"turn {turn + 1} of {length.turns}: judged and counted by Kafka Streams")
            peer_s = await self._peer(peer, copied, life, ours.standing)
            rates.append((length.ballots / ours.seconds, length.ballots / peer_s, length.ballots / copy_s))
        return _beside(rates, length)

    async def scale(self, ballots: int) -> list[Figure]:
        """Measure shards and processes; all must come to the same result."""
        figures, hashes = [], set()
        for shards in (1, 2, 4):
            for processes in (1, 2) if shards > 1 else (1,):
                name = f"shards {shards}, processes a service {processes}"
                self._say(name)
                made = await self._logs.filled(f"scale-{shards}-{processes}", ballots, shards)
                of = await judged_and_counted(made, ballots, processes)
                hashes.add(of.standing.result_hash)
                figures.append(
                    Figure("Shards and processes", name, ballots / of.seconds, "/s", better="more")
                )
        assert len(hashes) == 1, "other shards or processes come to another result"
        return figures

    async def _copy(self, source: Pipeline, target: Pipeline) -> float:
        topics = [BALLOTS_CAST.name(of.namespace) for of in (source, target)]
        argv = ("tests.bench.copy_loop", self._kafka, *topics)
        return float(await asyncio.to_thread(said_by, *argv, bound_s=PASS_BOUND_S))

    async def _peer(self, peer: StreamsPeer, cast: Pipeline, life: Life, standing: Standing) -> float:
        topics = (
            BALLOTS_CAST.name(cast.namespace),
            f"{cast.namespace}.peer",
            f"{cast.namespace}.peer-counts",
        )
        await create_topics(self._kafka, [TopicSpec(topic, SHARDS, 1, {}) for topic in topics[1:]])
        began = time.perf_counter()
        child = peer.start(topics, life.definition, SHARDS, life.key, THREADS)
        try:
            counts = await _committed(self._kafka, topics[2], standing.sequence)
            taken = time.perf_counter() - began
        finally:
            child.stop(PASS_BOUND_S)
        _require_same(counts, standing, life.definition)
        return taken

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
        async with asyncio.timeout(PASS_BOUND_S):
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
    if length.scale:
        figures += await bench.scale(length.scale)
    return figures


def main() -> None:
    """Measure, print the table, write the results."""
    quick = arguments("pipeline", __doc__, "fewer ballots, one turn, no files").parse_args().quick
    console = begin()
    with TemporaryDirectory() as folder, EmbeddedKafka(Path(folder) / "kafka") as kafka:
        bench = Bench(kafka.bootstrap, Path(folder), console)
        figures = asyncio.run(_measure(bench, QUICK if quick else Length()))
    console.print(table(figures, "Ballots through the services"))
    if not quick:
        write("pipeline", figures, plot="pipeline")


if __name__ == "__main__":
    main()
