"""Half an hour of an even stream, all services at work: do memory, lag and latency stay flat? `python -m tests.bench.soak`.

Rule 1: flat means that the last tenth is like the second: the first still warms up.
Rule 2: what Java's heap holds is looked at right after a full collection, twice: once the second tenth has been seen, and at the end. The
        memory of the broker's process grows for hours, since it touches more of its heap with what has died.
Rule 3: lag is how many ballots have been sent and not yet seen on the feed, looked at every second.

Writes results/soak.json and results/soak.png, unless `--quick`.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np
from rich.console import Console

from tests.bench.goals import Figure, table
from tests.bench.live import Array, Deployment, with_deployment
from tests.bench.processes import live_heap_bytes, memory_bytes
from tests.bench.report import arguments, begin, write

PER_S: Final = 5_000
MINUTES: Final = 30.0
QUICK_MINUTES: Final = 1.0
LOOK_S: Final = 1.0
PARTS: Final = 10
FLAT: Final = 1.2
HEAP_FLAT: Final = 1.1


@dataclass
class Looks:
    """What was seen every LOOK_S: lag in ballots, memory of each process in bytes."""

    lag: list[int] = field(default_factory=list)
    memory: dict[str, list[float]] = field(default_factory=dict)

    async def look(self, deployment: Deployment, console: Console) -> None:
        """Look until cancelled."""
        with console.status("casting") as status:
            while True:
                sent = len(deployment.sent)
                self.lag.append(sent - deployment.seen.newest)
                for name, child in deployment.processes.items():
                    self.memory.setdefault(name, []).append(memory_bytes(child.pid))
                status.update(f"casting: {sent:,} ballots, {self.lag[-1]:,} not yet seen")
                await asyncio.sleep(LOOK_S)


async def _measure(
    ballots: int, console: Console, deployment: Deployment
) -> tuple[list[Figure], dict[str, Any]]:
    """Return every figure, and what the plot is made of."""
    looks = Looks()
    async with deployment.watched() as client:
        looking = asyncio.create_task(looks.look(deployment, console))
        early = asyncio.create_task(_heap_bytes(deployment, ballots * 2 // PARTS))
        await deployment.cast(client, PER_S, ballots)
        looking.cancel()
        heap_mb = [await early / 1e6, await _heap_bytes(deployment, ballots) / 1e6]
    at_s, late_ms = deployment.late_ms()
    p50_ms, p99_ms, lag = _by_part(late_ms, 50), _by_part(late_ms, 99), _by_part(np.array(looks.lag), 50)
    memory_mb = {name: _by_part(np.array(sizes) / 1e6, 50) for name, sizes in looks.memory.items()}
    series = {
        "latency, p50": (p50_ms, "ms"),
        "latency, p99": (p99_ms, "ms"),
        "lag": (lag, "ballots"),
        **{f"memory of {process}": (sizes, "MB") for process, sizes in memory_mb.items()},
    }
    name = f"{len(at_s):,} ballots in {at_s[-1] / 60:.1f} minutes, the last tenth beside the second"
    said = {"p50_ms": p50_ms, "p99_ms": p99_ms, "lag": lag, "memory_mb": memory_mb, "heap_mb": heap_mb}
    heap = Figure(
        name,
        "what the broker's heap holds after a collection",
        heap_mb[1] / heap_mb[0],
        "x",
        HEAP_FLAT,
        note=f"{heap_mb[0]:,.0f} and {heap_mb[1]:,.0f} MB",
    )
    return [*_figures(name, series), heap], said


async def _heap_bytes(deployment: Deployment, ballots: int) -> float:
    """Return what the broker's heap holds after a collection, once so many ballots have been seen."""
    while deployment.seen.newest < ballots:
        await asyncio.sleep(LOOK_S)
    return await asyncio.to_thread(live_heap_bytes, deployment.processes["kafka"].pid)


def _by_part(values: Array, percent: float) -> list[float]:
    """Return a percentile of each of PARTS."""
    return [float(np.percentile(part, percent)) for part in np.array_split(values, PARTS)]


def _figures(name: str, series: dict[str, tuple[list[float], str]]) -> Iterator[Figure]:
    for what, (values, unit) in series.items():
        how = f"{values[1]:,.0f} and {values[-1]:,.0f} {unit}"
        yield Figure(name, what, values[-1] / values[1], "x", FLAT, note=how)


def main() -> None:
    """Measure, print the table, write the results."""
    parser = arguments("soak", __doc__, "a minute, no files")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long (default: %(default)g)")
    given = parser.parse_args()
    ballots = int(PER_S * 60 * (QUICK_MINUTES if given.quick else given.minutes))
    console = begin()
    figures, said = with_deployment(ballots, partial(_measure, ballots, console))
    console.print(table(figures, f"{PER_S:,} ballots/s for long"))
    if not given.quick:
        write("soak", figures, plot="soak", **said)


if __name__ == "__main__":
    main()
