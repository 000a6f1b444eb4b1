"""Where the milliseconds go between casting and the live feed, by the services' own traces: `python -m tests.bench.hops`.

Rule 1: as in `latency` 5,000 ballots/s come in one stream. Of one record in EVERY each step is traced, in whole milliseconds.
Rule 2: a step ends when its output is acknowledged, and the next service may have read it before; so hops are counted from end to end,
        and the last step of counting from its standing's own time.

Writes no file: what a step takes moves with whatever else runs on the machine, and the goals are of the whole.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from functools import partial
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from shared.runtime.process.tracing import Step
from tests.bench.election import CONTESTS
from tests.bench.latency import SETTLE_S, WARM_S
from tests.bench.live import Array, Deployment, with_deployment
from tests.bench.report import arguments, begin
from tests.support.collector import Collector, Span, collecting

PER_S: Final = 5_000
EVERY: Final = 10
EXPORTED_S: Final = 2.0
"""Spans leave once a second."""
HOPS: Final = (
    "intake: until its pack is in the log",
    "validation: until its verdicts are",
    "counting: tallies, then rounds until the standing is made",
    "results: until that is shown",
)


async def _cast(ballots: int, deployment: Deployment) -> Array:
    """Cast; return how much later each ballot was seen, in ms."""
    async with deployment.watched() as client:
        await asyncio.sleep(SETTLE_S)
        await deployment.cast(client, PER_S, ballots)
        await asyncio.sleep(EXPORTED_S)
    at_s, late_ms = deployment.late_ms()
    return late_ms[at_s > WARM_S]


def hops_ms(spans: Iterable[Span]) -> Array:
    """Return the milliseconds of each hop, a row for each record that every step of the watched contest is known of."""
    steps: dict[str, dict[str, Span]] = defaultdict(dict)
    for span in spans:
        if span.about.get("livecount.contest", CONTESTS[0]) == CONTESTS[0]:
            steps[span.trace][span.name] = span
    whole = [of for of in steps.values() if len(of) == len(Step)]
    first_s = min(of[Step.REQUEST].start_ns for of in whole) / 1e9
    times_ns = [
        (
            of[Step.REQUEST].start_ns,
            of[Step.APPEND].end_ns,
            of[Step.JUDGED].end_ns,
            of[Step.PUBLISHED].start_ns,
            of[Step.PUBLISHED].end_ns,
        )
        for of in whole
        if of[Step.REQUEST].start_ns / 1e9 - first_s > WARM_S
    ]
    return np.diff(np.array(times_ns, dtype=np.int64)) / 1e6


def _table(hops: Array, late_ms: Array, collector: Collector) -> Table:
    shown = Table(
        title=f"Cast to seen, {len(hops):,} traced records, {len(collector.bodies):,} posts of spans"
    )
    for column in ("hop", "mean, ms", "p50", "p99"):
        shown.add_column(column, justify="left" if column == "hop" else "right")
    for name, of in (*zip(HOPS, hops.T, strict=True), ("all of it, as the client sees it", late_ms)):
        shown.add_row(name, *(f"{ms:.1f}" for ms in (np.mean(of), *np.percentile(of, (50, 99)))))
    own_ms = hops.sum(axis=1).mean()
    shown.add_row("beside the services: client and connections", f"{np.mean(late_ms) - own_ms:.1f}", "", "")
    return shown


def main() -> None:
    """Measure and print the table."""
    quick = arguments("hops", __doc__, "ten seconds").parse_args().quick
    console: Console = begin()
    ballots = PER_S * (10 if quick else 30)
    with collecting() as collector:
        late_ms = with_deployment(
            ballots, partial(_cast, ballots), traces_url=collector.url, traces_every=str(EVERY)
        )
    console.print(_table(hops_ms(collector.spans), late_ms, collector))


if __name__ == "__main__":
    main()
