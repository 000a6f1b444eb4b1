"""Intake over HTTP beside an empty Starlette handler, its latency, its streams, and a surge: `python -m tests.bench.intake`.

Rule 1: the same load (tests.bench.http_load, a process of its own) on both, in turns, with uvicorn set alike; medians.
Rule 2: a ballot counts when it was answered 202: acknowledged by every replica of a real Kafka.
Rule 3: CPU is the service's own and its kernel's, workers included; the broker and the load share the machine.
Rule 4: in the surge requests come at their times (open loop), and latency counts from when they were due.

Writes results/intake.json and results/overload.png, unless `--quick`.
"""

import argparse
import asyncio
import json
import logging
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.console import Console

from infra.local import ports
from infra.local.kafka import EmbeddedKafka
from infra.local.process import Child
from shared.contract.elections import Phase
from tests.bench.goals import Figure, table
from tests.bench.machine import machine
from tests.bench.papers import bench_election, forms
from tests.bench.race import PEERS_PYTHON
from tests.bench.stages import SHARDS, cpu_seconds
from tests.support.elections import Life
from tests.support.pipeline import Pipeline

FORMS: Final = 20_000
CONNECTIONS: Final = 100
SURGE_CONNECTIONS: Final = 1_000
SURGE_TIMES: Final = 3
BOUND_S: Final = 120.0
PATH: Final = "/v1/elections/bench/ballots"
_HERE: Final = Path(__file__).parent
_RESULTS: Final = _HERE / "results"
_PROJECT: Final = _HERE.parents[1]


@dataclass(frozen=True)
class Length:
    """How long each part takes: rounds, and seconds."""

    warm_s: float = 4.0
    rounds: int = 5
    closed_s: float = 3.0
    half_s: float = 10.0
    streams: int = 3
    surge: tuple[int, int, int] = (5, 8, 8)


QUICK: Final = Length(1.0, 2, 1.0, 3.0, 1, (1, 3, 2))


