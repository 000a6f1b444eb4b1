"""Traces of records of the ballot log on their way to the page, by OpenTelemetry; off unless a setting says where they go.

A trace is about one record of one shard, that is a pack of ballots, and one election:

    request > append    intake: the first of its ballots was admitted .. answered; sent .. in the log
    judged              validation: read .. its verdicts are in the log
    counted             counting: a tally that covers it was read .. the standing is in the log; for each contest
    published           results: that standing was written .. shown; for each contest and process

Nothing is carried along: trace and span ids are derived from log, election, shard, record and step, which every service knows.
So no record and no header is other than without traces, and what a client sends (`traceparent`) is not read.

Rule 1: a span says election, shard, record and contest, and times in whole milliseconds, no finer than Kafka's own. It says
        nothing of ballots: no id, code, elector, section, ranking, verdict or number of them, and of no client.
Rule 2: traced are records whose number is a multiple of `traces_every`, as they come; none while a service catches up.
Rule 3: traces never hold anything up: at most QUEUE spans wait, more are dropped, and an exporter that fails only logs it.
Rule 4: nothing of OpenTelemetry is imported unless it is on.
"""

import asyncio
import time
from collections.abc import Sequence
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from shared.runtime.settings import Settings

QUEUE: Final = 2_048
BATCH: Final = 256
EVERY_MS: Final = 1_000
TIMEOUT_S: Final = 5.0
STOP_S: Final = 6.0
MAX_AT_ONCE: Final = 256
"""Records that one standing or fetch has spans of; of more, the last."""


class Step(StrEnum):
    """What happens to a record, in order."""

    REQUEST = "request"
    APPEND = "append"
    JUDGED = "judged"
    COUNTED = "counted"
    PUBLISHED = "published"


BEFORE: Final = dict(zip(list(Step)[1:], Step, strict=False))
"""The step that a step follows."""
OF_A_CONTEST: Final = (Step.COUNTED, Step.PUBLISHED)


class TracingMissing(ValueError):
    """Traces are set, and the libraries that send them are not installed."""


def trace_id_of(log_id: str, election: str, shard: int, record: int) -> str:
    """Return the id of a record's trace: 32 hexadecimal digits."""
    return _digest(log_id, election, str(shard), str(record))[:32]


def span_id_of(trace_id: str, step: Step, contest: str = "", instance: str = "") -> str:
    """Return the id of a step in a trace: 16 hexadecimal digits."""
    return _digest(trace_id, step, contest, instance)[:16]


def _digest(*parts: str) -> str:
    return sha256("\n".join(("livecount trace", *parts)).encode()).hexdigest()


def now_ms() -> int:
    """Return this machine's time in whole milliseconds."""
    return time.time_ns() // 1_000_000


class Tracing:
    """Where a process's spans go."""

    def __init__(self, service: str, settings: Settings) -> None:
        """Raises TracingMissing."""
        try:
            from opentelemetry import trace
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk import resources
            from opentelemetry.sdk import trace as sdk
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ModuleNotFoundError as fault:
            raise TracingMissing(
                f"LIVECOUNT_TRACES_URL is set and {fault.name} is not installed: it comes with livecount[tracing]"
            ) from None
        self._api, self._sdk = trace, sdk
        self._log_id, self._every, self._instance = settings.log_id, settings.traces_every, settings.instance
        about = {"service.name": f"livecount-{service}", "service.instance.id": settings.instance}
        self._resource = resources.Resource({**about, "service.namespace": settings.namespace})
        self._exporter: Any = BatchSpanProcessor(
            OTLPSpanExporter(settings.traces_url, timeout=TIMEOUT_S), QUEUE, EVERY_MS, BATCH
        )

    async def start(self) -> None:
        """Nothing: the exporter's thread runs already."""

    async def stop(self) -> None:
        """Send what waits, for at most STOP_S."""
        try:
            async with asyncio.timeout(STOP_S):
                await asyncio.to_thread(self._exporter.shutdown)
        except TimeoutError:
            return

    def chosen(self, since: int, upto: int) -> Sequence[int]:
        """Return the numbers in [since, upto) that are traced."""
        return range(-(-since // self._every) * self._every, upto, self._every)[-MAX_AT_ONCE:]

    def span(
        self, step: Step, election: str, place: tuple[int, int], times_ms: tuple[int, int], contest: str = ""
    ) -> None:
        """Send a step of a record: of an election, at a shard and number, from when to when."""
        shard, record = place
        trace_id = trace_id_of(self._log_id, election, shard, record)
        before = BEFORE.get(step)
        about: dict[str, str | int] = {"election": election, "shard": shard, "record": record}
        instance = self._instance if step is Step.PUBLISHED else ""
        own = span_id_of(trace_id, step, contest, instance)
        parent = (
            None
            if before is None
            else span_id_of(trace_id, before, contest if before in OF_A_CONTEST else "")
        )
        self._exporter.on_end(
            self._sdk.ReadableSpan(
                step,
                self._context(trace_id, own),
                None if parent is None else self._context(trace_id, parent),
                self._resource,
                {f"livecount.{name}": value for name, value in about.items()}
                | ({"livecount.contest": contest} if contest else {}),
                kind=self._api.SpanKind.INTERNAL,
                start_time=times_ms[0] * 1_000_000,
                end_time=max(times_ms) * 1_000_000,
            )
        )

    def _context(self, trace_id: str, span_id: str) -> Any:
        sampled = self._api.TraceFlags(self._api.TraceFlags.SAMPLED)
        return self._api.SpanContext(
            int(trace_id, 16), int(span_id, 16), is_remote=False, trace_flags=sampled
        )


def open_tracing(service: str, settings: Settings) -> Tracing | None:
    """Return where spans go, None if nothing is traced. Raises TracingMissing."""
    return Tracing(service, settings) if settings.traces_url else None
