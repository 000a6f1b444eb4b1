"""The shards a process owns at present: a group member on Kafka that keeps one follower a shard running.

Rule 1: groups share out the work; correctness rests on nothing here (see follower, rule 4).
Rule 2: positions come from snapshots. What is committed to Kafka is a hint for lag tools.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError
from mode import Service

from shared.runtime.follower import Follower, Limits, Machine, Outgoing, Progress
from shared.runtime.health import Health
from shared.runtime.kafka import SendFailed, send_all, start_producer
from shared.runtime.snapshots import Snapshots
from shared.runtime.telemetry import ShardReport
from shared.runtime.watermark import Gap

SESSION_TIMEOUT_MS = 10_000
HEARTBEAT_MS = 2_000
FETCH_MAX_BYTES = 8 * 1024 * 1024
PARTITION_FETCH_BYTES = 2 * 1024 * 1024
RETRY_S = (0.2, 0.5, 1.0, 2.0, 5.0)

log = structlog.get_logger()


@dataclass(frozen=True)
class Work:
    """What a service does with each shard of a topic."""

    service: str
    topic: str
    machine: Callable[[int], Machine]
    snapshots: Snapshots
    limits: Limits = field(default_factory=Limits)


class KafkaSource:
    """One partition of the group's consumer."""

    def __init__(self, consumer: AIOKafkaConsumer, partition: TopicPartition) -> None:
        self._consumer = consumer
        self._partition = partition

    def seek(self, position: int) -> None:
        """Read from `position` on."""
        self._consumer.seek(self._partition, position)

    async def read(self, max_records: int, wait_ms: int) -> Sequence[Any]:
        """Return the next records, none if there are none within `wait_ms`."""
        found = await self._consumer.getmany(self._partition, timeout_ms=wait_ms, max_records=max_records)
        records: Sequence[Any] = found.get(self._partition, ())
        return records

    def end(self) -> int:
        """Return the partition's end as last fetched."""
        return self._consumer.highwater(self._partition) or 0


class KafkaSink:
    """One run's producer."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def send(self, items: Sequence[Outgoing]) -> None:
        """Send in order and wait for all acknowledgements. Raises SendFailed."""
        by_topic: dict[str, list[tuple[int, bytes | None, bytes]]] = {}
        for topic, partition, key, value in items:
            by_topic.setdefault(topic, []).append((partition, key, value))
        for topic, group in by_topic.items():
            await send_all(self._producer, topic, group)


class ShardGroup(Service, ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is untyped
    """Runs `work` on every shard the group assigns to this process."""

    def __init__(self, work: Work, bootstrap: str, group: str, instance: str, health: Health) -> None:
        super().__init__()
        self._work = work
        self._bootstrap = bootstrap
        self._group = group
        self._instance = instance
        self._health = health
        self._runs: dict[TopicPartition, asyncio.Task[None]] = {}
        self._progress: dict[int, Progress] = {}
        self._consumer: AIOKafkaConsumer | None = None

    async def on_start(self) -> None:
        """Join the group."""
        self._health.set(self._work.service, ready=False, detail="waiting for shards")
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            group_id=self._group,
            group_instance_id=f"{self._group}-{self._instance}",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            session_timeout_ms=SESSION_TIMEOUT_MS,
            heartbeat_interval_ms=HEARTBEAT_MS,
            max_partition_fetch_bytes=PARTITION_FETCH_BYTES,
            fetch_max_bytes=FETCH_MAX_BYTES,
            fetch_max_wait_ms=50,
        )
        await self._consumer.start()
        self._consumer.subscribe([self._work.topic], listener=self)

    async def on_stop(self) -> None:
        """End every run and leave."""
        await self._end_runs(list(self._runs))
        if self._consumer is not None:
            await self._consumer.stop()

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """End the runs of shards that move elsewhere."""
        await self._end_runs(revoked)

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        """Begin a run for each shard."""
        for partition in assigned:
            self._progress[partition.partition] = Progress()
            self._runs[partition] = asyncio.create_task(self._keep_running(partition), name=str(partition))
        self._note_health()

    def reports(self) -> list[ShardReport]:
        """Return where each shard stands; also refreshes readiness."""
        self._note_health()
        return [self._report(shard, progress) for shard, progress in sorted(self._progress.items())]

    async def _end_runs(self, partitions: Sequence[TopicPartition]) -> None:
        for partition in partitions:
            run = self._runs.pop(partition, None)
            self._progress.pop(partition.partition, None)
            if run is not None:
                run.cancel()
                with suppress(asyncio.CancelledError):
                    await run
        self._note_health()

    async def _keep_running(self, partition: TopicPartition) -> None:
        progress = self._progress[partition.partition]
        failures = 0
        while True:
            before = progress.position
            try:
                await self._run_once(partition, progress)
            except (Gap, SendFailed, KafkaError, OSError) as fault:
                failures = failures + 1 if progress.position <= before else 1
                wait_s = RETRY_S[min(failures, len(RETRY_S)) - 1]
                progress.detail = f"run ended: {fault}; again in {wait_s} s"
                log.warning("run ended", shard=str(partition), fault=str(fault), retry_s=wait_s)
                await asyncio.sleep(wait_s)
            except (
                Exception
            ) as fault:  # the shard stops, for a stated reason, and says so until it is put right
                progress.state, progress.detail = "stopped", str(fault)
                log.exception("shard stopped", shard=str(partition))
                return

    async def _run_once(self, partition: TopicPartition, progress: Progress) -> None:
        assert self._consumer is not None
        producer = await start_producer(self._bootstrap)
        try:
            await Follower(
                name=f"shard-{partition.partition}",
                machine=self._work.machine(partition.partition),
                source=KafkaSource(self._consumer, partition),
                sink=KafkaSink(producer),
                snapshots=self._work.snapshots,
                limits=self._work.limits,
                progress=progress,
            ).run()
        finally:
            await producer.stop()

    def _note_health(self) -> None:
        shards = self._progress.items()
        behind = [f"shard {n}: {p.detail or p.position}" for n, p in shards if p.detail or not p.caught_up]
        ready = bool(self._progress) and not behind
        self._health.set(self._work.service, ready=ready, detail="; ".join(behind) or f"{len(shards)} shards")

    def _report(self, shard: int, progress: Progress) -> ShardReport:
        state = progress.state if progress.state == "stopped" or progress.caught_up else "catching-up"
        return ShardReport(
            service=self._work.service,
            instance=self._instance,
            shard=shard,
            position=progress.position,
            end=progress.end,
            total=progress.total,
            state=state,
            detail=progress.detail,
        )
