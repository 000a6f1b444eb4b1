"""What a process says of the shards it has, and of having none."""

import asyncio
from pathlib import Path

import pytest

from shared.runtime.log import LogAway
from shared.runtime.process.health import Health
from shared.runtime.shards import Shards, Work
from shared.runtime.snapshots import Snapshots

pytestmark = pytest.mark.asyncio


class Away:
    """A log that cannot be reached."""

    def source(self, shard: int) -> None:
        """Nobody comes to ask for a shard."""
        raise AssertionError(f"shard {shard} was read")

    async def open_sink(self) -> None:
        """Nor to write."""
        raise LogAway("the brokers have gone")


async def test_one_who_was_given_no_shard_stands_by_and_is_ready(tmp_path: Path) -> None:
    """Waiting for an answer is not ready; the answer that others have them all is; a shard that cannot be read is not."""

    def machine(_: int) -> None:
        raise AssertionError("no run begins without a log")

    health = Health()
    work = Work("counting.rounds", "tallies", machine, Snapshots(tmp_path, "rounds/1"))  # type: ignore[arg-type]
    shards = Shards(work, Away(), "2", health)  # type: ignore[arg-type]

    assert health.parts["counting.rounds"] == (False, "waiting for shards")
    shards.begin([])
    assert health.parts["counting.rounds"] == (True, "standing by")
    await shards.end([])
    assert health.parts["counting.rounds"] == (False, "waiting for shards")
    shards.begin([3])
    await asyncio.sleep(0.01)
    shards.reports()
    assert not health.ready
    assert "the brokers have gone" in health.parts["counting.rounds"][1]
    await shards.end_all()
