"""Producers as this system needs them: idempotent, acknowledged by all replicas, in order.

The client's own defaults (acks=1, idempotence off) lose and reorder records.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.runtime.kafka.connection import Brokers, client_options
from shared.runtime.log import LogAway, Outgoing, SendFailed

MAX_BATCH_BYTES = 960 * 1024
"""A record may be as large as a batch; brokers refuse batches of more than 1 MiB unless set otherwise."""
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
        groups: dict[tuple[str, int], list[Outgoing]] = defaultdict(list)
        for item in items:
            groups[item.topic, item.partition].append(item)
        try:
            acks = [ack for group in groups.values() for ack in await self._send_partition(group)]
            await asyncio.gather(*acks)
        except (KafkaError, ValueError) as fault:
            topics = ", ".join(sorted({topic for topic, _ in groups}))
            raise SendFailed(f"{topics}: {fault!r}") from fault

    async def _send_partition(self, items: Sequence[Outgoing]) -> list[asyncio.Future[object]]:
        """Send records of one partition in batches as large as allowed. Raises ValueError if one fits none."""
        topic, partition, _, _ = items[0]
        acks: list[asyncio.Future[object]] = []
        batch = self._producer.create_batch()
        for _, _, key, value in items:
            if batch.append(key=key, value=value, timestamp=None) is None:
                acks.append(await self._producer.send_batch(batch, topic, partition=partition))
                batch = self._producer.create_batch()
                if batch.append(key=key, value=value, timestamp=None) is None:
                    raise ValueError(
                        f"a record of {len(value)} bytes does not fit a batch of {MAX_BATCH_BYTES}"
                    )
        acks.append(await self._producer.send_batch(batch, topic, partition=partition))
        return acks

    async def stop(self) -> None:
        """Put the producer away."""
        await self._producer.stop()


async def open_sink(kafka: str | Brokers) -> KafkaSink:
    """Return a sink with a producer of its own. Raises LogAway."""
    try:
        return KafkaSink(await start_producer(kafka))
    except (KafkaError, OSError) as fault:
        raise LogAway(f"Kafka at {kafka}: {fault!r}") from fault


async def start_producer(kafka: str | Brokers) -> AIOKafkaProducer:
    """Return a started producer: idempotent, acks=all."""
    producer = AIOKafkaProducer(
        **client_options(kafka),
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
    await KafkaSink(producer).send([Outgoing(topic, *item) for item in items])
