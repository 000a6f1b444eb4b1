"""The monitor: how fast each shard of each service moves, from the reports they send every second.

It is a view. It may lose an event or start afresh, and decides nothing.
"""

import math
import time
from collections import Counter, deque
from collections.abc import Iterable
from typing import Any, Final, Literal

import faust
import structlog
from faust.types import StreamT
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.contract.topics import MONITOR_SHARDS, MONITOR_TABLE, MONITOR_WINDOWS_KEPT_S
from shared.runtime.process.telemetry import ShardReport

WINDOW_S: Final = 10.0
WINDOWS_SHOWN: Final = 5
"""Whole windows of a shard's history; older ones expire from the table."""
MOST_ENDS: Final = 3_600
"""Reports a second of a shard that does not move; older ones are forgotten, and its lag in seconds then grows no more."""

log = structlog.get_logger()


class ShardFigures(BaseModel):
    """One shard of one service: its last report, and how fast it moved."""

    model_config = ConfigDict(frozen=True)

    service: str
    shard: int
    instance: str
    state: str
    detail: str
    position: int = Field(description="Next record to handle")
    ballots: int = Field(0, description="Ballots that its state covers")
    behind: int = Field(description="Records it has yet to handle")
    per_second: float = Field(description="Records a second, over the last whole window")
    so_far: int = Field(description="Records handled in the present window")
    heard_s_ago: float = Field(description="Seconds since its last report")
    end_age_s: float = Field(
        0.0, description="Seconds, at that report, since the log had last said how many records there are"
    )
    covered: dict[str, list[int]] = Field({}, description="Cast records covered, by election or contest key")
    lag_s: float = Field(
        0.0, description="Seconds since the oldest record that it has yet to handle was seen"
    )
    unsaved_s: float = Field(0.0, description="Seconds for which there have been records in no snapshot")
    restarts: int = Field(0, description="Times that its process was seen to start again")
    ahead_s: float = Field(0.0, description="How far its process's clock is ahead of this one, as last seen")
    history: list[float] = Field(
        [], description="Records a second in the last whole windows, the oldest first"
    )


class GroupFigures(BaseModel):
    """A consumer group: who shares out the shards of a topic."""

    model_config = ConfigDict(frozen=True)

    name: str
    state: str = Field(
        description="As the broker says: Stable, PreparingRebalance, CompletingRebalance, Empty, …"
    )
    members: tuple[tuple[int, ...], ...] = Field((), description="For each member, its shards")


class DiskFigures(BaseModel):
    """A disk on which a broker keeps records."""

    model_config = ConfigDict(frozen=True)

    broker: int
    folder: str
    free_bytes: int = Field(description="-1: the broker does not say")
    total_bytes: int
    fault: str = Field("", description="Why it is offline; nothing: it is not")


class ServerFigures(BaseModel):
    """The servers that the services need, as the operator sees them."""

    model_config = ConfigDict(frozen=True)

    kafka: str = Field("", description="Why Kafka does not answer; nothing: it does")
    brokers: int = Field(0, description="Brokers of the cluster")
    partitions: int = Field(0, description="Partitions of this deployment's topics")
    under_replicated: int = Field(0, description="Partitions with fewer copies in sync than they have")
    least_in_sync: int = Field(0, description="Copies in sync of the partition that has the fewest")
    groups: tuple[GroupFigures, ...] = Field((), description="Consumer groups that may be seen")
    disks: tuple[DiskFigures, ...] = Field(
        (), description="Disks of the brokers; none: this operator may not ask (Describe on the cluster)"
    )
    redis: str | None = Field(
        None, description="Why Redis does not answer; nothing: it does; null: this operator was given none"
    )
    redis_bytes: int = Field(0, description="Memory that Redis uses")
    free_bytes: int = Field(description="Free on the disk of the data folder")


class EdgeFigures(BaseModel):
    """A service that the public reaches, as its own metrics say."""

    model_config = ConfigDict(frozen=True)

    url: str
    name: str = Field("", description="Which service it is, by the metrics that it has")
    away: str = Field("", description="Why it does not answer; nothing: it does")
    feed_clients: int = Field(0, description="Live connections of the feed")
    refused: dict[str, int] = Field({}, description="Ballots refused in the last minute, by HTTP status")
    wrong_codes: int = Field(0, description="Well-formed codes that nobody was given, in the last minute")
    bounds: dict[str, int] = Field(
        {}, description="Connections that were ended in the last minute, by the bound they reached"
    )


class VerdictFigures(BaseModel):
    """What became of an election's ballots, by reason."""

    model_config = ConfigDict(frozen=True)

    election: str
    total: dict[str, int]
    last_minute: dict[str, int]
    history: dict[str, list[int]] = Field(
        {}, description="By reason: ballots in each of the last minute's parts of 10 s, the oldest first"
    )


class Alert(BaseModel):
    """Something that needs attention now, what to do about it, and where the runbook says more."""

    model_config = ConfigDict(frozen=True)

    id: str = Field(description="The same as long as it is the same trouble: kind, then place")
    kind: str
    severity: Literal["critical", "warning"]
    summary: str
    what_to_do: str
    runbook: str = Field(description="Path in the repository, and the paragraph's anchor")


