"""The monitor: how fast each shard of each service moves, from the reports they send every second.

It is a view. It may lose an event or start afresh, and decides nothing.
"""

import time
from typing import Final

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
    covered: dict[str, list[int]] = Field({}, description="Cast records covered, by election or contest key")


class MonitorFigures(BaseModel):
    """Every shard that has ever reported."""

    window_s: float = WINDOW_S
    shards: list[ShardFigures]


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
        self._newest[key] = (report, at_s)
        self._handled[key] += _handled_since(before, report)

    def _figures_of(self, key: str, now_s: float) -> ShardFigures:
        report, at_s = self._newest[key]
        return ShardFigures(
            service=report.service,
            shard=report.shard,
            instance=report.instance,
            state=report.state,
            detail=report.detail,
            position=report.position,
            ballots=report.ballots,
            behind=max(0, report.end - report.position),
            per_second=self._handled[key][self._window.delta(now_s, WINDOW_S)] / WINDOW_S,
            so_far=self._handled[key][self._window.current(now_s)],
            heard_s_ago=round(max(0.0, now_s - at_s), 1),
            covered=report.covered,
        )


def _handled_since(before: ShardReport, report: ShardReport) -> int:
    if report.instance != before.instance or report.total < before.total:
        return report.total
    return report.total - before.total
