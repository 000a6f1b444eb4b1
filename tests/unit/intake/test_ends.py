"""A log that lost records, or was replaced, is promised no ballot: intake knows it by its ends."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from services.intake.ends import KeptEnds, LogEnds
from shared.runtime.disk import LocalDisk
from shared.runtime.log import LogAway
from tests.unit.intake.test_bounds import form, place

pytestmark = pytest.mark.asyncio


class Log:
    """A log of two shards, which is away while it has no ends."""

    def __init__(self, *ends: int) -> None:
        self.now: Sequence[int] = ends
        self.opened = 0

    async def open(self) -> "Log":
        """Return what its ends are asked of."""
        self.opened += 1
        return self

    async def ends(self) -> Sequence[int]:
        """Return how many records each shard holds. Raises LogAway."""
        if not self.now:
            raise LogAway("the broker has gone")
        return self.now

    async def stop(self) -> None:
        """Nothing is held."""


async def test_a_shard_that_is_shorter_than_it_was_is_noticed_until_its_records_are_back() -> None:
    """Whether the records were seen, acknowledged here, or judged by validation."""
    judged: dict[int, int] = {}
    log = Log(5, 5)
    ends = LogEnds(log.open, judged)
    await ends.check()
    assert ends.readiness() == (True, "")

    log.now = (5, 4)
    await ends.check()
    assert ends.readiness()[0] is False
    assert ends.fault.startswith("shard 1 holds 4 records, 5 were written")
    log.now = (5, 6)
    await ends.check()
    assert ends.fault == ""

    ends.acknowledged("ballots", 0, 7)
    await ends.check()
    assert ends.fault.startswith("shard 0 holds 5 records, 8 were written")
    log.now = (8, 6)
    judged[1] = 9
    await ends.check()
    assert ends.fault.startswith("shard 1 holds 6 records, 9 were written")
    log.now = (8,)
    await ends.check()
    assert ends.fault.startswith("shard 1 holds 0 records, 9 were written")


async def test_what_was_known_before_the_connection_was_lost_is_known_after_it() -> None:
    """The moment after a broker has come back is the one in which its log is another."""
    log = Log(5, 5)
    ends = LogEnds(log.open, {})
    await ends.check()
    log.now = ()
    with pytest.raises(LogAway):
        await ends.check()
    log.now = (3, 5)
    await ends.check()

    assert log.opened == 2
    assert ends.fault.startswith("shard 0 holds 3 records, 5 were written")


async def test_a_process_that_starts_again_knows_what_was_known_before_it(tmp_path: Path) -> None:
    """By the folder's file, whichever process wrote it; of another log nothing is known, nor of a file that is not whole."""
    path = tmp_path / "intake" / "ends.json"
    log = Log(5, 5)

    async def fault(log_id: str, *, acknowledged: int = 0) -> str:
        kept = KeptEnds(LocalDisk(), path, log_id, "1")
        ends = LogEnds(log.open, {}, kept)
        if acknowledged:
            ends.acknowledged("ballots", 1, acknowledged - 1)
        await ends.check()
        return ends.fault

    assert await fault("ab", acknowledged=5) == ""
    log.now = (5, 4)
    assert (await fault("ab")).startswith("shard 1 holds 4 records, 5 were written")
    assert (await fault("ab")).startswith("shard 1 holds 4 records, 5 were written"), (
        "it is kept, however short the log is"
    )
    assert [found.name for found in path.parent.iterdir()] == ["ends.json"]
    assert await fault("cd") == ""

    path.write_bytes(path.read_bytes()[:9])
    assert await fault("cd") == ""
    path.unlink()
    path.mkdir()
    assert await fault("cd") == "", "a disk that fails ends nothing"


async def test_a_record_that_is_written_where_another_had_stood_is_noticed_for_good() -> None:
    """The log was cut behind the connection's back; however long it grows, it is no longer the one that it was."""
    log = Log(5, 5)
    ends = LogEnds(log.open, {})
    for offset in (5, 6, -1, 7):
        ends.acknowledged("ballots", 0, offset)
    ends.acknowledged("ballots", 1, 2)
    assert ends.fault == ""

    ends.acknowledged("ballots", 0, 7)
    log.now = (50, 50)
    await ends.check()
    assert ends.fault.startswith("ballots shard 0: a record was written at 7, where another had stood")


async def test_no_ballot_is_promised_or_sent_while_the_log_is_not_the_one_that_it_was() -> None:
    """503 with the reason; nothing is written; the same ballot is taken once the records are back."""
    async with place() as there:
        assert (await there.cast(form(1))).status_code == 202
        there.log.lost = 1
        await there.ends.check()
        assert (await there.cast(form(2))).status_code == 503
        assert len(there.log.ballots) == 1, "nothing is sent by a connection that stands, either"
        there.log.lost = 0
        await there.ends.check()
        there.log.away = True
        assert (await there.cast(form(2))).status_code == 503
        there.log.away, there.log.lost = False, 1
        answer = await there.cast(form(3))
        assert answer.status_code == 503
        assert "records, " in answer.json()["detail"]
        assert (await there.cast(form(3))).status_code == 503
        assert len(there.log.ballots) == 1

        there.log.lost = 0
        await there.ends.check()
        assert (await there.cast(form(3))).status_code == 202
