"""What mutants put in the place of the harness's own functions."""

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from shared.runtime import projection
from shared.runtime.follower import Follower
from shared.runtime.log import Keyed, Record, SendFailed
from shared.runtime.shards import Shards
from shared.runtime.snapshots import Snapshot, Snapshots
from tests.simulation.disk import SimDisk


async def never_reread(_self: Follower) -> None:
    """Take the log for what it was."""
    _self._connection, _self._checked_at = _self.source.connection(), asyncio.get_running_loop().time()


def values_from_any(_what: str, _position: int, records: Sequence[Record]) -> list[bytes]:
    """Take whatever is read for what comes next."""
    return [record.value for record in records]


def joins_old_news(_what: str, watermark: int, since: int, _upto: int) -> bool:
    """Take what was applied before once more."""
    return since <= watermark


def joins_only_exactly(_what: str, watermark: int, since: int, _upto: int) -> bool:
    """Take a range only where it was cut as the one before."""
    return since == watermark


def joins_anything(_what: str, watermark: int, _since: int, upto: int) -> bool:
    """Take a range whatever is missing before it."""
    return upto > watermark


async def flush_whatever_fails(self: Follower) -> None:
    """Publish, and go on as if nothing were wrong where that fails."""
    if not self._pending:
        return
    if outgoing := self.machine.drain():
        try:
            await self.sink.send(outgoing)
        except SendFailed:
            self.sink._spent = False  # type: ignore[attr-defined]
    self._pending = 0


async def flush_after_saving(self: Follower) -> None:
    """Save the position, then publish."""
    if not self._pending:
        return
    outgoing = self.machine.drain()
    self._pending = 0
    if self._worth_saving():
        await self._save(self._snapshot())
    if outgoing:
        await self.sink.send(outgoing)


async def flush_backwards(self: Follower) -> None:
    """Publish the newest first."""
    if not self._pending:
        return
    if outgoing := self.machine.drain():
        await self.sink.send(outgoing[::-1])
    self._pending = 0


def taken_split(self: Follower) -> Snapshot:
    """Take the state of now, with the position of the time before."""
    self._saved_at = asyncio.get_running_loop().time()
    return Snapshot(self._saved, self.machine.save(), self._last, self._first)


async def never_ask(self: Follower) -> None:
    """Take a log that has not answered for an empty one."""
    self._end_at_start = 0
    await self.source.ask_end()


def read_unchecked(self: Snapshots, path: Any) -> Snapshot:
    """Trust whatever can be taken apart."""
    _, _, content = self._disk.read(path).partition(b"\n")
    line, _, state = content.partition(b"\n")
    header = json.loads(line)
    return Snapshot(
        int(header["position"]), state, bytes.fromhex(header["last"]), bytes.fromhex(header["first"])
    )


def nothing(_self: SimDisk, _path: Any) -> None:
    """Leave a sync out."""


def read_again(self: projection.Projection[Any], records: Iterable[Keyed]) -> list[Keyed]:
    """Let values go back when a topic is read again."""
    self._missing.clear()
    return list(records)


def always(_shown: Any, _offered: Any) -> bool:
    """Let anything take the place of anything."""
    return True


def keeping_machine(make: Callable[[Shards, int, Any], Any]) -> Callable[[Shards, int, Any], Any]:
    """Give every run of a shard the machine of the run before."""

    async def run_once(self: Shards, shard: int, progress: Any) -> None:
        kept: dict[int, Any] = self.__dict__.setdefault("kept", {})
        work = self._work
        machine = kept.setdefault(shard, work.machine(shard))
        self._work = type(work)(work.service, work.topic, lambda _: machine, work.snapshots, work.limits)
        try:
            await make(self, shard, progress)
        finally:
            self._work = work

    return run_once


def never_republish(_self: Any) -> None:
    """Publish nothing again."""
