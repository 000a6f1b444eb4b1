"""Producers as this system needs them: idempotent, acknowledged by all replicas, in order.

The client's own defaults (acks=1, idempotence off) lose and reorder records.
"""

import asyncio
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.runtime.log import LogAway, Outgoing, SendFailed

MAX_BATCH_BYTES = 960 * 1024
"""A record may be as large as a batch; brokers refuse batches of more than 1 MiB unless told otherwise."""
MAX_REQUEST_BYTES = 4 * 1024 * 1024
REQUEST_TIMEOUT_MS = 15_000

Item = tuple[int, bytes | None, bytes]
"""Partition, key, value."""


class KafkaSink:
    """One producer: each partition's records in order, every acknowledgement awaited."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def send(self, items: Sequence[Outgoing]) -> None:
        """Send in order and wait for all acknowledgements. Raises SendFailed: then the producer is spent."""
        by_topic: dict[str, list[Item]] = {}
        for topic, partition, key, value in items:
            by_topic.setdefault(topic, []).append((partition, key, value))
        for topic, group in by_topic.items():
            await send_all(self._producer, topic, group)

    async def stop(self) -> None:
        """Put the producer away."""
        await self._producer.stop()


async def open_sink(bootstrap: str) -> KafkaSink:
    """Return a sink with a producer of its own. Raises LogAway."""
    try:
        return KafkaSink(await start_producer(bootstrap))
    except (KafkaError, OSError) as fault:
        raise LogAway(f"Kafka at {bootstrap}: {fault!r}") from fault


async def start_producer(bootstrap: str) -> AIOKafkaProducer:
    """Return a started producer: idempotent, acks=all."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        enable_idempotence=True,
        acks="all",
        linger_ms=0,
        max_batch_size=MAX_BATCH_BYTES,
        max_request_size=MAX_REQUEST_BYTES,
        request_timeout_ms=REQUEST_TIMEOUT_MS,
    )
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer


async def send_all(producer: AIOKafkaProducer, topic: str, items: Sequence[Item]) -> None:
    """Send records, each partition's in the order given, and wait for every acknowledgement. Raises SendFailed."""
    by_partition: dict[int, list[Item]] = {}
    for item in items:
        by_partition.setdefault(item[0], []).append(item)
    try:
        acks = [
            ack
            for partition, group in by_partition.items()
            for ack in await _send_partition(producer, topic, partition, group)
        ]
        await asyncio.gather(*acks)
    except (KafkaError, ValueError) as fault:
        raise SendFailed(f"{topic}: {fault!r}") from fault


async def _send_partition(
    producer: AIOKafkaProducer, topic: str, partition: int, items: Sequence[Item]
) -> list[asyncio.Future[object]]:
    acks: list[asyncio.Future[object]] = []
    batch = producer.create_batch()
    for _, key, value in items:
        if batch.append(key=key, value=value, timestamp=None) is None:
            acks.append(await producer.send_batch(batch, topic, partition=partition))
            batch = producer.create_batch()
            if batch.append(key=key, value=value, timestamp=None) is None:
                raise ValueError(f"a record of {len(value)} bytes does not fit a batch of {MAX_BATCH_BYTES}")
    acks.append(await producer.send_batch(batch, topic, partition=partition))
    return acks