class MonitorFigures(BaseModel):
    """Every shard that has ever reported, the servers, and what needs attention."""

    window_s: float = WINDOW_S
    shards: list[ShardFigures]
    servers: ServerFigures | None = None
    edges: list[EdgeFigures] = []
    verdicts: list[VerdictFigures] = []
    alerts: list[Alert] = []


class Monitor:
    """A Faust agent that adds up each shard's progress in tumbling windows of WINDOW_S seconds."""

    def __init__(self, app: faust.App, namespace: str) -> None:
        self._window = faust.TumblingWindow(WINDOW_S, expires=MONITOR_WINDOWS_KEPT_S)
        self._handled = (
            app.Table(MONITOR_TABLE, default=int, key_type=str, value_type=int, partitions=1)
            .tumbling(WINDOW_S, expires=MONITOR_WINDOWS_KEPT_S)
            .relative_to_stream()
        )
        self._newest: dict[str, tuple[ShardReport, float]] = {}
        """With the time of the report by the monotonic clock: a wrong clock makes no shard look alive that is silent."""
        self._waiting: dict[str, deque[tuple[int, float]]] = {}
        """Of each shard the ends that it has not reached yet, with the time when each was first reported."""
        self._restarts: Counter[str] = Counter()
        self._ahead_s: dict[str, float] = {}
        topic = app.topic(
            MONITOR_SHARDS.name(namespace), key_serializer="raw", value_serializer="raw", partitions=1
        )
        app.agent(topic, name="operator.monitor")(self._follow)

    def figures(self) -> MonitorFigures:
        """Return every shard's figures, as of now."""
        now_s = time.time()
        return MonitorFigures(shards=[self._figures_of(key, now_s) for key in sorted(self._newest)])

    def routes(self) -> list[Route]:
        """Return the monitor's own page: the figures as JSON."""

        async def page(_: Request) -> Response:
            return JSONResponse(self.figures().model_dump())

        return [Route("/monitor", page)]

    async def _follow(self, stream: StreamT[bytes]) -> None:
        async for event in stream.events():
            try:
                report = ShardReport.model_validate_json(event.value)
            except ValueError as fault:
                log.warning("report skipped", fault=str(fault).splitlines()[0])
                continue
            self._take(report, event.message.timestamp)

    def _take(self, report: ShardReport, at_s: float) -> None:
        key = f"{report.service}/{report.shard}"
        before, _ = self._newest.get(key, (report, at_s))
        self._newest[key] = (report, time.monotonic() - max(0.0, time.time() - at_s))
        self._handled[key] += _handled_since(before, report)
        self._restarts[key] += report.total < before.total
        self._ahead_s[key] = max(0.0, at_s - time.time())
        waiting = self._waiting.setdefault(key, deque(maxlen=MOST_ENDS))
        while waiting and waiting[0][0] <= report.position:
            waiting.popleft()
        if report.end > max(report.position, waiting[-1][0] if waiting else 0):
            waiting.append((report.end, at_s))

    def _figures_of(self, key: str, now_s: float) -> ShardFigures:
        report, heard_s = self._newest[key]
        waiting = self._waiting[key]
        handled = self._handled[key]
        return figures_of(
            report,
            time.monotonic() - heard_s,
            per_second=handled[self._window.delta(now_s, WINDOW_S)] / WINDOW_S,
            so_far=handled[self._window.current(now_s)],
            lag_s=round(max(0.0, now_s - waiting[0][1]), 1) if waiting else 0.0,
            restarts=self._restarts[key],
            ahead_s=round(self._ahead_s[key], 1),
            history=[
                handled[self._window.delta(now_s, back * WINDOW_S)] / WINDOW_S
                for back in range(WINDOWS_SHOWN, 0, -1)
            ],
        )


def figures_of(report: ShardReport, heard_s_ago: float, **more: Any) -> ShardFigures:
    """Return the figures of a shard by its last report, and what else is known of it. Times are rounded up: never fresher."""
    return ShardFigures(
        service=report.service,
        shard=report.shard,
        instance=report.instance,
        state=report.state,
        detail=report.detail,
        position=report.position,
        ballots=report.ballots,
        behind=max(0, report.end - report.position),
        heard_s_ago=math.ceil(10 * heard_s_ago) / 10,
        end_age_s=math.ceil(10 * report.end_age_s) / 10,
        unsaved_s=report.unsaved_s,
        covered=report.covered,
        **more,
    )


def group_lag(group: GroupFigures, shards: Iterable[ShardFigures]) -> int | None:
    """Return how many records a group's shards have yet to handle; None of a group whose shards do not report.

    By the reports: positions come from snapshots, so a group commits none that could be compared.
    """
    own = [of.behind for of in shards if group.name.endswith(f".{of.service}")]
    return sum(own) if own else None


def _handled_since(before: ShardReport, report: ShardReport) -> int:
    if report.instance != before.instance or report.total < before.total:
        return report.total
    return report.total - before.total
