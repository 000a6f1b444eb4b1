"""A whole topic by way of Kafka: a consumer without a group, which commits nothing.

It is read in one of two ways: from all partitions as records come (`read`, to follow a topic), or one partition after
another up to a given end (`records`), where a record that is missing is an error. An offset that the topic does not have,
as its head or its tail was cut, is an error in both, never a reason to read from elsewhere.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from shared.runtime.kafka.connection import Brokers, client_options
from shared.runtime.kafka.patches.fetch_wait import FetchWait
from shared.runtime.log import Keyed, LogAway, LogChanged, LogError

BATCH_RECORDS = 5_000
FETCH_BYTES = 2 * 1024 * 1024
WAIT_MS = 500
LOOK_MS: Final = 5_000
"""A consumer's own task is woken by all that concerns it; beside that it looks this often. (The client's default is 200 ms.)"""
LOOKS_AFTER_S: Final = (0.0, 0.2, 0.6, 1.2)
"""A broker that has just started, or has much to do, may not know a topic yet that there is."""
OPEN_BOUND_S = 15.0
READ_BOUND_S = 15.0
STALL_BOUND_S = 30.0
"""A record that is in the log comes within this time, or the log is away."""


class KafkaReader:
    """An open topic; as an async context it is stopped at the end."""

    def __init__(
        self, consumer: AIOKafkaConsumer, topic: str, partitions: int, *, at_rest: bool = False
    ) -> None:
        self._consumer = consumer
        self._at_rest = at_rest
        self._wait = FetchWait(consumer, partitions)
        self._topic = topic
        self._all = [TopicPartition(topic, number) for number in range(partitions)]
        self._ends_at_opening: dict[TopicPartition, int] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Connect, and begin at the start of every partition. Raises KafkaError."""
        await self._consumer.start()
        self._consumer.assign(self._all)
        if self._at_rest:
            self._consumer.pause(*self._all)
        for place, beginning in (await self._consumer.beginning_offsets(self._all)).items():
            self._consumer.seek(place, beginning)
        self._ends_at_opening = await self._consumer.end_offsets(self._all)

    async def stop(self) -> None:
        """Let go of Kafka."""
        await self._consumer.stop()

    async def read(self, wait_ms: int) -> Sequence[Keyed]:
        """Return the next records, none if there are none within `wait_ms`. Raises LogAway, LogChanged."""
        try:
            found = await self._consumer.getmany(timeout_ms=wait_ms)
        except OffsetOutOfRangeError as fault:
            raise LogChanged(f"{self._topic} was cut or replaced while it was read: {fault}") from fault
        except (KafkaError, OSError) as fault:
            raise LogAway(repr(fault)) from fault
        self._wait.note(_now_s(), found=bool(found))
        return [
            Keyed(
                record.offset,
                (record.key or b"").decode(errors="replace"),
                record.value or b"",
                record.timestamp,
                record.partition,
            )
            for records in found.values()
            for record in records
        ]

    async def caught_up(self) -> bool:
        """Whether all has been read that the topic held when it was opened. Raises LogAway."""
        try:
            return all([await self._consumer.position(p) >= end for p, end in self._ends_at_opening.items()])
        except (KafkaError, OSError) as fault:
            raise LogAway(repr(fault)) from fault

    async def ends(self) -> list[int]:
        """Ask how many records each partition holds now. Raises LogAway."""
        try:
            ends: dict[TopicPartition, int] = await self._consumer.end_offsets(self._all)
        except (KafkaError, OSError) as fault:
            raise LogAway(f"{self._topic}: {fault!r}") from fault
        return [ends[partition] for partition in self._all]

    async def records(self, partition: int, upto: int, since: int = 0) -> AsyncIterator[list[bytes]]:
        """Yield the values of a partition's records `since` .. `upto` - 1 in batches; nothing is kept but the present one.

        Raises LogError if records are missing between others, LogAway if Kafka gives none for STALL_BOUND_S.
        """
        place = self._all[partition]
        # Pausing, since aiokafka 0.14.0 never stops a consumer that is stopped right after a second `assign`.
        self._consumer.pause(*self._all)
        self._consumer.resume(place)
        self._consumer.seek(place, since)
        position, heard_s = since, _now_s()
        while position < upto:
            found = await self._batch(place, min(BATCH_RECORDS, upto - position))
            if found and [record.offset for record in found] != list(range(position, position + len(found))):
                last = found[-1].offset
                raise LogError(
                    f"{self._topic} shard {partition}: records are missing between {position} and {last}"
                )
            if found:
                position, heard_s = position + len(found), _now_s()
                yield [record.value or b"" for record in found]
            elif _now_s() - heard_s > STALL_BOUND_S:
                raise LogAway(
                    f"{self._topic} shard {partition}: no record {position} within {STALL_BOUND_S:g} s"
                )
        self._consumer.pause(place)  # who keeps the reader for later asks for nothing meanwhile

    async def record(self, partition: int, offset: int) -> bytes:
        """Return the value of one record. Raises as `records`."""
        (value,) = [value async for batch in self.records(partition, offset + 1, offset) for value in batch]
        return value

    async def _batch(self, place: TopicPartition, limit: int) -> Sequence[Any]:
        try:
            found = await self._consumer.getmany(place, timeout_ms=WAIT_MS, max_records=limit)
        except OffsetOutOfRangeError as fault:
            position, beginning = await self._consumer.position(place), await self._beginning(place)
            where = f"between {position} and {beginning}" if position < beginning else f"from {position} on"
            raise LogError(f"{place.topic} shard {place.partition}: records are missing {where}") from fault
        except (KafkaError, OSError) as fault:
            raise LogAway(f"{place.topic} shard {place.partition}: {fault!r}") from fault
        records: Sequence[Any] = found.get(place, ())
        return records

    async def _beginning(self, place: TopicPartition) -> int:
        beginnings: dict[TopicPartition, int] = await self._consumer.beginning_offsets([place])
        return beginnings[place]


