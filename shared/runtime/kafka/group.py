"""Shards by way of Kafka: a consumer group assigns them, one consumer reads them all, each run has a producer.

The group only divides the work: nothing is wrong if two processes follow the same shard (see follower, rule 4). Positions
come from snapshots, never from the group.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.client import ConnectionGroup
from aiokafka.errors import KafkaError
from mode import Service

from shared.runtime.kafka.connection import Brokers, client_options
from shared.runtime.kafka.patches.bare_records import read_bare_records
from shared.runtime.kafka.patches.dropped_records import free_dropped_records
from shared.runtime.kafka.patches.fetch_wait import AT_WORK_MS, FetchWait
from shared.runtime.kafka.reader import LOOK_MS, open_reader
from shared.runtime.kafka.sink import KafkaSink, open_sink
from shared.runtime.log import LogAway
from shared.runtime.process.health import Health
from shared.runtime.process.telemetry import ShardReport
from shared.runtime.shards import Shards, Work

SESSION_TIMEOUT_MS = 10_000
HEARTBEAT_MS = 2_000
FETCH_MAX_BYTES = 8 * 1024 * 1024
PARTITION_FETCH_BYTES = 2 * 1024 * 1024
REREAD_WITHIN_S = 10.0
REREAD_WAIT_MS = 500
WATCH_EVERY_S = 5.0


class KafkaSource:
    """One partition of the group's consumer."""

    def __init__(
        self, consumer: AIOKafkaConsumer, partition: TopicPartition, wait: FetchWait | None = None
    ) -> None:
        self._consumer = consumer
        self._partition = partition
        self._wait = wait
        """Of all fetches of this consumer; none: it stays as it was set."""
        self._polled_ms: int | None = None
        self._looked_s = self._heard_s = 0.0

    def seek(self, position: int) -> None:
        """Read from `position` on."""
        self._consumer.seek(self._partition, position)

    async def read(self, max_records: int, wait_ms: int) -> Sequence[Any]:
        """Return the next records, none if there are none within `wait_ms`. Raises LogAway."""
        records = await self._read(max_records, wait_ms)
        if self._wait is not None:
            self._wait.note(_now_s(), found=bool(records))
        return records

    async def _read(self, max_records: int, wait_ms: int) -> Sequence[Any]:
        try:
            found = await self._consumer.getmany(self._partition, timeout_ms=wait_ms, max_records=max_records)
        except KafkaError as fault:
            raise LogAway(f"{self._partition}: {fault!r}") from fault
        records: Sequence[Any] = found.get(self._partition, ())
        return records

    async def reread(self, offset: int) -> bytes:
        """Return the record at `offset` as the log has it now, and read on behind it. Raises LogAway if it is not there."""
        self.seek(offset)
        deadline = _now_s() + REREAD_WITHIN_S
        while _now_s() < deadline:
            for record in await self._read(1, REREAD_WAIT_MS):
                if record.offset == offset:
                    self.seek(offset + 1)
                    return bytes(record.value or b"")
                raise LogAway(f"{self._partition}: record {offset} is not there, {record.offset} is")
        raise LogAway(f"{self._partition}: no record {offset} within {REREAD_WITHIN_S:g} s")

    def connection(self) -> object:
        """Return the leader, the connection to it, and when the client last asked who leads: it does so after every error."""
        client = self._consumer._client  # noqa: SLF001  nothing else says that the client has connected again
        leader = client.cluster.leader_for_partition(self._partition)
        connection = client._conns.get((leader, ConnectionGroup.DEFAULT))  # noqa: SLF001
        return leader, connection, client.cluster._last_successful_refresh_ms  # noqa: SLF001

    async def ask_end(self) -> int:
        """Ask the broker how many records the partition holds. Raises LogAway."""
        asked_s = _now_s()
        try:
            ends: dict[TopicPartition, int] = await self._consumer.end_offsets([self._partition])
        except KafkaError as fault:
            raise LogAway(f"{self._partition}: {fault!r}") from fault
        self._heard_s = asked_s
        return ends[self._partition]

    def end(self) -> int:
        """Return the partition's end as last fetched."""
        return self._consumer.highwater(self._partition) or 0

    def heard_s(self) -> float:
        """Return when the end was last fetched: no later than that, since it came after the look before this one.

        The client's own time of it is by the wall clock, which may be set; so only that it has changed is taken from there.
        """
        polled_ms = self._consumer.last_poll_timestamp(self._partition)
        if polled_ms != self._polled_ms:
            self._polled_ms, self._heard_s = polled_ms, max(self._heard_s, self._looked_s)
        self._looked_s = _now_s()
        return self._heard_s


