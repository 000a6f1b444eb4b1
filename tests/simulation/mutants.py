"""The real code with one thing changed: what the simulator must notice, each with the invariant it breaks.

Rule 1: a mutant is a patch of the product's own functions for as long as a run lasts; the simulation stays as it is.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from services.counting import rounds, tally
from services.intake.log import BallotLog
from services.operator import controls
from services.operator.desk import Desk
from services.results import hub, projector
from services.validation import box, judge, rules
from services.validation.controls import carry_out
from shared.contract.codec import HotBallot, Unreadable, decode_cast
from shared.contract.events import Control
from shared.contract.tallies import TallyChanged
from shared.contract.verdicts import Reason
from shared.runtime import follower, projection
from shared.runtime.follower import Follower
from shared.runtime.log import Keyed, Outgoing, SendFailed
from shared.runtime.shards import Shards
from shared.runtime.snapshots import Snapshot, Snapshots
from tests.simulation.disk import SimDisk

Change = tuple[Any, str, Any]
"""Where, which name, and what it is instead."""


@dataclass(frozen=True)
class Mutant:
    """A named change, and what it breaks."""

    name: str
    breaks: str
    changes: tuple[Change, ...]

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Change the code for a while."""
        before = [(where, name, getattr(where, name)) for where, name, _ in self.changes]
        try:
            for where, name, instead in self.changes:
                setattr(where, name, instead)
            yield
        finally:
            for where, name, was in before:
                setattr(where, name, was)


def _lower_too(_what: str, expected: int, found: int) -> bool:
    return found <= expected


def _higher_too(_what: str, expected: int, found: int) -> bool:
    return found >= expected


def _joins_anything(_what: str, watermark: int, _since: int, upto: int) -> bool:
    return upto > watermark


async def _say_whatever_fails(self: Follower) -> None:
    """Tell, and go on as if nothing were wrong where that fails."""
    if not self._unsaid:
        return
    if outgoing := self.machine.take():
        try:
            await self.sink.send(outgoing)
        except SendFailed:
            self.sink._spent = False  # type: ignore[attr-defined]
    self._unsaid = 0


async def _say_after_saving(self: Follower) -> None:
    """Save the position, then tell."""
    if not self._unsaid:
        return
    outgoing = self.machine.take()
    self._unsaid = 0
    self._save_if_all_said()
    if outgoing:
        await self.sink.send(outgoing)


async def _say_backwards(self: Follower) -> None:
    """Tell the newest first."""
    if not self._unsaid:
        return
    if outgoing := self.machine.take():
        await self.sink.send(outgoing[::-1])
    self._unsaid = 0


def _save_split(self: Follower) -> None:
    """Save the state now, with the position of the time before."""
    if self._unsaid or self._position == self._saved:
        return
    self.snapshots.save(self.name, Snapshot(self._saved, self.machine.save()))
    self._saved, self._saved_at = self._position, asyncio.get_running_loop().time()


async def _never_ask(self: Follower) -> None:
    self._end_at_start = 0
    await self.source.ask_end()


async def _write_to_one(self: controls.ControlLog, control: Control, shards: Iterable[int]) -> None:
    await _REAL_WRITE(self, control, list(shards)[:1])


_REAL_WRITE = controls.ControlLog.write


def _judge_controls_first(self: judge.Judge, values: Sequence[bytes]) -> None:
    """Let what was ordered by the side be known as soon as it is fetched."""
    for value in values:
        record = decode_cast(value)
        if not isinstance(record, HotBallot | Unreadable):
            carry_out(record, self._pollings, self._found)
    _REAL_APPLY(self, values)


_REAL_APPLY = judge.Judge.apply


def _object_by_the_clock(ballot: HotBallot, polling: rules.Polling) -> Reason | None:
    found = _REAL_OBJECTION(ballot, polling)
    late = asyncio.get_running_loop().time() > CLOSES_AT_S
    return Reason.CLOSED if found is None and late else found


CLOSES_AT_S = 4.0
_REAL_OBJECTION = rules.objection


def _put_and_mark(
    self: box.BallotBox, place: int, ballot_id: str, section: int, papers: tuple[str, ...]
) -> None:
    """Mark the elector as seen in a place that outlives the run, as in Redis."""
    loop: Any = asyncio.get_running_loop()
    loop.__dict__.setdefault("seen", set()).add(ballot_id)
    _REAL_PUT(self, place, ballot_id, section, papers)


def _object_by_mark(ballot: HotBallot, polling: rules.Polling) -> Reason | None:
    loop: Any = asyncio.get_running_loop()
    seen = ballot.ballot_id in loop.__dict__.get("seen", ())
    return Reason.SAME_BALLOT if seen else _REAL_OBJECTION(ballot, polling)


_REAL_PUT = box.BallotBox.put


def _save_without_watermark(self: tally.Tally) -> bytes:
    plain = msgspec.msgpack.decode(_REAL_TALLY_SAVE(self))
    return msgspec.msgpack.encode({**plain, "watermark": max(0, plain["watermark"] - 1)})


_REAL_TALLY_SAVE = tally.Tally.save


def _box_without_void(state: dict[str, Any]) -> box.BallotBox:
    return _REAL_RESTORED({**state, "void": []})


_REAL_RESTORED = box.BallotBox.restored


def _told_upto_now(self: tally.Tally, ledger: tally.Ledger) -> list[Outgoing]:
    ledger.upto = self._watermark
    return _REAL_TELL(self, ledger)