async def open_reader(
    kafka: str | Brokers, topic: str, partitions: int | None = None, *, at_rest: bool = False
) -> KafkaReader:
    """Return a reader of every partition of a topic; with `at_rest` it fetches what `record` and `records` want, and no more.

    Raises LogAway, also if there is no such topic; LogError if it has not as many `partitions` as expected.
    """
    consumer = AIOKafkaConsumer(
        **client_options(kafka),
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=FETCH_BYTES,
        consumer_timeout_ms=LOOK_MS,
    )
    try:
        async with asyncio.timeout(OPEN_BOUND_S):
            reader = KafkaReader(
                consumer, topic, await _partitions(kafka, topic, partitions), at_rest=at_rest
            )
            await reader.start()
            return reader
    except BaseException as fault:
        await consumer.stop()
        if isinstance(fault, KafkaError | OSError | TimeoutError):
            raise LogAway(f"Kafka at {kafka} does not answer: {fault!r}") from fault
        raise


async def read_record(kafka: str | Brokers, topic: str, partition: int, offset: int) -> bytes:
    """Return the value of one record. Raises LogAway if it cannot be read within READ_BOUND_S."""
    try:
        async with asyncio.timeout(READ_BOUND_S), await open_reader(kafka, topic) as reader:
            return await reader.record(partition, offset)
    except TimeoutError as fault:
        raise LogAway(f"{topic} shard {partition}: no record {offset} within {READ_BOUND_S:g} s") from fault


async def _partitions(kafka: str | Brokers, topic: str, expected: int | None) -> int:
    admin = AIOKafkaAdminClient(**client_options(kafka))
    try:
        await admin.start()
        for wait_s in LOOKS_AFTER_S:
            await asyncio.sleep(wait_s)
            (found,) = await admin.describe_topics([topic])
            if partitions := len(found["partitions"]):
                break
    finally:
        await admin.close()
    if not partitions:
        raise LogAway(f"no topic {topic} on this Kafka (LIVECOUNT_NAMESPACE)")
    if partitions != (expected or partitions):
        raise LogError(f"{topic} has {partitions} shards, expected {expected} (LIVECOUNT_SHARDS)")
    return partitions


class PartitionsCheck:
    """A part of a process that ends its start where topics have other partitions than the settings say.

    A log keeps its partitions: an elector's shard is made of their number. What is away is left to whoever needs it.
    """

    def __init__(self, kafka: str | Brokers, expected: Mapping[str, int]) -> None:
        self._kafka = kafka
        self._expected = expected

    async def start(self) -> None:
        """Look at each topic. Raises LogError."""
        for topic, partitions in self._expected.items():
            try:
                async with asyncio.timeout(OPEN_BOUND_S):
                    await _partitions(self._kafka, topic, partitions)
            except (LogAway, KafkaError, OSError, TimeoutError):
                continue

    async def stop(self) -> None:
        """Nothing is held."""


def _now_s() -> float:
    return asyncio.get_running_loop().time()
