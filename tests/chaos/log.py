"""The log, as somebody beside the services reads it and writes into it.

Rule 1: what is written here has gone past intake: forged ballots, wrong shards, noise, orders that come too late.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiokafka.errors import KafkaError

from shared.contract.codes import code_mac
from shared.contract.ids import shard_of
from shared.contract.topics import BALLOTS_JUDGED
from shared.runtime.kafka.reader import KafkaReader, open_reader, read_topic
from shared.runtime.kafka.sink import Item, send_all, start_producer
from shared.runtime.log import LogAway, SendFailed
from tests.chaos.books import Books
from tests.chaos.cluster import SHARDS, Cluster
from tests.chaos.load import ChaosFailed
from tests.support.elections import Life

ASK_BOUND_S: Final = 2.0
TRIES: Final = 60
RETRY_S: Final = 1.0
FOREIGN: Final = 1 << 127
"""Ballots with ids from here on are in nobody's books."""


@dataclass
class Ends:
    """Asks how many records the ballot log holds. While a leader is away, it tells the last it has heard."""

    reader: KafkaReader
    heard: int = 0

    async def length(self) -> int:
        """Return how many records the ballot log holds."""
        try:
            async with asyncio.timeout(ASK_BOUND_S):
                self.heard = max(self.heard, sum(await self.reader.ends()))
        except (LogAway, TimeoutError):
            pass
        return self.heard


@asynccontextmanager
async def ends_of(cluster: Cluster) -> AsyncIterator[Ends]:
    """Give the ends of a cluster's ballot log."""
    async with await open_reader(cluster.kafka.bootstrap, cluster.topic()) as reader:
        yield Ends(reader)


@dataclass(frozen=True)
class Records:
    """All records of both logs, by shard."""

    cast: list[list[bytes]]
    judged: list[list[bytes]]


async def read(cluster: Cluster) -> Records:
    """Return everything that is in the logs. Raises LogError."""
    topics = cluster.topic(), cluster.topic(BALLOTS_JUDGED)
    cast, judged = [await read_topic(cluster.kafka.bootstrap, topic) for topic in topics]
    return Records(cast, judged)


async def write(cluster: Cluster, items: Sequence[Item]) -> None:
    """Write records into the ballot log until every one is acknowledged: some may stand there twice."""
    for _ in range(TRIES):
        try:
            producer = await start_producer(cluster.kafka.bootstrap)
            try:
                return await send_all(producer, cluster.topic(), items)
            finally:
                await producer.stop()
        except (SendFailed, KafkaError, OSError):
            await asyncio.sleep(RETRY_S)
    raise ChaosFailed(f"the log took no records in {TRIES} tries")


def forged(books: Books, life: Life) -> list[Item]:
    """Return records that no intake would write: each is to be rejected, whatever else it holds."""
    elector, papers = books.electors // 2, books.marks(0)
    section = books.section(elector)
    right = shard_of(elector, SHARDS)
    genuine = code_mac(life.key, elector, section)
    foreign = {"ballot": FOREIGN, "section": section}
    return [
        (right, None, b"\xffnoise"),
        (right, None, b"[]"),
        (right, None, life.ballot(elector, *papers, **foreign, mac=1)),
        ((right + 1) % SHARDS, None, life.ballot(elector, *papers, **foreign)),
        (right, None, life.ballot(elector, *papers, ballot=FOREIGN, section=1 - section, mac=genuine)),
        (right, None, life.ballot(elector, papers[0], **foreign)),
        (right, None, life.ballot(elector, "77", papers[1], **foreign)),
        (books.electors % SHARDS, None, life.ballot(books.electors, *papers, ballot=FOREIGN)),
    ]


def too_late(books: Books, life: Life) -> list[Item]:
    """Return what is written after the close: genuine first ballots, and orders to open and to resume again."""
    absent = range(books.present, books.electors)
    ballots: list[Item] = [
        (
            shard_of(elector, SHARDS),
            None,
            life.ballot(
                elector,
                *books.marks(elector),
                ballot=int(books.ballot_id(elector), 16),
                section=books.section(elector),
            ),
        )
        for elector in absent
    ]
    orders = [(shard, None, order) for order in (life.opened(), life.resumed()) for shard in range(SHARDS)]
    return [*ballots, *orders, *ballots]
