"""The ports through which one process reaches the simulated log. They are dead when the process is.

Rule 1: a reader sees records in order and misses none; how many at a time, and how late, is drawn.
Rule 2: a read that waits for nothing gives nobody else a turn, as with the real client, and so has nothing new to return.
"""

import asyncio
from collections.abc import Sequence

from shared.runtime.log import Keyed, LogAway
from tests.simulation.broker import Broker, Partition, Record
from tests.simulation.invariants import CONTROLS, PUBLISHED
from tests.simulation.process import Process
from tests.simulation.sink import SimSink, open_sink, reach

MAX_READS_WITHOUT_WAIT = 100


class SimLog:
    """A topic as a process that follows its shards reaches it."""

    def __init__(self, broker: Broker, process: Process, topic: str) -> None:
        self._broker = broker
        self._process = process
        self._topic = topic
        self.sources: dict[int, SimSource] = {}

    def source(self, shard: int) -> "SimSource":
        """Return a partition to follow."""
        self._process.check()
        source = SimSource(self._broker, self._process, self._broker.partition(self._topic, shard))
        self.sources[shard] = source
        return source

    async def open_sink(self) -> SimSink:
        """Return a producer. Raises LogAway."""
        return await open_sink(self._broker, self._process)

    async def newest(self, topic: str, shard: int, records: int) -> Sequence[bytes]:
        """Return the last records of a shard. Raises LogAway."""
        self._process.check()
        await reach(self._broker)
        self._process.check()
        return [record.value for record in self._broker.partition(topic, shard).records[-records:]]


class SimSource:
    """One partition, followed."""

    def __init__(self, broker: Broker, process: Process, partition: Partition) -> None:
        self._broker = broker
        self._process = process
        self._partition = partition
        self._position = 0
        self._seen = 0
        self._heard_s = 0.0
        self._without_wait = 0
        self.named_end = -1

    def seek(self, position: int) -> None:
        """Read from `position` on."""
        self._process.check()
        self._position = position

    async def read(self, max_records: int, wait_ms: int) -> Sequence[Record]:
        """Return the next records, none if there are none within `wait_ms`. Raises LogAway."""
        self._process.check()
        self._without_wait = 0 if wait_ms > 0 else self._without_wait + 1
        assert self._without_wait < MAX_READS_WITHOUT_WAIT, (
            "reads without waiting, again and again: nothing else runs"
        )
        if wait_ms <= 0:
            return []
        records = self._partition.records
        if self._position >= len(records):
            await _wait(self._broker, [self._partition], wait_ms)
        if self._position < len(records):
            await reach(self._broker)
        self._process.check()
        if self._broker.is_cut_off(self._process.name, self._partition):
            return []
        self._seen, self._heard_s = len(records), self._broker.loop.time()
        found = records[
            self._position : self._position + min(max_records, self._broker.random.choice(_BATCHES))
        ]
        self._position += len(found)
        return found

    async def ask_end(self) -> int:
        """Return how many records there are. Raises LogAway."""
        self._process.check()
        await reach(self._broker)
        self._process.check()
        self._seen = self.named_end = len(self._partition.records)
        self._heard_s = self._broker.loop.time()
        return self._seen

    async def reread(self, offset: int) -> bytes:
        """Return a record as the log has it now. Raises LogAway."""
        self._process.check()
        await reach(self._broker)
        self._process.check()
        if offset >= len(self._partition.records):
            raise LogAway(f"no record {offset}")
        self._position = offset + 1
        return self._partition.records[offset].value

    def connection(self) -> object:
        """Return how often the broker has been started."""
        return self._broker.starts

    def end(self) -> int:
        """Return the end as last seen."""
        return self._seen

    def heard_s(self) -> float:
        """Return when that was."""
        return self._heard_s


_BATCHES = (1, 2, 3, 5, 1000, 1000)


class SimReader:
    """A whole topic from its start; what is superseded may have been compacted away."""

    def __init__(self, broker: Broker, process: Process, topic: str) -> None:
        self._broker = broker
        self._process = process
        self._partitions = broker.partitions(topic)
        self._positions = [0] * len(self._partitions)
        self._ends = [len(partition.keyed) for partition in self._partitions]
        self._compacted = [_compacted(broker, partition, topic) for partition in self._partitions]

    async def read(self, wait_ms: int) -> Sequence[Keyed]:
        """Return the next records, none if there are none within `wait_ms`. Raises LogAway."""
        self._process.check()
        if self._at_end():
            await _wait(self._broker, self._partitions, wait_ms)
        if not self._at_end():
            await reach(self._broker)
        self._process.check()
        found: list[Keyed] = []
        for number, partition in enumerate(self._partitions):
            start = self._positions[number]
            end = start + self._broker.random.choice(_BATCHES)
            gone = self._compacted[number]
            found += [record for record in partition.keyed[start:end] if record.offset not in gone]
            self._positions[number] = min(end, len(partition.keyed))
        return found

    async def caught_up(self) -> bool:
        """Whether all has been read that there was at the start."""
        self._process.check()
        return all(at >= end for at, end in zip(self._positions, self._ends, strict=True))

    async def stop(self) -> None:
        """Nothing is held."""

    def _at_end(self) -> bool:
        return all(at == len(of.keyed) for at, of in zip(self._positions, self._partitions, strict=True))


async def open_reader(broker: Broker, process: Process, topic: str) -> SimReader:
    """Return a reader of a whole topic. Raises LogAway."""
    process.check()
    await reach(broker)
    process.check()
    return SimReader(broker, process, topic)


class SimEnds:
    """How many records the shards of a topic hold, for whoever may not read them."""

    def __init__(self, broker: Broker, process: Process, topic: str) -> None:
        self._broker = broker
        self._process = process
        self._topic = topic

    async def ends(self) -> Sequence[int]:
        """Return how many records each shard holds now. Raises LogAway."""
        self._process.check()
        await reach(self._broker)
        self._process.check()
        return [len(partition.records) for partition in self._broker.partitions(self._topic)]

    async def stop(self) -> None:
        """Nothing is held."""


async def open_ends(broker: Broker, process: Process, topic: str) -> SimEnds:
    """Return what a topic's ends are asked of. Raises LogAway."""
    process.check()
    await reach(broker)
    process.check()
    return SimEnds(broker, process, topic)


def _compacted(broker: Broker, partition: Partition, topic: str) -> set[int]:
    """Return the offsets that compaction took: of standings none in the hour for which they are kept whole."""
    if topic == CONTROLS or (not broker.aged and (topic == PUBLISHED or broker.random.random() < 0.5)):
        return set()
    newest = {record.key: record.offset for record in partition.keyed}
    return {record.offset for record in partition.keyed} - set(newest.values())


async def _wait(broker: Broker, partitions: Sequence[Partition], wait_ms: int) -> None:
    """Return when there may be news, or after the time."""
    news = broker.loop.create_future()
    for partition in partitions:
        partition.waiting.append(news)
    timer = broker.loop.call_later(wait_ms / 1000, _wake, news)
    try:
        await news
    finally:
        timer.cancel()


def _wake(news: "asyncio.Future[None]") -> None:
    if not news.done():
        news.set_result(None)
