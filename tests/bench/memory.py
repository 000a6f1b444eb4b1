"""What an elector takes in validation's memory, all ballots in the box: `python -m tests.bench.memory`.

Rule 1: a process of its own for each electorate; what it has grown by since its imports, all electors having voted.
Rule 2: the judge alone: what a service takes at rest is told by `python -m tests.bench.latency`.

Writes results/memory.json, unless `--quick`.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from services.validation.judge import Judge
from tests.bench.goals import Figure, table
from tests.bench.papers import CONTESTS, bench_election, records
from tests.bench.processes import memory_bytes
from tests.bench.report import arguments, begin, write
from tests.support.elections import Life

ELECTORS: Final = (1_000_000, 10_000_000)
QUICK: Final = (100_000,)
TOGETHER: Final = 2_000
BOUND_S: Final = 60.0


def judge_all(electors: int, cast: Iterable[bytes]) -> float:
    """Judge an election's ballots; return the bytes this process has grown by."""
    life = Life(bench_election(electors))
    judge = Judge(0, 1, "judged", lambda _: life.key)
    before = memory_bytes(os.getpid())
    judge.apply([life.configured(), life.opened()])
    lines = iter(cast)
    while part := [line.rstrip(b"\n") for line in islice(lines, TOGETHER)]:
        judge.apply(part)
        judge.drain()
    return memory_bytes(os.getpid()) - before


def grown_by(electors: int) -> float:
    """Let a process judge the ballots of so many electors, drawn here; return what it says."""
    argv = [sys.executable, "-m", "tests.bench.memory", "--judge", str(electors)]
    life = Life(bench_election(electors))
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        for _, value in records(life, electors, 1):
            child.stdin.write(value + b"\n")
        return float(child.communicate(timeout=BOUND_S)[0])


def _figures(electorates: tuple[int, ...]) -> Iterator[Figure]:
    for electors in electorates:
        grown = grown_by(electors)
        how = f"{grown / 1e6:,.0f} MB; {len(CONTESTS)} contests a paper"
        yield Figure("Validation", f"an elector, of {electors:,}", grown / electors, "B", 40, note=how)


def main() -> None:
    """Measure, print the table, write the results."""
    parser = arguments("memory", __doc__, "a small electorate, no files")
    parser.add_argument("--judge", type=int, metavar="ELECTORS", help="judge the records on standard input")
    given = parser.parse_args()
    if given.judge:
        sys.stdout.write(f"{judge_all(given.judge, sys.stdin.buffer)}\n")
        return
    console = begin()
    figures = list(_figures(QUICK if given.quick else ELECTORS))
    console.print(table(figures, "Memory"))
    if not given.quick:
        write("memory", figures)


if __name__ == "__main__":
    main()
