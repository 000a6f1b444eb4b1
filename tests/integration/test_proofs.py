"""Proofs on a real Kafka: receipts, tiles for everybody, witnesses, and a process that is killed."""

import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local.kafka import EmbeddedKafka
from services.proofs.notes import NamedKey, origin_of, read_checkpoint
from services.proofs.tiles import tile_path
from shared.contract.ids import shard_of
from shared.contract.packs import Ballot
from tests.support.elections import LOG_ID, ROOT, ROOT_KEY, Life, election
from tests.support.pipeline import Pipeline
from tests.unit.proofs.test_shard import who_of

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

ELECTORS = 2_400
BOUND_S = 30.0
GO = Path(__file__).parents[1] / "interop" / "tlog"


@pytest.fixture(scope="module")
def pipeline(kafka: EmbeddedKafka, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Validation, counting and proofs, with a log of 2,400 ballots."""
    running = Pipeline(kafka.bootstrap, tmp_path_factory.mktemp("proofs"))
    asyncio.run(running.create())
    key = running.folder / "checkpoint.key"
    key.write_text(ROOT.hex())
    for service in ("validation", "counting"):
        running.start(service)
    running.start("proofs", checkpoint_key_file=str(key), checkpoint_ms="100")
    life = Life(election(electors=ELECTORS), 2)
    asyncio.run(running.begin(life))
    asyncio.run(running.cast(_records(life)))
    yield running
    running.stop()


def _records(life: Life) -> Iterator[tuple[int, bytes]]:
    rng = random.Random(1)
    ballots: list[list[Ballot]] = [[], []]
    for elector in range(ELECTORS):
        ballots[shard_of(elector, 2)].append(life.cast(elector, rng.choice(("0>1", "2", "")), "1"))
    for shard, of in enumerate(ballots):
        for start in range(0, len(of), 17):
            yield shard, life.pack(*of[start : start + 17])


def get(pipeline: Pipeline, path: str) -> httpx.Response:
    """Ask the proofs service."""
    return httpx.get(f"http://127.0.0.1:{pipeline.port('proofs')}{path}", timeout=10, trust_env=False)


def looked_up(pipeline: Pipeline, ballot: Ballot, *, counted: bool = True) -> dict[str, Any]:
    """Return what is found of a ballot's receipt, once it is proved and, if asked, counted."""
    deadline = time.monotonic() + BOUND_S
    while time.monotonic() < deadline:
        try:
            answer = get(pipeline, f"/v1/elections/picnic/receipts/{who_of(ballot).hex()}")
        except httpx.TransportError:
            answer = None
        if answer is not None and answer.status_code == 200:
            found: dict[str, Any] = answer.json()
            if found["proof"] and (found["standings"] or not counted):
                return found
        time.sleep(0.1)
    raise AssertionError(f"no proof within {BOUND_S:g} s\n{pipeline.logs()}")


def livecount(pipeline: Pipeline, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command against the deployment."""
    environment = {
        "LIVECOUNT_KAFKA": str(pipeline.kafka),
        "LIVECOUNT_NAMESPACE": pipeline.namespace,
        "LIVECOUNT_SHARDS": "2",
        "LIVECOUNT_CHECKPOINT_KEY": ROOT_KEY,
        "LIVECOUNT_PROOFS_URL": f"http://127.0.0.1:{pipeline.port('proofs')}",
    }
    return subprocess.run(
        [sys.executable, "-m", "services.cli", *words],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **environment},
    )


def test_an_elector_finds_and_proves_a_ballot(pipeline: Pipeline, tmp_path: Path) -> None:
    """Received, judged, counted, proved: over HTTP and by the command, offline; never what is on it."""
    life = Life(election(electors=ELECTORS), 2)
    ballot = life.cast(1_234, "0>1", "1")
    found = looked_up(pipeline, ballot)
    assert (found["shard"], found["reason"], found["in_words"]) == (0, "accepted", "counts")
    assert {of["contest"] for of in found["standings"]} == {"fruit", "drink"}
    assert len(json.dumps(found["proof"])) < 2_048
    assert not {"rankings", "section", "elector", "marks"} & {*found, *found["proof"]}

    receipt, proved = tmp_path / "receipt.json", tmp_path / "proved.json"
    kept = {"type": "receipt/1", "log": LOG_ID, "election": "picnic", "shard": 0}
    receipt.write_text(json.dumps({**kept, "ballot_id": ballot.ballot_id.hex(), "who": who_of(ballot).hex()}))
    assert livecount(pipeline, "receipt", "check", str(receipt)).returncode == 1
    made = livecount(pipeline, "receipt", "prove", str(receipt), "--out", str(proved))
    assert made.returncode == 0, made.stderr
    said = livecount(pipeline, "receipt", "check", str(proved), "--code", life.code(1_234))
    assert said.returncode == 0, said.stderr
    assert "your ballot is record" in said.stdout
    other = livecount(pipeline, "receipt", "check", str(proved), "--code", life.code(1_235))
    assert other.returncode == 1
    assert "not of a ballot that was cast with this voting code" in other.stderr


def test_what_is_asked_wrongly_is_a_problem_and_tiles_never_change(pipeline: Pipeline) -> None:
    """404 and 422 with a reason; a tile is immutable, a partial one comes from the full one later."""
    looked_up(pipeline, Life(election(electors=ELECTORS), 2).cast(0))
    nobody = get(pipeline, f"/v1/elections/picnic/receipts/{'0' * 64}")
    assert nobody.status_code == 404
    assert nobody.headers["retry-after"] == "2"
    assert get(pipeline, "/v1/elections/picnic/receipts/me").status_code == 422
    for path in ("/log/2/checkpoint", "/log/0/tile/0/900", "/log/0/tile/..%2Fcheckpoint", "/log/0/tile/0/0"):
        assert get(pipeline, path).status_code == 404, path
    whole, part = (get(pipeline, f"/log/0/{tile_path(0, 0, width)}") for width in (256, 100))
    assert part.content == whole.content[:3200]
    assert "immutable" in whole.headers["cache-control"]
    assert get(pipeline, "/log/0/checkpoint").headers["cache-control"] == "no-cache"


@pytest.mark.skipif(shutil.which("go") is None, reason="needs Go, to build a public tlog client")
def test_a_public_tlog_client_reads_checkpoint_tiles_and_proofs(pipeline: Pipeline, tmp_path: Path) -> None:
    """golang.org/x/mod/sumdb: signature, every level of tiles, inclusion, consistency."""
    looked_up(pipeline, Life(election(electors=ELECTORS), 2).cast(ELECTORS - 2))
    built = subprocess.run(
        ["go", "build", "-o", str(tmp_path / "tlog"), "."],
        cwd=GO,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if built.returncode and "dial tcp" in built.stderr:
        pytest.skip(f"golang.org/x/mod cannot be fetched: {built.stderr.splitlines()[-1]}")
    assert built.returncode == 0, built.stderr
    verifiers = get(pipeline, "/v1/log").json()["verifiers"]
    for shard in range(2):
        files = pipeline.folder / "proofs-1" / "proofs" / pipeline.namespace / f"shard-{shard}"
        read = subprocess.run(
            [str(tmp_path / "tlog"), verifiers[shard], str(files), "0", "255", "256", "1000"],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert read.returncode == 0, read.stderr
        signed = read_checkpoint(get(pipeline, f"/log/{shard}/checkpoint").text, _signer(shard))
        assert read.stdout.splitlines()[-1] == f"{signed.origin} {signed.size} {signed.root.hex()}"
    wrong = NamedKey(origin_of(LOG_ID, 0), "0" * 62 + "01").verifier()
    refused = subprocess.run(
        [str(tmp_path / "tlog"), wrong, str(files)], capture_output=True, text=True, timeout=60
    )
    assert refused.returncode == 1


def test_killed_it_resumes_and_a_witness_sees_one_log(pipeline: Pipeline, tmp_path: Path) -> None:
    """Kill -9 while ballots arrive; the witness's next look agrees with its last."""
    life = Life(election(electors=ELECTORS), 2)
    looked_up(pipeline, life.cast(0))
    seen = tmp_path / "seen"
    url = f"http://127.0.0.1:{pipeline.port('proofs')}"
    first = livecount(pipeline, "witness", url, "--out", str(seen), "--once")
    assert first.returncode == 0, first.stderr
    before = [read_checkpoint(get(pipeline, f"/log/{s}/checkpoint").text, _signer(s)) for s in range(2)]
    asyncio.run(pipeline.cast((0, life.ballot(elector)) for elector in range(0, 400, 2)))
    pipeline.kill("proofs")
    key = str(pipeline.folder / "checkpoint.key")
    pipeline.start("proofs", checkpoint_key_file=key, checkpoint_ms="100")
    pipeline.wait_ready("proofs")
    late = life.cast(2, ballot=77)
    asyncio.run(pipeline.cast([(0, life.pack(late))]))
    assert looked_up(pipeline, late)["reason"] == "already-voted"
    after = [read_checkpoint(get(pipeline, f"/log/{s}/checkpoint").text, _signer(s)) for s in range(2)]
    assert [b.size - a.size for a, b in zip(before, after, strict=True)] == [201, 0]
    assert after[1] == before[1]
    second = livecount(pipeline, "witness", url, "--out", str(seen), "--once")
    assert second.returncode == 0, second.stderr
    other = tmp_path / "other"
    assert livecount(pipeline, "witness", url, "--out", str(other), "--once").returncode == 0
    same = livecount(pipeline, "witness", "--out", str(seen), "--compare", str(other))
    assert same.stdout.splitlines()[0] == f"shard-0: the same up to leaf {after[0].size:,}"


def test_the_log_is_shown_in_plain_words(pipeline: Pipeline) -> None:
    """Records and verdicts; no elector, no code, no ranking."""
    looked_up(pipeline, Life(election(electors=ELECTORS), 2).cast(0))
    cast = livecount(pipeline, "log", "show", "--shard", "1", "--count", "5")
    assert cast.returncode == 0, cast.stderr
    lines = cast.stdout.splitlines()
    assert lines[0] == f"shard 1, offset 0: founds shard 1 of 2 of log {LOG_ID}"
    assert "roll of picnic: commitments of places 0 to 1199, by ada" in lines[2]
    assert "pack of 17 ballots of picnic, 2 contests" in lines[4]
    judged = livecount(pipeline, "log", "show", "--shard", "1", "--judged", "--offset", "4", "--json")
    assert json.loads(judged.stdout)["reasons"] == {"accepted": 1_200}
    beyond = livecount(pipeline, "log", "show", "--shard", "1", "--offset", "5000")
    assert beyond.returncode == 2
    assert "shard 1, offset 5000: it holds" in beyond.stderr


def _signer(shard: int) -> NamedKey:
    return NamedKey(origin_of(LOG_ID, shard), ROOT_KEY)
