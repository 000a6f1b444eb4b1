"""The table of shards: what an operator sees first."""

from io import StringIO
from typing import Any

from rich.console import Console

from services.cli.commands.monitor import shards_table
from services.operator.monitor import MonitorFigures, ShardFigures


def shard(number: int, **changes: Any) -> ShardFigures:
    """Return the figures of a shard that is fine, but for the changes."""
    fine: dict[str, Any] = {
        "service": "validation",
        "shard": number,
        "instance": "1",
        "state": "running",
        "detail": "",
        "position": 1_000,
        "behind": 0,
        "per_second": 12.4,
        "so_far": 3,
        "heard_s_ago": 0.4,
    }
    return ShardFigures(**{**fine, **changes})


def shown(*shards: ShardFigures) -> list[str]:
    """Return the lines of the table."""
    console = Console(width=160, record=True, file=StringIO())
    console.print(shards_table(MonitorFigures(shards=list(shards)).model_dump()))
    return [" ".join(line.split()) for line in console.export_text().splitlines()]


def test_a_stopped_shard_comes_first_and_says_why() -> None:
    """Then whoever is behind, then those that are fine; one that has gone silent says so."""
    lines = shown(
        shard(0, heard_s_ago=30.2),
        shard(1, behind=5_000, state="catching-up"),
        shard(2, state="stopped", detail="record 'ballot-cast/9' is of a kind this program does not know"),
    )

    assert lines == [
        "Service Shard Position Behind Behind, s Records/s Restarts State",
        "validation (1) 2 1,000 0 0 12 0 stopped: record 'ballot-cast/9' is of a kind this program does not know",
        "validation (1) 1 1,000 5,000 0 12 0 catching-up",
        "validation (1) 0 1,000 0 0 12 0 silent for 30 s",
    ]


def test_the_table_fits_a_terminal_of_80_columns() -> None:
    """No name is cut, though figures are large."""
    console = Console(width=80, record=True, file=StringIO())
    busy = shard(0, service="counting.rounds", position=1_234_567, behind=12_345, per_second=9_999.0)
    console.print(shards_table(MonitorFigures(shards=[busy]).model_dump()))
    lines = console.export_text().splitlines()
    assert len(lines) == 2
    assert "counting.rounds (1)" in lines[1]
    assert "1,234,567" in lines[1]
    assert lines[1].rstrip().endswith("running")
