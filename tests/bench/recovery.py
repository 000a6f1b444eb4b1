"""How fast a log is judged and counted, and replayed by processes that have lost all state: `make bench-recovery`.

One validation and one counting process, a real broker and the load, all on this machine; two contests a paper.

Rule 1: the first pass judges a log that nobody has judged. The second finds every verdict there and no snapshot:
        validation says every verdict again, and counting skips what it has heard.
Rule 2: a pass ends when both processes say that they have caught up and the standing covers the whole log.
Rule 3: both passes must end at the same standing, or nothing is told.
"""

import argparse
import asyncio
import resource
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from infra.local.kafka import EmbeddedKafka
from shared.contract.elections import Candidate, Contest, Election, Section
from shared.contract.ids import shard_of
from shared.contract.standings import Standing
from tests.bench.ballots import Shape, marks, ranks
from tests.bench.machine import machine
from tests.support.elections import Life
from tests.support.pipeline import Pipeline

PAPER = Shape(weights=(9, 4, 3, 2, 1), lengths=(0.2, 0.2, 0.2, 0.2, 0.2))
"""Five candidates, as in a party's leadership ballot: up to 325 rankings."""
SEEDS = (1, 2)
"""One for each contest."""
SHARDS = 4
CHUNK = 20_000
BOUND_S = 600.0


@dataclass(frozen=True)
class Pass:
    """How long it took until all was counted, and the CPU of each service, in seconds."""

    seconds: float
    cpu: dict[str, float]
    standing: Standing


def main() -> None:
    """Fill a log, count it, lose all state, count it again, print the table."""
    arguments = _arguments()
    console = Console()
    console.print(machine())
    with TemporaryDirectory() as folder:
        kafka = EmbeddedKafka(Path(folder) / "kafka")
        kafka.start()
        try:
            passes = asyncio.run(_measure(kafka.bootstrap, Path(folder), arguments.ballots, console))
        finally:
            kafka.stop()
    console.print(_table(passes, arguments.ballots))


async def _measure(bootstrap: str, folder: Path, ballots: int, console: Console) -> dict[str, Pass]:
    pipeline = Pipeline(bootstrap, folder, shards=SHARDS)
    await pipeline.create()
    records = await _fill(pipeline, ballots, console)
    try:
        first = await _pass(pipeline, records)
        for service in ("validation", "counting"):
            shutil.rmtree(folder / f"{service}-1")
        again = await _pass(pipeline, records)
    finally:
        pipeline.stop()
    assert first.standing == again.standing, "a replay ends at another standing"
    return {"judged and counted": first, "replayed, all state lost": again}


async def _fill(pipeline: Pipeline, ballots: int, console: Console) -> int:
    life = Life(_election(ballots))
    await pipeline.control(life.configured())
    await pipeline.control(life.opened())
    cast = _ballots(life, ballots)
    with console.status("filling the log") as status:
        written = 0
        while chunk := list(islice(cast, CHUNK)):
            await pipeline.cast(chunk)
            written += len(chunk)
            status.update(f"filling the log: {written:,} of {ballots:,} ballots")
    await pipeline.control(life.closed())
    return ballots + 3 * SHARDS


def _election(electors: int) -> Election:
    def contest(name: str) -> Contest:
        standing = tuple(Candidate(id=f"c{c}", name=f"C{c}") for c in range(PAPER.candidates))
        return Contest(id=name, title=name.title(), candidates=standing, lot="bench")

    return Election(
        id="bench",
        title="Bench",
        epoch="test",
        sections=(Section(id="all", name="All", electors=electors),),
        contests=(contest("leader"), contest("deputy")),
    )


def _ballots(life: Life, number: int) -> Iterator[tuple[int, bytes]]:
    contests = [(mark for rows in ranks(PAPER, number, seed) for mark in marks(rows)) for seed in SEEDS]
    for elector, papers in enumerate(zip(*contests, strict=True)):
        yield shard_of(elector, SHARDS), life.ballot(elector, *papers)


async def _pass(pipeline: Pipeline, records: int) -> Pass:
    start = time.perf_counter()
    for service in ("validation", "counting"):
        pipeline.start(service)
    standings = await pipeline.standings(records, "leader", BOUND_S)
    for service in ("validation", "counting"):
        pipeline.wait_ready(service, bound_s=BOUND_S)
    seconds = time.perf_counter() - start
    return Pass(seconds, {s: _cpu_of_stopped(pipeline, s) for s in ("validation", "counting")}, standings[-1])


def _cpu_of_stopped(pipeline: Pipeline, service: str) -> float:
    before = _children_cpu()
    pipeline.kill(service)
    return _children_cpu() - before


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _table(passes: dict[str, Pass], ballots: int) -> Table:
    table = Table(
        "",
        "seconds",
        "ballots/s",
        "validation, us CPU a ballot",
        "counting",
        title=f"{ballots:,} ballots, {SHARDS} shards, processes starting included",
        title_justify="left",
    )
    for name, of in passes.items():
        cpu = (f"{1e6 * seconds / ballots:.1f}" for seconds in of.cpu.values())
        table.add_row(name, f"{of.seconds:.1f}", f"{ballots / of.seconds:,.0f}", *cpu)
    return table


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.recovery", description=__doc__.partition("\n")[0]
    )
    parser.add_argument("--ballots", type=int, default=1_000_000)
    return parser.parse_args()


if __name__ == "__main__":
    main()