class KafkaLog:
    """A topic as a group's member reaches it."""

    def __init__(self, kafka: str | Brokers, topic: str, consumer: AIOKafkaConsumer) -> None:
        self._kafka = kafka
        self._topic = topic
        self._consumer = consumer
        self._wait = FetchWait(consumer)

    def source(self, shard: int) -> KafkaSource:
        """Return a partition to follow."""
        return KafkaSource(self._consumer, TopicPartition(self._topic, shard), self._wait)

    async def open_sink(self) -> KafkaSink:
        """Return a producer of its own. Raises LogAway."""
        return await open_sink(self._kafka)

    async def newest(self, topic: str, shard: int, records: int) -> Sequence[bytes]:
        """Return the last records of a shard of another topic, at most so many. Raises LogAway."""
        async with await open_reader(self._kafka, topic, at_rest=True) as reader:
            end = (await reader.ends())[shard]
            since = max(0, end - records)
            return [value async for batch in reader.records(shard, end, since) for value in batch]


class ShardGroup(Service, ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Runs `work` on every shard the group assigns to this process."""

    def __init__(self, work: Work, kafka: str | Brokers, group: str, instance: str, health: Health) -> None:
        super().__init__()
        self._work = work
        self._kafka = kafka
        self._group = group
        self._instance = instance
        self._health = health
        self._shards: Shards | None = None
        self._consumer: AIOKafkaConsumer | None = None

    async def on_start(self) -> None:
        """Join the group."""
        read_bare_records()
        free_dropped_records()
        self._consumer = AIOKafkaConsumer(
            **client_options(self._kafka),
            group_id=self._group,
            group_instance_id=f"{self._group}-{self._instance}",
            enable_auto_commit=False,
            auto_offset_reset="none",
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
            fetch_max_bytes=FETCH_MAX_BYTES,
            fetch_max_wait_ms=AT_WORK_MS,
            consumer_timeout_ms=LOOK_MS,
        )
        log = KafkaLog(self._kafka, self._work.topic, self._consumer)
        self._shards = Shards(self._work, log, self._instance, self._health)
        await self._consumer.start()
        self._consumer.subscribe([self._work.topic], listener=self)

    async def on_stop(self) -> None:
        """End every run and leave."""
        if self._shards is not None:
            await self._shards.end_all()
        if self._consumer is not None:
            await self._consumer.stop()

    @Service.task
    async def watch(self) -> None:
        """End the process if one of the client's own tasks has ended: nothing would be read any more. Raises RuntimeError."""
        while not self.should_stop:
            await self.sleep(WATCH_EVERY_S)
            consumer = self._consumer
            if consumer is None or self.should_stop:
                continue
            for task in (consumer._fetcher._fetch_task, consumer._coordinator._coordination_task):  # noqa: SLF001  nothing else shows it
                if task.done():
                    raise RuntimeError(f"Kafka's client has ended: {task}")

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """End the runs of shards that move elsewhere."""
        assert self._shards is not None
        await self._shards.end([partition.partition for partition in revoked])

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Begin a run for each shard."""
        assert self._shards is not None
        self._shards.begin([partition.partition for partition in assigned])

    def reports(self) -> list[ShardReport]:
        """Return where each shard stands; also refreshes readiness."""
        return self._shards.reports() if self._shards is not None else []


def _now_s() -> float:
    return asyncio.get_running_loop().time()
