"""Ballots judged and counted by whole processes, beside Kafka Streams, Quix Streams and a copy: `python -m tests.bench.pipeline`.

One broker; the services, the peer and the load share the machine with it. Two contests a ballot.

Rule 1: in turns: the log is copied, the copy is judged and counted by Livecount, then by the peers; ratios are taken
        within a turn, then the median. Peers judge by the same rules: Kafka Streams on the same packs and on one ballot a
        record, Quix Streams on one ballot a record, which is how its users would do it, and on fewer of them, for it is slow.
Rule 2: rates are taken from the first output that covers ballots to the one that covers them all (see logs): a published
        standing here, committed counts there. So neither starting nor reading the roll is in them; the notes have what a
        whole pass from the start of the processes comes to.
Rule 3: both must accept the same ballots and find the same first preferences, or nothing is shown.

Writes results/pipeline.json and results/pipeline.png, unless `--quick`.
"""

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from aiokafka import AIOKafkaConsumer
from rich.console import Console

from infra.local.kafka import EmbeddedKafka
from infra.local.process import Child
from infra.local.topics import create_topics
from shared.contract.elections import Election
from shared.contract.standings import Standing
from shared.contract.topics import BALLOTS_CAST, TopicSpec
from tests.bench.election import Electorate
from tests.bench.goals import Figure, table
from tests.bench.judging_peers import CORES, Peers, Topics
from tests.bench.logs import IDLE, PASS_BOUND_S, SHARDS, Logs, Pass, judged_and_counted, length_of
from tests.bench.report import arguments, begin, write
from tests.support.pipeline import Pipeline

PACKS: Final = (6, 17, 125)
"""Ballots a pack: as intake makes them at 5,000 a second, when it is busy, and of a stream."""
GOALS: Final = {6: 400_000, 125: 500_000}
CPU_GOALS: Final = {"validation": 1.2, "counting": 0.5}
CPU_GOALS_FROM: Final = 17
"""Ballots a pack."""
BYTES_GOALS: Final = {"ballots.cast": 60, "ballots.judged": 12}
SCALE_PACK: Final = 17


@dataclass(frozen=True)
class Length:
    """How much is done."""

    ballots: int = 2_000_000
    turns: int = 2
    scale: int = 400_000
    quix: int = 100_000
    """Ballots for Quix Streams."""


QUICK: Final = Length(400_000, 1, 0, 40_000)


class Turn(NamedTuple):
    """One log in one turn: the pass here and its bytes on disk, Kafka Streams' rate and seconds, the seconds of copying."""

    ours: Pass
    disk_bytes: dict[str, float]
    peer_per_s: float
    peer_s: float
    copy_s: float

    @property
    def in_words(self) -> str:
        """What was measured, for who watches."""
        cpu = ", ".join(f"{service} {us:.2f} us" for service, us in self.ours.cpu_us.items())
        return f"{self.ours.per_s:,.0f}/s ({cpu}); Kafka Streams {self.peer_per_s:,.0f}/s"


Start = Callable[[Topics, Electorate], list[Child]]


