"""The keeper of runs, on the simulation's log and clock: it goes on where it may, stops where it must, and says so."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
import structlog

from shared.runtime.disk import LocalDisk
from shared.runtime.follower import DRAIN_PART, SAVE_PART, Limits
from shared.runtime.log import Outgoing
from shared.runtime.process.health import Health
from shared.runtime.process.telemetry import ShardReport
from shared.runtime.shards import Shards, Work
from shared.runtime.snapshots import Snapshot, Snapshots
from tests.simulation.broker import Broker, Rates
from tests.simulation.loop import VirtualLoop
from tests.simulation.ports import SimLog

READ, SAID = "read", "said"


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Keep the many expected warnings out of the output."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


@dataclass
class Echo:
    """Says every record it is given; `b"bad"` it cannot read."""

    said: list[bytes] = field(default_factory=list)
    number: int = 0

    def apply(self, values: Sequence[bytes]) -> None:
        """Take records."""
        for value in values:
            if value == b"bad":
                raise ValueError("record of a version this program does not know")
            self.said.append(value)
            self.number += 1

    def drain(self) -> list[Outgoing]:
        """Say them."""
        said, self.said = self.said, []
        return [Outgoing(SAID, 0, None, value) for value in said]

    def ballots(self) -> int:
        """Return how many cast records the state covers."""
        return 0

    def covered(self) -> dict[str, list[int]]:
        """Return how many records there were."""
        return {"all": [self.number]}

    def trouble(self) -> str:
        """Nothing is missing."""
        return ""

    def republish(self) -> None:
        """Nothing is said again."""

    def save(self) -> bytes:
        """Return how many there were."""
        return msgspec.msgpack.encode(self.number)

    def restore(self, state: bytes) -> None:
        """Take up from there."""
        self.number = msgspec.msgpack.decode(state)


class FullDisk(LocalDisk):
    """A disk that takes nothing."""

    def write(self, path: Path, parts: Iterable[bytes]) -> None:  # noqa: ARG002
        """Fail."""
        raise OSError(28, "No space left on device")


@dataclass
class Place:
    """Two shards, and a process that has them."""

    loop: VirtualLoop
    broker: Broker
    shards: Shards
    health: Health

    def append(self, shard: int, *values: bytes) -> None:
        """Append records to a shard."""
        self.broker.append(READ, shard, [Outgoing(READ, shard, None, value) for value in values])

    def report(self, shard: int) -> ShardReport:
        """Return what one shard says."""
        return next(report for report in self.shards.reports() if report.shard == shard)

    def run(self, what: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run something, and end."""
        self.loop.run(what())
        self.loop.kill(self.loop.world)
        self.loop.close()


class Reminder(Echo):
    """Says how many there were, again and again."""

    def ballots(self) -> int:
        """Return how many cast records the state covers."""
        return 0

    def republish(self) -> None:
        """Say it again."""
        self.said.append(b"%d so far" % self.number)


class Again(Echo):
    """Said so much before that it must come to it again."""

    def must_reach(self, newest: Sequence[bytes]) -> int:
        """Return how many records were said."""
        return len(newest)


def place(folder: Path, disk: LocalDisk | None = None, machine: type[Echo] = Echo, tick_ms: int = 0) -> Place:
    """Return a place whose snapshots are on a real disk."""
    loop = VirtualLoop(Random(1))  # type: ignore[abstract]
    broker = Broker(loop, Random(2), lambda _topic, _shard, _record: None)
    broker.create(READ, 2)
    broker.create(SAID, 1)
    snapshots = Snapshots(folder, "echo/1", disk)
    republish_s = 10 if machine is Reminder else inf
    limits = Limits(snapshot_every_s=0.5, wait_ms=100, tick_ms=tick_ms, republish_every_s=republish_s)
    output = SAID if machine is Again else ""
    work = Work("echo", READ, lambda _: machine(), snapshots, limits, output)
    health = Health()
    return Place(loop, broker, Shards(work, SimLog(broker, loop.world, READ), "1", health), health)


def test_a_shard_that_stops_says_why_and_the_other_goes_on(tmp_path: Path) -> None:
    """On health and in its report; the process is not ready."""
    at = place(tmp_path)

    async def life() -> None:
        at.append(0, b"one", b"bad", b"two")
        at.append(1, b"three")
        at.shards.begin([0, 1])
        await asyncio.sleep(30)
        at.append(1, b"four")
        await asyncio.sleep(1)

        stopped, other = at.report(0), at.report(1)
        assert (stopped.state, stopped.detail) == (
            "stopped",
            "record of a version this program does not know",
        )
        assert (other.state, other.position, other.detail) == ("running", 2, "")
        assert not at.health.ready
        assert "shard 0: record of a version this program does not know" in at.health.parts["echo"][1]

    at.run(life)


def test_a_shard_is_not_caught_up_before_the_log_has_named_its_end(tmp_path: Path) -> None:
    """An unanswered question is no zero; the answer is asked for at every new run."""
    at = place(tmp_path)

    async def life() -> None:
        at.append(0, *[b"%d" % n for n in range(50)])
        at.broker.rates = Rates(away=1.0)
        at.shards.begin([0])
        await asyncio.sleep(20)
        assert at.report(0).state == "catching-up"
        assert not at.health.ready
        at.broker.rates = Rates()
        await asyncio.sleep(20)
        assert at.report(0).state == "running"
        assert at.health.ready
        await at.shards.end([0])
        at.broker.rates = Rates(away=1.0)
        at.shards.begin([0])
        await asyncio.sleep(1)
        assert not at.health.ready

    at.run(life)


