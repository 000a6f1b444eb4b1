"""`verify --bundle`, as somebody without a Kafka gives it: what agrees is shown whole, what does not is one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.golden.bundles.make import FOLDER
from tests.support.elections import LOG_ID, ROOT_KEY
from tests.unit.cli.front import livecount

BUNDLE = FOLDER / "picnic-2.zip"


@pytest.fixture(autouse=True)
def log_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which log is meant."""
    monkeypatch.setenv("LIVECOUNT_LOG_ID", LOG_ID)
    monkeypatch.setenv("LIVECOUNT_ROOT_KEY", ROOT_KEY)


def test_what_agrees_is_shown_whole() -> None:
    """Balance, heads, standings, and every round of every contest; exit code 0."""
    expected = json.loads(BUNDLE.with_suffix(".json").read_text())
    answer = livecount("verify", "--bundle", BUNDLE)

    assert answer.exit_code == 0, answer.stderr
    assert "cast 106 = accepted 35 + duplicate 65 + late 2 + voided 3 + rejected 1" in answer.stdout
    assert all(head in answer.stdout for head in expected["heads"])
    assert all(hash_ in answer.stdout for hash_ in expected["result_hashes"].values())
    assert "apple" in answer.stdout


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_a_damaged_bundle_is_one_line_with_its_place(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Exit code 1, on standard error or as JSON."""
    content = bytearray(BUNDLE.read_bytes())
    content[len(content) // 2] ^= 1
    damaged = tmp_path / "damaged.zip"
    damaged.write_bytes(content)

    answer = livecount("verify", "--bundle", damaged, *words)

    assert answer.exit_code == 1
    if words:
        found = json.loads(answer.stdout)
        assert found["difference"].startswith(f"{damaged}, ballots.")
        assert f"shard {found['shard']}, offset {found['offset']}" in found["difference"]
    else:
        assert answer.stderr.startswith(f"livecount: {damaged}, ballots.")
    assert len((answer.stdout + answer.stderr).splitlines()) == 1


def test_what_cannot_be_done_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2: another log, another election, a standing that is none."""
    note = tmp_path / "standing.json"
    note.write_text("{}")
    assert livecount("verify", "feast", "--bundle", BUNDLE).exit_code == 2
    answer = livecount("verify", "--bundle", BUNDLE, "--standing", note)
    assert answer.exit_code == 2
    assert answer.stderr.startswith(f"livecount: {note}: ")
    monkeypatch.setenv("LIVECOUNT_LOG_ID", "cd" * 16)
    answer = livecount("verify", "--bundle", BUNDLE)
    assert answer.exit_code == 2
    assert "shard 0, offset 0: shard 0: expected log cdcd" in answer.stderr


@pytest.mark.parametrize(("is_damaged", "code"), [(False, 0), (True, 1)])
def test_the_exit_code_survives_a_reader_who_leaves(tmp_path: Path, is_damaged: bool, code: int) -> None:  # noqa: FBT001
    """`livecount verify … --json | head -0` does the same as without a pipe."""
    content = bytearray(BUNDLE.read_bytes())
    content[len(content) // 2] ^= is_damaged
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(content)
    reads, writes = os.pipe()
    os.close(reads)
    argv = [str(Path(sys.executable).with_name("livecount")), "verify", "--bundle", str(bundle)]
    for words in ((), ("--json",)):
        done = subprocess.run([*argv, *words], stdout=writes, stderr=subprocess.PIPE, text=True, timeout=60)
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        assert "BrokenPipe" not in done.stderr
    os.close(writes)
