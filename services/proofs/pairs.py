"""A shard's verdicts, each record together with the cast records that it judges, as one source for the harness.

A position counts records of `ballots.judged`. A pair is a msgpack array: the judged record, and the cast records.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec

from shared.contract.codec import decode_judged
from shared.runtime.log import LogAway, Record, Source
from shared.runtime.watermark import next_values

WAIT_MS: Final = 500
STALL_BOUND_S: Final = 30.0
"""A cast record that has a verdict is in the log: it comes within this time, or the log is away."""


class Pair(NamedTuple):
    """A judged record with its cast records."""

    offset: int
    value: bytes


class PairedSource:
    """Two sources of one shard as one."""

    def __init__(self, judged: Source, cast: Source) -> None:
        self._judged = judged
        self._cast = cast
        self._at: int | None = None

    def seek(self, position: int) -> None:
        """Read from this record of `ballots.judged` on."""
        self._judged.seek(position)

    async def read(self, max_records: int, wait_ms: int) -> Sequence[Pair]:
        """Return the next pairs, none if there are none within `wait_ms`. Raises LogAway, Gap."""
        return [await self._pair(record) for record in await self._judged.read(max_records, wait_ms)]

    async def ask_end(self) -> int:
        """Ask how many judged records the shard holds. Raises LogAway."""
        return await self._judged.ask_end()

    async def reread(self, offset: int) -> bytes:
        """Return the pair at `offset` as both topics have it now. Raises LogAway, Gap."""
        judged = await self._judged.reread(offset)
        record = decode_judged(judged)
        return msgspec.msgpack.encode((judged, await self._cast_records(record.since, record.upto)))

    def connection(self) -> object:
        """Return what differs once either topic has been reached anew."""
        return self._judged.connection(), self._cast.connection()

    def end(self) -> int:
        """Return how many judged records the shard is known to hold."""
        return self._judged.end()

    async def _pair(self, record: Record) -> Pair:
        judged = decode_judged(record.value)
        cast = await self._cast_records(judged.since, judged.upto)
        return Pair(record.offset, msgspec.msgpack.encode((record.value, cast)))

    async def _cast_records(self, since: int, upto: int) -> list[bytes]:
        if since != self._at:
            self._cast.seek(since)
        found: list[bytes] = []
        heard_s = _now_s()
        while len(found) < upto - since:
            position = since + len(found)
            values = next_values("cast offset", position, await self._cast.read(upto - position, WAIT_MS))
            found += values
            if values:
                heard_s = _now_s()
            elif _now_s() - heard_s > STALL_BOUND_S:
                raise LogAway(f"no cast record {position} within {STALL_BOUND_S:g} s")
        self._at = upto
        return found


def _now_s() -> float:
    return asyncio.get_running_loop().time()
