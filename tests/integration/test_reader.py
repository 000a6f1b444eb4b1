"""A whole topic read from real Kafka: every record, or the reason why not."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from infra.local.kafka import EmbeddedKafka
from infra.local.topics import create_topics
from shared.contract.topics import TopicSpec
from shared.runtime.kafka.connection import client_options
from shared.runtime.kafka.group import KafkaLog
from shared.runtime.kafka.patches import fetch_wait
from shared.runtime.kafka.reader import BATCH_RECORDS, open_reader
from shared.runtime.kafka.sink import Item, send_all, start_producer
from shared.runtime.log import LogAway, LogError
from shared.runtime.projection import Projection
from tests.support.pipeline import Pipeline
from tests.support.topics import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio]

BOUND_S = 30.0


async def topic(kafka: Any, items: list[Item], partitions: int = 2) -> str:
    """Return a topic that holds records."""
    name = f"reader-{time.monotonic_ns()}"
    await create_topics(kafka.bootstrap, [TopicSpec(name, partitions, 1, {})])
    producer = await start_producer(kafka.bootstrap)
    await send_all(producer, name, items)
    await producer.stop()
    return name


async def test_every_record_is_read_in_order_partition_by_partition(kafka: Any) -> None:
    """More than fit a batch, and a partition without any."""
    sent = [b"%d" % number for number in range(BATCH_RECORDS + 7)]
    name = await topic(kafka, [(1, None, value) for value in sent])

    async with asyncio.timeout(BOUND_S):
        assert await read_topic(kafka.bootstrap, name) == [[], sent]
        async with await open_reader(kafka.bootstrap, name, 2) as reader:
            some = [value async for batch in reader.records(1, 12, since=9) for value in batch]
    assert some == [b"9", b"10", b"11"]


async def test_at_rest_a_fetch_may_wait_long_and_a_record_ends_it_at_once(
    kafka: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of any partition; from then on fetches end soon again."""
    monkeypatch.setattr(fetch_wait, "REST_AFTER_S", 0.2)
    monkeypatch.setattr(fetch_wait, "AT_REST_MS", 25_000)
    name = await topic(kafka, [(0, None, b"first")])
    consumer = AIOKafkaConsumer(**client_options(kafka.bootstrap), auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(name, partition) for partition in (0, 1)])
        log = KafkaLog(kafka.bootstrap, name, consumer)
        one, two = log.source(0), log.source(1)
        async with asyncio.timeout(10):
            assert [record.value for record in await one.read(10, 5_000)] == [b"first"]
            assert not await one.read(10, 400)
            assert consumer._fetcher._fetch_max_wait_ms == 25_000
            assert not await one.read(10, 1_500), (
                "the fetch that had begun before has ended: one at rest waits now"
            )
            producer = await start_producer(kafka.bootstrap)
            await send_all(producer, name, [(1, None, b"second")])
            await producer.stop()
            assert [record.value for record in await two.read(10, 5_000)] == [b"second"]
            assert consumer._fetcher._fetch_max_wait_ms == fetch_wait.AT_WORK_MS
    finally:
        await consumer.stop()


@pytest.mark.parametrize("partitions", [1, 2])
async def test_who_follows_a_topic_asks_seldom_and_has_a_record_at_once(
    kafka: Any, monkeypatch: pytest.MonkeyPatch, partitions: int
) -> None:
    """Of one partition always, for it holds up no other; of several once nothing has come for a time."""
    monkeypatch.setattr(fetch_wait, "REST_AFTER_S", 0.2)
    monkeypatch.setattr(fetch_wait, "READER_AT_REST_MS", 25_000)
    name = await topic(kafka, [(0, None, b"first")], partitions)
    async with await open_reader(kafka.bootstrap, name) as reader, asyncio.timeout(10):
        assert [record.value for record in await reader.read(5_000)] == [b"first"]
        fetcher = reader._consumer._fetcher
        assert fetcher._fetch_max_wait_ms == (25_000 if partitions == 1 else fetch_wait.AT_WORK_MS)
        assert not await reader.read(400)
        assert fetcher._fetch_max_wait_ms == 25_000
        assert not await reader.read(1_500), (
            "the fetch that had begun before has ended: one at rest waits now"
        )
        producer = await start_producer(kafka.bootstrap)
        await send_all(producer, name, [(partitions - 1, None, b"second")])
        await producer.stop()
        assert [record.value for record in await reader.read(5_000)] == [b"second"]


