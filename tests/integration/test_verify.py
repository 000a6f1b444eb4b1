"""An election verified on a real Kafka, exported, imported into another deployment, and made again there."""

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local.kafka import EmbeddedKafka
from shared.contract.codec import encode
from shared.contract.events import ElectionCertified
from shared.contract.ids import shard_of
from shared.contract.standings import Standing
from shared.contract.topics import BALLOTS_JUDGED, ELECTIONS_ANNOUNCED
from shared.runtime.kafka.sink import send_all, start_producer
from tests.support.elections import LOG_ID, ROOT_KEY, Life, election
from tests.support.evidence import MemoryEvidence
from tests.support.pipeline import Pipeline
from tests.support.topics import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

ELECTORS = 3_000
CONTROLS = 4
"""Judged one by one before the first range of verdicts: the founding, the definition, the roll, the opening."""
RANKINGS = ("", "0", "1>0", "2>1", "3>2>1", "0>>2", "1=2")


@pytest.fixture
def deployments(kafka: EmbeddedKafka, tmp_path: Path) -> Iterator[list[Pipeline]]:
    """Two namespaces: a log, and room for its copy."""
    folders = [tmp_path / "first", tmp_path / "second"]
    pipelines = []
    for folder in folders:
        folder.mkdir()
        pipelines.append(Pipeline(kafka.bootstrap, folder))
        asyncio.run(pipelines[-1].create(founded=folder is folders[0]))
    yield pipelines
    for pipeline in pipelines:
        pipeline.stop()


