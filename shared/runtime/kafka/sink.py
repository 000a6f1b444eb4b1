"""Producers as this system needs them: idempotent, acknowledged by all replicas, in order.

The client's own defaults (acks=1, idempotence off) lose and reorder records.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from aiokafka.structs import RecordMetadata

from shared.runtime.kafka.connection import Brokers, client_options
from shared.runtime.log import LogAway, Outgoing, SendFailed

MAX_BATCH_BYTES = 960 * 1024
"""A record may be as large as a batch; brokers refuse batches of more than 1 MiB unless set otherwise."""
MAX_REQUEST_BYTES = 4 * 1024 * 1024
REQUEST_TIMEOUT_MS = 15_000

Acknowledged = Callable[[str, int, int, int], None]
"""Topic, partition, offset of the first record, records."""

Item = tuple[int, bytes | None, bytes]
"""Partition, key, value."""


class KafkaSink:
    """One producer: each partition's records in order, every acknowledgement awaited.

    `acknowledged` is given the topic, the partition, the first offset and the records of each batch that is in the log, in the order in
    which they were sent.
    """

    def __init__(self, producer: AIOKafkaProducer, acknowledged: Acknowledged | None = None) -> None:
        self._producer = producer
        self._acknowledged = acknowledged

    async def send(self, items: Sequence[Outgoing]) -> None:
        """Send in order and wait for all acknowledgements. Raises SendFailed: then the producer is spent."""
        groups: dict[tuple[str, int], list[Outgoing]] = defaultdict(list)
        for item in items:
            groups[item.topic, item.partition].append(item)
        try:
            sent = [batch for group in groups.values() for batch in await self._send_partition(group)]
            acks = await asyncio.gather(*(ack for ack, _ in sent))
            for written, (_, records) in zip(acks, sent, strict=True):
                if self._acknowledged is not None:
                    self._acknowledged(written.topic, written.partition, written.offset, records)
        except (KafkaError, ValueError) as fault:
            topics = ", ".join(sorted({topic for topic, _ in groups}))
            raise SendFailed(f"{topics}: {fault!r}") from fault

    async def _send_partition(
        self, items: Sequence[Outgoing]
    ) -> list[tuple[asyncio.Future[RecordMetadata], int]]:
        """Send records of one partition in batches as large as allowed; return what each waits for, and its records.

        Raises ValueError if a record fits none.
        """
        topic, partition, _, _ = items[0]
        sent: list[tuple[asyncio.Future[RecordMetadata], int]] = []
        batch = self._producer.create_batch()
        for _, _, key, value in items:
            if batch.append(key=key, value=value, timestamp=None) is None:
                records = batch.record_count()
                sent.append((await self._producer.send_batch(batch, topic, partition=partition), records))
                batch = self._producer.create_batch()
                if batch.append(key=key, value=value, timestamp=None) is None:
                    raise ValueError(
                        f"a record of {len(value)} bytes does not fit a batch of {MAX_BATCH_BYTES}"
                    )
        records = batch.record_count()
        sent.append((await self._producer.send_batch(batch, topic, partition=partition), records))
        return sent

    async def stop(self) -> None:
        """Put the producer away."""
        await self._producer.stop()


async def open_sink(kafka: str | Brokers, acknowledged: Acknowledged | None = None) -> KafkaSink:
    """Return a sink with a producer of its own. Raises LogAway."""
    try:
        return KafkaSink(await start_producer(kafka), acknowledged)
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
