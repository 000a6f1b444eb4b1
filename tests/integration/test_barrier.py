"""Controls on real processes while they are killed: a ballot's place in its shard decides, and nothing else."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.audit.tabulate import results, tabulate
from shared.contract.elections import Phase
from shared.contract.standings import Standing, Status, results_of
from tests.support.elections import Life, election
from tests.support.pipeline import Pipeline

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio, pytest.mark.timeout(240)]

ELECTORS = 400
MARKS = ("0>1", "1>2>0", "2", "3>1")
SERVICES = ("validation", "counting")


@pytest.fixture
def pipeline(kafka: Any, tmp_path: Path) -> Iterator[Pipeline]:
    """A namespace and its processes."""
    running = Pipeline(kafka.bootstrap, tmp_path)
    yield running
    running.stop()


def ballots(life: Life, electors: range) -> list[tuple[int, bytes]]:
    """Return a ballot of each elector, each in its shard; the elector's number decides what is on it."""
    return [(elector % 2, life.ballot(elector, MARKS[elector % 4], "0")) for elector in electors]


def restart(pipeline: Pipeline) -> None:
    """Kill every service as a crash would, and start it again."""
    for service in SERVICES:
        pipeline.kill(service)
        pipeline.start(service)


def assert_counts(standing: Standing, electors: list[int]) -> None:
    """The standing counts the ballots of these electors and no others."""
    profile: dict[tuple[int, str], int] = {}
    for elector in electors:
        marks = (0, MARKS[elector % 4])
        profile[marks] = profile.get(marks, 0) + 1

    assert standing.balance.accepted == len(electors)
    assert standing.balance.holds
    assert results_of(standing.rounds, standing.elected) == results(tabulate(profile, standing.contest))


async def test_a_late_shard_delays_the_end_and_never_changes_it(pipeline: Pipeline) -> None:
    """The close reaches one shard, everything is killed, ballots race on; the other shard's count until its own close."""
    life = Life(election(electors=ELECTORS), 2)
    await pipeline.create()
    for service in SERVICES:
        pipeline.start(service)
    before = await pipeline.begin(life)
    close = life.closed()
    await pipeline.cast(ballots(life, range(200)))
    await pipeline.standings(before + 200, "fruit")
    await pipeline.cast([(0, close), *ballots(life, range(200, 300))])
    restart(pipeline)
    half = (await pipeline.standings(before + 301, "fruit"))[-1]
    await pipeline.cast([(1, close), (0, close), *ballots(life, range(300, 400))])
    restart(pipeline)
    standings = await pipeline.standings(before + 403, "fruit")

    counted = [*range(200), *range(201, 300, 2)]
    assert (half.status, half.phases) == (Status.PARTIAL, (Phase.CLOSED, Phase.OPEN))
    assert_counts(half, counted)
    assert half.balance.late == 50
    assert standings[-1].status is Status.COMPLETE
    assert_counts(standings[-1], counted)
    assert standings[-1].balance.late == 150
    assert all(s.status is not Status.COMPLETE for s in standings if s.watermark[1] <= half.watermark[1])


async def test_pause_void_restore_and_a_mistaken_opening_hold_though_everything_is_killed(
    pipeline: Pipeline,
) -> None:
    """Each control is followed by a crash of every service; what is said twice or too late has no effect."""
    life = Life(election(electors=ELECTORS), 2)
    await pipeline.create()
    for service in SERVICES:
        pipeline.start(service)
    before = await pipeline.begin(life)
    await pipeline.cast(ballots(life, range(100)))
    await pipeline.control(life.voided(0))
    await pipeline.control(life.voided(150))
    await pipeline.control(life.paused())
    restart(pipeline)
    await pipeline.cast(ballots(life, range(100, 200)))
    await pipeline.standings(before + 206, "fruit")
    await pipeline.control(life.resumed())
    restart(pipeline)
    await pipeline.control(life.restored(0))
    await pipeline.control(life.restored(0))
    await pipeline.cast(ballots(life, range(140, 160)))
    await pipeline.standings(before + 232, "fruit")
    await pipeline.control(life.closed())
    for mistaken in (life.opened(), life.resumed(), life.paused()):
        await pipeline.control(mistaken)
    restart(pipeline)
    await pipeline.cast(ballots(life, range(300, 320)))
    last = (await pipeline.standings(before + 260, "fruit"))[-1]

    assert_counts(last, [*range(100), *(n for n in range(140, 160) if n != 150)])
    assert last.status is Status.COMPLETE
    assert last.balance.reasons == {"accepted": 119, "closed": 20, "paused": 100, "void-elector": 1}
    assert last.balance.voided == 1
