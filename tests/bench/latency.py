"""From casting to a client of the live feed, all services at work, and what an idle deployment takes: `python -m tests.bench.latency`.

Rule 1: the first WARM_S of casting are not counted.
Rule 2: at rest everything is up, an election is open, one client listens, and nothing is cast.

Writes results/latency.json and results/latency.png, unless `--quick`.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
from rich.console import Console

from tests.bench.goals import Figure, table
from tests.bench.live import Array, Deployment, with_deployment
from tests.bench.processes import cpu_seconds, memory_bytes
from tests.bench.report import arguments, begin, write

WARM_S: Final = 5.0
SETTLE_S: Final = 3.0


@dataclass(frozen=True)
class Length:
    """How fast and how long."""

    per_s: int = 5_000
    seconds: float = 60.0
    rest_s: float = 20.0

    @property
    def ballots(self) -> int:
        """How many are cast."""
        return int(self.per_s * self.seconds)


QUICK: Final = Length(5_000, 10.0, 5.0)


async def _measure(length: Length, console: Console, deployment: Deployment) -> tuple[list[Figure], Any]:
    """Return every figure, and p50 and p99 of each second in ms."""
    async with deployment.watched() as client:
        await asyncio.sleep(SETTLE_S)
        console.print(f"[dim]at rest for {length.rest_s:g} s")
        rest = await _resting(length.rest_s, deployment)
        console.print(f"[dim]{length.per_s:,} ballots/s for {length.seconds:g} s")
        await deployment.cast(client, length.per_s, length.ballots)
    at_s, late_ms = deployment.late_ms()
    warm = at_s > WARM_S
    figures = [*_latency(length, late_ms[warm], len(at_s) / at_s[-1]), *rest]
    return figures, list(_by_second(at_s[warm], late_ms[warm]))


async def _resting(rest_s: float, deployment: Deployment) -> list[Figure]:
    processes = deployment.processes
    before = {name: cpu_seconds(child.pid) for name, child in processes.items()}
    await asyncio.sleep(rest_s)
    spent = {name: cpu_seconds(child.pid) - before[name] for name, child in processes.items()}
    memory = {name: memory_bytes(child.pid) for name, child in processes.items()}
    each = ", ".join(f"{name} {100 * s / rest_s:.1f}" for name, s in spent.items())
    sizes = ", ".join(f"{name} {size / 1e6:.0f}" for name, size in memory.items())
    name, cores = "At rest, the broker included", 100 * sum(spent.values()) / rest_s
    return [
        Figure(name, "CPU, of one core", cores, "%", 5, note=each),
        Figure(name, "memory", sum(memory.values()) / 1e9, "GB", 1.5, note=f"{sizes} MB"),
    ]


def _latency(length: Length, late_ms: Array, per_s: float) -> Iterator[Figure]:
    name = f"Cast to seen, {length.per_s:,} ballots/s for {length.seconds:g} s"
    how = f"{len(late_ms):,} ballots, {per_s:,.0f}/s sent of {length.per_s:,}/s asked for"
    yield Figure(name, "p50", float(np.percentile(late_ms, 50)), "ms", 50, note=how)
    yield Figure(name, "p99", float(np.percentile(late_ms, 99)), "ms", 120, note=how)


def _by_second(at_s: Array, late_ms: Array) -> Iterator[list[float]]:
    second = at_s.astype(int)
    for number in np.unique(second):
        yield [float(np.percentile(late_ms[second == number], q)) for q in (50, 99)]


def main() -> None:
    """Measure, print the table, write the results."""
    quick = arguments("latency", __doc__, "ten seconds, no files").parse_args().quick
    length, console = QUICK if quick else Length(), begin()
    figures, by_second_ms = with_deployment(length.ballots, partial(_measure, length, console))
    console.print(table(figures, "From casting to the page, and at rest"))
    if not quick:
        write("latency", figures, plot="latency", by_second_ms=by_second_ms)


if __name__ == "__main__":
    main()
