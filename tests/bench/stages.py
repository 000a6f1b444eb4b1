"""What a ballot costs at each stage, and how fast a log is counted and replayed: `make bench-stages`.

One process of each service, a real broker and the load, all on this machine; two contests a ballot.

Rule 1: the first pass judges and counts a log that nobody has judged. The second finds every verdict there and no
        snapshot: validation publishes every verdict again, and counting skips what it knows.
Rule 2: both passes must end at the same standing, or nothing is shown or written.
Rule 3: both are made of logs with packs of each size. `livecount plan` reckons with packs of one, the dearest: large
        deployments have many intake processes and many shards, and hardly two ballots leave together for one shard.

Writes services/cli/capacity/measured.json, results/stages.json and the table of deployments in README.md, unless `--quick`.
"""

import argparse
import asyncio
import json
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import httpx
from rich.console import Console
from rich.table import Table

from infra.local.kafka import EmbeddedKafka
from services.cli.capacity.__main__ import table as deployments
from services.cli.capacity.constants import MEASURED, Constants
from services.cli.clients.ballots import Casting
from shared.contract.elections import Phase
from tests.bench.election import CONTESTS, Electorate
from tests.bench.goals import Figure
from tests.bench.goals import table as goals_of
from tests.bench.logs import SERVICES, SHARDS, Logs, Pass, judged_and_counted, replayed
from tests.bench.machine import machine
from tests.bench.processes import cpu_seconds, memory_bytes, said_by
from tests.bench.report import PLAN, arguments, begin, read, write, write_between
from tests.support.pipeline import Pipeline

POSTED: Final = 20_000
POST_S: Final = 6
POST_CONNECTIONS: Final = 100
POST_BOUND_S: Final = 60.0
STREAMED: Final = 100_000
PACKS: Final = (1, 6, 17, 125)
REPLAYED: Final = 1_000_000
QUICK: Final = 100_000
REPLAY_S: Final = 5.0
"""The goal for so many."""


class Passes(NamedTuple):
    """The first pass and the replay; in the first, the broker's CPU seconds, and the bytes on disk by topic."""

    first: Pass
    again: Pass
    broker_cpu: float
    disk: dict[str, float]


class Bench:
    """One broker, one log after another."""

    def __init__(self, kafka: EmbeddedKafka, folder: Path, console: Console) -> None:
        self._kafka = kafka
        self._folder = folder
        self._logs = Logs(kafka.bootstrap, folder, console)

    async def intake(self) -> tuple[float, float]:
        """Return the CPU seconds of a ballot posted by itself, among many at once, and of one in a stream."""
        pipeline = await self._logs.empty("intake")
        life = Electorate(STREAMED, SHARDS)
        await pipeline.announce(life, Phase.OPEN)
        await pipeline.commit_roll(life)
        child = pipeline.start("intake")
        pipeline.wait_ready("intake")
        bodies, path = list(life.forms()), "/v1/elections/bench/ballots"
        url = f"http://127.0.0.1:{pipeline.port('intake')}{path}"
        (self._folder / "forms").write_bytes(b"\n".join(bodies[:POSTED]))
        try:
            spent = [cpu_seconds(child.pid)]
            posted = await asyncio.to_thread(_post, pipeline.port("intake"), path, self._folder / "forms")
            spent.append(cpu_seconds(child.pid))
            async with httpx.AsyncClient(timeout=60.0, trust_env=False) as client:
                await Casting(client, url, bodies, inf, one_by_one=0).run()
            spent.append(cpu_seconds(child.pid))
        finally:
            pipeline.stop()
        return (spent[1] - spent[0]) / posted, (spent[2] - spent[1]) / STREAMED

    async def resting(self) -> dict[str, float]:
        """Return each service's memory without work."""
        pipeline = await self._logs.empty("resting")
        try:
            pids = {service: self._ready(pipeline, service) for service in SERVICES}
            return {service: memory_bytes(pid) for service, pid in pids.items()}
        finally:
            pipeline.stop()

    async def passes(self, ballots: int, pack: int) -> "Passes":
        """Return both passes over a log with packs of so many. Raises AssertionError: see rule 2."""
        pipeline = await self._logs.filled(f"passes-{pack}", ballots, pack)
        broker = self._kafka.children[0].pid
        try:
            broker_cpu = cpu_seconds(broker)
            first = await judged_and_counted(pipeline)
            broker_cpu = cpu_seconds(broker) - broker_cpu
            disk = self._logs.disk_bytes(pipeline)
            again = await replayed(pipeline)
        finally:
            pipeline.stop()
        assert first.standing == again.standing, "a replay ends at another standing"
        return Passes(first, again, broker_cpu, disk)

    def _ready(self, pipeline: Pipeline, service: str) -> int:
        child = pipeline.start(service)
        pipeline.wait_ready(service)
        return child.pid


