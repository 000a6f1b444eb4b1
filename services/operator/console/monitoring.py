"""What the monitor's page shows, as plain values, and the runbook that its alerts lead to. Pure."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

from markdown_it import MarkdownIt

from services.operator.alerts import EMPTY, LOW_DISK_BYTES, REBALANCING
from services.operator.monitor import MonitorFigures, ServerFigures, VerdictFigures, group_lag
from shared.runtime.kafka.cluster import STABLE

RUNBOOK: Final = Path(__file__).parents[3] / "infra" / "RUNBOOK.md"
GROUP_STATES: Final = {
    STABLE: "Settled",
    **dict.fromkeys(EMPTY, "Nobody"),
    **dict.fromkeys(REBALANCING, "Rebalancing"),
}
WIDTH: Final = 60
HEIGHT: Final = 16


class Tile(NamedTuple):
    """How one server is: `well` is None where nobody has looked."""

    title: str
    well: bool | None
    answer: str
    lines: Sequence[str] = ()


class Reason(NamedTuple):
    """What became of ballots, by one reason: in all, in the last minute, and the trend as a line."""

    election: str
    reason: str
    total: int
    last_minute: int
    trend: str


def server_tiles(figures: MonitorFigures) -> list[Tile]:
    """Return a tile for each server that the services need, and for each service that the public reaches."""
    servers = figures.servers
    if servers is None:
        return [Tile("Servers", None, "Not looked at yet")]
    tiles = [_kafka(servers), *_groups_and_disks(figures, servers), _disk(servers)]
    if servers.redis is not None:
        used = f"{servers.redis_bytes / 1e6:,.1f} MB in use"
        tiles.append(
            Tile("Redis", not servers.redis, "Away" if servers.redis else "Answers", [servers.redis or used])
        )
    for edge in figures.edges:
        lines = [f"{edge.feed_clients:,} feed clients"] if edge.name == "results" else []
        lines += [
            f"{n:,} ballots answered {status} in the last minute"
            for status, n in sorted(edge.refused.items())
        ]
        lines += [f"{n:,} connections ended at the bound {bound}" for bound, n in sorted(edge.bounds.items())]
        lines += [f"{edge.wrong_codes:,} wrong codes in the last minute"] if edge.wrong_codes else []
        tiles.append(
            Tile(
                f"{edge.name} {edge.url}".strip(),
                not edge.away,
                "Away" if edge.away else "Answers",
                [edge.away] if edge.away else lines,
            )
        )
    return tiles


def _kafka(servers: ServerFigures) -> Tile:
    if servers.kafka:
        return Tile("Kafka", False, "Away", [servers.kafka])
    copies = f"{servers.least_in_sync} in sync at least" if servers.partitions else "no partitions"
    behind = f"{servers.under_replicated} of {servers.partitions} partitions have too few copies; {copies}"
    brokers = "1 broker" if servers.brokers == 1 else f"{servers.brokers} brokers"
    seen = "" if servers.groups else "no consumer group may be seen"
    disks = "" if servers.disks else "the brokers' disks may not be seen"
    return Tile("Kafka", not servers.under_replicated, brokers, [of for of in (behind, seen, disks) if of])


def _groups_and_disks(figures: MonitorFigures, servers: ServerFigures) -> list[Tile]:
    """Return a tile for each consumer group, and for each disk of a broker."""
    tiles = []
    for group in servers.groups:
        lines = [
            f"a member with {_shards(shards)}" if shards else "a member without shards"
            for shards in group.members
        ]
        if (lag := group_lag(group, figures.shards)) is not None:
            lines.append(f"{lag:,} records to handle")
        well = None if group.state not in (STABLE, *EMPTY, *REBALANCING) else group.state == STABLE
        tiles.append(Tile(f"Group {group.name}", well, GROUP_STATES.get(group.state, group.state), lines))
    for disk in servers.disks:
        used = f"of {disk.total_bytes / 1e9:,.1f} GB: {disk.folder}"
        free = "Not known" if disk.free_bytes < 0 else f"{disk.free_bytes / 1e9:,.1f} GB free"
        well = None if disk.free_bytes < 0 else disk.free_bytes >= LOW_DISK_BYTES
        tiles.append(
            Tile(
                f"Disk of broker {disk.broker}",
                not disk.fault and well,
                "Offline" if disk.fault else free,
                [disk.fault or used],
            )
        )
    return tiles


def _shards(numbers: Sequence[int]) -> str:
    listed = ", ".join(map(str, numbers))
    return f"shard {listed}" if len(numbers) == 1 else f"shards {listed}"


def _disk(servers: ServerFigures) -> Tile:
    free = f"{servers.free_bytes / 1e9:,.1f} GB free"
    return Tile("Disk of the data folder", servers.free_bytes >= LOW_DISK_BYTES, free)


def reasons(verdicts: Sequence[VerdictFigures]) -> list[Reason]:
    """Return what became of ballots, election by election, the most frequent first."""
    return [
        Reason(
            of.election, reason, total, of.last_minute.get(reason, 0), sparkline(of.history.get(reason, ()))
        )
        for of in verdicts
        for reason, total in sorted(of.total.items(), key=lambda item: -item[1])
    ]


def sparkline(values: Sequence[float]) -> str:
    """Return the points of a line through values, in a box of WIDTH by HEIGHT; "" for fewer than two."""
    if len(values) < 2:  # a line has two ends
        return ""
    most = max(*values, 1e-9)
    step = WIDTH / (len(values) - 1)
    return " ".join(
        f"{number * step:.1f},{HEIGHT - 1 - (HEIGHT - 2) * value / most:.1f}"
        for number, value in enumerate(values)
    )


@cache
def runbook_html() -> str:
    """Return the runbook as HTML, each heading with the anchor that alerts name."""
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = parser.parse(RUNBOOK.read_text())
    for token, following in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor(following.content))
    found: str = parser.renderer.render(tokens, parser.options, {})
    return found


def anchor(heading: str) -> str:
    """Return the anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")
