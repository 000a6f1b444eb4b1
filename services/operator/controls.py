"""How orders reach the log: the control goes to every shard first, then the announcement follows.

Every acknowledgement is awaited. If one fails, the order has failed; it is harmless to give it again. The sink that failed is
dropped, since nobody knows whether its last record is in the log. That record, or one of a process that ran before, may
still arrive: so nothing is sent for QUIET_S after a start or a failure, and it cannot arrive after a later order.

An announcement counts as made once it has been read back, so that the next order sees it.
"""

import asyncio
from collections.abc import Iterable

from shared.contract.codec import decode_as, encode
from shared.contract.events import Control, ElectionAnnounced
from shared.contract.topics import BALLOTS_CAST, ELECTIONS_ANNOUNCED
from shared.runtime.log import LogAway, OpenReader, OpenSink, Outgoing, SendFailed, Sink
from shared.runtime.projection import Projection

READ_BACK_BOUND_S = 10.0
QUIET_S = 1.0
"""How long nothing is sent after a start or a failure, in seconds."""


class ControlLog:
    """Writes controls and announcements, and knows the newest announcement of each election."""

    def __init__(self, open_sink: OpenSink, open_reader: OpenReader, namespace: str) -> None:
        self._open_sink = open_sink
        self._cast = BALLOTS_CAST.name(namespace)
        self._announced = ELECTIONS_ANNOUNCED.name(namespace)
        self._sink: Sink | None = None
        self._quiet_until_s = 0.0
        self._read = asyncio.Event()
        self.elections: Projection[ElectionAnnounced] = Projection(
            open_reader, self._announced, lambda value: decode_as(ElectionAnnounced, value), self._note
        )

    async def start(self) -> None:
        """Begin to follow the announcements; returns at once."""
        self._keep_quiet()
        await self.elections.start()

    async def stop(self) -> None:
        """Let go of Kafka."""
        await self.elections.stop()
        await self._drop_sink()

    async def write(self, control: Control, shards: Iterable[int]) -> None:
        """Write a control into each of these shards. Raises SendFailed."""
        value = encode(control)
        await self._send([Outgoing(self._cast, shard, None, value) for shard in shards])

    async def announce(self, announced: ElectionAnnounced) -> None:
        """Announce an election and wait until that is read back. Raises SendFailed."""
        name = announced.definition.id
        await self._send([Outgoing(self._announced, 0, name.encode(), encode(announced))])
        try:
            async with asyncio.timeout(READ_BACK_BOUND_S):
                while self.elections.newest.get(name) != announced:
                    self._read.clear()
                    await self._read.wait()
        except TimeoutError as fault:
            raise SendFailed(f"{name}: announced, but not read back in {READ_BACK_BOUND_S} s") from fault

    async def _send(self, items: list[Outgoing]) -> None:
        await asyncio.sleep(self._quiet_until_s - asyncio.get_running_loop().time())
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
