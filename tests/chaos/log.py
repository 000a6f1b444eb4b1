"""Reads the log, and writes into it past intake and operator: forged ballots and orders, wrong shards, noise, what comes too late."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from aiokafka.errors import KafkaError
from msgspec.structs import replace

from shared.contract.codec import encode, encode_pack
from shared.contract.events import ElectionClosed, signed
from shared.contract.ids import shard_of
from shared.contract.packs import MAX_PACK_BALLOTS, Ballot, pack_of
from shared.contract.topics import BALLOTS_JUDGED
from shared.runtime.kafka.reader import KafkaReader, open_reader
from shared.runtime.kafka.sink import Item, send_all, start_producer
from shared.runtime.log import LogAway, SendFailed
from tests.chaos.books import SHARDS, Books
from tests.chaos.cluster import Cluster
from tests.chaos.load import ChaosFailed
from tests.support.elections import OFFICER_KEY, ROOT, SALT
from tests.support.topics import read_topic

ASK_BOUND_S: Final = 2.0
TRIES: Final = 60
RETRY_S: Final = 1.0
FOREIGN: Final = 1 << 127
"""Ballots with ids from here on are in nobody's books."""


@dataclass
class Ends:
    """Asks how many records the ballot log holds. While a leader is away, the answer is the last known."""

    reader: KafkaReader
    known: int = 0

    async def length(self) -> int:
        """Return how many records the ballot log holds."""
        try:
            async with asyncio.timeout(ASK_BOUND_S):
                self.known = max(self.known, sum(await self.reader.ends()))
        except (LogAway, TimeoutError):
            pass
        return self.known


@asynccontextmanager
async def ends_of(cluster: Cluster) -> AsyncIterator[Ends]:
    """Give the ends of a cluster's ballot log."""
    async with await open_reader(cluster.kafka.bootstrap, cluster.topic(), SHARDS) as reader:
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


def forged(books: Books) -> list[Item]:
    """Return records that no intake and no operator would write: nothing in them is to have an effect."""
    life, elector = books.life, books.electors // 2
    rankings, section, right = books.marks(0), books.section(elector), shard_of(elector, SHARDS)
    genuine = life.cast(elector, *rankings, ballot=FOREIGN)
    bad = [
        replace(genuine, secret=bytes(len(genuine.secret))),
        replace(genuine, section=1 - section),
        replace(genuine, section=len(books.election.sections)),
        replace(genuine, rankings=("77", rankings[1])),
        replace(genuine, elector=books.electors),
        replace(genuine, elector=elector + 1),
    ]
    close = signed(life.control(ElectionClosed), (OFFICER_KEY, ROOT))
    records = [
        b"\xffnoise",
        b"[]",
        life.pack(genuine)[:-1],
        encode_pack(pack_of("unheard-of", [genuine], SALT)),
        life.pack(replace(genuine, rankings=rankings[:1])),
        life.pack(*[genuine] * (MAX_PACK_BALLOTS + 1)),
        life.pack(*bad),
        *[life.pack(ballot) for ballot in bad],
    ]
    orders: list[Item] = [(shard, None, encode(close)) for shard in range(SHARDS)]
    return [*[(right, None, record) for record in records], *orders]


def too_late(books: Books, last_control: str) -> list[Item]:
    """Return what is written after the close: genuine first ballots, and signed orders to open and to resume again."""
    life = books.life
    absent: list[list[Ballot]] = [[] for _ in range(SHARDS)]
    for elector in range(books.present, books.electors):
        number = int.from_bytes(books.ballot_id(elector))
        absent[shard_of(elector, SHARDS)].append(life.cast(elector, *books.marks(elector), ballot=number))
    ballots: list[Item] = [
        (shard, None, life.pack(*of[start : start + MAX_PACK_BALLOTS]))
        for shard, of in enumerate(absent)
        for start in range(0, len(of), MAX_PACK_BALLOTS)
    ]
    life.resume(last_control)
    orders = [(shard, None, order) for order in (life.opened(), life.resumed()) for shard in range(SHARDS)]
    return [*ballots, *orders, *ballots]
