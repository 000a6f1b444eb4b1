"""Logs to judge and count, and the passes that validation and counting make over them, as processes.

Rule 1: a log holds an election from its definition to its close.
Rule 2: a pass lasts from the start of the processes until the standing covers the whole log and all say that they have
        caught up. Starting is in it.
"""

import time
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from rich.console import Console

from shared.contract.standings import Standing
from tests.bench.papers import CONTESTS, bench_election, records
from tests.bench.processes import cpu_seconds, memory_bytes
from tests.support.elections import Life
from tests.support.pipeline import Pipeline

SHARDS: Final = 4
SERVICES: Final = ("validation", "counting")
CHUNK: Final = 20_000
PASS_BOUND_S: Final = 600.0


@dataclass(frozen=True)
class Pass:
    """How long it took until all was counted; CPU and memory of each service, in seconds and bytes; what came out."""

    seconds: float
    cpu: dict[str, float]
    memory: dict[str, float]
    standing: Standing


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

    async def empty(self, name: str, shards: int = SHARDS) -> Pipeline:
        """Return a deployment with empty topics."""
        pipeline = Pipeline(self._kafka, self.folder(name), shards=shards)
        await pipeline.create()
        return pipeline

    async def filled(self, name: str, ballots: int, shards: int = SHARDS) -> Pipeline:
        """Return a deployment whose log holds an election of so many ballots."""
        pipeline, life = await self.empty(name, shards), Life(bench_election(ballots))
        await pipeline.control(life.configured())
        await pipeline.control(life.opened())
        cast, written = records(life, ballots, shards), 0
        with self._console.status("filling the log") as status:
            while chunk := list(islice(cast, CHUNK)):
                await pipeline.cast(chunk)
                written += len(chunk)
                status.update(f"filling the log: {written:,} of {ballots:,} ballots")
        await pipeline.control(life.closed())
        return pipeline


async def judged_and_counted(pipeline: Pipeline, ballots: int, processes: int = 1) -> Pass:
    """Let so many processes of each service do all of a log, and end them as a crash would."""
    began = time.perf_counter()
    started = [(service, str(number + 1)) for service in SERVICES for number in range(processes)]
    children = [(service, pipeline.start(service, number)) for service, number in started]
    try:
        standings = await pipeline.standings(ballots + 3 * pipeline.shards, CONTESTS[0], PASS_BOUND_S)
        for service, number in started:
            pipeline.wait_ready(service, number, PASS_BOUND_S)
        seconds = time.perf_counter() - began
        cpu, memory = dict.fromkeys(SERVICES, 0.0), dict.fromkeys(SERVICES, 0.0)
        for service, child in children:
            cpu[service] += cpu_seconds(child.pid)
            memory[service] += memory_bytes(child.pid)
        return Pass(seconds, cpu, memory, standings[-1])
    finally:
        for service, number in started:
            pipeline.kill(service, number)
