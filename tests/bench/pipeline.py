"""Ballots judged and counted by whole processes, beside Kafka Streams, Quix Streams and a copy: `python -m tests.bench.pipeline`.

One broker; the services, the peer and the load share the machine with it. Two contests a ballot.

Rule 1: in turns: a log in packs of a size is copied, the copy is judged and counted by Livecount, then by Kafka Streams; then the
        log of the same ballots, one a record, is copied and judged by Kafka Streams. Ratios are taken within a turn, then the
        median. Peers judge by the same rules. Quix Streams (`--part quix`) has one ballot a record, which is how its users
        would do it, and fewer of them, for it is slow.
Rule 2: rates are taken from the first output that covers ballots to the one that covers them all (see logs): a published
        standing here, committed counts there. So neither starting nor reading the roll is in them; the notes have what a
        whole pass from the start of the processes comes to.
Rule 3: both must accept the same ballots and find the same first preferences, or nothing is shown.

`--part packs-6` is a size of packs; `--part scale` has no peer: the same log over 1, 2 and 4 shards and 1 and 2 processes. Each part
takes less than eight minutes and writes results/PART.json, unless `--quick`; packs-6 also results/pipeline.png.
"""

import asyncio
import json
import time
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

PACKS: Final = {f"packs-{size}": size for size in (6, 17, 125, 1)}
"""Ballots a pack: as intake makes them at 5,000 a second, when it is busy, and of a stream; and the dearest, one."""
GOALS: Final = {6: 400_000, 125: 500_000}
CPU_GOALS: Final = {"validation": 1.2, "counting": 0.5}
CPU_GOALS_FROM: Final = 17
"""Ballots a pack."""
BYTES_GOALS: Final = {"ballots.cast": 60, "ballots.judged": 12}
SCALE_PACK: Final = 17
QUIX_PACK: Final = 6
"""What Livecount is given beside Quix Streams."""


@dataclass(frozen=True)
class Length:
    """How much is done."""

    ballots: int = 2_000_000
    turns: int = 1
    fewer: int = 400_000
    """Ballots of the parts that are not beside Kafka Streams."""
    quix: int = 60_000
    """Ballots for Quix Streams."""


QUICK: Final = Length(400_000, 1, 100_000, 20_000)


class Turn(NamedTuple):
    """One log in one turn: the pass here, its bytes on disk, what Kafka Streams does with it; and what peers do with single ballots."""

    ours: Pass
    disk_bytes: dict[str, float]
    peer_per_s: float
    peer_s: float
    single_per_s: float
    copy_per_s: float

    @property
    def in_words(self) -> str:
        """What was measured, for who watches."""
        cpu = ", ".join(f"{service} {us:.2f} us" for service, us in self.ours.cpu_us.items())
        peers = f"Kafka Streams {self.peer_per_s:,.0f}/s, {self.single_per_s:,.0f}/s on one a record"
        return f"{self.ours.per_s:,.0f}/s ({cpu}); {peers}; copy {self.copy_per_s:,.0f}/s"


Start = Callable[[Topics, Electorate], list[Child]]


class Bench:
    """One broker, one log after another."""

    def __init__(self, kafka: str, folder: Path, console: Console) -> None:
        self._kafka = kafka
        self._folder = folder
        self._console = console
        self._logs = Logs(kafka, folder, console)
        self._peers = Peers(self._logs.folder("peers"), kafka)

    async def beside(self, length: Length, size: int) -> Iterator[Figure]:
        """Measure Livecount beside its peer and the copy, on a log in packs of a size."""
        life = Electorate(length.ballots, SHARDS)
        idle = self._logs.disk_bytes(await self._logs.filled("idle", IDLE, 1, electors=length.ballots))
        single = await self._logs.filled("single", length.ballots, 1)
        log = single if size == 1 else await self._logs.filled("packs", length.ballots, size)
        turns: list[Turn] = []
        for turn in range(length.turns):
            turns.append(await self._turn(f"turn-{turn}", log, single, life))
            self._say(f"turn {turn + 1} of {length.turns}, packs of {size}: {turns[-1].in_words}")
        return _beside(length, size, idle["ballots.cast"], turns)

    async def quix(self, length: Length) -> Iterator[Figure]:
        """Measure Livecount beside Quix Streams, which judges fewer ballots, one a record."""
        theirs = Electorate(length.quix, SHARDS)
        single = await self._logs.filled("quix", length.quix, 1)
        standing = (await judged_and_counted(single)).standing
        self._say(f"Quix Streams: {length.quix:,} ballots, one a record")
        rate = (await self._judged_by(self._peers.quix_streams, single, theirs, standing))[0]
        self._say(f"{rate:,.0f}/s; packs of {QUIX_PACK} here")
        ours = (await judged_and_counted(await self._logs.filled("ours", length.fewer, QUIX_PACK))).per_s
        name = f"{length.quix:,} ballots, one a record"
        how = f"{ours:,.0f}/s in packs of {QUIX_PACK}, {length.fewer:,} ballots"
        return iter(
            (
                Figure(name, "Quix Streams, exactly once", rate, "/s", note=f"{CORES} processes"),
                Figure("Ratios", "beside Quix Streams", ours / rate, "x", 10, "more", how),
            )
        )

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

    async def _turn(self, name: str, log: Pipeline, single: Pipeline, life: Electorate) -> Turn:
        copied, _ = await self._logs.copied(name, log)
        ours = await judged_and_counted(copied)
        disk = self._logs.disk_bytes(copied)
        peer_per_s, peer_s = await self._judged_by(self._peers.kafka_streams, copied, life, ours.standing)
        copied, copy_s = await self._logs.copied(f"{name}-single", single)
        single_per_s, _ = await self._judged_by(self._peers.kafka_streams, copied, life, ours.standing)
        return Turn(ours, disk, peer_per_s, peer_s, single_per_s, life.definition.electors / copy_s)

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


