"""A log that is no longer what it was is noticed, before anything of it is applied."""

import asyncio
from pathlib import Path

import pytest

from services.validation.judge import ForeignLog, Judge
from shared.runtime.shards import STOPPED_RETRY_S
from tests.support.elections import LOG_ID, ROOT_KEY, Life, election
from tests.support.evidence import OUTPUTS
from tests.unit.runtime.test_runs import READ, SAID, Place, place


@pytest.mark.parametrize("others", [3, 9], ids=["no longer than before", "longer"])
def test_a_log_that_was_cut_and_written_on_is_not_applied(tmp_path: Path, others: int) -> None:
    """The shard stops, says why and is not ready; the other one goes on."""
    at: Place = place(tmp_path)

    async def life() -> None:
        at.append(0, b"one", b"two", b"three", b"four", b"five")
        at.append(1, b"one")
        at.shards.begin([0, 1])
        await asyncio.sleep(5)
        said = len(at.broker.partition(SAID, 0).records)
        at.broker.cut(READ, 0, 2)
        at.append(0, *[b"other %d" % number for number in range(others)])
        await asyncio.sleep(20)
        assert "record 4 is not the one that was applied" in at.report(0).detail
        assert at.report(0).state == "stopped"
        assert at.report(1).detail == ""
        assert not at.health.ready
        assert len(at.broker.partition(SAID, 0).records) == said

    at.run(life)


def test_a_log_that_is_itself_again_is_followed_again(tmp_path: Path) -> None:
    """The way out: the lost records are brought back, and nothing has to be started again."""
    at: Place = place(tmp_path)

    async def life() -> None:
        at.append(0, b"one", b"two", b"three")
        at.shards.begin([0])
        await asyncio.sleep(5)
        at.broker.cut(READ, 0, 1)
        at.append(0, b"other", b"another")
        await asyncio.sleep(15)
        assert at.report(0).state == "stopped"
        at.broker.cut(READ, 0, 1)
        at.append(0, b"two", b"three", b"four")
        await asyncio.sleep(STOPPED_RETRY_S + 20)
        assert (at.report(0).state, at.report(0).position) == ("running", 4)
        assert at.health.ready

    at.run(life)


def judged(records: list[bytes], judge: Judge) -> list[bytes]:
    """Return the verdicts on records."""
    judge.apply(records)
    return [out.value for out in judge.drain() if out.topic == OUTPUTS.judged]


def test_a_judge_without_a_snapshot_comes_to_the_published_head_or_stops() -> None:
    """The log has lost records and was written on while nobody looked: no second verdict on an offset is given."""
    records = Life(election()).begin()[0]
    verdicts = judged(records, Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS))

    again = Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS)
    assert again.must_reach([b"garbage", *verdicts]) == len(records)
    assert judged(records, again) == verdicts

    other = Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS)
    other.must_reach(verdicts)
    with pytest.raises(ForeignLog, match="is not the one that was judged"):
        other.apply([*records[:-1], b"another record"])


def test_a_verdict_that_joins_nothing_is_no_promise() -> None:
    """A record of anybody's beyond the log's end stops no judge."""
    records = Life(election()).begin()[0]
    verdicts = judged(records, Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS))
    beyond = judged([*records, *[b"odd"] * 9], Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS))[-1]
    late = judged([b"odd"] * 3, _after(records, 99))
    judge = Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS)
    assert judge.must_reach([*verdicts, *late]) == len(records)
    assert judge.must_reach([*verdicts, beyond]) == len(records) + 9


def test_a_verdict_that_comes_once_more_hides_none_that_came_after_it() -> None:
    """Late, from another process, it is the first of the newest: the judge must still come to the last."""
    records, judge = [*Life(election()).begin()[0], *[b"odd"] * 6], Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS)
    verdicts = [verdict for record in records for verdict in judged([record], judge)]
    assert len(verdicts) == len(records)
    again = Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS)
    assert again.must_reach([verdicts[0], *verdicts[3:]]) == len(records)


def _after(records: list[bytes], more: int) -> Judge:
    """Return a judge that has judged these records and more."""
    judge = Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS)
    judged([*records, *[b"odd"] * more], judge)
    return judge


def test_a_snapshot_of_another_log_is_not_taken_up() -> None:
    """Other settings over an old data folder: the codes of one log are not those of another."""
    judge = Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS)
    judge.apply(Life(election()).begin()[0])
    with pytest.raises(ForeignLog, match="the snapshot is of log"):
        Judge("cd" * 16, ROOT_KEY, 0, 1, OUTPUTS).restore(judge.save())
    with pytest.raises(ForeignLog, match="the snapshot is of log"):
        Judge(LOG_ID, "ef" * 32, 0, 1, OUTPUTS).restore(judge.save())
