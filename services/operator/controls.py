"""How signed orders and announcements reach the log.

Every acknowledgement is awaited. If one fails, it is not known whether the record is in the log; it is harmless to write it
again, since a control that comes twice has its effect once. The sink that failed is dropped. An announcement counts as made
once it has been read back, so that the next order sees it. One that a failed sink, or a process before this one, left on its
way may still arrive: so nothing is announced for QUIET_S after a start or a failure, and it cannot arrive after a later one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from services.operator.book import ControlBook
from shared.contract.codec import encode
from shared.contract.events import ElectionAnnounced, SignedRecord
from shared.contract.topics import BALLOTS_CAST, CONTROLS_JUDGED, ELECTIONS_ANNOUNCED
from shared.runtime.log import LogAway, LogError, OpenReader, OpenSink, Outgoing, SendFailed, Sink
from shared.runtime.projection import Projection, announcements

READ_BACK_BOUND_S = 10.0
QUIET_S = 1.0
"""How long nothing is announced after a start or a failure, in seconds."""

ReadRecord = Callable[[str, int, int], Awaitable[bytes]]
"""Topic, partition and offset to the record there. Raises LogAway."""


class ControlLog:
    """Writes controls and announcements, and knows the newest announcement of each election."""

    def __init__(
        self,
        open_sink: OpenSink,
        open_reader: OpenReader,
        read_record: ReadRecord,
        namespace: str,
        book: ControlBook,
    ) -> None:
        self._open_sink = open_sink
        self._read_record = read_record
        self._cast = BALLOTS_CAST.name(namespace)
        self._announced = ELECTIONS_ANNOUNCED.name(namespace)
        self._sink: Sink | None = None
        self._quiet_until_s = 0.0
        self._read = asyncio.Event()
        self.elections = announcements(open_reader, namespace, self._note)
        self.judged: Projection[bytes] = Projection(
            open_reader,
            CONTROLS_JUDGED.name(namespace),
            lambda value: value,
            lambda _, value, __: book.add(value),
        )

    async def start(self) -> None:
        """Begin to follow announcements and verdicts; returns at once."""
        self._keep_quiet()
        await self.elections.start()
        await self.judged.start()

    async def stop(self) -> None:
        """Let go of Kafka."""
        await self.judged.stop()
        await self.elections.stop()
        await self._drop_sink()

    async def write(self, record: SignedRecord, shards: Iterable[int]) -> None:
        """Write a signed record into each of these shards. Raises SendFailed."""
        await self.write_bytes(encode(record), shards)

    async def write_bytes(self, value: bytes, shards: Iterable[int]) -> None:
        """Write a record as it is carried elsewhere. Raises SendFailed."""
        await self._send([Outgoing(self._cast, shard, None, value) for shard in shards])

    async def read(self, shard: int, offset: int) -> bytes:
        """Return a cast record. Raises SendFailed if it cannot be read."""
        try:
            return await self._read_record(self._cast, shard, offset)
        except LogError as fault:
            raise SendFailed(str(fault)) from fault

    async def announce(self, announced: ElectionAnnounced) -> None:
        """Announce an election and wait until that is read back. Raises SendFailed."""
        name = announced.definition.id
        await asyncio.sleep(self._quiet_until_s - asyncio.get_running_loop().time())
        await self._send([Outgoing(self._announced, 0, name.encode(), encode(announced))])
        try:
            async with asyncio.timeout(READ_BACK_BOUND_S):
                while (newest := self.elections.newest.get(name)) is None or not newest.follows(announced):
                    self._read.clear()
                    await self._read.wait()
        except TimeoutError as fault:
            raise SendFailed(f"{name}: announced, but not read back in {READ_BACK_BOUND_S} s") from fault

    async def _send(self, items: list[Outgoing]) -> None:
        try:
            if self._sink is None:
                self._sink = await self._open_sink()
            await self._sink.send(items)
        except LogAway as fault:
            raise SendFailed(str(fault)) from fault
        except SendFailed:
            self._keep_quiet()
            await self._drop_sink()
            raise

    def _keep_quiet(self) -> None:
        self._quiet_until_s = asyncio.get_running_loop().time() + QUIET_S

    async def _drop_sink(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            await sink.stop()

    def _note(self, _key: str, _value: ElectionAnnounced, _timestamp_ms: int) -> None:
        self._read.set()
