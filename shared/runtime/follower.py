"""The harness: one shard of a log through one deterministic state machine.

Rule 1: the machine sees every record once, in order: offsets go up by exactly one.
Rule 2: a snapshot holds state and position together, and only when all output so far is acknowledged. It is written
        aside while the run goes on. A snapshot that fails costs a longer replay, never the run. Large states
        are saved less often: saving takes one part in SAVE_PART of the time at most.
Rule 3: any failed send ends the run; the next one resumes from the snapshot and publishes the same again.
Rule 4: nothing rests on who owns a shard. A second run elsewhere publishes the same, and readers skip repeats.
Rule 5: where readers keep only the newest record, an older one of a second run could come last. So the newest is
        published again as soon as the run has caught up, and then every `republish_every_s`.
Rule 6: a run has caught up once it has passed the end that the log named at its start, and not before.
Rule 7: the last record that was applied, and the founding record of a log that has one, are read again at the start, when
        the log is reached anew before anything that came that way is applied, and every CHECK_EVERY_S. If it is another
        record, the log is another one: the shard stops. If it is not there, the run ends and tries again: a log that is
        behind for a moment looks the same.
"""

import asyncio
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

import structlog

from shared.contract.chain import digest
from shared.runtime.log import LogAway, LogChanged, Outgoing, Record, Sink, Source
from shared.runtime.snapshots import Snapshot, Snapshots
from shared.runtime.watermark import next_values

SAVE_PART = 20
DRAIN_PART = 4
CHECK_EVERY_S = 10.0

log = structlog.get_logger()


class Machine(Protocol):
    """A deterministic state machine over one shard: the same records give the same outgoing ones, in order."""

    def apply(self, values: Sequence[bytes]) -> None:
        """Apply the next records. Raises Gap, or another exception if it cannot go on."""

    def drain(self) -> list[Outgoing]:
        """Return the records to send and forget them."""

    def ballots(self) -> int:
        """Return how many ballots the state covers, for people who watch."""

    def covered(self) -> dict[str, list[int]]:
        """Return how many cast records the state covers of each election or contest, shard by shard, for people who watch."""

    def trouble(self) -> str:
        """Return what the machine lacks, though it goes on with all that does not need it; nothing if it lacks nothing."""

    def republish(self) -> None:
        """Make the next `drain` return the newest records again, where readers keep only those; else do nothing."""

    def save(self) -> bytes:
        """Return the state; equal states give equal bytes."""

    def restore(self, state: bytes) -> None:
        """Become the machine that was saved."""


class Writer(Machine, Protocol):
    """A machine that compares itself with what was written before, by any process: see `Work.output`."""

    def must_reach(self, newest: Sequence[bytes]) -> int:
        """Note the newest records of the output, which the machine must come to again; return how many it needs for that."""


class Observer(Protocol):
    """Sees what a run does once it has caught up, and changes nothing of it. It raises nothing."""

    def applying(self, first: int, values: Sequence[bytes]) -> None:
        """See records before they are applied, of which the first has this offset."""

    def sent(self, outgoing: Sequence[Outgoing]) -> None:
        """See what has been sent and acknowledged since, perhaps nothing."""


@runtime_checkable
class MayTakeLong(Protocol):
    """What a machine is beside, whose `drain` may take seconds."""

    def takes_long(self) -> bool:
        """Whether the next `drain` may take long: it is then made beside the event loop, and no record is applied meanwhile."""


@dataclass(frozen=True)
class Limits:
    """How much at a time and how often: output is sent once a tick, input waited for at most `wait_ms`.

    A tick is longer where making output is dear, so that it takes one part in DRAIN_PART of the time at most.
    """

    batch_records: int = 4_000
    wait_ms: int = 500
    tick_ms: int = 0
    snapshot_every_s: float = 5.0
    republish_every_s: float = math.inf


