"""The ballot log as intake writes it: a receipt is given only for what every replica has acknowledged.

One batch is sent at a time. Ballots that arrive meanwhile are sent together with the next: a batch costs some 0.5 ms of CPU
here, however many ballots it holds. A ballot that finds nothing being sent leaves at once. The ballots of one election that
are sent together to one shard are one record, a pack (see shared.contract.packs). At most `max_pending` ballots are being
sent; more are refused before anything is promised.

After a failed send the sink is spent: it is stopped and a new one opened. Whether the failed ballots are in the log is not
known, so the client is asked to send the same ballot again; it counts once.

Nothing is promised while the log is not the one that it was (see ends.py). It is looked at again before a new sink is opened.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from secrets import token_bytes

from prometheus_client import Gauge

from services.intake.ends import LogEnds
from services.intake.outcomes import Admitted, AdmittedLines
from services.intake.spans import SentSpans
from shared.contract.codec import encode_pack
from shared.contract.packs import MAX_PACK_BALLOTS, MAX_PACK_BYTES, SALT_BYTES, Ballot, Pack, pack_of
from shared.runtime.log import LogAway, OpenSink, Outgoing, SendFailed, Sink
from shared.runtime.process.tracing import now_ms
from shared.runtime.supervision import Supervised

PENDING = Gauge(
    "livecount_intake_pending", "Ballots that are being sent to the log", multiprocess_mode="livesum"
)
GATHER_S = 0.005
"""At least this long between two batches."""
ANSWER_WITHIN_S = 10.0

RandomBytes = Callable[[int], bytes]
"""So many bytes that nobody can guess: a pack's salt."""


class LogUnavailable(Exception):
    """The log cannot take ballots now."""


class NotSent(LogUnavailable):
    """The log may not be given ballots, or too many are being sent already: these were not."""