class Bench:
    """One broker, one log after another."""

    def __init__(self, kafka: str, folder: Path, console: Console) -> None:
        self._kafka = kafka
        self._folder = folder
        self._console = console
        self._logs = Logs(kafka, folder, console)
        self._peers = Peers(self._logs.folder("peers"), kafka)

    async def beside(self, length: Length) -> Iterator[Figure]:
        """Measure Livecount beside its peer and the copy, on logs of each size of packs."""
        life = Electorate(length.ballots, SHARDS)
        idle = self._logs.disk_bytes(await self._logs.filled("idle", IDLE, 1, electors=length.ballots))
        turns: dict[int, list[Turn]] = defaultdict(list)
        logs = {size: await self._logs.filled(f"log-{size}", length.ballots, size) for size in (1, *PACKS)}
        for turn in range(length.turns):
            for size, log in logs.items():
                name = f"turn-{turn}-{size}"
                self._say(f"turn {turn + 1} of {length.turns}: packs of {size}")
                turns[size].append(await self._turn(name, log, life))
                self._say(turns[size][-1].in_words)
        quix = [await self._quix(f"quix-{turn}", length.quix) for turn in range(length.turns)]
        return _beside(length, idle["ballots.cast"], turns, quix)

    async def scale(self, ballots: int) -> list[Figure]:
        """Measure shards and processes; all must come to the same result."""
        figures, hashes = [], set()
        for shards in (1, 2, 4):
            for processes in (1, 2) if shards > 1 else (1,):
                name = f"shards {shards}, processes a service {processes}"
                self._say(name)
                made = await self._logs.filled(f"scale-{shards}-{processes}", ballots, SCALE_PACK, shards)
                of = await judged_and_counted(made, processes)
                hashes.add(of.standing.result_hash)
                figures.append(
                    Figure("Shards and processes", name, ballots / of.seconds, "/s", better="more")
                )
        assert len(hashes) == 1, "other shards or processes come to another result"
        return figures

    async def _turn(self, name: str, log: Pipeline, life: Electorate) -> Turn:
        copied, copy_s = await self._logs.copied(name, log)
        ours = await judged_and_counted(copied)
        disk = self._logs.disk_bytes(copied)
        peer_per_s, peer_s = await self._judged_by(self._peers.kafka_streams, copied, life, ours.standing)
        return Turn(ours, disk, peer_per_s, peer_s, copy_s)

    async def _quix(self, name: str, ballots: int) -> float:
        """Return the rate of Quix Streams on a log of its own, of one ballot a record."""
        self._say(name)
        log, life = await self._logs.filled(name, ballots, 1), Electorate(ballots, SHARDS)
        ours = await judged_and_counted(log)
        return (await self._judged_by(self._peers.quix_streams, log, life, ours.standing))[0]

    async def _judged_by(
        self, start: Start, cast: Pipeline, life: Electorate, standing: Standing
    ) -> tuple[float, float]:
        """Return a peer's rate, and the seconds of its whole pass."""
        topics = (
            BALLOTS_CAST.name(cast.namespace),
            f"{cast.namespace}.peer",
            f"{cast.namespace}.peer-counts",
        )
        await create_topics(self._kafka, [TopicSpec(topic, SHARDS, 1, {}) for topic in topics[1:]])
        records = await length_of(cast)
        began = time.perf_counter()
        children = start(topics, life)
        try:
            counts, per_s = await _committed(self._kafka, topics[2], records)
            taken = time.perf_counter() - began
        finally:
            for child in children:
                child.stop(PASS_BOUND_S)
        _require_same(counts, standing, life.definition)
        return per_s, taken

    def _say(self, words: str) -> None:
        self._console.print(f"[dim]{words}")


async def _committed(bootstrap: str, topic: str, records: int) -> tuple[list[dict[str, int]], float]:
    """Return each shard's counts once `records` of the log have been judged and committed, and the rate till then."""
    consumer = AIOKafkaConsumer(
        topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest", isolation_level="read_committed"
    )
    await consumer.start()
    newest: dict[int, dict[str, int]] = {}
    marks: list[tuple[float, int]] = []
    try:
        async with asyncio.timeout(PASS_BOUND_S):
            async for record in consumer:
                counts = json.loads(record.value)
                newest[counts["shard"]] = counts
                if accepted := sum(of.get("accepted", 0) for of in newest.values()):
                    marks[1:] = [(time.perf_counter(), accepted)]
                if sum(of["judged"] for of in newest.values()) >= records:
                    break
    finally:
        await consumer.stop()
    (first_s, first), (last_s, last) = marks[0], marks[-1]
    return list(newest.values()), (last - first) / (last_s - first_s)


def _require_same(counts: list[dict[str, int]], standing: Standing, election: Election) -> None:
    accepted = sum(of.get("accepted", 0) for of in counts)
    assert accepted == standing.balance.accepted, (
        f"accepted: {accepted}, and {standing.balance.accepted} here"
    )
    for place, candidate in enumerate(election.contests[0].candidates):
        first = sum(of.get(f"first/0/{place}", 0) for of in counts)
        here = standing.rounds[0].votes[candidate.id]
        assert first == here, f"{candidate.id}: {first} first preferences, and {here} here"


