"""A broker whose own disk is full: intake says so before it promises, and everything recovers once there is room again."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from infra.local.kafka import EmbeddedKafka
from shared.contract.elections import Phase
from tests.chaos.disk import Disk, can_mount
from tests.integration.test_cut_log import BOUND_S, form, posted
from tests.integration.test_intake import post
from tests.support.elections import Life, election
from tests.support.pipeline import Pipeline, one_shard

pytestmark = [
    pytest.mark.kafka,
    pytest.mark.asyncio,
    pytest.mark.skipif(not can_mount(), reason="mounting a small disk needs root"),
]

DISK_MIB = 192


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A small disk."""
    with Disk(tmp_path / "disk", DISK_MIB) as small:
        yield small


@pytest.fixture
def broker(disk: Disk) -> Iterator[EmbeddedKafka]:
    """A Kafka whose whole state is on the small disk."""
    with EmbeddedKafka(disk.folder / "kafka") as running:
        yield running
        disk.empty()


@pytest_asyncio.fixture
async def pipeline(broker: EmbeddedKafka, tmp_path: Path) -> AsyncIterator[Pipeline]:
    """One shard, and every process that follows it or writes to it; their own disk has room."""
    async with one_shard(broker.bootstrap, tmp_path) as running:
        yield running


async def test_what_a_full_disk_does_not_take_is_not_promised_and_counts_once_when_sent_again(
    disk: Disk, broker: EmbeddedKafka, pipeline: Pipeline
) -> None:
    """202 is in the log for good; 503 says to send it again, and that is taken once the broker has room and runs again."""
    life = Life(election(), 1)
    await pipeline.begin(life)
    await pipeline.announce(life, Phase.OPEN)
    url = f"{pipeline.url('intake')}/v1/elections/picnic/ballots"
    for elector in range(3):
        await posted(url, form(life, elector), 202)

    disk.fill()
    answers: dict[int, int] = {}
    async with asyncio.timeout(BOUND_S):
        while 503 not in answers.values():  # the last page of a file may have room for a few more
            elector = 3 + len(answers)
            answers[elector], _, _ = await asyncio.to_thread(post, url, form(life, elector))
    assert set(answers.values()) <= {202, 503}
    for child in broker.children:
        async with asyncio.timeout(BOUND_S):
            while child.running:  # Kafka ends itself where a disk fails
                status, _, _ = await asyncio.to_thread(post, url, form(life, max(answers)))
                assert status == 503
                await asyncio.sleep(0.2)

    disk.empty()
    broker.start()
    for elector in (*answers, max(answers) + 1):
        await posted(url, form(life, elector), 202)
    ballots, records = max(answers) + 2, 0
    while True:
        (last,) = (await pipeline.standings(records, "fruit"))[-1:]
        if last.balance.accepted >= ballots:
            break
        records = last.sequence + 1
    assert last.balance.accepted == ballots
    assert last.balance.accepted + last.balance.duplicate == last.balance.cast
