"""The ballot log as intake writes it: a receipt is given only for what every replica has acknowledged.

One batch is sent at a time. Ballots that arrive meanwhile are sent together with the next: a batch costs some 0.5 ms of CPU
here, however many ballots it holds. A ballot that finds nothing being sent leaves at once. At most `max_pending` ballots are
being sent; more are refused before anything is promised.

After a failed send the sink is spent: it is stopped and a new one opened. Whether the failed ballots are in the log is not
known, so the client is asked to send the same ballot again; it counts once.
"""

import asyncio
from collections.abc import Sequence

from prometheus_client import Gauge

from services.intake.admission import Admitted
from shared.contract.codec import encode_ballot
from shared.runtime.log import LogAway, OpenSink, Outgoing, SendFailed, Sink

PENDING = Gauge("livecount_intake_pending", "Ballots that are being sent to the log")
GATHER_S = 0.005
"""At least this long between two batches."""
ANSWER_WITHIN_S = 10.0


class LogUnavailable(Exception):
    """The log cannot take ballots now."""


class Batch:
    """Records that are sent together, and the requests that wait for them, at most `ANSWER_WITHIN_S`."""

    def __init__(self) -> None:
        self.records: list[Outgoing] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._bound = asyncio.get_running_loop().call_later(ANSWER_WITHIN_S, self._give_up)
        self.given_up = False

    def add(self, records: Sequence[Outgoing]) -> "asyncio.Future[None]":
        """Add records; the future is done when all are acknowledged, or fails with LogUnavailable."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.records += records
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

    def __init__(self, open_sink: OpenSink, topic: str, max_pending: int) -> None:
        self._open_sink = open_sink
        self._topic = topic
        self._max_pending = max_pending
        self._pending = 0
        self._next: Batch | None = None
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._sink: Sink | None = None
        PENDING.set_function(lambda: self._pending)

    async def start(self) -> None:
        """Connect. Raises LogAway."""
        self._sink = await self._open_sink()
        self._task = asyncio.create_task(self._keep_sending(), name="ballot log")

    async def stop(self) -> None:
        """Disconnect. Requests end before this: nothing is waiting any more."""
        if self._task is not None:
            self._task.cancel()
        await self._close_sink()

    async def append(self, ballots: Sequence[Admitted]) -> None:
        """Return once every ballot is acknowledged. Raises LogUnavailable: then it may be in the log or not."""
        if self._pending + len(ballots) > self._max_pending:
            raise LogUnavailable(
                f"{self._pending} ballots are being sent, at most {self._max_pending} may be at once"
            )
        if self._next is None:
            self._next = Batch()
            self._wake.set()
        self._pending += len(ballots)
        try:
            await self._next.add([self._record(admitted) for admitted in ballots])
        finally:
            self._pending -= len(ballots)

    def _record(self, admitted: Admitted) -> Outgoing:
        ballot = admitted.ballot
        return Outgoing(self._topic, admitted.shard, b"%d" % ballot.elector, encode_ballot(ballot))

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
                self._sink = await self._open_sink()
            await self._sink.send(batch.records)
        except (SendFailed, LogAway) as fault:
            await self._close_sink()
            batch.settle(LogUnavailable(str(fault)))
        else:
            batch.settle()

    async def _close_sink(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            await sink.stop()