def _beside(
    length: Length, roll_bytes: float, turns: dict[int, list[Turn]], quix: list[float]
) -> Iterator[Figure]:
    number = length.ballots
    ours = {size: [of.ours.per_s for of in turns[size]] for size in turns}
    peer = {size: [of.peer_per_s for of in turns[size]] for size in turns}
    copy = [number / of.copy_s for of in turns[1]]
    name = f"{number:,} ballots, {SHARDS} shards, one process a service"
    for size, rates in ours.items():
        with_start = number / median(of.ours.seconds for of in turns[size])
        spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
        how = f"median of {length.turns} turns, {spread}; {with_start:,.0f}/s from the start"
        what = f"judged and counted, packs of {size}"
        yield Figure(name, what, median(rates), "/s", GOALS.get(size), "more", how)
    for size, rates in peer.items():
        with_start = number / median(of.peer_s for of in turns[size])
        how = f"{with_start:,.0f}/s from the start; {CORES} threads"
        yield Figure(name, f"Kafka Streams, exactly once, packs of {size}", median(rates), "/s", note=how)
    yield Figure(name, "a bare copy, one ballot a record", median(copy), "/s", note="aiokafka, one process")
    how = f"{CORES} processes, {length.quix:,} ballots"
    yield Figure(name, "Quix Streams, exactly once, packs of 1", median(quix), "/s", note=how)
    for size in PACKS:
        for beside, rates, goal in (
            ("Kafka Streams on one ballot a record", peer[1], 5.0),
            ("Kafka Streams on the same packs", peer[size], 3.0),
            ("a bare copy, one ballot a record", copy, 1.3),
            ("Quix Streams on one ballot a record", quix, 10.0),
        ):
            each = [mine / theirs for mine, theirs in zip(ours[size], rates, strict=True)]
            spread = f"{min(each):.2f} to {max(each):.2f}"
            yield Figure(
                "Ratios", f"packs of {size} beside {beside}", median(each), "x", goal, "more", spread
            )
    yield Figure("The roll, once", "bytes of an elector in ballots.cast", roll_bytes / number, "B")
    for size, of_size in turns.items():
        yield from _costs(size, number, roll_bytes, of_size)


def _costs(size: int, ballots: int, roll_bytes: float, turns: list[Turn]) -> Iterator[Figure]:
    name = f"A ballot in packs of {size}"
    for service, goal in CPU_GOALS.items():
        us = median(of.ours.cpu_us[service] for of in turns)
        yield Figure(name, f"CPU of {service}", us, "us", goal if size >= CPU_GOALS_FROM else None)
    for topic, goal in BYTES_GOALS.items():
        without = roll_bytes if topic == "ballots.cast" else 0
        found = median((of.disk_bytes[topic] - without) / ballots for of in turns)
        yield Figure(name, f"bytes in {topic}", found, "B", goal if size > 1 else None)


async def _measure(bench: Bench, length: Length) -> list[Figure]:
    figures = list(await bench.beside(length))
    if length.scale:
        figures += await bench.scale(length.scale)
    return figures


def main() -> None:
    """Measure, print the table, write the results."""
    parser = arguments("pipeline", __doc__, "fewer ballots, one turn, no files")
    parser.add_argument("--ballots", type=int, default=Length.ballots, help="default: %(default)s")
    parser.add_argument("--turns", type=int, default=Length.turns, help="default: %(default)s")
    given = parser.parse_args()
    quick = given.quick
    console = begin()
    with TemporaryDirectory() as folder, EmbeddedKafka(Path(folder) / "kafka") as kafka:
        bench = Bench(kafka.bootstrap, Path(folder), console)
        figures = asyncio.run(_measure(bench, QUICK if quick else Length(given.ballots, given.turns)))
    console.print(table(figures, "Ballots through the services"))
    if not quick:
        write("pipeline", figures, plot="pipeline")


if __name__ == "__main__":
    main()
