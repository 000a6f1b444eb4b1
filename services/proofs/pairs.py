"""A shard's verdicts, each record together with the cast records that it judges, as one source for the harness.

A position counts records of `ballots.judged`. A pair is a msgpack array: the judged record, and the cast records. A record that
nobody can read comes without any, and so does one that judges records which the log does not hold.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import structlog
from prometheus_client import Counter

from shared.contract.codec import UnknownVersion, decode_judged
from shared.runtime.log import LogAway, Record, Source
from shared.runtime.watermark import next_values

WAIT_MS: Final = 500
STALL_BOUND_S: Final = 30.0
"""A cast record that has a verdict is in the log: it comes within this time, or the log is away."""

PASSED_OVER: Final = Counter("livecount_proofs_passed_over_total", "Verdicts that nobody can read")

log = structlog.get_logger()


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
        return await self._paired(await self._judged.reread(offset))

    def connection(self) -> object:
        """Return what differs once either topic has been reached anew."""
        return self._judged.connection(), self._cast.connection()

    def end(self) -> int:
        """Return how many judged records the shard is known to hold."""
        return self._judged.end()

    def heard_s(self) -> float:
        """Return when that was last said, by the event loop's clock."""
        return self._judged.heard_s()

    async def _pair(self, record: Record) -> Pair:
        return Pair(record.offset, await self._paired(record.value or b""))

    async def _paired(self, judged: bytes) -> bytes:
        cast: list[bytes] = []
        try:
            record = decode_judged(judged)
        except (ValueError, UnknownVersion) as fault:
            PASSED_OVER.inc()
            log.warning("verdict passed over", fault=str(fault))
        else:
            if record.upto <= self._cast.end() or record.upto <= await self._cast.ask_end():
                cast = await self._cast_records(record.since, record.upto)
        return msgspec.msgpack.encode((judged, cast))

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
