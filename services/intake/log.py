"""The ballot log as intake writes it: a promise is made only for what every replica has acknowledged.

Rule 1: after any failed send the sink is spent: it is put away and a new one opened. Whether the failed ballots
        are in the log is not known, so the client is asked to send the same ballot again; it counts once.
Rule 2: at most `max_pending` ballots are on their way; more are put off before anything is promised.
"""

import asyncio
from collections.abc import Sequence

from prometheus_client import Gauge

from services.intake.decide import Taken
from shared.contract.codec import encode_ballot
from shared.runtime.log import LogAway, OpenSink, Outgoing, SendFailed, Sink

PENDING = Gauge("livecount_intake_pending", "Ballots on their way to the log")
BATCH_RECORDS = 1_000
ANSWER_WITHIN_S = 10.0


class LogUnavailable(Exception):
    """The log cannot take ballots now."""


class BallotLog:
    """Gathers the ballots of concurrent requests into batches, one batch on its way at a time."""

    def __init__(self, open_sink: OpenSink, topic: str, max_pending: int) -> None:
        self._open_sink = open_sink
        self._topic = topic
        self._max_pending = max_pending
        self._waiting: list[tuple[Outgoing, asyncio.Future[None]]] = []
        self._pending = 0
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._sink: Sink | None = None

    async def start(self) -> None:
        """Connect. Raises LogAway."""
        self._sink = await self._open_sink()
        self._task = asyncio.create_task(self._keep_sending(), name="ballot log")

    async def stop(self) -> None:
        """Leave. Requests end before this: nothing is waiting any more."""
        if self._task is not None:
            self._task.cancel()
        await self._put_sink_away()

    async def append(self, ballots: Sequence[Taken]) -> None:
        """Return once every ballot is acknowledged. Raises LogUnavailable: then it may be in the log or not."""
        if self._pending + len(ballots) > self._max_pending:
            raise LogUnavailable(
                f"{self._pending} ballots are on their way, at most {self._max_pending} may be"
            )
        loop = asyncio.get_running_loop()
        entries = [(self._outgoing(taken), loop.create_future()) for taken in ballots]
        self._count(len(ballots))
        self._waiting += entries
        self._wake.set()
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await asyncio.gather(*(done for _, done in entries))
        except TimeoutError:
            raise LogUnavailable(f"no acknowledgement within {ANSWER_WITHIN_S:g} s") from None
        finally:
            self._count(-len(ballots))

    def _outgoing(self, taken: Taken) -> Outgoing:
        return Outgoing(self._topic, taken.shard, b"%d" % taken.ballot.elector, encode_ballot(taken.ballot))

    async def _keep_sending(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                batch, self._waiting = self._waiting[:BATCH_RECORDS], self._waiting[BATCH_RECORDS:]
                await self._send(batch)

    async def _send(self, batch: Sequence[tuple[Outgoing, asyncio.Future[None]]]) -> None:
        try:
            if self._sink is None:
                self._sink = await self._open_sink()
            await self._sink.send([item for item, _ in batch])
        except (SendFailed, LogAway) as fault:
            await self._put_sink_away()
            _settle(batch, LogUnavailable(str(fault)))
        else:
            _settle(batch, None)

    async def _put_sink_away(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            await sink.stop()

    def _count(self, ballots: int) -> None:
        self._pending += ballots
        PENDING.set(self._pending)


def _settle(batch: Sequence[tuple[Outgoing, asyncio.Future[None]]], fault: Exception | None) -> None:
    for _, done in batch:
        if done.done():
            continue
        if fault is None:
            done.set_result(None)
        else:
            done.set_exception(fault)
