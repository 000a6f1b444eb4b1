"""The shards that are assigned to a process: a follower for each, kept running, and reports of how far they are.

A run that ends because the log or the disk is away, or because records are missing, is followed by another after a wait. Any
other fault stops the shard, with the reason in its report; whether the fault is gone is looked at every STOPPED_RETRY_S. A
process without shards stands by: it is ready to be assigned one. Who assigns shards, and how the log is reached, is in the folder kafka.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import structlog

from shared.runtime.follower import Follower, LastApplied, Limits, Machine, Observer, Progress, Writer
from shared.runtime.log import LogAway, SendFailed, ShardLog
from shared.runtime.process.health import Health
from shared.runtime.process.telemetry import ShardReport
from shared.runtime.snapshots import Snapshots
from shared.runtime.supervision import Supervised
from shared.runtime.watermark import Gap

NEWEST_RECORDS = 16
STOPPED_RETRY_S = 60.0
RETRY_S = (0.2, 0.5, 1.0, 2.0, 5.0)

log = structlog.get_logger()


@dataclass(frozen=True)
class Work:
    """What a service does with each shard of a topic."""

    service: str
    topic: str
    machine: Callable[[int], Machine]
    snapshots: Snapshots
    limits: Limits = field(default_factory=Limits)
    output: str = ""
    """The topic whose newest records the machine, a Writer, must come to again; none: it is no Writer."""
    founded: bool = False
    """Whether a shard's first record says which log it is, and stays."""
    observer: Callable[[int], Observer] | None = None
    """Who watches the runs of a shard; none: nobody does."""


class Shards:
    """Runs `work` on every shard this process has."""

    def __init__(self, work: Work, reached: ShardLog, instance: str, health: Health) -> None:
        self._work = work
        self._log = reached
        self._instance = instance
        self._health = health
        self._runs: dict[int, Supervised] = {}
        self._progress: dict[int, Progress] = {}
        self._applied: dict[int, LastApplied] = {}
        """What this process has seen of each shard; it outlives runs."""
        self._waiting = True
        health.set(work.service, ready=False, detail="waiting for shards")

    def begin(self, shards: Iterable[int]) -> None:
        """Begin to follow these shards; none: stand by."""
        self._waiting = False
        for shard in shards:
            self._progress[shard] = Progress()
            name = f"{self._work.service} shard {shard}"
            self._runs[shard] = Supervised(name, partial(self._keep_running, shard))
            self._runs[shard].start()
        self._note_health()

    async def end(self, shards: Iterable[int]) -> None:
        """End the runs of these shards."""
        for shard in shards:
            run = self._runs.pop(shard, None)
            self._progress.pop(shard, None)
            if run is not None:
                await run.stop()
        self._waiting = not self._runs
        self._note_health()

    async def end_all(self) -> None:
        """End every run."""
        await self.end(list(self._runs))

    def reports(self) -> list[ShardReport]:
        """Return where each shard stands; also refreshes readiness."""
        self._note_health()
        return [self._report(shard, progress) for shard, progress in sorted(self._progress.items())]

    async def _keep_running(self, shard: int) -> None:
        progress = self._progress[shard]
        failures = 0
        while True:
            before = progress.position
            try:
                await self._run_once(shard, progress)
            except (Gap, SendFailed, LogAway, OSError) as fault:
                failures = failures + 1 if progress.position <= before else 1
                wait_s = RETRY_S[min(failures, len(RETRY_S)) - 1]
                progress.detail = f"run ended: {fault}; again in {wait_s} s"
                log.warning("run ended", shard=shard, fault=str(fault), retry_s=wait_s)
                await asyncio.sleep(wait_s)
            except Exception as fault:
                progress.state, progress.detail = "stopped", str(fault) or repr(fault)
                log.exception("shard stopped", shard=shard, retry_s=STOPPED_RETRY_S)
                await asyncio.sleep(STOPPED_RETRY_S)

    async def _run_once(self, shard: int, progress: Progress) -> None:
        sink = await self._log.open_sink()
        try:
            machine, least_end = self._work.machine(shard), 0
            if self._work.output:
                newest = await self._log.newest(self._work.output, shard, NEWEST_RECORDS)
                least_end = cast("Writer", machine).must_reach(newest)
            await Follower(
                name=f"shard-{shard}",
                machine=machine,
                source=self._log.source(shard),
                sink=sink,
                snapshots=self._work.snapshots,
                limits=self._work.limits,
                progress=progress,
                applied=self._applied.setdefault(shard, LastApplied()),
                least_end=least_end,
                founded=self._work.founded,
                observer=None if self._work.observer is None else self._work.observer(shard),
            ).run()
        finally:
            await sink.stop()

    def _note_health(self) -> None:
        shards = self._progress.items()
        behind = [f"shard {n}: {p.detail or p.position}" for n, p in shards if p.detail or not p.caught_up]
        held = f"{len(shards)} shards" if shards else "standing by"
        detail = "waiting for shards" if self._waiting else "; ".join(behind) or held
        self._health.set(self._work.service, ready=not self._waiting and not behind, detail=detail)

    def _report(self, shard: int, progress: Progress) -> ShardReport:
        state = progress.state if progress.state == "stopped" or progress.caught_up else "catching-up"
        return ShardReport(
            service=self._work.service,
            instance=self._instance,
            shard=shard,
            position=progress.position,
            end=progress.end,
            end_age_s=max(0.0, asyncio.get_running_loop().time() - progress.heard_s),
            total=progress.total,
            ballots=progress.ballots,
            unsaved_s=round(progress.unsaved_s, 1),
            state=state,
            detail=progress.detail,
            covered=progress.covered(),
        )
