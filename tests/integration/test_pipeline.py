"""Ballots through real processes on real Kafka: judged, tallied, counted, whatever is killed on the way."""

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.audit.tabulate import counted as recounted
from shared.contract.elections import Election, Method, Phase
from shared.contract.standings import Standing, Status, results_of
from tests.support.budgets import with_budget
from tests.support.elections import Life, election
from tests.support.pipeline import Pipeline

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio, pytest.mark.timeout(240)]

ELECTORS = 20_000
RANKINGS = ("", "0", "1>0", "2>1", "3>2>1", "0>>2", "1=2", "3>0", "2>3>0>1", "1>2")


@pytest.fixture
def pipeline(kafka: Any, tmp_path: Path) -> Iterator[Pipeline]:
    """A namespace and its processes."""
    running = Pipeline(kafka.bootstrap, tmp_path)
    yield running
    running.stop()


def life_of(definition: Election) -> Life:
    """Return the life of an election whose odd electors are children."""
    return Life(definition, 2, dict.fromkeys(range(1, ELECTORS, 2), 1))


def ballots(life: Life, shards: int, rng: random.Random) -> tuple[list[tuple[int, bytes]], Counter[str]]:
    """Return ballot records in a random order, with retries and second votes, and the ballots that must count."""
    counted: Counter[str] = Counter()
    log: list[tuple[int, bytes]] = []
    for elector in rng.sample(range(ELECTORS), ELECTORS):
        marks = rng.choice(RANKINGS)
        counted[marks] += 1
        ballot = life.ballot(elector, marks, rng.choice(("0", "1>0")))
        log.append((elector % shards, ballot))
        if elector % 10 == 0:
            log.append((elector % shards, ballot))
        if elector % 15 == 0:
            log.append(
                (
                    elector % shards,
                    life.ballot(elector, "0", "0", ballot=elector + ELECTORS),
                )
            )
    return log, counted


def assert_right(standing: Standing, counted: Counter[str]) -> None:
    """The standing equals a separate recount of the ballots that must count."""
    expected = recounted({(0, marks): n for marks, n in counted.items()}, standing.contest)

    assert standing.balance.accepted == ELECTORS
    assert standing.balance.duplicate == standing.balance.cast - ELECTORS
    assert standing.balance.holds
    assert results_of(standing.rounds, standing.elected, standing.places, standing.spending) == expected


def assert_monotone(standings: list[Standing]) -> None:
    """No published watermark goes back beyond what a repeat may: the newest of each prefix only grows."""
    newest = standings[0]
    for standing in standings[1:]:
        if standing.sequence > newest.sequence:
            assert all(a <= b for a, b in zip(newest.watermark, standing.watermark, strict=True))
            newest = standing
        assert standing.balance.holds


async def counted_to_its_end(pipeline: Pipeline, life: Life) -> list[Standing]:
    """Cast an election's ballots part by part and close it; return every standing on the way, the last complete and right."""
    log, counted = ballots(life, pipeline.shards, random.Random(1))
    await pipeline.create()
    for service in ("validation", "counting"):
        pipeline.start(service)
    before = await pipeline.begin(life)
    for start in range(0, len(log), 4_000):
        await pipeline.cast(log[start : start + 4_000])
        await pipeline.standings(before + start + 1, "fruit")
    await pipeline.control(life.closed())
    standings = await pipeline.standings(before + len(log) + pipeline.shards, "fruit")

    assert_right(standings[-1], counted)
    assert_monotone(standings)
    assert standings[-1].status is Status.COMPLETE
    return standings


@pytest.mark.parametrize(("method", "seats"), [("irv", 1), ("scottish-stv", 2)])
async def test_an_election_is_counted_as_its_ballots_arrive(
    pipeline: Pipeline, method: Method, seats: int
) -> None:
    """From the first control to the last: the standing follows, and ends final and right."""
    life = life_of(election(electors=ELECTORS, method=method, seats=seats))
    standings = await counted_to_its_end(pipeline, life)

    last = standings[-1]
    assert last.phases == (Phase.CLOSED, Phase.CLOSED)
    assert [turnout.accepted for turnout in last.turnout] == [ELECTORS // 2, ELECTORS // 2]


async def test_a_budget_is_spent_as_its_ballots_arrive(pipeline: Pipeline) -> None:
    """The list of what is funded follows, beside another contest of the same ballots, and ends final and right."""
    life = life_of(with_budget(election(electors=ELECTORS)))
    standings = await counted_to_its_end(pipeline, life)

    last = standings[-1]
    assert last.spending is not None
    assert last.elected == tuple(of.project for of in last.spending.funded)
    assert sum(standing.spending is not None for standing in standings) > 2


@pytest.mark.parametrize("victim", ["validation", "counting"])
async def test_a_killed_service_takes_up_where_its_log_says(pipeline: Pipeline, victim: str) -> None:
    """Kill -9 in the middle, twice: nothing is lost, nothing counted twice."""
    life = life_of(election(electors=ELECTORS))
    log, counted = ballots(life, pipeline.shards, random.Random(2))
    await pipeline.create()
    for service in ("validation", "counting"):
        pipeline.start(service)
    before = await pipeline.begin(life)
    third = len(log) // 3
    for part in range(2):
        await pipeline.cast(log[part * third : (part + 1) * third])
        await pipeline.standings(part * third + third // 2, "fruit")
        pipeline.kill(victim)
        pipeline.start(victim)
    await pipeline.cast(log[2 * third :])
    standings = await pipeline.standings(before + len(log), "fruit", bound_s=90)

    assert_right(standings[-1], counted)
    assert_monotone(standings)


async def test_shards_move_to_a_second_process_and_back(pipeline: Pipeline) -> None:
    """A rebalance under load: a second instance joins, then the first is killed.

    They share a folder, as copies of a service on one volume do: the heir begins at the snapshot, not at zero.
    """
    life = life_of(election(electors=ELECTORS))
    log, counted = ballots(life, pipeline.shards, random.Random(3))
    await pipeline.create()
    for service in ("validation", "counting"):
        pipeline.start(service)
    before = await pipeline.begin(life)
    third = len(log) // 3
    await pipeline.cast(log[:third])
    await pipeline.standings(third // 2, "fruit")
    for service in ("validation", "counting"):
        pipeline.start(service, "2", data_dir=str(pipeline.folder / f"{service}-1"))
    await pipeline.cast(log[third : 2 * third])
    pipeline.wait_ready("validation", "2")
    starts = [line for line in pipeline.log("validation", "2").splitlines() if "run starts" in line]
    assert starts
    assert not any("position=0" in line for line in starts)
    for service in ("validation", "counting"):
        pipeline.kill(service, "1")
    await pipeline.cast(log[2 * third :])
    standings = await pipeline.standings(before + len(log), "fruit", bound_s=120)

    assert_right(standings[-1], counted)
    assert_monotone(standings)


async def test_a_record_of_an_unknown_version_stops_its_shard_and_says_so(pipeline: Pipeline) -> None:
    """The other shard goes on; the process is no longer ready, and names the reason."""
    life = life_of(election(electors=ELECTORS))
    await pipeline.create()
    pipeline.start("validation")
    pipeline.wait_ready("validation")
    await pipeline.begin(life)
    admitted = life.admitted("ballot-pack/9")
    await pipeline.cast([(0, admitted), (0, life.ballot(0).replace(b"ballot-pack/1", b"ballot-pack/9"))])

    assert await pipeline.says("validation", "ballot-pack/9")
