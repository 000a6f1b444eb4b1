"""What an elector takes in validation's memory, all ballots in the box: `python -m tests.bench.memory`.

Rule 1: a process of its own for each electorate; what it has grown by, all electors having voted, since it judged a small
        election: what it takes to read and to judge a fetch is no elector's.
Rule 2: the judge alone: what a service takes at rest is measured by `python -m tests.bench.latency`.

Writes results/memory.json, unless `--quick`.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import BinaryIO, Final

from services.validation.judge import Judge
from shared.runtime.kafka.group import PARTITION_FETCH_BYTES
from tests.bench.election import CONTESTS, Electorate
from tests.bench.goals import Figure, table
from tests.bench.processes import memory_bytes
from tests.bench.report import arguments, begin, write
from tests.support.elections import LOG_ID, ROOT_KEY
from tests.support.evidence import OUTPUTS

ELECTORS: Final = (1_000_000, 10_000_000)
QUICK: Final = (100_000,)
SMALL: Final = 100_000
PACK: Final = 17
LENGTH_BYTES: Final = 4
BOUND_S: Final = 60.0


def judge_all(records: Iterator[bytes]) -> float:
    """Judge the records of a shard; return the bytes that this process has grown by."""
    _judged(_records(SMALL))
    before = memory_bytes(os.getpid())
    judge = _judged(records)
    return memory_bytes(os.getpid()) - before if judge.ballots() else 0.0


def grown_by(electors: int) -> float:
    """Let a process judge the ballots of so many electors, drawn here; return what it says."""
    argv = [sys.executable, "-m", "tests.bench.memory", "--judge"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None
        for record in _records(electors):
            child.stdin.write(_framed(record))
        return float(child.communicate(timeout=BOUND_S)[0])


def _records(electors: int) -> Iterator[bytes]:
    life = Electorate(electors, 1)
    yield from (life.founded(), *life.beginnings()[0])
    for _, record in life.packs(PACK):
        yield record


def _judged(records: Iterator[bytes]) -> Judge:
    judge = Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS)
    for fetch in _fetches(records):
        judge.apply(fetch)
        judge.drain()
    return judge


def _fetches(records: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Yield the records in parts of as many bytes as are fetched at once."""
    fetch: list[bytes] = []
    size = 0
    for record in records:
        fetch.append(record)
        size += len(record)
        if size >= PARTITION_FETCH_BYTES:
            yield fetch
            fetch, size = [], 0
    yield fetch


def _framed(record: bytes) -> bytes:
    return len(record).to_bytes(LENGTH_BYTES) + record


def _unframed(stream: BinaryIO) -> Iterator[bytes]:
    while head := stream.read(LENGTH_BYTES):
        yield stream.read(int.from_bytes(head))


def _figures(electorates: tuple[int, ...]) -> Iterator[Figure]:
    for electors in electorates:
        grown = grown_by(electors)
        how = f"{grown / 1e6:,.0f} MB; {len(CONTESTS)} contests a ballot, its code's commitment included"
        yield Figure("Validation", f"an elector, of {electors:,}", grown / electors, "B", 40, note=how)


def main() -> None:
    """Measure, print the table, write the results."""
    parser = arguments("memory", __doc__, "a small electorate, no files")
    parser.add_argument("--judge", action="store_true", help="judge the records on standard input")
    given = parser.parse_args()
    if given.judge:
        sys.stdout.write(f"{judge_all(_unframed(sys.stdin.buffer))}\n")
        return
    console = begin()
    figures = list(_figures(QUICK if given.quick else ELECTORS))
    console.print(table(figures, "Memory"))
    if not given.quick:
        write("memory", figures)


if __name__ == "__main__":
    main()
