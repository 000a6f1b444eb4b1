"""A compacted topic by way of Kafka: a consumer without a group, which commits nothing."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from shared.runtime.log import Keyed, LogAway

READ_BOUND_S = 15.0


class KafkaReader:
    """A started consumer, and the ends its partitions had at the start."""

    def __init__(self, consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]) -> None:
        self._consumer = consumer
        self._ends = ends

    async def read(self, wait_ms: int) -> Sequence[Keyed]:
        """Return the next records, none if there are none within `wait_ms`. Raises LogAway."""
        try:
            found = await self._consumer.getmany(timeout_ms=wait_ms)
        except (KafkaError, OSError) as fault:
            raise LogAway(repr(fault)) from fault
        return [
            Keyed(record.offset, record.key.decode(), record.value, record.timestamp)
            for records in found.values()
            for record in records
        ]

    async def caught_up(self) -> bool:
        """Whether all has been read that the topic held at the start. Raises LogAway."""
        try:
            return all([await self._consumer.position(p) >= end for p, end in self._ends.items()])
        except (KafkaError, OSError) as fault:
            raise LogAway(repr(fault)) from fault

    async def stop(self) -> None:
        """Let go of Kafka."""
        await self._consumer.stop()


async def open_reader(bootstrap: str, topic: str) -> KafkaReader:
    """Return a reader of every partition of a topic. Raises LogAway."""
    consumer = AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    try:
        await consumer.start()
        return KafkaReader(consumer, await _ends(consumer, topic))
    except BaseException as fault:
        await consumer.stop()
        if isinstance(fault, KafkaError | OSError):
            raise LogAway(f"{topic}: {fault!r}") from fault
        raise


async def _ends(consumer: AIOKafkaConsumer, topic: str) -> Mapping[TopicPartition, int]:
    ends: Mapping[TopicPartition, int] = await consumer.end_offsets(list(consumer.assignment()))
    if not ends:
        raise LogAway(f"topic {topic} does not exist")
    return ends


async def read_record(bootstrap: str, topic: str, partition: int, offset: int) -> bytes:
    """Return the value of one record. Raises LogAway if it cannot be read within READ_BOUND_S."""
    where = TopicPartition(topic, partition)
    async with _assigned(bootstrap, where) as consumer:
        consumer.seek(where, offset)
        record = await consumer.getone(where)
        value: bytes = record.value
        return value


async def end_of(bootstrap: str, topic: str, partition: int) -> int:
    """Return how many records a partition holds. Raises LogAway as `read_record` does."""
    where = TopicPartition(topic, partition)
    async with _assigned(bootstrap, where) as consumer:
        ends: dict[TopicPartition, int] = await consumer.end_offsets([where])
        return ends[where]


@asynccontextmanager
async def _assigned(bootstrap: str, where: TopicPartition) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False)
    try:
        async with asyncio.timeout(READ_BOUND_S):
            await consumer.start()
            consumer.assign([where])
            yield consumer
    except (KafkaError, OSError, TimeoutError) as fault:
        raise LogAway(f"{where.topic} shard {where.partition}: {fault!r}") from fault
    finally:
        await consumer.stop()