def _beside(length: Length, size: int, roll_bytes: float, turns: list[Turn]) -> Iterator[Figure]:
    number, per_s = length.ballots, [of.ours.per_s for of in turns]
    name = f"{number:,} ballots in packs of {size}, {SHARDS} shards, one process a service"
    seconds, peer_s = (median(of) for of in zip(*[(of.ours.seconds, of.peer_s) for of in turns], strict=True))
    how = f"{length.turns} turns, {min(per_s):,.0f} to {max(per_s):,.0f}; {number / seconds:,.0f}/s from the start"
    yield Figure(name, "judged and counted", median(per_s), "/s", GOALS.get(size), "more", how)
    peers = {
        "Kafka Streams, exactly once, on the same packs": ([of.peer_per_s for of in turns], 3.0),
        "Kafka Streams, exactly once, on one ballot a record": ([of.single_per_s for of in turns], 5.0),
        "a bare copy of one-ballot records": ([of.copy_per_s for of in turns], 1.3),
    }
    for peer, (rates, _) in peers.items():
        note = f"{number / peer_s:,.0f}/s from the start, {CORES} threads" if "same" in peer else ""
        yield Figure(name, peer, median(rates), "/s", note=note)
    for peer, (rates, goal) in peers.items():
        each = [mine / theirs for mine, theirs in zip(per_s, rates, strict=True)]
        how = f"{min(each):.2f} to {max(each):.2f}"
        yield Figure(
            f"Packs of {size}, beside", peer, median(each), "x", goal if size > 1 else None, "more", how
        )
    yield from _costs(size, number, roll_bytes, turns)


def _costs(size: int, ballots: int, roll_bytes: float, turns: list[Turn]) -> Iterator[Figure]:
    name = f"A ballot in packs of {size}"
    for service, goal in CPU_GOALS.items():
        us = median(of.ours.cpu_us[service] for of in turns)
        yield Figure(name, f"CPU of {service}", us, "us", goal if size >= CPU_GOALS_FROM else None)
    for topic, goal in BYTES_GOALS.items():
        without = roll_bytes if topic == "ballots.cast" else 0
        found = median((of.disk_bytes[topic] - without) / ballots for of in turns)
        how = f"an elector's commitment beside: {roll_bytes / ballots:.1f} B once" if without else ""
        yield Figure(name, f"bytes in {topic}", found, "B", goal if size > 1 else None, note=how)


async def _measure(bench: Bench, part: str, length: Length) -> list[Figure]:
    if part == "scale":
        return await bench.scale(length.fewer)
    return list(await (bench.quix(length) if part == "quix" else bench.beside(length, PACKS[part])))


def main() -> None:
    """Measure, print the table, write the results."""
    parser = arguments("pipeline", __doc__, "fewer ballots, one turn, no files")
    parser.add_argument("--part", choices=(*PACKS, "quix", "scale"), default="packs-6")
    parser.add_argument("--ballots", type=int, default=Length.ballots, help="default: %(default)s")
    parser.add_argument("--turns", type=int, default=Length.turns, help="default: %(default)s")
    given = parser.parse_args()
    length = QUICK if given.quick else Length(given.ballots, given.turns)
    console = begin()
    with TemporaryDirectory() as folder, EmbeddedKafka(Path(folder) / "kafka") as kafka:
        bench = Bench(kafka.bootstrap, Path(folder), console)
        figures = asyncio.run(_measure(bench, given.part, length))
    console.print(table(figures, "Ballots through the services"))
    if not given.quick:
        write(given.part, figures, plot="pipeline" if given.part == "packs-6" else None)


if __name__ == "__main__":
    main()
