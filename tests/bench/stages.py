"""What a ballot costs at each stage, and how fast a log is counted and replayed: `make bench-stages`.

One process of each service, a real broker and the load, all on this machine; two contests a paper.

Rule 1: the first pass judges and counts a log that nobody has judged. The second finds every verdict there and no
        snapshot: validation says every verdict again, and counting skips what it has heard.
Rule 2: both passes must end at the same standing, or nothing is told or written.

Writes services/cli/capacity/measured.json, which `livecount plan` reckons with.
"""

import argparse
import asyncio
import json
import shutil
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx
from rich.console import Console
from rich.table import Table

from infra.local.kafka import EmbeddedKafka
from services.cli.capacity.constants import MEASURED, Constants
from services.cli.clients.ballots import Casting
from shared.contract.elections import Phase
from tests.bench.logs import SERVICES, SHARDS, Logs, Pass, judged_and_counted
from tests.bench.machine import machine
from tests.bench.papers import CONTESTS, bench_election, forms
from tests.bench.processes import cpu_seconds, memory_bytes, said_by
from tests.bench.report import begin, read
from tests.support.elections import Life
from tests.support.pipeline import Pipeline

POSTED: Final = 20_000
POST_S: Final = 6
POST_CONNECTIONS: Final = 100
POST_BOUND_S: Final = 60.0
STREAMED: Final = 100_000


class Bench:
    """One broker, one log after another."""

    def __init__(self, kafka: EmbeddedKafka, folder: Path, console: Console) -> None:
        self._kafka = kafka
        self._folder = folder
        self._logs = Logs(kafka.bootstrap, folder, console)

    async def intake(self) -> tuple[float, float]:
        """Return the CPU seconds of a ballot posted by itself, among many at once, and of one in a stream."""
        pipeline = await self._logs.empty("intake")
        life = Life(bench_election(STREAMED))
        await pipeline.announce(life, Phase.OPEN)
        child = pipeline.start("intake")
        pipeline.wait_ready("intake")
        bodies, path = list(forms(life, STREAMED)), "/v1/elections/bench/ballots"
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

    async def resting(self) -> dict[str, tuple[float, float]]:
        """Return the CPU that each service takes to start, and its memory without work."""
        pipeline = await self._logs.empty("resting")
        try:
            pids = {service: self._ready(pipeline, service) for service in SERVICES}
            return {service: (cpu_seconds(pid), memory_bytes(pid)) for service, pid in pids.items()}
        finally:
            pipeline.stop()

    async def passes(self, ballots: int) -> tuple[Pass, Pass, float, dict[str, float]]:
        """Return the first pass, the replay, the broker's CPU in the first, and the bytes on disk by topic.

        Raises AssertionError: see rule 2.
        """
        pipeline, broker = await self._logs.filled("passes", ballots), self._kafka.children[0].pid
        try:
            broker_cpu = cpu_seconds(broker)
            first = await judged_and_counted(pipeline, ballots)
            broker_cpu = cpu_seconds(broker) - broker_cpu
            disk = self._disk_bytes(pipeline.namespace)
            for service in SERVICES:
                shutil.rmtree(pipeline.folder / f"{service}-1")
            again = await judged_and_counted(pipeline, ballots)
        finally:
            pipeline.stop()
        assert first.standing == again.standing, "a replay ends at another standing"
        return first, again, broker_cpu, disk

    def _ready(self, pipeline: Pipeline, service: str) -> int:
        child = pipeline.start(service)
        pipeline.wait_ready(service)
        return child.pid

    def _disk_bytes(self, namespace: str) -> dict[str, float]:
        sizes: dict[str, float] = {}
        for segment in (self._folder / "kafka").rglob(f"{namespace}.livecount.*/*.log"):
            topic = segment.parent.name.removeprefix(f"{namespace}.livecount.").rpartition(".v1-")[0]
            sizes[topic] = sizes.get(topic, 0) + segment.stat().st_size
        return sizes


def _post(port: int, path: str, forms_file: Path) -> int:
    """Post ballots one a request, POST_CONNECTIONS at a time; return how many were acknowledged."""
    argv = ("--port", port, "--path", path, "--forms", forms_file, "--plan", f"0:{POST_S}", "--warm", 0)
    told = said_by("tests.bench.http_load", *argv, "--connections", POST_CONNECTIONS, bound_s=POST_BOUND_S)
    return int(json.loads(told)["accepted"])


def main() -> None:
    """Measure, print the tables, write the constants."""
    ballots = _arguments().ballots
    console = begin()
    with TemporaryDirectory() as folder, EmbeddedKafka(Path(folder) / "kafka") as kafka:
        constants, table = asyncio.run(_measure(Bench(kafka, Path(folder), console), ballots))
    MEASURED.write_text(constants.model_dump_json(indent=1) + "\n")
    console.print(table)


async def _measure(bench: Bench, ballots: int) -> tuple[Constants, Table]:
    posted, streamed = await bench.intake()
    resting = await bench.resting()
    first, again, broker_cpu, disk = await bench.passes(ballots)
    constants = Constants(
        machine=machine(),
        command="make bench-stages",
        ballots=ballots,
        contests=len(CONTESTS),
        intake_us=_us(posted),
        intake_bulk_us=_us(streamed),
        validation_us=_us((first.cpu["validation"] - resting["validation"][0]) / ballots),
        counting_us=_us((first.cpu["counting"] - resting["counting"][0]) / ballots),
        broker_us=_us(broker_cpu / ballots),
        cast_bytes=round(disk["ballots.cast"] / ballots, 1),
        judged_bytes=round(disk["ballots.judged"] / ballots, 1),
        published_bytes=round((disk["tallies.changed"] + disk["counts.published"]) / ballots, 1),
        elector_bytes=round((first.memory["validation"] - resting["validation"][1]) / ballots, 1),
        ranking_bytes=_ranking_bytes(),
        resting_bytes=max(memory for _, memory in resting.values()),
    )
    return constants, _table({"judged and counted": first, "replayed, all state lost": again}, constants)


def _us(seconds: float) -> float:
    return round(1e6 * seconds, 1)


def _ranking_bytes() -> float:
    """Return what `make bench-count` measured."""
    found = next(figure.value for figure in read("count") if figure.contest.startswith("Memory"))
    assert found is not None, "memory of a ranking was not measured"
    return found


def _table(passes: dict[str, Pass], costs: Constants) -> Table:
    table = Table(
        title=f"{costs.ballots:,} ballots, {SHARDS} shards, one process a service", title_justify="left"
    )
    for heading in ("", "seconds", "ballots/s", "validation us CPU", "counting us CPU"):
        table.add_column(heading)
    for name, of in passes.items():
        cpu = (f"{1e6 * of.cpu[service] / costs.ballots:.1f}" for service in SERVICES)
        table.add_row(name, f"{of.seconds:.1f}", f"{costs.ballots / of.seconds:,.0f}", *cpu)
    table.add_section()
    table.add_row("intake, one by one", "", "", f"{costs.intake_us} us CPU", "")
    table.add_row("intake, streamed", "", "", f"{costs.intake_bulk_us} us CPU", "")
    table.add_row("broker", "", "", f"{costs.broker_us} us CPU", "")
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.stages", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--ballots", type=int, default=1_000_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