@dataclass(frozen=True)
class Server:
    """A process that listens."""

    port: int
    pid: int

    def cpu_s(self) -> float:
        """Return the CPU that it and its workers have taken."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return cpu_seconds(self.pid) + sum(cpu_seconds(int(child)) for child in children)


@dataclass
class Bench:
    """One broker, and servers that come and go."""

    kafka: EmbeddedKafka
    folder: Path
    length: Length
    console: Console

    def run(self) -> tuple[list[Figure], dict[str, Any]]:
        """Return every figure, and the surge second by second."""
        figures, surge = [], {}
        life = Life(bench_election(FORMS))
        (self.folder / "forms").write_bytes(b"\n".join(forms(life, FORMS)))
        for workers in (1, 2):
            with self._empty(workers) as empty, self._intake(life, workers) as intake:
                most, found = self._closed(empty, intake, workers)
                figures += [*found, *self._half(intake, most, workers)]
                if workers == 1:
                    figures += self._streams(intake)
                    surge = self._surge(intake, most)
        return figures, surge

    def _closed(self, empty: Server, intake: Server, workers: int) -> tuple[float, list[Figure]]:
        taken: dict[Server, list[tuple[float, float]]] = {empty: [], intake: []}
        for server in taken:
            self._load(server, f"0:{self.length.warm_s}", CONNECTIONS)
        for number in range(self.length.rounds):
            for server, found in taken.items():
                self._say(f"{workers} worker(s): round {number + 1} of {self.length.rounds}")
                cpu_s = server.cpu_s()
                told = self._load(server, f"0:{self.length.closed_s}", CONNECTIONS, 0.0)
                found.append((told["per_s"], 1e6 * (server.cpu_s() - cpu_s) / told["accepted"]))
        (base, base_us), (ours, ours_us) = (
            [median(part) for part in zip(*of, strict=True)] for of in taken.values()
        )
        how = f"{ours:,.0f}/s, empty handler {base:,.0f}/s; {ours_us:.0f} and {base_us:.0f} us CPU"
        return ours, [
            Figure(_name(workers), "requests/s beside an empty handler", ours / base, "x", 0.5, "more", how)
        ]

    def _half(self, intake: Server, most: float, workers: int) -> Iterator[Figure]:
        self._say(f"{workers} worker(s): half load")
        told = self._load(intake, f"{most / 2:.0f}:{self.length.half_s}", CONNECTIONS)
        how = f"{most / 2:,.0f}/s, open loop; {told['shed']} turned away"
        yield Figure(_name(workers), "acknowledgement at half load, p50", told["p50_ms"], "ms", note=how)
        yield Figure(_name(workers), "acknowledgement at half load, p99", told["p99_ms"], "ms", 50, note=how)

    def _streams(self, intake: Server) -> Iterator[Figure]:
        spent: list[tuple[float, float]] = []
        for number in range(self.length.streams):
            self._say(f"streams: round {number + 1} of {self.length.streams}")
            cpu_s = intake.cpu_s()
            argv = [str(intake.port), f"{PATH}/bulk", str(self.folder / "forms"), "5"]
            told = _run("tests.bench.stream_load", argv)
            assert told["recorded"] == told["sent"], f"not every line was recorded: {told}"
            spent.append(((intake.cpu_s() - cpu_s) / told["sent"], told["sent"] / told["seconds"]))
        cpu_s, per_s = (median(part) for part in zip(*spent, strict=True))
        how = f"{1e6 * cpu_s:.1f} us CPU a ballot; {per_s:,.0f}/s seen with the broker on the same cores"
        yield Figure("Streams (NDJSON)", "ballots/s a core", 1 / cpu_s, "/s", 60_000, "more", how)

    def _surge(self, intake: Server, most: float) -> dict[str, Any]:
        self._say(f"a surge of {SURGE_TIMES} times what it takes")
        rates = (most / 2, SURGE_TIMES * most, most / 2)
        plan = ",".join(f"{rate:.0f}:{s}" for rate, s in zip(rates, self.length.surge, strict=True))
        told = self._load(intake, plan, SURGE_CONNECTIONS)
        seconds = told["seconds"][: sum(self.length.surge)]
        return {"times": SURGE_TIMES, "capacity_per_s": most, "plan": plan, "seconds": seconds}

    def _load(self, server: Server, plan: str, connections: int, warm_s: float = 0.5) -> dict[str, Any]:
        argv = [
            "--port",
            str(server.port),
            "--path",
            PATH,
            "--forms",
            str(self.folder / "forms"),
            "--plan",
            plan,
        ]
        return _run(
            "tests.bench.http_load", [*argv, "--connections", str(connections), "--warm", str(warm_s)]
        )

    @contextmanager
    def _empty(self, workers: int) -> Iterator[Server]:
        port = ports.free_ports(1)[0]
        argv = [sys.executable, "-m", "tests.bench.empty", str(port), str(workers)]
        child = Child("empty", argv, self.folder / f"empty-{workers}.log", {})
        child.spawn()
        try:
            child.wait_ready(lambda: ports.answers(port, b"GET / HTTP/1.1\r\nHost: bench\r\n\r\n"), BOUND_S)
            yield Server(port, child.pid)
        finally:
            child.stop(BOUND_S)

    @contextmanager
    def _intake(self, life: Life, workers: int) -> Iterator[Server]:
        folder = self.folder / f"intake-{workers}"
        folder.mkdir()
        pipeline = Pipeline(self.kafka.bootstrap, folder, shards=SHARDS)

        async def announce() -> None:
            await pipeline.create()
            await pipeline.announce(life, Phase.OPEN)

        asyncio.run(announce())
        child = pipeline.start("intake", workers=str(workers))
        try:
            pipeline.wait_ready("intake")
            time.sleep(workers - 1)  # one worker answers for readiness; the others follow within a moment
            yield Server(pipeline.port("intake"), child.pid)
        finally:
            pipeline.stop()

    def _say(self, words: str) -> None:
        self.console.print(f"[dim]{words}")


def _name(workers: int) -> str:
    return f"One ballot a request, {workers} worker{'s' if workers > 1 else ''}"


def _run(module: str, argv: list[str]) -> dict[str, Any]:
    """Run a load in a process of its own. Raises CalledProcessError; it has said why."""
    command = [sys.executable, "-m", module, *argv]
    return dict(
        json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=BOUND_S).stdout)
    )


def _calm(surge: dict[str, Any], length: Length) -> Iterator[Figure]:
    before, during, _ = length.surge
    seconds = surge["seconds"]
    parts = {
        "before": seconds[:before],
        "during": seconds[before : before + during],
        "after": seconds[before + during :],
    }
    for name, part in parts.items():
        accepted = [of["p99_ms"] for of in part if of["p99_ms"] is not None]
        how = ", ".join(
            f"{sum(of[what] for of in part):,} {what}" for what in ("offered", "accepted", "shed")
        )
        yield Figure(
            "Surge",
            f"p99 of accepted, median second {name}",
            median(accepted) if accepted else None,
            "ms",
            note=how,
        )


def main() -> None:
    """Measure, print the table, write the results."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.intake",
        description=__doc__.partition("\n")[0],
        epilog="Example: python -m tests.bench.intake --quick",
    )
    parser.add_argument("--quick", action="store_true", help="under a minute: shorter turns, no files")
    quick = parser.parse_args().quick
    length, console = (QUICK if quick else Length()), Console()
    console.print(machine())
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # a new topic's leader takes a moment
    with TemporaryDirectory() as folder, EmbeddedKafka(Path(folder) / "kafka") as kafka:
        figures, surge = Bench(kafka, Path(folder), length, console).run()
    figures += _calm(surge, length)
    console.print(table(figures, "Intake over HTTP, acks=all"))
    if not quick:
        _write(figures, surge)


def _write(figures: list[Figure], surge: dict[str, Any]) -> None:
    told = {"machine": machine(), "figures": [figure.as_data() for figure in figures], "overload": surge}
    target = _RESULTS / "intake.json"
    target.write_text(json.dumps(told, indent=1) + "\n")
    plot = str(_HERE / "plot_overload.py")
    subprocess.run(
        [str(_PROJECT / PEERS_PYTHON), plot, str(target), str(_RESULTS / "overload.png")], check=True
    )


if __name__ == "__main__":
    main()
