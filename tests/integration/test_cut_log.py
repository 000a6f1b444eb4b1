"""The ballot log cut on a real Kafka's disk between two runs of the broker: noticed by all, promised nothing, mended by its return."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError

import pytest
import pytest_asyncio

from infra.local.kafka import EmbeddedKafka
from shared.contract.elections import Phase
from shared.contract.topics import BALLOTS_CAST
from tests.integration.test_intake import post
from tests.support.elections import Life, election
from tests.support.pipeline import Pipeline, one_shard

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio]

BOUND_S = 40.0


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedKafka]:
    """A Kafka of the test's own, whose disk it may spoil."""
    with EmbeddedKafka(tmp_path / "kafka") as running:
        yield running


@pytest_asyncio.fixture
async def pipeline(broker: EmbeddedKafka, tmp_path: Path) -> AsyncIterator[Pipeline]:
    """One shard, and every process that follows it or writes to it."""
    async with one_shard(broker.bootstrap, tmp_path) as running:
        yield running


def form(life: Life, elector: int) -> bytes:
    """Return an elector's ballot form."""
    return (
        f'{{"ballot_id": "{elector:032x}", "code": "{life.code(elector)}", "rankings": {{"fruit": [["apple"]]}}}}'
    ).encode()


async def posted(url: str, body: bytes, expected: int, words: bytes = b"") -> None:
    """Send a ballot until it is answered as expected."""
    status, answer = 0, b""
    async with asyncio.timeout(BOUND_S):
        while status != expected or words not in answer:
            with suppress(URLError):  # it is being started again
                status, _, answer = await asyncio.to_thread(post, url, body)
            await asyncio.sleep(0.2)


async def test_a_log_that_was_cut_between_two_runs_of_the_broker_is_promised_nothing(
    broker: EmbeddedKafka, pipeline: Pipeline, tmp_path: Path
) -> None:
    """Intake answers 503 with the reason, validation says it, nothing published moves; what returns heals it."""
    life = Life(election(), 1)
    await pipeline.begin(life)
    await pipeline.announce(life, Phase.OPEN)
    url = f"{pipeline.url('intake')}/v1/elections/picnic/ballots"
    folder = next((tmp_path / "kafka").rglob(f"{BALLOTS_CAST.name(pipeline.namespace)}-0"))
    segment = folder / f"{0:020d}.log"
    for elector in range(5):
        await posted(url, form(life, elector), 202)
    (before,) = (await pipeline.standings(9, "fruit"))[-1:]
    cut_at = segment.stat().st_size
    for elector in range(5, 10):
        await posted(url, form(life, elector), 202)
    (last,) = (await pipeline.standings(14, "fruit"))[-1:]
    assert (before.balance.accepted, last.balance.accepted) == (5, 10)

    broker.kill()
    shutil.copytree(folder, tmp_path / "kept")
    os.truncate(segment, cut_at)
    for snapshot in folder.glob("*.snapshot"):
        snapshot.unlink()
    broker.start()
    await posted(url, form(life, 11), 503, b"the log has lost some")
    assert await pipeline.says("intake", "the log has lost some", BOUND_S)
    assert await pipeline.says("validation", "were applied", BOUND_S)
    (still,) = (await pipeline.standings(14, "fruit"))[-1:]
    assert still.balance.accepted == 10
    pipeline.kill("intake")
    pipeline.start("intake")
    await posted(url, form(life, 11), 503, b"the log has lost some")
    assert segment.stat().st_size == cut_at, "nothing was written behind what was lost"

    broker.kill()
    shutil.rmtree(folder)
    shutil.copytree(tmp_path / "kept", folder)
    broker.start()
    await posted(url, form(life, 11), 202)
    (after,) = (await pipeline.standings(15, "fruit"))[-1:]
    assert after.balance.accepted == 11
