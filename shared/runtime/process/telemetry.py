"""Logs and the per-second reports of each shard.

No ranking and no identity may come near either: reports carry counts, logs carry places.
"""

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Any, Final, Literal, TextIO

import structlog
from prometheus_client import Counter, Gauge
from pydantic import BaseModel, ConfigDict, Field

from shared.runtime.log import LogAway, OpenSink, Outgoing, SendFailed
from shared.runtime.supervision import Supervised

REPORT_EVERY_S = 1.0
POSITION = Gauge("livecount_shard_position", "Next record to handle", ["part", "shard"])
LAG = Gauge("livecount_shard_lag", "Records there are and not yet handled", ["part", "shard"])
RUNNING = Gauge(
    "livecount_shard_running", "1 while the shard is followed, 0 if it has stopped", ["part", "shard"]
)
LINES_LOST = Counter("livecount_log_lines_lost_total", "Log lines that could not be written")
SHARD_REPORT: Final = "shard-report/4"

log = structlog.get_logger()


class LogStream:
    """Where log lines go. One that cannot be written is counted: a full disk ends no task by the line that reports it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write, or lose, some text."""
        return self._attempt(lambda: self._stream.write(text)) or len(text)

    def flush(self) -> None:
        """Flush, or lose, what was written."""
        self._attempt(self._stream.flush)

    def _attempt(self, write: Callable[[], Any]) -> Any:
        try:
            return write()
        except (OSError, ValueError):  # no space, no reader; or closed
            LINES_LOST.inc()
            return None


def configure_logging(service: str, level: str) -> None:
    """Send this process's logs to standard error, one `key=value` line each, and nothing to any other handler."""
    threshold = logging.getLevelNamesMapping()[level.upper()]
    lines: Any = LogStream(sys.stderr)
    level_of_others = max(threshold, logging.WARNING)
    logging.basicConfig(stream=lines, level=level_of_others, format="%(name)s %(message)s", force=True)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(
                key_order=["timestamp", "level", "event"], drop_missing=True
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(lines),
    )
    structlog.contextvars.bind_contextvars(service=service)


class ShardReport(BaseModel):
    """How far one shard of one service is, as its process reports it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: Literal["shard-report/4"] = SHARD_REPORT
    service: str
    instance: str
    shard: int
    position: int = Field(description="Next record to handle")
    end: int = Field(description="Records there are, as last seen")
    end_age_s: float = Field(
        description="Seconds since the log last said so: who is cut off from it sees no end that moves"
    )
    total: int = Field(description="Records handled since the process started")
    ballots: int = Field(0, description="Ballots that the shard's state covers, however they came to it")
    unsaved_s: float = Field(0.0, description="Seconds for which there have been records in no snapshot")
    state: Literal["running", "catching-up", "stopped"]
    detail: str = ""
    covered: dict[str, list[int]] = Field(
        {},
        description="Cast records covered, shard by shard. Of validation and tallies: by election, this shard; of rounds: by contest key",
    )


def expose(report: ShardReport) -> None:
    """Set the gauges that /metrics shows of a shard."""
    labels = (report.service, str(report.shard))
    POSITION.labels(*labels).set(report.position)
    LAG.labels(*labels).set(report.end - report.position)
    RUNNING.labels(*labels).set(report.state != "stopped")


class Reporter:
    """Sends what `read` returns every second. What it cannot send is dropped: each report is complete in itself."""

    def __init__(self, open_sink: OpenSink, topic: str, read: Callable[[], list[ShardReport]]) -> None:
        self._open_sink = open_sink
        self._topic = topic
        self._read = read
        self._task = Supervised("reporter", self._keep_reporting)

    async def start(self) -> None:
        """Begin to report; returns at once."""
        self._task.start()

    async def stop(self) -> None:
        """Stop reporting."""
        await self._task.stop()

    async def _keep_reporting(self) -> None:
        while True:
            try:
                await self._report()
            except (LogAway, SendFailed) as fault:
                log.warning("reports interrupted", fault=repr(fault), retry_s=REPORT_EVERY_S)
                await asyncio.sleep(REPORT_EVERY_S)

    async def _report(self) -> None:
        sink = await self._open_sink()
        try:
            while True:
                reports = self._read()
                for report in reports:
                    expose(report)
                await sink.send([self._outgoing(report) for report in reports])
                await asyncio.sleep(REPORT_EVERY_S)
        finally:
            await sink.stop()

    def _outgoing(self, report: ShardReport) -> Outgoing:
        key = f"{report.service}/{report.shard}".encode()
        return Outgoing(self._topic, 0, key, report.model_dump_json().encode())
