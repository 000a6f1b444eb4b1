"""A sharded topic, read whole by a plain consumer: from the first record to a watermark, shard by shard.

Offsets must go up by exactly one from zero: a log from which records are missing is not audited. Nothing is kept but the
present batch (MAX_RECORDS, FETCH_BYTES).
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

MAX_RECORDS: Final = 5_000
FETCH_BYTES: Final = 2 * 1024 * 1024
WAIT_MS: Final = 500
STALL_BOUND_S: Final = 30.0
START_BOUND_S: Final = 15.0


class LogError(RuntimeError):
    """The log cannot be read whole, and why."""


class ShardedLog:
    """An open topic; an async context. Raises LogError if Kafka or the topic is not there."""

    def __init__(self, bootstrap: str, topic: str) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._consumer: AIOKafkaConsumer | None = None
        self._shards = 0

    async def __aenter__(self) -> Self:
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            max_partition_fetch_bytes=FETCH_BYTES,
        )
        try:
            async with asyncio.timeout(START_BOUND_S):
                await self._consumer.start()
                self._shards = await _partitions(self._bootstrap, self._topic)
        except (KafkaError, OSError, TimeoutError) as fault:
            await self._consumer.stop()
            raise LogError(f"Kafka at {self._bootstrap} does not answer: {fault!r}") from fault
        if not self._shards:
            await self._consumer.stop()
            raise LogError(f"no topic {self._topic} on this Kafka (LIVECOUNT_NAMESPACE)")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.stop()

    async def ends(self, shards: int) -> list[int]:
        """Return how many records each shard holds. Raises LogError if there are not so many shards."""
        if self._shards != shards:
            raise LogError(f"{self._topic} has {self._shards} shards, expected {shards} (LIVECOUNT_SHARDS)")
        partitions = [TopicPartition(self._topic, shard) for shard in range(shards)]
        ends = await self._open.end_offsets(partitions)
        return [ends[partition] for partition in partitions]

    async def total(self) -> int:
        """Return how many records the topic has ever held, in however many shards."""
        return sum(await self.ends(self._shards))

    async def records(self, shard: int, upto: int) -> AsyncIterator[Sequence[bytes]]:
        """Yield the shard's records 0 .. upto-1 in batches. Raises LogError on a gap or a stall."""
        partition = TopicPartition(self._topic, shard)
        self._open.assign([partition])
        self._open.seek(partition, 0)
        position, heard_s = 0, _now_s()
        while position < upto:
            found = await self._batch(partition, min(MAX_RECORDS, upto - position))
            if found and [record.offset for record in found] != list(range(position, position + len(found))):
                raise LogError(
                    f"shard {shard}: records are missing between {position} and {found[-1].offset}"
                )
            if not found and _now_s() - heard_s > STALL_BOUND_S:
                raise LogError(f"shard {shard}: no record {position} within {STALL_BOUND_S:g} s")
            if found:
                position, heard_s = position + len(found), _now_s()
                yield [record.value for record in found]

    @property
    def _open(self) -> AIOKafkaConsumer:
        assert self._consumer is not None, "the log is used inside its context"
        return self._consumer

    async def _batch(self, partition: TopicPartition, limit: int) -> Sequence[Any]:
        try:
            found = await self._open.getmany(partition, timeout_ms=WAIT_MS, max_records=limit)
        except KafkaError as fault:
            raise LogError(f"{partition.topic} shard {partition.partition}: {fault!r}") from fault
        records: Sequence[Any] = found.get(partition, ())
        return records


async def _partitions(bootstrap: str, topic: str) -> int:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        (found,) = await admin.describe_topics([topic])
        return len(found["partitions"])
    finally:
        await admin.close()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
