"""What a ballot waits when shards move: a second process of validation and counting comes, works and goes: `python -m tests.bench.rebalance`.

An even stream on a deployment of its own; the second processes are started, and later asked to end (SIGTERM).

Rule 1: a move lasts until latency is again what it was: its ballots are those of the WINDOW_S after it began.
Rule 2: whoever is given a shard has no snapshot of it and judges it from the first record.
Rule 3: at the end every ballot has been seen counted, once.

Writes results/rebalance.json, unless `--quick`.
"""

import asyncio
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
from rich.console import Console

from tests.bench.goals import Figure, table
from tests.bench.live import Array, Deployment, with_deployment
from tests.bench.logs import SERVICES
from tests.bench.report import arguments, begin, write

WINDOW_S: Final = 15.0
SECOND: Final = "2"


@dataclass(frozen=True)
class Length:
    """How fast, and how long before, between and after the moves."""

    per_s: int = 5_000
    part_s: float = 30.0

    @property
    def ballots(self) -> int:
        """How many are cast."""
        return int(3 * self.part_s * self.per_s)


QUICK: Final = Length(2_000, 16.0)


async def _measure(length: Length, console: Console, deployment: Deployment) -> list[Figure]:
    """Return what ballots waited before, while the second processes come, and while they go."""
    pipeline = deployment.pipeline
    async with deployment.watched() as client:
        casting = asyncio.create_task(deployment.cast(client, length.per_s, length.ballots))
        await asyncio.sleep(length.part_s)
        console.print("[dim]a second process of each service starts")
        came = time.monotonic()
        for service in SERVICES:
            pipeline.start(service, SECOND)
        await asyncio.sleep(length.part_s)
        console.print("[dim]the second processes are asked to end")
        went = time.monotonic()
        for service in SERVICES:
            pipeline.signal(service, signal.SIGTERM, SECOND)
        await casting
    at_s, late_ms = deployment.late_ms()
    moves = {"come": came - deployment.sent[0], "go": went - deployment.sent[0]}
    return list(_figures(length, at_s, late_ms, moves))


def _figures(length: Length, at_s: Array, late_ms: Array, moves: dict[str, float]) -> Iterator[Figure]:
    name = f"Cast to seen, {length.per_s:,} ballots/s"
    calm = late_ms[(at_s > moves["come"] / 2) & (at_s < moves["come"])]
    yield Figure(name, "before, p99", float(np.percentile(calm, 99)), "ms")
    for what, moved in moves.items():
        window = late_ms[(at_s >= moved) & (at_s < moved + WINDOW_S)]
        how = f"p99 {np.percentile(window, 99):,.0f} ms; {int(moved * length.per_s):,} ballots in the log"
        yield Figure(name, f"second processes {what}, the worst", float(window.max()), "ms", note=how)


def main() -> None:
    """Measure, print the table, write the results."""
    quick = arguments("rebalance", __doc__, "slower and less long, no files").parse_args().quick
    length, console = QUICK if quick else Length(), begin()
    figures = with_deployment(length.ballots, partial(_measure, length, console))
    console.print(table(figures, "Shards that move under load"))
    if not quick:
        write("rebalance", figures)


if __name__ == "__main__":
    main()