_REAL_TELL = tally.Tally._tell


def _take_unjoined(self: rounds.ContestCount, told: TallyChanged) -> None:
    """Add what is told to what was told, as if it were a difference."""
    counts = self.counts[told.shard]
    added = tuple((section, marks, n + counts.get((section, marks), 0)) for section, marks, n in told.counts)
    _REAL_TAKE(self, told.model_copy(update={"counts": added}))


_REAL_TAKE = rounds.ContestCount.take


def _settle_early(self: rounds.ContestCount) -> None:
    """Let a candidate be out as soon as one shard holds the withdrawal."""
    before = list(self.shards)
    any_of = frozenset[str]().union(*(shard.withdrawn for shard in before))
    self.shards = [replace(shard, withdrawn=any_of) for shard in before]
    _REAL_SETTLE(self)
    self.shards = before


_REAL_SETTLE = rounds.ContestCount.settle_candidates


async def _receipt_at_once(self: BallotLog, ballots: Sequence[Any]) -> None:
    """Promise before the log has acknowledged."""
    promised = asyncio.get_running_loop().create_task(_REAL_APPEND(self, ballots))
    promised.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.sleep(0)


_REAL_APPEND = BallotLog.append


def _read_unchecked(self: Snapshots, path: Any) -> Snapshot:
    """Trust whatever can be taken apart."""
    _, _, content = self._disk.read(path).partition(b"\n")
    line, _, state = content.partition(b"\n")
    return Snapshot(int(json.loads(line)["position"]), state)


def _nothing(_self: SimDisk, _path: Any) -> None:
    """Leave a sync out."""


def _apply_again(self: projection.Projection[Any], record: Keyed) -> None:
    """Let values go back when a topic is read again."""
    self._offsets.pop(record.key, None)
    _REAL_APPLY_RECORD(self, record)


_REAL_APPLY_RECORD = projection.Projection._apply


def _always(_shown: Any, _offered: Any) -> bool:
    return True


def _keeping_machine(make: Callable[[Shards, int, Any], Any]) -> Callable[[Shards, int, Any], Any]:
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


@asynccontextmanager
async def _in_turn_at_once(self: Desk) -> AsyncIterator[None]:
    """Take orders before every announcement has been read."""
    async with self._turn:
        yield


SAY = "_say_if_due"
MUTANTS = (
    Mutant(
        "lower ones applied again", "I7", ((follower, "is_next", _lower_too), (tally, "is_next", _lower_too))
    ),
    Mutant(
        "higher ones applied", "I7", ((follower, "is_next", _higher_too), (tally, "is_next", _higher_too))
    ),
    Mutant("gap in a tally skipped", "I7", ((rounds, "joins", _joins_anything),)),
    Mutant("sends that fail passed over", "I5", ((Follower, SAY, _say_whatever_fails),)),
    Mutant("position saved before the acknowledgement", "I4", ((Follower, SAY, _say_after_saving),)),
    Mutant("sends in the wrong order", "I3", ((Follower, SAY, _say_backwards),)),
    Mutant("state saved without its position", "I6", ((Follower, "_save_if_all_said", _save_split),)),
    Mutant("tally saved without its watermark", "I6", ((tally.Tally, "save", _save_without_watermark),)),
    Mutant(
        "machine kept after a failed run", "I4", ((Shards, "_run_once", _keeping_machine(Shards._run_once)),)
    ),
    Mutant("control in one shard only", "I2", ((controls.ControlLog, "write", _write_to_one),)),
    Mutant("controls by a side channel", "I1, I2", ((judge.Judge, "apply", _judge_controls_first),)),
    Mutant("a clock decides", "I1", ((judge, "objection", _object_by_the_clock),)),
    Mutant(
        "seen before, without an offset",
        "I8",
        ((box.BallotBox, "put", _put_and_mark), (judge, "objection", _object_by_mark)),
    ),
    Mutant(
        "voids not in the snapshot", "I8", ((box.BallotBox, "restored", staticmethod(_box_without_void)),)
    ),
    Mutant("told up to the telling", "replicas alike", ((tally.Tally, "_tell", _told_upto_now),)),
    Mutant("counts added, not replaced", "promise 2", ((rounds.ContestCount, "take", _take_unjoined),)),
    Mutant(
        "withdrawn in one shard is out",
        "promise 2",
        ((rounds.ContestCount, "settle_candidates", _settle_early),),
    ),
    Mutant("receipt before the log", "promise 1", ((BallotLog, "append", _receipt_at_once),)),
    Mutant("feed may go back", "I9", ((hub, "advances", _always), (projector, "advances", _always))),
    Mutant("bad checksum trusted", "promise 1", ((Snapshots, "_read", _read_unchecked),)),
    Mutant("file not synced", "snapshots survive", ((SimDisk, "sync", _nothing),)),
    Mutant("folder not synced", "snapshots survive", ((SimDisk, "sync_folder", _nothing),)),
    Mutant("caught up before the end is known", "honest readiness", ((Follower, "_ask_end", _never_ask),)),
    Mutant("values of a projection go back", "I2", ((projection.Projection, "_apply", _apply_again),)),
    Mutant("orders before all is read", "I2", ((Desk, "_in_turn", _in_turn_at_once),)),
    Mutant("orders at once after a failure", "I2", ((controls, "QUIET_S", 0.0),)),
)
