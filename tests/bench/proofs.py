"""What proofs cost: `python -m tests.bench.proofs`.

Rule 1: CPU a ballot is this process's own, with every file written and synced: pairs of verdicts and packs of 6 (live) and 125
        (bulk), two contests a ballot, one checkpoint for every 100,000 ballots. Beside it the same with single ballots. Of
        REPEATS passes the least: neighbours on the machine only add.
Rule 2: from cast to a covering checkpoint is measured on a real Kafka, validation and proofs as processes, at a steady rate: from
        the acknowledgement of a ballot until the checkpoint that anybody reads covers it.
Rule 3: a proof's size is its JSON, as a receipt carries it.

Writes results/proofs.json, unless `--quick`.
"""

import asyncio
import gc
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import numpy as np

from infra.local.kafka import EmbeddedKafka
from services.proofs.lookup import find
from services.proofs.notes import read_checkpoint
from services.proofs.receipts import InclusionProof
from services.proofs.rows import ROW_BYTES
from services.proofs.shard import ShardTree
from services.proofs.tree import HASH_BYTES
from shared.contract.codec import decode_cast
from shared.contract.codes import VotingCode, commitment
from shared.contract.leaves import who_digest
from shared.contract.packs import Pack
from shared.contract.topics import BALLOTS_CAST
from shared.runtime.kafka.sink import send_all, start_producer
from tests.bench.election import Electorate
from tests.bench.goals import Figure, table
from tests.bench.report import arguments, begin, write
from tests.support.elections import LOG_ID, ROOT, Life, election
from tests.support.evidence import judged
from tests.support.pipeline import Pipeline
from tests.support.proofs import grown, pairs, signer

BALLOTS: Final = 200_000
QUICK: Final = 40_000
REPEATS: Final = 4
TOGETHER: Final = 500
CHECKPOINT_BALLOTS: Final = 100_000
LIVE_S: Final = 40
LIVE_RATE: Final = 50
LOOK_EVERY_S: Final = 0.05


def log(ballots: int, pack: int) -> list[bytes]:
    """Return the pairs of a shard's whole log."""
    life = Electorate(ballots, 1)
    cast = [life.founded(), *life.beginnings()[0], *(record for _, record in life.packs(pack))]
    return pairs(cast, judged(0, cast, 1, TOGETHER))


def cost_us(values: list[bytes], ballots: int, folder: Path) -> float:
    """Return the CPU time a ballot, in microseconds."""
    began = time.process_time()
    files = grown([], folder)
    tree = ShardTree(LOG_ID, 0, files, None)
    upto = CHECKPOINT_BALLOTS
    for value in values:
        tree.apply([value])
        if tree.ballots() >= upto:
            files.publish(tree.drain())
            upto += CHECKPOINT_BALLOTS
    files.publish(tree.drain())
    return 1e6 * (time.process_time() - began) / ballots


def costs(ballots: int) -> Iterator[Figure]:
    """Yield what a ballot costs, and the size of a proof."""
    for pack, name in ((125, "bulk"), (6, "live"), (1, "alone")):
        values = log(ballots, pack)
        gc.collect()
        gc.freeze()  # a service does not hold a whole log for the collector to look through
        with tempfile.TemporaryDirectory() as folder:
            passes = [cost_us(values, ballots, Path(folder, f"{number}")) for number in range(REPEATS)]
            took = min(passes)
            goal = None if pack == 1 else 5.0
            yield Figure(
                "Proofs",
                f"CPU a ballot, packs of {pack}",
                took,
                "us",
                goal,
                note=f"{name}; {max(passes):.1f} at most",
            )
            if pack == 125:
                yield _proof_size(values, Path(folder, "0"))
    note = f"tiles {HASH_BYTES * 256 / 255:.1f} B, rows {ROW_BYTES} B"
    yield Figure("Proofs", "disk a ballot", HASH_BYTES * 256 / 255 + ROW_BYTES, "B", note=note)