def test_a_full_disk_costs_snapshots_and_not_the_run(tmp_path: Path) -> None:
    """Records go on being handled, and the shard can still be given up."""
    at = place(tmp_path, FullDisk())

    async def life() -> None:
        at.shards.begin([0])
        for number in range(5):
            at.append(0, b"%d" % number)
            await asyncio.sleep(1)
        assert (at.report(0).state, at.report(0).position, at.report(0).detail) == ("running", 5, "")
        async with asyncio.timeout(1):
            await at.shards.end([0])

    at.run(life)

    assert [record.value for record in at.broker.partition(SAID, 0).records] == [b"0", b"1", b"2", b"3", b"4"]


def test_a_state_is_written_aside_and_saving_takes_a_twentieth_of_the_time(tmp_path: Path) -> None:
    """A slow disk holds no ballot up: it has states saved less often."""
    taken: list[tuple[float, int]] = []
    written: list[tuple[float, int]] = []

    class Timed(Echo):
        def save(self) -> bytes:
            taken.append((at.loop.time(), at.report(0).position))
            return super().save()

    class TimedDisk(LocalDisk):
        def write(self, path: Path, parts: Iterable[bytes]) -> None:
            written.append((at.loop.time(), at.report(0).position))
            super().write(path, parts)

    at = place(tmp_path, TimedDisk(), Timed)

    async def life() -> None:
        at.shards.begin([0])
        for number in range(3000):
            at.append(0, b"%d" % number)
            await asyncio.sleep(0.02)
        times = [time for time, _ in taken]
        took = [end - begun for (end, _), begun in zip(written, times, strict=False)]
        for took_s, (begun, again) in zip(took, pairwise(times), strict=False):
            due_s = max(0.5, SAVE_PART * took_s)
            assert due_s <= again - begun <= due_s + 0.2
        slowest = took.index(max(took))
        assert written[slowest][1] > taken[slowest][1], "the run went on meanwhile"

    at.run(life)


@pytest.mark.parametrize(("took_s", "tick_s"), [(0.0, 0.025), (0.05, DRAIN_PART * 0.05)])
def test_output_is_made_once_a_tick_and_takes_a_quarter_of_the_time(
    tmp_path: Path, took_s: float, tick_s: float
) -> None:
    """Where it is dear it is made less often, so that reading goes on."""
    made: list[float] = []

    class Dear(Echo):
        def drain(self) -> list[Outgoing]:
            made.append(at.loop.time())
            at.loop._now += took_s
            return super().drain()

    at = place(tmp_path, machine=Dear, tick_ms=25)

    async def life() -> None:
        at.shards.begin([0])
        for number in range(400):
            at.append(0, b"%d" % number)
            await asyncio.sleep(0.005)

    at.run(life)
    gaps = [later - before for before, later in pairwise(made)]
    assert len(gaps) > 5
    assert all(tick_s - 1e-6 <= gap <= tick_s + 0.1 for gap in gaps), gaps


def test_a_snapshot_that_covers_more_than_the_log_holds_is_reported(tmp_path: Path) -> None:
    """It is of another log, or the log has lost something: nothing is guessed."""
    Snapshots(tmp_path, "echo/1").write("shard-0", Snapshot(9, msgspec.msgpack.encode(9), b"ninth", b"first"))
    at = place(tmp_path)

    async def life() -> None:
        at.append(0, b"one")
        at.shards.begin([0])
        await asyncio.sleep(30)
        assert "holds 1 records, 9 were applied" in at.report(0).detail
        assert not at.health.ready

    at.run(life)

    assert at.broker.partition(SAID, 0).records == []


def test_runs_are_tried_again_after_waits_that_grow_to_a_bound(tmp_path: Path) -> None:
    """0.2, 0.5, 1, 2, 5, 5, ... seconds."""
    at = place(tmp_path)
    opened: list[float] = []

    async def life() -> None:
        real = at.shards._log.open_sink

        async def noted() -> Any:
            opened.append(at.loop.time())
            return await real()

        at.shards._log.open_sink = noted  # type: ignore[method-assign]
        at.broker.rates = Rates(away=1.0, slow_s=0.0)
        at.shards.begin([0])
        await asyncio.sleep(20)

    at.run(life)

    waits = [round(later - sooner, 1) for sooner, later in pairwise(opened)]
    assert waits == [0.2, 0.5, 1.0, 2.0, 5.0, 5.0, 5.0]


def test_a_run_that_may_not_say_anything_yet_leaves_others_their_turn(tmp_path: Path) -> None:
    """With no snapshot, and less read than was said before: reading without waiting would let nothing be fetched."""
    at = place(tmp_path, machine=Again)

    async def life() -> None:
        values = [b"%d" % n for n in range(12)]
        at.append(0, *values[:6])
        at.broker.append(SAID, 0, [Outgoing(SAID, 0, None, value) for value in values[:6]])
        at.shards.begin([0])
        await asyncio.sleep(5)
        at.append(0, *values[6:])
        await asyncio.sleep(20)
        assert (at.report(0).state, at.report(0).position) == ("running", len(values))
        said = [record.value for record in at.broker.partition(SAID, 0).records]
        assert said == [*values[:6], *values]

    at.run(life)


def test_what_is_newest_is_said_again_once_caught_up_and_now_and_then(tmp_path: Path) -> None:
    """An older word of another run may be the last that a compacted topic keeps."""
    at = place(tmp_path, machine=Reminder)

    async def life() -> None:
        at.append(0, b"one", b"two")
        at.shards.begin([0])
        await asyncio.sleep(25)

    at.run(life)

    said = [record.value for record in at.broker.partition(SAID, 0).records]
    assert said[:2] == [b"one", b"two"]
    assert said[2:] == [b"2 so far"] * 3
