"""A deployment at work: ballots come in one stream, evenly, and a client of the live feed sees them counted.

Intake, validation, counting and results, a process each, on a real Kafka and Valkey.

Rule 1: ballots are counted in the order sent, as far as a client can see: the k-th is seen with the first standing that
        accounts for k ballots.
Rule 2: a ballot is sent when its lines are handed to the connection; it is seen when the event has been read whole.
"""

import asyncio
import json
import time
from array import array
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

import httpx
import numpy as np

from infra.local.kafka import EmbeddedKafka
from infra.local.process import Child
from infra.local.valkey import EmbeddedValkey
from shared.contract.elections import Phase
from tests.bench.election import CONTESTS, Electorate
from tests.bench.logs import SHARDS
from tests.support.pipeline import Pipeline

SERVICES: Final = ("intake", "validation", "counting", "results")
STEP_S: Final = 0.01
STREAM_LINES: Final = 2_500
"""In one request: the client reads answers when its request has ended, and what nobody reads holds the stream up."""
BOUND_S: Final = 60.0

Array = np.ndarray[Any, Any]
Found = TypeVar("Found")


@dataclass
class Seen:
    """What a client of the feed saw: ballots accounted for, and when."""

    at: "array[float]" = field(default_factory=lambda: array("d"))
    ballots: "array[int]" = field(default_factory=lambda: array("q"))

    async def watch(self, client: httpx.AsyncClient, url: str) -> None:
        """Listen until cancelled."""
        async with client.stream("GET", url, timeout=None) as stream:
            async for line in stream.aiter_lines():
                if line.startswith("data: {"):
                    self.at.append(time.monotonic())
                    self.ballots.append(json.loads(line.removeprefix("data: "))["balance"]["cast"])

    @property
    def newest(self) -> int:
        """Ballots accounted for at present."""
        return self.ballots[-1] if self.ballots else 0


@dataclass
class Deployment:
    """Services at work, and the ballots sent to them so far."""

    pipeline: Pipeline
    life: Electorate
    processes: dict[str, Child]
    sent: "array[float]" = field(default_factory=lambda: array("d"))
    """When each ballot was, in order; seconds of the monotonic clock."""
    seen: Seen = field(default_factory=Seen)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[httpx.AsyncClient]:
        """Watch the first contest's live feed meanwhile; give a client to cast with."""
        contest = f"/v1/elections/{self.life.definition.id}/contests/{CONTESTS[0]}"
        feed = f"http://127.0.0.1:{self.pipeline.port('results')}{contest}/stream"
        async with httpx.AsyncClient(trust_env=False) as client:
            watching = asyncio.create_task(self.seen.watch(client, feed))
            try:
                yield client
            finally:
                watching.cancel()

    async def cast(self, client: httpx.AsyncClient, per_s: int, number: int) -> None:
        """Cast so many ballots, evenly in time, and wait until all are seen."""
        lines, path = self.life.forms(), f"/v1/elections/{self.life.definition.id}/ballots/bulk"
        url = f"http://127.0.0.1:{self.pipeline.port('intake')}{path}"
        headers = {"content-type": "application/x-ndjson"}
        began = time.monotonic()
        while len(self.sent) < number:
            body = self._paced(islice(lines, STREAM_LINES), began, per_s)
            answer = await client.post(url, content=body, headers=headers, timeout=BOUND_S)
            answer.raise_for_status()
        async with asyncio.timeout(BOUND_S):
            while self.seen.newest < number:
                await asyncio.sleep(0.05)

    def late_ms(self) -> tuple[Array, Array]:
        """Return when each ballot was sent, in seconds after the first, and how much later it was seen."""
        sent, at, ballots = (np.array(of) for of in (self.sent, self.seen.at, self.seen.ballots))
        first_with = np.searchsorted(ballots, np.arange(1, len(sent) + 1))
        return sent - sent[0], 1000 * (at[first_with] - sent)

    async def _paced(self, lines: Iterator[bytes], began: float, per_s: int) -> AsyncIterator[bytes]:
        """Yield lines evenly in time since the beginning, and note when each was handed over."""
        ended = False
        while not ended:
            due = int((time.monotonic() - began) * per_s) - len(self.sent)
            chunk = list(islice(lines, due))
            ended = len(chunk) < due
            if chunk:
                self.sent.extend([time.monotonic()] * len(chunk))
                yield b"\n".join(chunk) + b"\n"
            await asyncio.sleep(STEP_S)


def with_deployment(
    electors: int, job: Callable[[Deployment], Coroutine[Any, Any, Found]], **settings: str
) -> Found:
    """Do a job on a deployment of its own, an election of so many electors open; return what the job does.

    Services have these settings beside their own.
    """
    with servers() as (kafka, valkey, folder):
        return asyncio.run(_on(kafka, valkey, folder, electors, job, **settings))


@contextmanager
def servers() -> Iterator[tuple[EmbeddedKafka, EmbeddedValkey, Path]]:
    """Run a broker and a Valkey; give them and an empty folder beside theirs."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        kafka = stack.enter_context(EmbeddedKafka(folder / "kafka"))
        valkey = stack.enter_context(EmbeddedValkey(folder / "valkey"))
        deployment = folder / "deployment"
        deployment.mkdir()
        yield kafka, valkey, deployment


async def _on(
    kafka: EmbeddedKafka,
    valkey: EmbeddedValkey,
    folder: Path,
    electors: int,
    job: Callable[[Deployment], Coroutine[Any, Any, Found]],
    **settings: str,
) -> Found:
    life = Electorate(electors, SHARDS)
    pipeline = Pipeline(kafka.bootstrap, folder, shards=SHARDS, redis=valkey.url)
    await pipeline.create()
    await pipeline.announce(life, Phase.OPEN)
    await pipeline.cast((shard, record) for shard, of in enumerate(life.beginnings()) for record in of)
    try:
        processes = {service: pipeline.start(service, **settings) for service in SERVICES}
        for service in SERVICES:
            await asyncio.to_thread(pipeline.wait_ready, service)
        processes |= {"kafka": kafka.children[0], "valkey": valkey.child}
        return await job(Deployment(pipeline, life, processes))
    finally:
        pipeline.stop()
