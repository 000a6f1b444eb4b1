"""Bare records, as the client at hand reads them from a real batch."""

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.consumer.fetcher import READ_UNCOMMITTED, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from shared.runtime.kafka.bare import read_bare_records


def test_the_client_gives_records_as_it_finds_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read of them is there; the object that they would be made into is not."""
    monkeypatch.setattr(PartitionRecords, "_consumer_record", PartitionRecords._consumer_record)

    read_bare_records()

    first, second = _read([(b"17", b"one"), (None, b"two")])
    assert not isinstance(first, ConsumerRecord)
    assert (first.offset, first.key, first.value, first.timestamp) == (0, b"17", b"one", 1_000)
    assert (second.offset, second.key, second.value) == (1, None, b"two")


def _read(records: list[tuple[bytes | None, bytes]]) -> list[ConsumerRecord]:
    builder = DefaultRecordBatchBuilder(2, 0, False, 1, 0, 0, 1_000)
    for offset, (key, value) in enumerate(records):
        builder.append(offset, 1_000, key, value, [])
    batch = MemoryRecords(bytes(builder.build()))
    return list(PartitionRecords(TopicPartition("t", 0), batch, None, 0, None, None, True, READ_UNCOMMITTED))
