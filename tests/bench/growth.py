"""What a ballot costs validation and counting after so many others: `python -m tests.bench.growth`.

Whole processes and a real broker, two contests a ballot, PACK ballots a record; each size is an election of its own, judged and counted from
the first ballot to the last.

Rule 1: CPU of both services while they judge and count (see logs): neither starting nor reading the roll is in it.

Writes results/growth.json and results/growth.png, unless `--quick`.
"""

import asyncio
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from rich.console import Console

from infra.local.kafka import EmbeddedKafka
from tests.bench.goals import Figure, table
from tests.bench.logs import SERVICES, Logs, judged_and_counted, replayed
from tests.bench.report import arguments, begin, write

PACK: Final = 17
SIZES: Final = {100_000: 5, 1_000_000: 2, 10_000_000: 1}
"""How many elections of each size: the smaller, the more, and the median of their costs."""
QUICK: Final = {100_000: 1, 400_000: 1}
LARGEST: Final = max(SIZES)
REPLAY_S: Final = 40.0
"""The goal for the largest."""

Costs = Mapping[int, Mapping[str, float]]
"""For each size, the microseconds of CPU that each service takes for a ballot."""


async def _costs(logs: Logs, sizes: Mapping[int, int], console: Console) -> tuple[Costs, Figure]:
    """Return the costs, and how long a replay of the largest log took."""
    costs = {}
    for size, times in sizes.items():
        console.print(f"[dim]{size:,} ballots")
        found = []
        for number in range(times):
            log = await logs.filled(f"{size}-{number}", size, PACK)
            found.append((await judged_and_counted(log)).cpu_us)
        costs[size] = {service: median(of[service] for of in found) for service in SERVICES}
    seconds = (await replayed(log)).seconds
    name = f"Replay of {size:,} ballots, all state lost"
    goal = REPLAY_S if size == LARGEST else None
    return costs, Figure(name, f"packs of {PACK}", seconds, "s", goal)


def _figures(costs: Costs) -> Iterator[Figure]:
    base = sum(next(iter(costs.values())).values())
    for size, of in costs.items():
        each = ", ".join(f"{service} {us:.1f}" for service, us in of.items())
        how = f"{sum(of.values()):.1f} us: {each}"
        yield Figure("Growth", f"a ballot among {size:,}", sum(of.values()) / base, "x", 1.2, note=how)


def main() -> None:
    """Measure, print the table, write the results."""
    quick = arguments("growth", __doc__, "two small elections, no files").parse_args().quick
    console = begin()
    with TemporaryDirectory() as folder, EmbeddedKafka(Path(folder) / "kafka") as kafka:
        logs = Logs(kafka.bootstrap, Path(folder), console)
        costs, replay = asyncio.run(_costs(logs, QUICK if quick else SIZES, console))
    figures = [*_figures(costs), replay]
    console.print(table(figures, "A ballot after others"))
    if not quick:
        write("growth", figures, plot="growth", costs_us=costs)


if __name__ == "__main__":
    main()
