"""How far each shard of the ballot log reaches, as this process knows it: a log that lost records is given no ballots.

Intake may write to the log and not read it, so it knows the log by its ends. A shard holds at least what was acknowledged to
this process, what it once said that it holds, and what validation judged of the roll.

Rule 1: while a shard holds fewer records than are known, or cannot be asked after a connection was lost, nothing is promised.
        That ends by itself once the records are back. What is known is kept on the disk, so that a process that starts
        again knows it, too; another log, by its id, begins anew.
Rule 2: once a record was written where another had stood, nothing is promised until the process is started again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import msgspec
import structlog

from shared.runtime.disk import Disk, write_whole
from shared.runtime.log import LogAway, LogError
from shared.runtime.process.health import Readiness
from shared.runtime.supervision import Supervised

CHECK_EVERY_S = 5.0

log = structlog.get_logger()


class Ends(Protocol):
    """The log, as far as its ends go."""

    async def ends(self) -> Sequence[int]:
        """Return how many records each shard holds now. Raises LogAway."""

    async def stop(self) -> None:
        """Let go of the log."""


class _Kept(msgspec.Struct, frozen=True):
    log: str
    ends: dict[int, int]


class KeptEnds:
    """What the processes of one folder know of a log's ends, in a file."""

    def __init__(self, disk: Disk, path: Path, log_id: str, process: str) -> None:
        self._disk = disk
        self._path = path
        self._log_id = log_id
        self._process = process
        self._said = ""

    def read(self) -> Mapping[int, int]:
        """Return how many records each shard is known to hold; nothing of another log, or where the file says nothing."""
        try:
            if self._disk.exists(self._path):
                kept = msgspec.json.decode(self._disk.read(self._path), type=_Kept)
                return kept.ends if kept.log == self._log_id else {}
        except (msgspec.DecodeError, OSError) as fault:
            self._say(f"what was known of the ballot log cannot be read: {fault}")
        return {}

    def write(self, ends: Mapping[int, int]) -> None:
        """Keep what is known. A disk that fails ends nothing."""
        try:
            content = msgspec.json.encode(_Kept(self._log_id, dict(ends)))
            write_whole(self._disk, self._path, [content], process=self._process)
            self._disk.sync_folder(self._path.parent)
        except OSError as fault:
            self._say(f"what is known of the ballot log cannot be kept: {fault}")

    def _say(self, fault: str) -> None:
        """Log a fault once, not with every look."""
        if fault != self._said:
            log.warning(fault, path=str(self._path))
        self._said = fault


class LogEnds:
    """Compares what each shard holds with what it is known to hold.

    `judged`: by shard, how many records validation has seen. `kept`: what is known across starts; none: nothing is.
    """

    def __init__(
        self,
        open_ends: Callable[[], Awaitable[Ends]],
        judged: Mapping[int, int],
        kept: KeptEnds | None = None,
    ) -> None:
        self._open_ends = open_ends
        self._judged = judged
        self._kept = kept
        self._ends: Ends | None = None
        self._known: dict[int, int] = {}
        self._acknowledged: dict[int, int] = {}
        """By shard, the records up to the last one that this process had acknowledged."""
        self._short = ""
        self._overwritten = ""
        self._task = Supervised("ends of the ballot log", self._keep_checking)

    @property
    def fault(self) -> str:
        """Why no ballot may be promised, nothing if any may."""
        return self._overwritten or self._short

    def readiness(self) -> Readiness:
        """Return whether the log is the one that it was."""
        return not self.fault, self.fault

    async def start(self) -> None:
        """Begin to look; returns at once."""
        self._task.start()

    async def stop(self) -> None:
        """Stop looking."""
        await self._task.stop()
        await self._close()

    def acknowledged(self, topic: str, shard: int, offset: int, records: int = 1) -> None:
        """Note that a batch of records was written at this offset; a negative one means that it was written before."""
        if 0 <= offset < self._acknowledged.get(shard, 0):
            self._overwritten = (
                f"{topic} shard {shard}: a record was written at {offset}, where another had stood: the log has lost records, or "
                "is another one (see the runbook: another log)"
            )
            log.error("the ballot log has changed", shard=shard, offset=offset)
        self._acknowledged[shard] = max(offset + records, self._acknowledged.get(shard, 0))

    async def check(self) -> None:
        """Ask where the shards end, and compare. Raises LogAway."""
        kept = {} if self._kept is None else await asyncio.to_thread(self._kept.read)
        sources = (kept, self._known, self._acknowledged, self._judged)
        known = {shard: max(of.get(shard, 0) for of in sources) for shard in set().union(*sources)}
        try:
            if self._ends is None:
                self._ends = await self._open_ends()
            ends = dict(enumerate(await self._ends.ends()))
        except LogError as fault:
            await self._close()
            raise LogAway(str(fault)) from fault
        lost = {shard: records for shard, records in known.items() if ends.get(shard, 0) < records}
        self._known = {shard: max(end, known.get(shard, 0)) for shard, end in ends.items()}
        self._short = "; ".join(
            f"shard {shard} holds {ends.get(shard, 0)} records, {records} were written: the log has lost some, or is another one "
            "(see the runbook: another log)"
            for shard, records in sorted(lost.items())
        )
        if self._kept is not None and self._known != kept:
            await asyncio.to_thread(self._kept.write, self._known)

    async def _keep_checking(self) -> None:
        while True:
            try:
                await self.check()
            except LogAway as fault:
                log.warning("the ballot log cannot be asked", fault=str(fault))
            await asyncio.sleep(CHECK_EVERY_S)

    async def _close(self) -> None:
        ends, self._ends = self._ends, None
        if ends is not None:
            await ends.stop()
