"""`verify --bundle`, as somebody without a Kafka gives it: what agrees is told whole, what does not is one line."""

import json
from pathlib import Path

import pytest

from tests.golden.bundles.make import FOLDER
from tests.support.elections import MASTER
from tests.unit.cli.front import livecount

BUNDLE = FOLDER / "picnic-1.zip"


@pytest.fixture(autouse=True)
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The secret that the picnic's voting codes were made with."""
    file = tmp_path / "secret"
    file.write_bytes(MASTER)
    monkeypatch.setenv("LIVECOUNT_SECRET_FILE", str(file))
    return file


def test_what_agrees_is_told_whole() -> None:
    """Balance, heads, standings, and every round of every contest; exit code 0."""
    expected = json.loads(BUNDLE.with_suffix(".json").read_text())
    answer = livecount("verify", "--bundle", BUNDLE)

    assert answer.exit_code == 0, answer.stderr
    assert "cast 57 = accepted 26 + duplicate 23 + late 2 + voided 2 + rejected 4" in answer.stdout
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
        told = json.loads(answer.stdout)
        assert told["difference"].startswith(f"{damaged}, ballots.")
        assert f"shard {told['shard']}, offset {told['offset']}" in told["difference"]
    else:
        assert answer.stderr.startswith(f"livecount: {damaged}, ballots.")
    assert len((answer.stdout + answer.stderr).splitlines()) == 1


def test_what_cannot_be_done_is_one_line(secret: Path, tmp_path: Path) -> None:
    """Exit code 2: another secret, another election, a standing that is none."""
    note = tmp_path / "standing.json"
    note.write_text("{}")
    assert livecount("verify", "feast", "--bundle", BUNDLE).exit_code == 2
    told = livecount("verify", "--bundle", BUNDLE, "--standing", note)
    assert told.exit_code == 2
    assert told.stderr.startswith(f"livecount: {note}: ")
    secret.write_bytes(b"another-secret-" * 3)
    told = livecount("verify", "--bundle", BUNDLE)
    assert told.exit_code == 2
    assert "shard 0, offset 1: opened under key" in told.stderr
