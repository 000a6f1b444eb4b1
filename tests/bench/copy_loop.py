"""A bare copy of one topic into another, nothing looked at: what aiokafka itself costs. Prints the seconds it took.

`python -m tests.bench.copy_loop BOOTSTRAP FROM TO`: both topics have equally many partitions.
"""

import asyncio
import sys
import time
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from shared.runtime.kafka.group import FETCH_MAX_BYTES, PARTITION_FETCH_BYTES
from shared.runtime.kafka.sink import start_producer

BATCH_RECORDS = 4_000


async def copy(bootstrap: str, source: str, target: str) -> float:
    """Return the seconds from the first record read to the last one acknowledged."""
    consumer = AIOKafkaConsumer(
        source,
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
        fetch_max_bytes=FETCH_MAX_BYTES,
        auto_offset_reset="earliest",
    )
    await consumer.start()
    producer = await start_producer(bootstrap)
    try:
        left = sum((await consumer.end_offsets(list(consumer.assignment()))).values())
        assert left, f"{source} holds nothing"
        began = time.perf_counter()
        while left:
            for partition, records in (
                await consumer.getmany(timeout_ms=50, max_records=BATCH_RECORDS)
            ).items():
                await _send(producer, target, partition.partition, records)
                left -= len(records)
        return time.perf_counter() - began
    finally:
        await producer.stop()
        await consumer.stop()


async def _send(producer: AIOKafkaProducer, topic: str, partition: int, records: list[Any]) -> None:
    batch = producer.create_batch()
    for record in records:
        if batch.append(key=None, value=record.value, timestamp=None) is None:
            await (await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            batch.append(key=None, value=record.value, timestamp=None)
    await (await producer.send_batch(batch, topic, partition=partition))


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(copy(*sys.argv[1:4]))}\n")
