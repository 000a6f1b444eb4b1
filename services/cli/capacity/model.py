"""From an election to a deployment: processes, cores, memory, disks, network, and what gives way first. Pure.

A stage has as many processes as keep it at half a core each in the busiest hour (HEADROOM), and at least two. What starts anew
from the log has as many as make that quick enough (`recover_s`). What one process alone must do (the rounds of a contest, proofs) and
what cannot grow later (shards) is compared with its limit; the one nearest to its limit gives way first.
"""

from dataclasses import dataclass
from math import ceil
from typing import Final, NamedTuple

from services.cli.capacity.constants import Constants

HEADROOM: Final = 2.0
COPIES: Final = 3
BROKERS: Final = 3
MAX_SHARDS: Final = 1024
LEAST_PROCESSES: Final = 2
DISK_SPARE: Final = 1.3
DISK_LIMIT_BYTES: Final = 4e12
NETWORK_LIMIT_BYTES: Final = 1.25e8
"""A broker's line, 1 Gbit/s."""
MEMORY_LIMIT_BYTES: Final = 8e9
"""Of one process."""
READERS: Final = 3
"""Every record of the ballot path is read by the next stage, by proofs, and once more by an audit."""


@dataclass(frozen=True)
class Demand:
    """The election. `peak_share`: of all ballots, how many arrive in the busiest hour."""

    electors: int
    hours: float
    peak_share: float
    contests: int
    turnout: float = 1.0
    rankings: int = 1_000_000
    """Distinct rankings a contest has at most."""
    recover_s: float = 60.0

    @property
    def ballots(self) -> float:
        """How many are cast in all."""
        return self.electors * self.turnout

    @property
    def peak(self) -> float:
        """Ballots a second in the busiest hour: never less than if all hours were alike."""
        return self.ballots * max(self.peak_share, 1 / self.hours) / 3600


class Stage(NamedTuple):
    """One service: processes, and the cores that the busiest hour takes."""

    name: str
    processes: int
    cores: float
    memory_bytes: float
    """Of one process."""


class Strain(NamedTuple):
    """How much of a limit is used up: 1 is all of it."""

    what: str
    used: float


@dataclass(frozen=True)
class Plan:
    """A deployment for a demand."""

    peak: float
    shards: int
    stages: tuple[Stage, ...]
    disk_bytes: float
    """Of each broker."""
    network_bytes: float
    """A second, of each broker, in the busiest hour."""
    recovery_s: float
    """Until validation has replayed the whole log, if all state is lost."""
    strains: tuple[Strain, ...]
    """The nearest to its limit first."""

    @property
    def cores(self) -> float:
        """Cores that the busiest hour takes, at HEADROOM."""
        return HEADROOM * sum(stage.cores for stage in self.stages)


def plan(demand: Demand, costs: Constants) -> Plan:
    """Return the deployment an election needs."""
    ballots, peak = demand.ballots, demand.peak
    counting_us = costs.counting_us * demand.contests / costs.contests
    validation = _processes(peak, costs.validation_us, ballots, demand.recover_s)
    counting = _processes(peak, counting_us, ballots, demand.recover_s)
    shards = min(MAX_SHARDS, _power_of_two(max(4, validation, counting)))
    validation, counting = min(validation, shards), min(counting, shards)
    bytes_each = (
        costs.cast_bytes + costs.judged_bytes + costs.published_bytes * demand.contests / costs.contests
    )
    ranking_bytes = min(ballots, demand.rankings) * demand.contests * costs.ranking_bytes
    elector_bytes = demand.electors / validation * costs.elector_bytes
    disk = ballots * bytes_each * COPIES / BROKERS * DISK_SPARE
    network = peak * bytes_each * (COPIES + READERS) / BROKERS
    recovery_s = ballots / validation * costs.validation_us / 1e6
    stages = (
        Stage("intake", _processes(peak, costs.intake_us), peak * costs.intake_us / 1e6, costs.resting_bytes),
        Stage(
            "validation", validation, peak * costs.validation_us / 1e6, costs.resting_bytes + elector_bytes
        ),
        Stage("counting", counting, peak * counting_us / 1e6, costs.resting_bytes + ranking_bytes),
        Stage("proofs", 1, peak * costs.proofs_us / 1e6, costs.resting_bytes),
        Stage("Kafka", BROKERS, COPIES * peak * costs.broker_us / 1e6, 4e9),
    )
    rounds_cores = peak * counting_us / 1e6 / demand.contests
    strains = (
        Strain("the rounds of one contest, which one process counts", rounds_cores),
        Strain("proofs, which one process makes", peak * costs.proofs_us / 1e6),
        Strain(f"shards, at most {MAX_SHARDS:,}", max(validation, counting) / MAX_SHARDS),
        Strain("a broker's disk of 4 TB", disk / DISK_LIMIT_BYTES),
        Strain("a broker's line of 1 Gbit/s", network / NETWORK_LIMIT_BYTES),
        Strain("8 GB of memory in one counting process", stages[2].memory_bytes / MEMORY_LIMIT_BYTES),
        Strain("8 GB of memory in one validation process", stages[1].memory_bytes / MEMORY_LIMIT_BYTES),
    )
    nearest_first = tuple(sorted(strains, key=lambda strain: -strain.used))
    return Plan(peak, shards, stages, disk, network, recovery_s, nearest_first)


def _processes(peak: float, cost_us: float, ballots: float = 0.0, recover_s: float = 1.0) -> int:
    """Return how many processes bear the peak at HEADROOM and replay all ballots in time."""
    busy = HEADROOM * peak * cost_us / 1e6
    replaying = ballots * cost_us / 1e6 / recover_s
    return max(LEAST_PROCESSES, ceil(busy), ceil(replaying))


def _power_of_two(number: int) -> int:
    return 1 << (number - 1).bit_length()


def size(number: float) -> str:
    """Return so many bytes in the largest unit that leaves a whole one."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:
            return f"{number:,.0f} {unit}"
        number /= 1000
    return f"{number:,.1f} TB"
