"""Half an hour of an even stream, all services at work: do memory, lag and latency stay flat? `python -m tests.bench.soak`.

Rule 1: flat means that the last tenth is like the second: the first still warms up.
Rule 2: lag is how many ballots have been sent and not yet seen on the feed, looked at every second.

Writes results/soak.json and results/soak.png, unless `--quick`.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import httpx
import numpy as np
from rich.console import Console

from tests.bench.goals import Figure, table
from tests.bench.live import Deployment, with_deployment
from tests.bench.processes import memory_bytes
from tests.bench.report import arguments, begin, write

PER_S: Final = 5_000
MINUTES: Final = 30.0
QUICK_MINUTES: Final = 1.0
LOOK_S: Final = 1.0
PARTS: Final = 10
FLAT: Final = 1.2

Array = np.ndarray[Any, Any]


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
    async with httpx.AsyncClient(trust_env=False) as client:
        watching = asyncio.create_task(deployment.seen.watch(client, deployment.feed))
        looking = asyncio.create_task(looks.look(deployment, console))
        await deployment.cast(client, PER_S, ballots)
        looking.cancel()
        watching.cancel()
    at_s, late_ms = deployment.late_ms()
    p99_ms = [float(np.percentile(part, 99)) for part in np.array_split(late_ms, PARTS)]
    p50_ms = [float(np.percentile(part, 50)) for part in np.array_split(late_ms, PARTS)]
    lag = [float(np.median(part)) for part in np.array_split(np.array(looks.lag), PARTS)]
    memory = {
        name: [float(np.median(part)) / 1e6 for part in np.array_split(np.array(sizes), PARTS)]
        for name, sizes in looks.memory.items()
    }
    figures = list(_figures(len(at_s), at_s[-1], p50_ms, p99_ms, lag, memory))
    return figures, {"p50_ms": p50_ms, "p99_ms": p99_ms, "lag": lag, "memory_mb": memory}


def _figures(
    ballots: int,
    seconds: float,
    p50_ms: list[float],
    p99_ms: list[float],
    lag: list[float],
    memory: dict[str, list[float]],
) -> Iterator[Figure]:
    name = f"{ballots:,} ballots in {seconds / 60:.1f} minutes, the last tenth beside the second"
    series = {"latency, p50": (p50_ms, "ms"), "latency, p99": (p99_ms, "ms"), "lag": (lag, "ballots")}
    for what, (values, unit) in series.items():
        how = f"{values[1]:,.0f} and {values[-1]:,.0f} {unit}"
        yield Figure(name, what, values[-1] / values[1], "x", FLAT, note=how)
    for process, sizes in memory.items():
        how = f"{sizes[1]:,.0f} and {sizes[-1]:,.0f} MB"
        yield Figure(name, f"memory of {process}", sizes[-1] / sizes[1], "x", FLAT, note=how)


def main() -> None:
    """Measure, print the table, write the results."""
    parser = arguments("soak", __doc__, "a minute, no files")
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long (default: %(default)g)")
    given = parser.parse_args()
    ballots = int(PER_S * 60 * (QUICK_MINUTES if given.quick else given.minutes))
    console = begin()
    figures, told = with_deployment(ballots, partial(_measure, ballots, console))
    console.print(table(figures, f"{PER_S:,} ballots/s for long"))
    if not given.quick:
        write("soak", figures, plot="soak", **told)


if __name__ == "__main__":
    main()