def _proof_size(values: list[bytes], folder: Path) -> Figure:
    files = grown([], folder.with_name("none"))
    files = type(files)(folder, signer(0), ROOT, files._disk)
    files.load()
    tree = ShardTree(LOG_ID, 0, files, None)
    tree.apply(values)
    pack = next(of for of in map(_pack, reversed(values)) if of is not None)
    ballot = pack.each()[0]
    code = VotingCode(ballot.elector, ballot.section, ballot.secret)
    who = who_digest(LOG_ID, pack.election, commitment(LOG_ID, pack.election, code), ballot.ballot_id)
    found = find(files, tree, who)
    assert found is not None
    assert isinstance(found[1], InclusionProof)
    size = len(found[1].model_dump_json())
    hashes = len(found[1].hashes)
    note = f"{hashes} hashes, {HASH_BYTES * hashes} B of them; in a shard of 2^23 ballots {size + 67 * (23 - hashes):,} B"
    return Figure("Proofs", f"a proof, {tree.ballots():,} leaves", size, "B", 2_048, note=note)


def _pack(value: bytes) -> Pack | None:
    import msgspec

    record = decode_cast(msgspec.msgpack.decode(value)[1][0])
    return record if isinstance(record, Pack) else None


async def _latency(pipeline: Pipeline, seconds: int) -> list[float]:
    """Cast ballots at a steady rate; return for each how long a covering checkpoint took, in seconds."""
    life = Life(election(electors=LIVE_RATE * seconds), 1)
    await pipeline.begin(life)
    producer = await start_producer(pipeline.kafka)
    topic = BALLOTS_CAST.name(pipeline.namespace)
    first = len(life.begin()[0])
    acknowledged: list[float] = []
    covered: list[float] = []
    url = f"http://127.0.0.1:{pipeline.port('proofs')}/log/0/checkpoint"

    async def look() -> None:
        async with httpx.AsyncClient(trust_env=False) as http:
            while len(covered) < LIVE_RATE * seconds:
                answer = await http.get(url)
                if answer.status_code == httpx.codes.OK:
                    size = read_checkpoint(answer.text, signer(0)).size - first
                    covered.extend([time.monotonic()] * (size - len(covered)))
                await asyncio.sleep(LOOK_EVERY_S)

    looking = asyncio.create_task(look())
    began = time.monotonic()
    for elector in range(LIVE_RATE * seconds):
        await asyncio.sleep(max(0.0, began + elector / LIVE_RATE - time.monotonic()))
        await send_all(producer, topic, [(0, None, life.ballot(elector))])
        acknowledged.append(time.monotonic())
    async with asyncio.timeout(30):
        await looking
    await producer.stop()
    return [seen - sent for sent, seen in zip(acknowledged, covered, strict=True)]


def latency(seconds: int) -> Iterator[Figure]:
    """Yield how long a ballot waits for a checkpoint that covers it."""
    with tempfile.TemporaryDirectory() as folder, EmbeddedKafka(Path(folder) / "kafka") as kafka:
        pipeline = Pipeline(kafka.bootstrap, Path(folder), shards=1)
        asyncio.run(pipeline.create())
        key = Path(folder) / "checkpoint.key"
        key.write_text(ROOT.hex())
        pipeline.start("validation")
        pipeline.start("proofs", checkpoint_key_file=str(key))
        try:
            pipeline.wait_ready("validation")
            pipeline.wait_ready("proofs")
            waited = asyncio.run(_latency(pipeline, seconds))
        finally:
            pipeline.stop()
    note = f"{len(waited):,} ballots, {LIVE_RATE}/s; looked at every {LOOK_EVERY_S * 1000:.0f} ms"
    for percent in (50, 99):
        goal = 5.0 if percent == 99 else None
        value = float(np.percentile(waited, percent))
        yield Figure("Proofs", f"cast to a covering checkpoint, p{percent}", value, "s", goal, note=note)


def main() -> None:
    """Measure, print the table, write the results."""
    given = arguments("proofs", __doc__, "a tenth of the ballots, no files").parse_args()
    console = begin()
    figures = [*costs(QUICK if given.quick else BALLOTS), *latency(10 if given.quick else LIVE_S)]
    console.print(table(figures, "Proofs"))
    if not given.quick:
        write("proofs", figures)


if __name__ == "__main__":
    main()