@dataclass
class Progress:
    """Where a shard stands, for people and probes."""

    position: int = 0
    end: int = 0
    total: int = 0
    ballots: int = 0
    caught_up: bool = False
    state: Literal["running", "stopped"] = "running"
    detail: str = "starting"
    heard_s: float = 0.0
    """When the log last said that it ends there, by the event loop's clock."""
    unsaved_s: float = 0.0
    """For how long there have been records that no snapshot holds."""
    covered: Callable[[], dict[str, list[int]]] = dict
    """What the machine covers, election by election; nothing before it has a state."""


@dataclass
class LastApplied:
    """The furthest that a process has applied of a shard, in whichever run: how many records, and two of their digests."""

    position: int = 0
    last: bytes = b""
    first: bytes = b""

    def check(self, name: str, number: int, value: bytes) -> None:
        """Compare a record that the log holds now, its first or the last applied one. Raises LogChanged."""
        if digest(value) not in {
            self.last if number == self.position - 1 else b"",
            self.first if not number else b"",
        }:
            raise LogChanged(
                f"{name}: record {number} is not the one that was applied: another log, or one that has lost records "
                "and was written on (see the runbook: another log)"
            )


@dataclass
class Follower:
    """One run of one shard."""

    name: str
    machine: Machine
    source: Source
    sink: Sink
    snapshots: Snapshots
    limits: Limits
    progress: Progress = field(default_factory=Progress)
    applied: LastApplied = field(default_factory=LastApplied)
    least_end: int = 0
    """Records that the log must hold, since output was made of so many. The machine compares; until then nothing is sent."""
    founded: bool = False
    """Whether the log's first record says which log it is, and stays."""
    observer: Observer | None = None

    def __post_init__(self) -> None:
        self._position = 0
        self._last = self._first = b""
        self._end_at_start = 0
        self._connection: object = None
        self._checked_at = 0.0
        self._saved = 0
        self._pending = 0
        self._flushed_at = 0.0
        self._saved_at = 0.0
        self._unsaved_since_s = 0.0
        self._save_took_s = self._drain_took_s = 0.0
        self._saving: asyncio.Task[None] | None = None
        self._republished_at = -math.inf

    async def run(self) -> None:
        """Follow until cancelled. Raises Gap, LogAway, LogChanged, SendFailed, or what the machine raises."""
        self.progress.caught_up = False
        self._resume()
        await self._ask_end()
        await self._check_log()
        try:
            while True:
                records = await self.source.read(self.limits.batch_records, self._wait_ms())
                if self._must_check():
                    await self._check_log()
                    records = ()
                self._apply(records)
                self._republish_if_due()
                await self._flush_if_due()
                await self._save_if_due()
                self._note_progress(len(records))
        finally:
            await self._save_at_end()
            log.info("run ends", shard=self.name, position=self._position)

    def _resume(self) -> None:
        snapshot = self.snapshots.load(self.name)
        if snapshot is not None:
            self.machine.restore(snapshot.state)
            self._position = self._saved = snapshot.position
            self._last, self._first = snapshot.last, snapshot.first
            self._note_applied()
        self.progress.covered = self.machine.covered
        self.source.seek(self._position)
        self._flushed_at = self._saved_at = self._unsaved_since_s = _now_s()
        self.progress.position = self._position
        log.info("run starts", shard=self.name, position=self._position)

    async def _ask_end(self) -> None:
        self._end_at_start = self.progress.end = await self.source.ask_end()
        applied = max(self.applied.position, self.least_end)
        if applied > self._end_at_start:
            raise LogAway(
                f"{self.name} holds {self._end_at_start} records, {applied} were applied: "
                "another log, or one that has lost some"
            )

    def _must_check(self) -> bool:
        """Return whether the last record must be read again before anything is applied."""
        is_due = _now_s() - self._checked_at >= CHECK_EVERY_S
        return is_due or self.source.connection() != self._connection

    async def _check_log(self) -> None:
        """Compare the last record ever applied with the log's. What was read meanwhile is read once more."""
        self._connection, self._checked_at = self.source.connection(), _now_s()
        if self.applied.position:
            for number in {0, self.applied.position - 1} if self.founded else {self.applied.position - 1}:
                self.applied.check(self.name, number, await self.source.reread(number))
        self.source.seek(self._position)

    def _wait_ms(self) -> int:
        """Return how long to wait for records: no longer than until output is due, and never not at all.

        A read that waits for nothing gives nothing else on the event loop its turn, not even what fetches the records.
        """
        if not self._may_flush():
            return self.limits.wait_ms
        return max(1, min(self.limits.wait_ms, math.ceil(self._flush_in_ms())))

    def _may_flush(self) -> bool:
        return self._pending > 0 and self._position >= self.least_end

    def _flush_in_ms(self) -> float:
        tick_ms = self.limits.tick_ms and max(self.limits.tick_ms, DRAIN_PART * 1000 * self._drain_took_s)
        return tick_ms - 1000 * (_now_s() - self._flushed_at)

    def _apply(self, records: Sequence[Record]) -> None:
        values = next_values(f"offset in {self.name}", self._position, records)
        if values:
            self._pending += len(values)
            if self.observer is not None and self.progress.caught_up:
                self.observer.applying(self._position, values)
            self.machine.apply(values)
            self._first = self._first or digest(values[0])
            self._last = digest(values[-1])
            self._position += len(values)
            self._note_applied()

    def _note_applied(self) -> None:
        applied = self.applied
        if self._position > applied.position:
            applied.position, applied.last, applied.first = self._position, self._last, self._first

    def _republish_if_due(self) -> None:
        every_s = self.limits.republish_every_s
        if every_s < math.inf and self.progress.caught_up and _now_s() - self._republished_at >= every_s:
            self._republished_at = _now_s()
            self.machine.republish()
            self._pending += 1

    async def _flush_if_due(self) -> None:
        if not self._may_flush() or self._flush_in_ms() > 0:
            return
        self._flushed_at = _now_s()
        takes_long = isinstance(self.machine, MayTakeLong) and self.machine.takes_long()
        outgoing = await asyncio.to_thread(self.machine.drain) if takes_long else self.machine.drain()
        self._drain_took_s = _now_s() - self._flushed_at
        if outgoing:
            await self.sink.send(outgoing)
        if self.observer is not None and self.progress.caught_up:
            self.observer.sent(outgoing)
        self._pending = 0

    async def _save_if_due(self) -> None:
        every_s = max(self.limits.snapshot_every_s, SAVE_PART * self._save_took_s)
        if _now_s() - self._saved_at >= every_s and self._worth_saving() and not self.snapshots.busy:
            await self._await_save()
            self._saving = asyncio.create_task(self._save(self._snapshot()))

    async def _save_at_end(self) -> None:
        await self._await_save()
        if self._worth_saving():
            await self._save(self._snapshot())

    async def _await_save(self) -> None:
        if self._saving is not None:
            await self._saving

    def _worth_saving(self) -> bool:
        return not self._pending and self._position != self._saved

    def _snapshot(self) -> Snapshot:
        self._saved_at = _now_s()
        return Snapshot(self._position, self.machine.save(), self._last, self._first)

    async def _save(self, snapshot: Snapshot) -> None:
        try:
            await self.snapshots.save(self.name, snapshot)
        except OSError as fault:
            log.warning("snapshot failed", shard=self.name, position=snapshot.position, fault=str(fault))
        else:
            self._saved, self._unsaved_since_s = snapshot.position, self._saved_at
        self._save_took_s = _now_s() - self._saved_at

    def _note_progress(self, handled: int) -> None:
        progress = self.progress
        progress.position, progress.end = self._position, max(self.source.end(), self._position)
        progress.heard_s = self.source.heard_s()
        progress.total += handled
        progress.ballots = self.machine.ballots()
        if self._position == self._saved:
            self._unsaved_since_s = _now_s()
        progress.unsaved_s = _now_s() - self._unsaved_since_s
        progress.caught_up = progress.caught_up or self._position >= self._end_at_start
        progress.state, progress.detail = "running", self.machine.trouble()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