async def test_a_reader_that_is_kept_for_later_asks_for_nothing_meanwhile(kafka: Any) -> None:
    """Its next record is there as soon as the first was."""
    name = await topic(kafka, [(0, None, b"one"), (0, None, b"two"), (1, None, b"three")])
    async with await open_reader(kafka.bootstrap, name) as reader, asyncio.timeout(BOUND_S):
        for partition, offset, value in ((0, 1, b"two"), (1, 0, b"three"), (0, 0, b"one")):
            assert await reader.record(partition, offset) == value
            assert len(reader._consumer.paused()) == 2
            await asyncio.sleep(1.0)
            assert not reader._consumer._fetcher._in_flight


async def test_a_reader_that_has_read_nothing_stops_at_once(kafka: Any) -> None:
    """As do those of an empty deployment, one after another."""
    name = await topic(kafka, [])
    async with asyncio.timeout(BOUND_S):
        for _ in range(5):
            assert await read_topic(kafka.bootstrap, name) == [[], []]


async def test_what_follows_a_topic_has_caught_up_at_the_end_that_it_had(kafka: Any) -> None:
    """And not before, however many reads that takes."""
    name = await topic(kafka, [(partition, b"key", b"value") for partition in (0, 1, 1)])
    found, before = list[bytes](), list[bool]()
    async with await open_reader(kafka.bootstrap, name) as reader, asyncio.timeout(BOUND_S):
        while not await reader.caught_up():
            before.append(len(found) < 3)
            found += [record.value for record in await reader.read(200)]
    assert len(found) == 3
    assert all(before)


async def test_a_topic_that_is_not_there_or_not_as_expected_is_named(kafka: Any) -> None:
    """Whoever has a wrong setting learns which."""
    name = await topic(kafka, [])
    with pytest.raises(LogAway, match=r"no topic nowhere on this Kafka \(LIVECOUNT_NAMESPACE\)"):
        await open_reader(kafka.bootstrap, "nowhere")
    with pytest.raises(LogError, match=r"has 2 shards, expected 3 \(LIVECOUNT_SHARDS\)"):
        await open_reader(kafka.bootstrap, name, 3)


async def test_a_log_that_has_lost_its_beginning_is_not_read_as_if_it_were_whole(kafka: Any) -> None:
    """The place of what is missing is named."""
    name = await topic(kafka, [(0, None, b"value")] * 3)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(name, 0): RecordsToDelete(before_offset=2)})
    await admin.close()

    with pytest.raises(LogError, match="shard 0: records are missing between 0 and 2"):
        async with asyncio.timeout(BOUND_S):
            await read_topic(kafka.bootstrap, name)


async def test_a_topic_that_was_made_again_is_not_followed_from_its_start(kafka: Any) -> None:
    """A reader that was open says that it was replaced; one that follows it anew notices, and takes nothing."""
    name = await topic(kafka, [(0, b"key", b"value")] * 5)
    projection: Projection[bytes] = Projection(
        lambda of: open_reader(kafka.bootstrap, of), name, lambda value: value
    )
    await projection.start()
    await projection.wait_caught_up(BOUND_S)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    await admin.delete_topics([name])
    await admin.close()
    await asyncio.sleep(1)
    await create_topics(kafka.bootstrap, [TopicSpec(name, 2, 1, {})])
    producer = await start_producer(kafka.bootstrap)
    await send_all(producer, name, [(0, b"key", b"another")])
    await producer.stop()
    async with asyncio.timeout(BOUND_S):
        while projection.alarm is None:
            await asyncio.sleep(0.05)
    await projection.stop()

    assert projection.newest == {"key": b"value"}
    assert not projection.readiness()[0]


@pytest.mark.parametrize("service", ["validation", "counting"])
async def test_partitions_that_changed_are_announced_at_start(
    kafka: EmbeddedKafka, tmp_path: Path, service: str
) -> None:
    """An elector's shard is made of their number: a process that counts on another does not start, and says which."""
    pipeline = Pipeline(kafka.bootstrap, tmp_path)
    await pipeline.create()
    pipeline.shards = 3
    child = pipeline.start(service)
    try:
        deadline = asyncio.get_running_loop().time() + 20
        while child.running and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.1)
        assert not child.running
        assert "has 2 shards, expected 3 (LIVECOUNT_SHARDS)" in pipeline.log(service)
    finally:
        pipeline.stop()