class Batch:
    """Ballots that are sent together, and the requests that wait for them, at most `ANSWER_WITHIN_S`."""

    def __init__(self, begun_ms: int = 0) -> None:
        self.ballots: list[Admitted] = []
        self.lines: list[AdmittedLines] = []
        self.begun_ms = begun_ms
        """When the first of them came, if that is traced."""
        self._waiting: list[asyncio.Future[None]] = []
        self._bound = asyncio.get_running_loop().call_later(ANSWER_WITHIN_S, self._give_up)
        self.given_up = False

    def add(self, ballots: Sequence[Admitted] | AdmittedLines) -> "asyncio.Future[None]":
        """Add ballots; the future is done when all are acknowledged, or fails with LogUnavailable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if isinstance(ballots, AdmittedLines):
            self.lines.append(ballots)
        else:
            self.ballots += ballots
        self._waiting.append(done)
        return done

    def settle(self, fault: Exception | None = None) -> None:
        """Let every request that waits go on."""
        self._bound.cancel()
        for done in self._waiting:
            if done.done():
                continue
            if fault is None:
                done.set_result(None)
            else:
                done.set_exception(fault)

    def _give_up(self) -> None:
        self.given_up = True
        self.settle(LogUnavailable(f"no acknowledgement within {ANSWER_WITHIN_S:g} s"))


class BallotLog:
    """Gathers the ballots of concurrent requests into batches."""

    def __init__(
        self,
        open_sink: OpenSink,
        topic: str,
        max_pending: int,
        ends: LogEnds,
        random_bytes: RandomBytes = token_bytes,
        *,
        spans: SentSpans | None = None,
    ) -> None:
        self._ends = ends
        self._spans = spans
        self._open_sink = open_sink
        self._random_bytes = random_bytes
        self._topic = topic
        self._max_pending = max_pending
        self._pending = 0
        self._next: Batch | None = None
        self._wake = asyncio.Event()
        self._task = Supervised("ballot log", self._keep_sending)
        self._sink: Sink | None = None
        PENDING.set_function(lambda: self._pending)

    async def start(self) -> None:
        """Look where the log ends, so that nothing is promised before that is known, and connect. Raises LogAway."""
        await self._ends.check()
        self._sink = await self._open_sink()
        self._task.start()

    async def stop(self) -> None:
        """Disconnect. Requests end before this: nothing is waiting any more."""
        await self._task.stop()
        await self._close_sink()

    def append(self, ballots: Sequence[Admitted] | AdmittedLines) -> "asyncio.Future[None]":
        """Take ballots to be sent. Raises NotSent: then they are not in the log, and will not be.

        The future is done once every ballot is acknowledged, or fails with LogUnavailable: then they may be in the log or not.
        """
        if self._ends.fault:
            raise NotSent(self._ends.fault)
        if self._pending + len(ballots) > self._max_pending:
            raise NotSent(
                f"{self._pending} ballots are being sent, at most {self._max_pending} may be at once"
            )
        if self._next is None:
            self._next = Batch() if self._spans is None else Batch(now_ms())
            self._wake.set()
        self._pending += len(ballots)
        done = self._next.add(ballots)
        done.add_done_callback(partial(self._settled, len(ballots)))
        return done

    def _settled(self, ballots: int, _done: "asyncio.Future[None]") -> None:
        self._pending -= ballots

    async def _keep_sending(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            self._wake.clear()
            left_s = loop.time()
            batch, self._next = self._next, None
            if batch is not None and not batch.given_up:
                await self._send(batch)
            await asyncio.sleep(left_s + GATHER_S - loop.time())

    async def _send(self, batch: Batch) -> None:
        try:
            if self._sink is None:
                await self._ends.check()
                self._require_whole()
                self._sink = await self._open_sink()
            items = packed(self._topic, batch.ballots, self._random_bytes)
            items += packed_lines(self._topic, batch.lines, self._random_bytes)
            sent_ms = 0 if self._spans is None else now_ms()
            await self._sink.send(items)
            self._require_whole()
        except (SendFailed, LogAway) as fault:
            await self._close_sink()
            batch.settle(LogUnavailable(str(fault)))
        except BaseException:
            await self._close_sink()
            batch.settle(LogUnavailable("the ballot log was interrupted"))
            raise
        else:
            batch.settle()
            if self._spans is not None:
                self._spans.sent(items, batch.begun_ms, sent_ms)

    def _require_whole(self) -> None:
        if self._ends.fault:
            raise LogAway(self._ends.fault)

    async def _close_sink(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            await sink.stop()


def packed(
    topic: str, ballots: Sequence[Admitted], random_bytes: RandomBytes = token_bytes
) -> list[Outgoing]:
    """Return the packs of ballots: those of one shard and election together, in the order they came."""
    groups: dict[tuple[int, str], list[Ballot]] = {}
    for admitted in ballots:
        groups.setdefault((admitted.shard, admitted.election), []).append(admitted.ballot)
    return [
        Outgoing(topic, shard, None, pack)
        for (shard, election), group in groups.items()
        for pack in _packs(partial(_pack_of, election, group), 0, len(group), random_bytes)
    ]


def packed_lines(
    topic: str, parts: Sequence[AdmittedLines], random_bytes: RandomBytes = token_bytes
) -> list[Outgoing]:
    """Return the packs of lines: those of one shard and election together, in the order they came."""
    elections = dict.fromkeys(part.election for part in parts)
    joined = [AdmittedLines.joined(of, [part for part in parts if part.election == of]) for of in elections]
    return [
        Outgoing(topic, shard, None, pack)
        for lines in joined
        for shard, of in lines.by_shard()
        for pack in _packs(of.pack, 0, len(of), random_bytes)
    ]


def _pack_of(election: str, ballots: Sequence[Ballot], start: int, end: int, salt: bytes) -> Pack:
    return pack_of(election, ballots[start:end], salt)


def _packs(
    pack_of_part: Callable[[int, int, bytes], Pack], start: int, end: int, random_bytes: RandomBytes
) -> Iterator[bytes]:
    """Yield the packs of ballots: one, or halves of them that fit. Each ballot by itself fits, for its form was bounded."""
    if end - start <= MAX_PACK_BALLOTS:
        pack = encode_pack(pack_of_part(start, end, random_bytes(SALT_BYTES)))
        if len(pack) <= MAX_PACK_BYTES or end - start == 1:
            yield pack
            return
    half = (start + end) // 2
    yield from _packs(pack_of_part, start, half, random_bytes)
    yield from _packs(pack_of_part, half, end, random_bytes)
