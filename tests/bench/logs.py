"""Logs to judge and count, and the passes that validation and counting make over them, as processes.

Rule 1: a log holds an election from its definition to its close, its ballots in packs of one size.
Rule 2: a pass lasts from the start of the processes until the standing covers the whole log and all say that they have
        caught up.
Rule 3: rate and CPU of a ballot are taken from the first standing with ballots to the last one, over the ballots between
        them: neither starting nor reading the roll is in them. Where the first one covers more than half of the ballots
        already they are taken from the start of the processes, for a rate over the rest would say nothing.
"""

import asyncio
import shutil
import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

from rich.console import Console

from shared.contract.standings import Standing
from shared.contract.topics import BALLOTS_CAST, TOPICS
from shared.runtime.kafka.reader import open_reader
from tests.bench.election import CONTESTS, Electorate
from tests.bench.processes import cpu_seconds, memory_bytes, said_by
from tests.support.pipeline import Pipeline

SHARDS: Final = 4
SERVICES: Final = ("validation", "counting")
IDLE: Final = 100
CHUNK_RECORDS: Final = 20_000
PASS_BOUND_S: Final = 600.0


@dataclass(frozen=True)
class Pass:
    """How long it took until all was counted; what a service took at the end, in seconds of CPU and bytes; what came out.

    `per_s` and `cpu_us` are the rate, and each service's CPU of a ballot, while ballots were judged and counted.
    """

    seconds: float
    cpu: dict[str, float]
    memory: dict[str, float]
    standing: Standing
    per_s: float
    cpu_us: dict[str, float]


class Mark(NamedTuple):
    """Where a pass is: when, how many ballots a standing covers, and the CPU seconds that each service has taken."""

    at_s: float
    ballots: int
    cpu: dict[str, float]


class Logs:
    """One broker, one deployment after another."""

    def __init__(self, kafka: str, folder: Path, console: Console) -> None:
        self._kafka = kafka
        self._folder = folder
        self._console = console

    def folder(self, name: str) -> Path:
        """Return a new folder."""
        made = self._folder / name
        made.mkdir()
        return made

    async def empty(self, name: str, shards: int = SHARDS, *, founded: bool = True) -> Pipeline:
        """Return a deployment with empty topics, its log founded or not even that."""
        pipeline = Pipeline(self._kafka, self.folder(name), shards=shards)
        await pipeline.create(founded=founded)
        return pipeline

    async def filled(
        self, name: str, ballots: int, pack: int, shards: int = SHARDS, electors: int | None = None
    ) -> Pipeline:
        """Return a deployment whose log holds an election of so many ballots, in packs of so many.

        There are as many electors as ballots, unless a number is given.
        """
        pipeline, life = await self.empty(name, shards), Electorate(electors or ballots, shards)
        await pipeline.cast((shard, record) for shard, of in enumerate(life.beginnings()) for record in of)
        cast, written = life.packs(pack, ballots), 0
        with self._console.status("filling the log") as status:
            while chunk := list(islice(cast, CHUNK_RECORDS)):
                await pipeline.cast(chunk)
                written += len(chunk)
                status.update(f"filling the log: {written:,} packs of {ballots:,} ballots")
        await pipeline.control(life.closed())
        return pipeline

    async def copied(self, name: str, source: Pipeline) -> tuple[Pipeline, float]:
        """Return a deployment with a copy of a log, and the seconds that the copying took."""
        target = await self.empty(name, source.shards, founded=False)
        topics = [BALLOTS_CAST.name(of.namespace) for of in (source, target)]
        argv = ("tests.bench.copy_loop", self._kafka, *topics)
        return target, float(await asyncio.to_thread(said_by, *argv, bound_s=PASS_BOUND_S))

    def disk_bytes(self, pipeline: Pipeline) -> dict[str, float]:
        """Return what a deployment's topics take on the broker's disk, by their nouns."""
        sizes: dict[str, float] = {}
        for topic in TOPICS:
            name = topic.name(pipeline.namespace)
            segments = (self._folder / "kafka").rglob(f"{name}-*/*.log")
            sizes[topic.noun] = sum(segment.stat().st_size for segment in segments)
        return sizes


async def judged_and_counted(pipeline: Pipeline, processes: int = 1) -> Pass:
    """Let so many processes of each service do all of a log, and end them as a crash would."""
    records = await length_of(pipeline)
    began = time.perf_counter()
    started = [(service, str(number + 1)) for service in SERVICES for number in range(processes)]
    children = [(service, pipeline.start(service, number)) for service, number in started]
    marks: list[Mark] = []

    def note(standing: Standing) -> None:
        if standing.balance.cast and (not marks or standing.sequence >= records):
            cpu = dict.fromkeys(SERVICES, 0.0)
            for service, child in children:
                cpu[service] += cpu_seconds(child.pid)
            marks.append(Mark(time.perf_counter(), standing.balance.cast, cpu))

    try:
        standings = await pipeline.standings(records, CONTESTS[0], PASS_BOUND_S, note)
        for service, number in started:
            pipeline.wait_ready(service, number, PASS_BOUND_S)
        seconds = time.perf_counter() - began
        memory = dict.fromkeys(SERVICES, 0.0)
        for service, child in children:
            memory[service] += memory_bytes(child.pid)
        first, last = marks[0], marks[-1]
        if first.ballots > last.ballots / 2:
            first = Mark(began, 0, dict.fromkeys(SERVICES, 0.0))
        ballots = last.ballots - first.ballots
        cpu_us = {service: 1e6 * (last.cpu[service] - first.cpu[service]) / ballots for service in SERVICES}
        per_s = ballots / (last.at_s - first.at_s)
        return Pass(seconds, last.cpu, memory, standings[-1], per_s, cpu_us)
    finally:
        for service, number in started:
            pipeline.kill(service, number)


async def replayed(pipeline: Pipeline) -> Pass:
    """Let new processes do all of a log again that was judged and counted, after all state is lost."""
    for service in SERVICES:
        shutil.rmtree(pipeline.folder / f"{service}-1")
    return await judged_and_counted(pipeline)


async def length_of(pipeline: Pipeline) -> int:
    """Return how many records a deployment's ballot log holds."""
    async with await open_reader(pipeline.kafka, BALLOTS_CAST.name(pipeline.namespace)) as reader:
        return sum(await reader.ends())
