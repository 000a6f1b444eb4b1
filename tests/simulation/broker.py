"""The simulated log: topics, partitions, offsets, and producers as idempotent ones are.

Rule 1: what is appended stays, in order; an acknowledgement means that it is there.
Rule 2: a producer numbers its batches for each partition. A number seen before is not appended again, one that leaves a
        gap is refused: as Kafka does it.
Rule 3: a batch on its way arrives whatever becomes of its sender.
"""

from asyncio import Future
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from shared.runtime.log import Keyed, Outgoing
from tests.simulation.loop import VirtualLoop

Place = tuple[str, int]
"""Topic and partition."""


class Record(NamedTuple):
    """A record as a consumer gets it."""

    offset: int
    value: bytes


@dataclass
class Rates:
    """How often the log fails, each between 0 and 1 for each occasion. All 0: it is healed."""

    lost_request: float = 0.0
    lost_ack: float = 0.0
    retried: float = 0.0
    late_append: float = 0.0
    away: float = 0.0
    slow_s: float = 0.02


@dataclass
class Partition:
    """One partition: its records, and who waits for more."""

    records: list[Record] = field(default_factory=list)
    keyed: list[Keyed] = field(default_factory=list)
    waiting: list[Future[None]] = field(default_factory=list)
    expected: dict[int, int] = field(default_factory=dict)


class Broker:
    """All topics of a deployment."""

    def __init__(
        self, loop: VirtualLoop, random: Random, on_append: Callable[[str, int, Record], None]
    ) -> None:
        self.loop = loop
        self.random = random
        self.rates = Rates()
        self.occurred: Counter[str] = Counter()
        self._topics: dict[str, list[Partition]] = {}
        self._on_append = on_append
        self._sessions = 0
        self.starts = 1
        """Everybody connects again at each."""
        self.loses: tuple[str, int] | None = None
        """Beyond what Kafka promises: the topic and the offset at which one acknowledged record is lost, once."""
        self.cut_off: dict[tuple[str, int], float] = {}
        """Until when a process hears nothing of a partition, as if its leader were out of reach, though the process can send."""
        self.aged = False
        """Whether all records are more than an hour old: compaction has taken what is superseded, of standings too."""

    def create(self, topic: str, partitions: int) -> None:
        """Create a topic."""
        self._topics[topic] = [Partition() for _ in range(partitions)]

    def partitions(self, topic: str) -> list[Partition]:
        """Return a topic's partitions."""
        return self._topics[topic]

    def partition(self, topic: str, number: int) -> Partition:
        """Return one partition."""
        return self._topics[topic][number]

    def cut(self, topic: str, number: int, upto: int) -> int:
        """Lose the end of a partition, beyond what Kafka promises, and start again; return how many records went."""
        records = self._topics[topic][number].records
        lost = len(records) - upto
        del records[upto:]
        self.starts += 1
        return lost

    def cut_reader_off(self, process: str, topic: str, number: int, for_s: float) -> None:
        """Let a process hear nothing of a partition for a while."""
        place = process, id(self._topics[topic][number])
        self.cut_off[place] = self.loop.time() + for_s

    def is_cut_off(self, process: str, partition: Partition) -> bool:
        """Return whether a process hears nothing of a partition now."""
        return self.loop.time() < self.cut_off.get((process, id(partition)), 0.0)

    def open_session(self) -> int:
        """Return the id of a new producer."""
        self._sessions += 1
        return self._sessions

    def occurs(self, fault: str, rate: float) -> bool:
        """Draw whether a fault occurs, and count it."""
        if rate and self.random.random() < rate:
            self.occurred[fault] += 1
            return True
        return False

    def delay_s(self) -> float:
        """Draw how long something is on its way."""
        return self.random.random() * self.rates.slow_s

    def arrive_late(self, topic: str) -> None:
        """Append to each partition a record that it has already: a request of a producer long gone arrives after all others."""
        for number, partition in enumerate(self._topics[topic]):
            if partition.keyed:
                earlier = self.random.choice(partition.keyed)
                self.append(topic, number, [Outgoing(topic, number, earlier.key.encode(), earlier.value)])

    def append(
        self, topic: str, number: int, items: Sequence[Outgoing], session: int = 0, batch: int = 0
    ) -> bool:
        """Append a batch if its number is the session's next one; return whether it is in the log now."""
        partition = self._topics[topic][number]
        if session:
            expected = partition.expected.get(session, 0)
            if batch != expected:
                self.occurred[
                    "batch out of order refused" if batch > expected else "repeated batch ignored"
                ] += 1
                return batch < expected
            partition.expected[session] = expected + 1
        for item in items:
            if self.loses == (topic, len(partition.records)):
                self.loses = None
                self.occurred["acknowledged record lost by the log"] += 1
                continue
            record = Record(len(partition.records), item.value)
            partition.records.append(record)
            if item.key is not None:
                now_ms = int(self.loop.time() * 1000)
                partition.keyed.append(Keyed(record.offset, item.key.decode(), item.value, now_ms))
            self._on_append(topic, number, record)
        waiting, partition.waiting = partition.waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)
        return True
