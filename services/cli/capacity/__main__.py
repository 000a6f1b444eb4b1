"""`python -m services.cli.capacity`: the table of deployments in tests/bench/README.md."""

import sys
from collections.abc import Iterator
from typing import Final

from services.cli.capacity.constants import Constants, measured
from services.cli.capacity.model import Demand, plan, size

ELECTORS: Final = {"100,000": 10**5, "1M": 10**6, "10M": 10**7, "100M": 10**8, "1B": 10**9}
HOURS: Final = 48.0
PEAK_SHARE: Final = 0.2
CONTESTS: Final = 2


def table(costs: Constants) -> Iterator[str]:
    """Yield the lines of a Markdown table, an electorate each."""
    yield (
        "| electors | ballots/s in the busiest hour | intake, validation, counting processes | shards | cores, Kafka's "
        "included | disk and line of each of 3 brokers | replay of all | nearest to its limit |"
    )
    yield "|" + 8 * "---|"
    for name, electors in ELECTORS.items():
        found = plan(Demand(electors, HOURS, PEAK_SHARE, CONTESTS), costs)
        processes = ", ".join(f"{stage.processes:,}" for stage in found.stages[:3])
        line = f"{size(found.disk_bytes)}, {size(found.network_bytes)}/s"
        first = f"{found.strains[0].what}: {found.strains[0].used:.0%}"
        yield (
            f"| {name} | {found.peak:,.0f} | {processes} | {found.shards} | {found.cores:,.1f} | {line} "
            f"| {found.recovery_s:,.0f} s | {first} |"
        )


if __name__ == "__main__":
    sys.stdout.write("\n".join(table(measured())) + "\n")