def livecount(pipeline: Pipeline, *words: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line against a deployment."""
    environment = {
        "LIVECOUNT_KAFKA": str(pipeline.kafka),
        "LIVECOUNT_NAMESPACE": pipeline.namespace,
        "LIVECOUNT_SHARDS": str(pipeline.shards),
        "LIVECOUNT_LOG_ID": LOG_ID,
        "LIVECOUNT_ROOT_KEY": ROOT_KEY,
        **settings,
    }
    argv = [sys.executable, "-m", "services.cli", *words]
    return subprocess.run(
        argv, capture_output=True, text=True, timeout=120, env={**os.environ, **environment}
    )


async def run_election(pipeline: Pipeline, life: Life) -> list[Standing]:
    """Announce, configure, open, cast and close; return the contests' last standings."""
    rng = random.Random(7)
    producer = await start_producer(pipeline.kafka)
    announced = (await MemoryEvidence(life.definition, [[], []]).announced())[0]
    topic = ELECTIONS_ANNOUNCED.name(pipeline.namespace)
    await send_all(producer, topic, [(0, announced.definition.id.encode(), encode(announced))])
    await producer.stop()
    before = await pipeline.begin(life)
    cast = [
        (shard_of(elector, pipeline.shards), life.ballot(elector, rng.choice(RANKINGS), "1"))
        for elector in rng.choices(range(ELECTORS), k=ELECTORS)
    ]
    await pipeline.cast([*cast, (0, b"rubbish")])
    await pipeline.control(life.closed())
    return await last(pipeline, before + len(cast) + 1 + pipeline.shards)


def check_profile(pipeline: Pipeline, life: Life, recount: dict[str, Any], file: Path) -> None:
    """Refused before the certificate; afterwards a file whose count, by the library, is the certified result."""
    before = livecount(pipeline, "profile", "picnic", "fruit", "--out", str(file))
    assert (before.returncode, file.exists()) == (1, False)
    assert "its result is not certified as it stands" in before.stderr
    hashes = {name: of["result_hash"] for name, of in recount["contests"].items()}
    of = {name: recount[name] for name in ("watermark", "heads", "effects")}
    asyncio.run(pipeline.control(life.ordered(ElectionCertified, **of, result_hashes=hashes)))
    written = livecount(pipeline, "profile", "picnic", "fruit", "--out", str(file))
    assert written.returncode == 0, written.stderr
    stages = json.loads(livecount(pipeline, "count", str(file), "--method", "irv", "--json").stdout)["stages"]
    held = [sorted(int(votes) for votes in stage["votes"].values() if int(votes)) for stage in stages]
    rounds = recount["contests"]["fruit"]["results"]["rounds"]
    assert held == [sorted(votes for votes in round_.values() if votes) for round_ in rounds]
    assert f"{recount['balance']['accepted']:,} ballots of {len(RANKINGS)} rankings" in written.stdout


async def last(pipeline: Pipeline, records: int) -> list[Standing]:
    """Return the standings that cover so many records."""
    return [(await pipeline.standings(records, contest))[-1] for contest in ("fruit", "drink")]


async def publish_again(pipeline: Pipeline, offset: int, *, forged: bool) -> None:
    """Publish a record of verdicts again, as a zombie would: in the same bytes, or in others."""
    topic = BALLOTS_JUDGED.name(pipeline.namespace)
    value = (await read_topic(pipeline.kafka, topic))[1][offset]
    producer = await start_producer(pipeline.kafka)
    published = value.replace(b"picnic", b"cinpic") if forged else value
    await send_all(producer, topic, [(1, None, published)])
    await producer.stop()


def test_an_election_is_verified_exported_and_made_again_elsewhere(
    deployments: list[Pipeline], tmp_path: Path
) -> None:
    """The same heads and result hashes from another namespace; a verdict published otherwise is found with its place."""
    first, second = deployments
    bundle, kept = tmp_path / "picnic.zip", tmp_path / "kept.json"
    life = Life(election(electors=ELECTORS), 2, dict.fromkeys(range(1, ELECTORS, 2), 1))
    for service in ("validation", "counting"):
        first.start(service)
    standings = asyncio.run(run_election(first, life))
    asyncio.run(publish_again(first, CONTROLS, forged=False))

    report = json.loads(livecount(first, "verify", "picnic", "--json").stdout)
    repeats = [shard["repeats"] for shard in report["shards"]]
    assert repeats[0] == 0 < repeats[1]
    assert [shard["head"] for shard in report["shards"]] == [*standings[0].heads]
    assert report["recount"]["balance"]["duplicate"] == standings[0].balance.duplicate > 0
    answer = livecount(first, "verify", "picnic")
    assert answer.returncode == 0, answer.stderr
    assert f"cast {standings[0].balance.cast:,} = accepted " in answer.stdout

    exported = livecount(first, "export", "picnic", "--out", str(bundle))
    assert exported.returncode == 0, exported.stderr
    kept.write_bytes(encode(standings[0]))
    from_file = livecount(
        first,
        "verify",
        "--bundle",
        str(bundle),
        "--standing",
        str(kept),
        "--json",
        LIVECOUNT_KAFKA="127.0.0.1:1",
    )
    assert json.loads(from_file.stdout)["shards"] == report["shards"]
    refused = livecount(first, "import", str(bundle))
    assert refused.returncode == 2
    assert "a bundle is imported into an empty deployment only" in refused.stderr

    check_profile(first, life, report["recount"], tmp_path / "fruit.blt")

    imported = livecount(second, "import", str(bundle))
    assert imported.returncode == 0, imported.stderr
    for service in ("validation", "counting"):
        second.start(service)
    again = asyncio.run(last(second, standings[0].sequence))
    assert [(s.heads, s.result_hash, s.watermark) for s in again] == [
        (s.heads, s.result_hash, s.watermark) for s in standings
    ]
    assert livecount(second, "verify", "picnic").returncode == 0

    asyncio.run(publish_again(second, CONTROLS, forged=True))
    found = livecount(second, "verify", "picnic")
    assert found.returncode == 1
    assert f"shard 1, offset {CONTROLS}, record " in found.stderr


def test_what_cannot_be_done_says_why(deployments: list[Pipeline], tmp_path: Path) -> None:
    """Exit code 2 and one line: no Kafka, no such election, no bundle, another root key."""
    pipeline = deployments[0]
    wrong = tmp_path / "wrong"
    wrong.write_bytes(b"x" * 32)
    asyncio.run(pipeline.begin(Life(election(), 2)))
    for words, settings, said in (
        (("verify", "feast"), {}, "'feast' is configured in no shard of this log"),
        (("verify", "picnic"), {"LIVECOUNT_KAFKA": "127.0.0.1:1"}, "Kafka at 127.0.0.1:1 does not answer"),
        (("verify", "picnic"), {"LIVECOUNT_NAMESPACE": "nobodys"}, "LIVECOUNT_NAMESPACE"),
        (("verify", "picnic"), {"LIVECOUNT_ROOT_KEY": "0" * 64}, "is not signed by 0000"),
        (("verify", "picnic"), {"LIVECOUNT_LOG_ID": ""}, "LIVECOUNT_LOG_ID is not set"),
        (("verify", "--bundle", str(tmp_path / "none.zip")), {}, "none.zip: No such file"),
        (("verify",), {}, "expected an election's id, or --bundle FILE"),
        (("export", "feast", "--out", str(tmp_path / "out.zip")), {}, "no election 'feast' is announced"),
        (("import", str(wrong)), {}, "wrong: its directory cannot be read"),
    ):
        answer = livecount(pipeline, *words, **settings)
        assert answer.returncode == 2, (words, answer.stderr)
        assert said in answer.stderr, (words, answer.stderr)
        assert len(answer.stderr.strip().splitlines()) == 1, answer.stderr
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".zip"] == []
