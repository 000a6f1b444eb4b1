"""The seeds of every `make test`: nothing fails, everything that can go wrong did, and a seed is a whole description."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.run import Outcome, simulate
from tests.simulation.sweep import outcomes, replay_command

pytestmark = pytest.mark.timeout(3600)

SEEDS = int(os.environ.get("LIVECOUNT_SEEDS", "2000"))
ENOUGH_SEEDS = 200
"""Of so many, every fault is among what occurs."""

FAULTS = (
    "acknowledged",
    "acknowledged record lost by the log",
    "ballot sent again",
    "batch out of order refused",
    "bit flipped on disk",
    "disk full",
    "disk too small",
    "duplicate standing",
    "duplicate verdict",
    "file torn with the power",
    "forged control",
    "killed",
    "late append",
    "log away",
    "log cut",
    "log made again",
    "log replaced",
    "log written on",
    "lost ack, in the log",
    "lost ack, sent again",
    "lost request",
    "names lost with the power",
    "no answer from intake",
    "no file handle left",
    "odd record",
    "order beside a certificate",
    "order given up half-way",
    "order repeated",
    "paused",
    "power lost",
    "receipt lost on the way",
    "redis away",
    "redis flushed",
    "repeated batch ignored",
    "request to intake lost",
    "shard moved",
    "standing behind the newest",
    "range that overlaps",
    "zombie",
)


@pytest.fixture(scope="module")
def sweep() -> list[Outcome]:
    """All outcomes: made once, in processes of their own, for one process of the tests has this whole module."""
    return list(outcomes(range(SEEDS), os.cpu_count() or 1))


def test_every_invariant_holds(sweep: list[Outcome]) -> None:
    """Whatever the seed does."""
    failing = [f"{replay_command(found.seed)}: {found.violation}" for found in sweep if found.violation]
    assert not failing, "\n".join(failing)


def test_everything_that_can_go_wrong_did(sweep: list[Outcome]) -> None:
    """A simulation in which nothing happens shows nothing."""
    if SEEDS < ENOUGH_SEEDS:
        pytest.skip(f"{SEEDS} seeds are too few to say")
    occurred: Counter[str] = Counter()
    for found in sweep:
        occurred += found.occurred
    assert [fault for fault in FAULTS if not occurred[fault]] == []


@pytest.mark.parametrize("seed", [3, 17])
def test_a_seed_is_the_whole_description_of_a_run(seed: int) -> None:
    """The same records at the same virtual times, in this process and in another with other hashes."""
    here, again = simulate(seed), simulate(seed)
    elsewhere = subprocess.run(
        [sys.executable, "-c", f"from tests.simulation.run import simulate; print(simulate({seed}).trace)"],
        env={**os.environ, "PYTHONHASHSEED": "12345"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )

    assert here == again
    assert elsewhere.stdout.strip() == here.trace
