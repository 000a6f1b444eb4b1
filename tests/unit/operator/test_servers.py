"""Consumer groups and brokers' disks as the monitor's page and /metrics show them."""

from typing import Any

import pytest

from services.operator.console.monitoring import Tile, server_tiles
from services.operator.monitor import DiskFigures, GroupFigures, MonitorFigures, ServerFigures, ShardFigures
from services.operator.watch import _expose_servers
from shared.runtime.process.http import exposition


def figures(state: str = "Stable", **disk: Any) -> MonitorFigures:
    """Three shards of two members, and one broker's disk."""
    shard = {"instance": "1", "state": "running", "detail": "", "position": 3, "per_second": 0.0, "so_far": 0}
    shards = [
        ShardFigures.model_validate(
            {**shard, "service": service, "shard": n, "behind": n, "heard_s_ago": 0.1}
        )
        for service in ("validation", "counting.tally")
        for n in range(3)
    ]
    found = {"broker": 1, "folder": "/data", "free_bytes": 5 * 10**9, "total_bytes": 10**10, **disk}
    servers = ServerFigures(
        brokers=1,
        partitions=9,
        least_in_sync=1,
        groups=(GroupFigures(name="live.validation", state=state, members=((0, 2), (1,))),),
        disks=(DiskFigures.model_validate(found),),
        free_bytes=10**12,
    )
    return MonitorFigures(shards=shards, servers=servers)


def tiles(of: MonitorFigures) -> dict[str, Tile]:
    """The tiles by their titles."""
    return {tile.title: tile for tile in server_tiles(of)}


@pytest.mark.parametrize(
    ("state", "answer", "well"),
    [
        ("Stable", "Settled", True),
        ("PreparingRebalance", "Rebalancing", False),
        ("Empty", "Nobody", False),
        ("not allowed to ask", "not allowed to ask", None),
    ],
)
def test_a_group_is_a_tile_with_its_members_shards_and_what_they_have_to_do(
    state: str, answer: str, well: object
) -> None:
    """In words; what is not known is neither well nor not."""
    tile = tiles(figures(state))["Group live.validation"]
    assert (tile.answer, tile.well) == (answer, well)
    assert tile.lines == ["a member with shards 0, 2", "a member with shard 1", "3 records to handle"]


@pytest.mark.parametrize(
    ("disk", "answer", "well"),
    [
        ({}, "5.0 GB free", True),
        ({"free_bytes": 10**9}, "1.0 GB free", False),
        ({"free_bytes": -1}, "Not known", None),
        ({"free_bytes": -1, "fault": "offline"}, "Offline", False),
    ],
)
def test_a_broker_s_disk_is_a_tile(disk: dict[str, Any], answer: str, well: object) -> None:
    """With the room that is left."""
    tile = tiles(figures(**disk))["Disk of broker 1"]
    assert (tile.answer, tile.well) == (answer, well)


def test_metrics_show_what_was_seen_and_forget_what_is_gone() -> None:
    """By group and by disk."""
    _expose_servers(figures())
    shown = exposition().decode()
    for line in (
        'livecount_group_members{group="live.validation"} 2.0',
        'livecount_group_shards{group="live.validation"} 3.0',
        'livecount_group_stable{group="live.validation"} 1.0',
        'livecount_group_lag{group="live.validation"} 3.0',
        'livecount_broker_free_bytes{broker="1",folder="/data"} 5e+09',
        "livecount_least_in_sync 1.0",
    ):
        assert line in shown
    _expose_servers(figures("CompletingRebalance", free_bytes=-1))
    shown = exposition().decode()
    assert 'livecount_group_stable{group="live.validation"} 0.0' in shown
    assert "livecount_broker_free_bytes{" not in shown
    _expose_servers(MonitorFigures(shards=[]))
    assert "livecount_group_members{" not in exposition().decode()
