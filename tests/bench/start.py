"""How long intake takes to be ready beside a large roll: `python -m tests.bench.start [ELECTORS]`, 10,000,000 otherwise.

The roll's commitments lie in `rolls.committed`, as validation writes them; intake reads all of them before it takes a ballot.
A second start finds what the first has mapped into a file.
"""

import asyncio
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.local.kafka import EmbeddedKafka
from shared.contract.codec import encode
from shared.contract.elections import Phase
from shared.contract.events import RollKnown
from shared.contract.topics import ROLLS_COMMITTED
from shared.runtime.kafka.sink import Item, send_all, start_producer
from tests.bench.election import Electorate
from tests.bench.processes import memory_bytes
from tests.support.pipeline import Pipeline

ELECTORS = 10_000_000
SHARDS = 2
READY_BOUND_S = 240.0


def known(life: Electorate) -> Iterator[Item]:
    """Yield the records of `rolls.committed`: shard, key and value."""
    for shard in range(SHARDS):
        for first, part in life.whole_roll().chunks(shard, SHARDS):
            of = RollKnown(
                election="bench", shard=shard, shards=SHARDS, source=first, first=first, commitments=part
            )
            yield shard, of.key.encode(), encode(of)


async def filled(pipeline: Pipeline, life: Electorate) -> float:
    """Create the topics and write the roll; return its bytes of an elector."""
    await pipeline.create()
    await pipeline.announce(life, Phase.OPEN)
    items = list(known(life))
    producer = await start_producer(pipeline.kafka)
    try:
        for at in range(0, len(items), 20):
            await send_all(producer, ROLLS_COMMITTED.name(pipeline.namespace), items[at : at + 20])
    finally:
        await producer.stop()
    return sum(len(value) for _, _, value in items) / life.definition.electors


def started(pipeline: Pipeline) -> tuple[float, float]:
    """Start intake; return after how many seconds it is ready, and what it takes by then, in MB."""
    began = time.perf_counter()
    child = pipeline.start("intake")
    pipeline.wait_ready("intake", bound_s=READY_BOUND_S)
    took = time.perf_counter() - began
    return took, memory_bytes(child.pid) / 1e6


def main() -> None:
    """Measure two starts, and print them."""
    electors = int(sys.argv[1]) if len(sys.argv) > 1 else ELECTORS
    with TemporaryDirectory() as folder, EmbeddedKafka(Path(folder, "kafka")) as kafka:
        life = Electorate(electors, SHARDS)
        pipeline = Pipeline(kafka.bootstrap, Path(folder), shards=SHARDS)
        each = asyncio.run(filled(pipeline, life))
        sys.stdout.write(f"{electors:,} electors, {each:.1f} bytes of rolls.committed each\n")
        for which in ("first", "second"):
            took, size = started(pipeline)
            sys.stdout.write(f"{which} start: ready after {took:.1f} s, {size:.0f} MB\n")
            pipeline.stop()


if __name__ == "__main__":
    main()
