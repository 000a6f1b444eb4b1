"""The planner: what follows from measured costs, and how it grows."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.cli.capacity.constants import Constants, measured
from services.cli.capacity.model import Demand, plan

COSTS = Constants(
    machine="a machine",
    command="a command",
    ballots=1_000_000,
    contests=2,
    intake_us=500,
    intake_bulk_us=20,
    validation_us=10,
    counting_us=8,
    proofs_us=10,
    broker_us=5,
    cast_bytes=100,
    judged_bytes=100,
    published_bytes=10,
    elector_bytes=40,
    ranking_bytes=200,
    resting_bytes=50e6,
)
CLUB = Demand(electors=100, hours=24, peak_share=0.2, contests=1)
NATION = Demand(electors=36_000_000, hours=10, peak_share=0.2, contests=2)


def test_a_club_needs_the_least_there_is() -> None:
    """Two of each service, so that one may fail, and four shards."""
    found = plan(CLUB, COSTS)

    assert found.shards == 4
    assert [stage.processes for stage in found.stages] == [2, 2, 2, 1, 3]
    assert all(strain.used < 0.01 for strain in found.strains)


def test_the_busiest_hour_sizes_every_stage() -> None:
    """36M ballots, a fifth of them in one hour: 2,000 a second; intake at 500 us of CPU each takes a core."""
    found = plan(NATION, COSTS)

    assert found.peak == pytest.approx(2_000)
    cores = {stage.name: stage.cores for stage in found.stages}
    assert cores == pytest.approx(
        {"intake": 1.0, "validation": 0.02, "counting": 0.016, "proofs": 0.02, "Kafka": 0.03}
    )
    assert found.cores == pytest.approx(2 * (1.0 + 0.02 + 0.016 + 0.02 + 0.03))
    assert found.stages[0].processes == 2


def test_recovery_can_ask_for_more_processes_than_the_peak() -> None:
    """36M ballots at 10 us are 360 s of work: six processes for a minute, eighteen for twenty seconds."""
    assert plan(NATION, COSTS).stages[1].processes == 6
    assert plan(NATION, COSTS).recovery_s == pytest.approx(60)
    quick = plan(replace(NATION, recover_s=20), COSTS)
    assert (quick.stages[1].processes, quick.shards) == (18, 32)


def test_every_broker_holds_a_copy() -> None:
    """Three copies on three brokers: bytes a ballot, and some to spare."""
    assert plan(NATION, COSTS).disk_bytes == pytest.approx(36e6 * 210 * 1.3)


def test_what_gives_way_first_is_named_first() -> None:
    """A hundred billion ballots in a day: disks, shards, lines; whatever is over its limit is above 1."""
    used = [
        strain.used
        for strain in plan(Demand(100_000_000_000, hours=24, peak_share=0.2, contests=1), COSTS).strains
    ]

    assert used == sorted(used, reverse=True)
    assert used[0] > 1


def test_proofs_are_one_process_however_many_ballots_there_are() -> None:
    """A billion in ten hours, 55,556 a second: 10 us of one core each are more than half of what it can do."""
    found = plan(replace(NATION, electors=1_000_000_000), COSTS)

    assert found.stages[3].processes == 1
    assert {strain.what: strain.used for strain in found.strains}[
        "proofs, which one process makes"
    ] == pytest.approx(0.556, abs=0.001)


def test_hours_all_alike_are_the_least_busy() -> None:
    """A peak share of less than an even one is not believed."""
    assert plan(replace(NATION, peak_share=0.0), COSTS).peak == pytest.approx(1_000)


def test_without_a_measurement_there_is_no_plan(tmp_path: Path) -> None:
    """It says what to run."""
    with pytest.raises(ValueError, match="nothing is measured yet; `make bench-stages` does it"):
        measured(tmp_path / "measured.json")