def _post(port: int, path: str, forms_file: Path) -> int:
    """Post ballots one a request, POST_CONNECTIONS at a time; return how many were acknowledged."""
    argv = ("--port", port, "--path", path, "--forms", forms_file, "--plan", f"0:{POST_S}", "--warm", 0)
    said = said_by("tests.bench.http_load", *argv, "--connections", POST_CONNECTIONS, bound_s=POST_BOUND_S)
    return int(json.loads(said)["accepted"])


def main() -> None:
    """Measure, print the tables, write the constants."""
    given = _arguments()
    ballots = QUICK if given.quick else given.ballots
    console = begin()
    with TemporaryDirectory() as folder, EmbeddedKafka(Path(folder) / "kafka") as kafka:
        constants, table, figures = asyncio.run(_measure(Bench(kafka, Path(folder), console), ballots))
    console.print(table)
    console.print(goals_of(figures, "Replay"))
    if not given.quick:
        MEASURED.write_text(constants.model_dump_json(indent=1) + "\n")
        write("stages", figures)
        write_between(PLAN, "\n".join(deployments(constants)) + "\n")


async def _measure(bench: Bench, ballots: int) -> tuple[Constants, Table, list[Figure]]:
    posted, streamed = await bench.intake()
    resting = await bench.resting()
    passes = {pack: await bench.passes(ballots, pack) for pack in PACKS}
    first, _, broker_cpu, disk = passes[1]
    constants = Constants(
        machine=machine(),
        command="make bench-stages",
        ballots=ballots,
        contests=len(CONTESTS),
        intake_us=_us(posted),
        intake_bulk_us=_us(streamed),
        validation_us=round(first.cpu_us["validation"], 2),
        counting_us=round(first.cpu_us["counting"], 2),
        proofs_us=round(_found("proofs", "Proofs", "CPU a ballot, packs of 1"), 1),
        broker_us=_us(broker_cpu / ballots),
        cast_bytes=round((disk["ballots.cast"] + disk["rolls.committed"]) / ballots, 1),
        judged_bytes=round(disk["ballots.judged"] / ballots, 1),
        published_bytes=round((disk["tallies.changed"] + disk["counts.published"]) / ballots, 1),
        elector_bytes=round((first.memory["validation"] - resting["validation"]) / ballots, 1),
        ranking_bytes=_found("count", "Memory", "each"),
        resting_bytes=max(resting.values()),
    )
    figures = [_replay(ballots, pack, of.again.seconds) for pack, of in passes.items()]
    return constants, _table(passes, constants), figures


def _replay(ballots: int, pack: int, seconds: float) -> Figure:
    """Return how long a replay took, from the start of the processes; the goal is for packs as intake makes them."""
    goal = REPLAY_S if ballots == REPLAYED and pack > 1 else None
    name = f"Replay of {ballots:,} ballots, all state lost"
    return Figure(name, f"packs of {pack}", seconds, "s", goal)


def _us(seconds: float) -> float:
    return round(1e6 * seconds, 1)


def _found(name: str, contest: str, measure: str) -> float:
    """Return a figure of another benchmark; `contest` is how its contest begins."""
    figures = [of for of in read(name) if of.contest.startswith(contest) and of.measure == measure]
    value = next((of.value for of in figures), None)
    assert value is not None, f"python -m tests.bench.{name} has to come first: {measure!r} is missing"
    return value


def _table(passes: dict[int, Passes], costs: Constants) -> Table:
    table = Table(
        title=f"{costs.ballots:,} ballots, {SHARDS} shards, one process a service", title_justify="left"
    )
    for heading in ("", "seconds", "ballots/s", "validation us CPU", "counting us CPU"):
        table.add_column(heading)
    for pack, (first, again, *_) in passes.items():
        for name, of in (("judged and counted", first), ("replayed, all state lost", again)):
            cpu = (f"{of.cpu_us[service]:.2f}" for service in SERVICES)
            rate = f"{costs.ballots / of.seconds:,.0f}"
            table.add_row(f"packs of {pack}, {name}", f"{of.seconds:.1f}", rate, *cpu)
    table.add_section()
    table.add_row("intake, one by one", "", "", f"{costs.intake_us} us CPU", "")
    table.add_row("intake, streamed", "", "", f"{costs.intake_bulk_us} us CPU", "")
    table.add_row("broker", "", "", f"{costs.broker_us} us CPU", "")
    return table


def _arguments() -> argparse.Namespace:
    parser = arguments("stages", __doc__, "fewer ballots, no files")
    parser.add_argument("--ballots", type=int, default=REPLAYED)
    return parser.parse_args()


if __name__ == "__main__":
    main()
