"""What mutants put in the place of the services' own functions."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgspec

from services.counting import rounds, tally
from services.intake.log import BallotLog
from services.operator import controls
from services.operator.service import OperatorService
from services.validation import box, judge, rules
from services.validation.controls import carry_out
from shared.contract.codec import HotBallot, Unreadable, decode_cast
from shared.contract.events import Control
from shared.contract.tallies import TallyChanged
from shared.contract.verdict_ranges import HotVerdicts
from shared.contract.verdicts import Reason


async def write_to_one(self: controls.ControlLog, control: Control, shards: Iterable[int]) -> None:
    """Write a control into the first shard only."""
    await _REAL_WRITE(self, control, list(shards)[:1])


_REAL_WRITE = controls.ControlLog.write


def judge_controls_first(self: judge.Judge, values: Sequence[bytes]) -> None:
    """Let what was ordered by the side be known as soon as it is fetched."""
    for value in values:
        record = decode_cast(value)
        if not isinstance(record, HotBallot | Unreadable):
            carry_out(record, self._pollings, self._found)
    _REAL_APPLY(self, values)


_REAL_APPLY = judge.Judge.apply


def object_by_the_clock(ballot: HotBallot, polling: rules.Polling) -> Reason | None:
    """Refuse what comes after a certain time."""
    found = _REAL_OBJECTION(ballot, polling)
    late = asyncio.get_running_loop().time() > CLOSES_AT_S
    return Reason.CLOSED if found is None and late else found


CLOSES_AT_S = 4.0
_REAL_OBJECTION = rules.objection


def put_and_mark(
    self: box.BallotBox, place: int, ballot_id: str, section: int, rankings: tuple[str, ...]
) -> None:
    """Mark the elector as seen in a place that outlives the run, as in Redis."""
    loop: Any = asyncio.get_running_loop()
    loop.__dict__.setdefault("seen", set()).add(ballot_id)
    _REAL_PUT(self, place, ballot_id, section, rankings)


def object_by_mark(ballot: HotBallot, polling: rules.Polling) -> Reason | None:
    """Refuse what is marked as seen."""
    loop: Any = asyncio.get_running_loop()
    seen = ballot.ballot_id in loop.__dict__.get("seen", ())
    return Reason.SAME_BALLOT if seen else _REAL_OBJECTION(ballot, polling)


_REAL_PUT = box.BallotBox.put


def whole(self: HotVerdicts, _watermark: int) -> HotVerdicts:
    """Take all of a range, whatever was applied before."""
    return self


def save_without_watermark(self: tally.Tally) -> bytes:
    """Save the counts with a watermark that is one behind."""
    plain = msgspec.msgpack.decode(_REAL_TALLY_SAVE(self))
    return msgspec.msgpack.encode({**plain, "watermark": max(0, plain["watermark"] - 1)})


_REAL_TALLY_SAVE = tally.Tally.save


def box_without_void(state: dict[str, Any]) -> box.BallotBox:
    """Forget who is void."""
    return _REAL_RESTORED({**state, "void": []})


_REAL_RESTORED = box.BallotBox.restored


def publish_upto_now(self: tally.Tally, ledger: tally.Ledger) -> None:
    """End a range at the moment of publishing."""
    ledger.upto = self._watermark
    _REAL_PUBLISH(self, ledger)


_REAL_PUBLISH = tally.Tally._publish


def apply_unjoined(self: rounds.ContestCount, change: TallyChanged) -> None:
    """Add new counts to the earlier ones, as if they were a difference."""
    counts = self.counts[change.shard]
    added = tuple(
        (section, marks, n + counts.get((section, marks), 0)) for section, marks, n in change.counts
    )
    _REAL_COUNT(self, change.model_copy(update={"counts": added}))


_REAL_COUNT = rounds.ContestCount.apply


def settle_early(self: rounds.ContestCount) -> None:
    """Let a candidate be out as soon as one shard holds the withdrawal."""
    before = list(self.shards)
    any_of = frozenset[str]().union(*(shard.withdrawn for shard in before))
    self.shards = [replace(shard, withdrawn=any_of) for shard in before]
    _REAL_SETTLE(self)
    self.shards = before


_REAL_SETTLE = rounds.ContestCount.settle_candidates


async def receipt_at_once(self: BallotLog, ballots: Sequence[Any]) -> None:
    """Promise before the log has acknowledged."""
    promised = asyncio.get_running_loop().create_task(_REAL_APPEND(self, ballots))
    promised.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.sleep(0)


_REAL_APPEND = BallotLog.append


@asynccontextmanager
async def in_turn_at_once(self: OperatorService) -> AsyncIterator[None]:
    """Take orders before every announcement has been read."""
    async with self._turn:
        yield
