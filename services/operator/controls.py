"""Orders on their way into the log: a control to every shard first, then the announcement.

Rule 1: every acknowledgement is awaited. One that fails fails the order; to repeat it is harmless.
Rule 2: a failed producer is dropped: whether its last record is in the log is not known.
Rule 3: an announcement counts as made once it has been read back, so that the next order sees it.
"""

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from shared.contract.codec import decode_as, encode
from shared.contract.events import Control, ElectionAnnounced
from shared.contract.topics import BALLOTS_CAST, ELECTIONS_ANNOUNCED
from shared.runtime.kafka import Item, SendFailed, send_all, start_producer
from shared.runtime.projection import Projection

READ_BACK_BOUND_S = 10.0


class ControlLog:
    """Writes controls and announcements, and knows the newest announcement of each election."""

    def __init__(self, bootstrap: str, namespace: str) -> None:
        self._bootstrap = bootstrap
        self._cast = BALLOTS_CAST.name(namespace)
        self._announced = ELECTIONS_ANNOUNCED.name(namespace)
        self._producer: AIOKafkaProducer | None = None
        self._read = asyncio.Event()
        self.elections: Projection[ElectionAnnounced] = Projection(
            bootstrap, self._announced, lambda value: decode_as(ElectionAnnounced, value), self._note
        )

    async def start(self) -> None:
        """Begin to follow the announcements; returns at once."""
        await self.elections.start()

    async def stop(self) -> None:
        """Let go of Kafka."""
        await self.elections.stop()
        await self._drop_producer()

    async def write(self, control: Control, shards: Iterable[int]) -> None:
        """Write a control into each of these shards. Raises SendFailed."""
        value = encode(control)
        await self._send(self._cast, [(shard, None, value) for shard in shards])

    async def announce(self, announced: ElectionAnnounced) -> None:
        """Announce an election and wait until that is read back. Raises SendFailed."""
        name = announced.definition.id
        await self._send(self._announced, [(0, name.encode(), encode(announced))])
        try:
            async with asyncio.timeout(READ_BACK_BOUND_S):
                while self.elections.newest.get(name) != announced:
                    self._read.clear()
                    await self._read.wait()
        except TimeoutError as fault:
            raise SendFailed(f"{name}: announced, but not read back in {READ_BACK_BOUND_S} s") from fault

    async def _send(self, topic: str, items: list[Item]) -> None:
        try:
            if self._producer is None:
                self._producer = await start_producer(self._bootstrap)
            await send_all(self._producer, topic, items)
        except (KafkaError, OSError) as fault:
            raise SendFailed(f"{topic}: {fault!r}") from fault
        except SendFailed:
            await self._drop_producer()
            raise

    async def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            await producer.stop()

    def _note(self, _key: str, _value: ElectionAnnounced, _timestamp_ms: int) -> None:
        self._read.set()
