"""Where each microsecond of a ballot goes inside intake, validation and counting: `python -m tests.bench.steps`.

No Kafka, no process: the machines themselves, on the ballots that the other benchmarks use, and their parts by
themselves. What a service takes beside (`make bench-stages`) is fetching, sending, the event loop and Python's collector.

Rule 1: CPU of this process; of REPEATS times the least, every step in turn.
Rule 2: a whole is measured, too: what its parts do not account for is calls between them and what they wait for in memory.

Writes results/steps.json, unless `--quick`.
"""

import gc
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_UNCOMMITTED, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from services.counting.rounds import Rounds
from services.counting.tally import PartitionOf, Tally
from services.intake.admission import Admission, Refusal, read_form, receipt
from services.validation.controls import new_polling
from services.validation.judge import Judge
from services.validation.rules import objection
from shared.contract.chain import START, link
from shared.contract.codec import HotBallot, decode_cast, decode_judged, encode_ballot
from shared.contract.codes import code_mac, parse_code
from shared.contract.elections import Phase
from shared.runtime.kafka.patches.bare_records import read_bare_records
from shared.runtime.kafka.sink import MAX_BATCH_BYTES
from tests.bench.goals import Figure, table
from tests.bench.papers import CONTESTS, bench_election, forms, records
from tests.bench.report import arguments, begin, write
from tests.support.elections import Life

BALLOTS: Final = 50_000
REPEATS: Final = 7
TOGETHER: Final = 2_000
"""Ballots between two tellings."""

Steps = Mapping[str, Callable[[], object]]


class Material:
    """The same ballots as forms, as cast records, and as whatever comes of them."""

    def __init__(self, ballots: int) -> None:
        self.life = Life(bench_election(ballots))
        self.forms = list(forms(self.life, ballots))
        self.values = [value for _, value in records(self.life, ballots, 1)]
        self.ballots = [ballot for ballot in map(decode_cast, self.values) if isinstance(ballot, HotBallot)]
        self.parts = [self.values[at : at + TOGETHER] for at in range(0, ballots, TOGETHER)]
        self.judged = self.judge()
        self.changes = self.tally()

    def judge(self) -> list[list[bytes]]:
        """Judge every part; return what is told after each."""
        judge = Judge(0, 1, "judged", lambda _: self.life.key)
        return [_told(judge, part) for part in self._with_controls()]

    def tally(self) -> list[list[bytes]]:
        """Tally every part; return what is told after each."""
        tally = Tally(0, 1, "tallies", PartitionOf(1))
        return [_told(tally, part) for part in self.judged]

    def count(self) -> None:
        """Count the rounds of every contest after each part."""
        rounds = Rounds(0, "counts")
        for part in self.changes:
            _told(rounds, part)

    def _with_controls(self) -> Iterator[list[bytes]]:
        yield [self.life.configured(), self.life.opened()]
        yield from self.parts


def _told(machine: Any, values: Sequence[bytes]) -> list[bytes]:
    machine.apply(values)
    return [outgoing.value for outgoing in machine.drain()]


def _intake(of: Material) -> Steps:
    life = of.life
    admission = Admission(life.announced(1, Phase.OPEN), life.key)
    read = [form for form in map(read_form, of.forms) if not isinstance(form, Refusal)]
    name = life.definition.id

    def admit() -> None:
        for body in of.forms:
            form = read_form(body)
            assert not isinstance(form, Refusal)
            admission.admit(form)

    return {
        "all of a form to an admitted ballot": admit,
        "  reading the form": lambda: _drain(read_form(body) for body in of.forms),
        "  reading the code": lambda: _drain(parse_code(form.code) for form in read),
        "  the code's MAC": lambda: _drain(code_mac(life.key, b.elector, b.section) for b in of.ballots),
        "  the receipt": lambda: _drain(receipt(life.key, name, b.ballot_id, b.elector) for b in of.ballots),
        "writing the record": lambda: _drain(encode_ballot(ballot) for ballot in of.ballots),
    }


def _validation(of: Material) -> Steps:
    life, batch = of.life, _batch(of.values)

    def chain() -> None:
        head = START
        for value in of.values:
            head = link(head, "accepted", value)

    def fill() -> None:
        polling = new_polling(life.definition, 0, 1, life.key)
        for ballot in of.ballots:
            polling.box.put(ballot.elector, ballot.ballot_id, ballot.section, ballot.rankings)

    known = new_polling(life.definition, 0, 1, life.key)
    known.phase = Phase.OPEN
    for numbers, marks in (
        (known.box.numbers[c], b.rankings[c]) for b in of.ballots for c in range(len(CONTESTS))
    ):
        numbers.setdefault(marks, len(numbers))
    return {
        "out of Kafka's batches": lambda: _drain(_fetched(batch)),
        "all of a record to its verdict": of.judge,
        "  reading the record": lambda: _drain(decode_cast(value) for value in of.values),
        "  the rules, with the code's MAC": lambda: _drain(objection(ballot, known) for ballot in of.ballots),
        "  the box": fill,
        "  the chain": chain,
    }


def _counting(of: Material) -> Steps:
    return {
        "all of a verdict to the tallies": of.tally,
        "  reading the verdicts": lambda: _drain(
            decode_judged(value) for part in of.judged for value in part
        ),
        f"the rounds of {len(CONTESTS)} contests, after each {TOGETHER:,}": of.count,
    }


def _drain(steps: Iterable[object]) -> None:
    """Take every step and keep nothing: what is kept, Python's collector looks through."""
    deque(steps, maxlen=0)


def _batch(values: Sequence[bytes]) -> list[bytes]:
    batches, builder, number = list[bytes](), None, 0
    for value in values:
        if builder is None or builder.append(number, 0, None, value, []) is None:
            if builder is not None:
                batches.append(bytes(builder.build()))
            builder, number = DefaultRecordBatchBuilder(2, 0, False, 1, 0, 0, MAX_BATCH_BYTES), 0
            builder.append(number, 0, None, value, [])
        number += 1
    return batches


def _fetched(batches: Sequence[bytes]) -> Iterator[Any]:
    for batch in batches:
        at = TopicPartition("ballots", 0)
        yield from PartitionRecords(at, MemoryRecords(batch), None, 0, None, None, True, READ_UNCOMMITTED)


def _least_us(steps: Steps, ballots: int, repeats: int) -> dict[str, float]:
    least = dict.fromkeys(steps, float("inf"))
    for _ in range(repeats):
        for name, step in steps.items():
            began = time.process_time()
            step()
            least[name] = min(least[name], 1e6 * (time.process_time() - began) / ballots)
    return least


def main() -> None:
    """Measure, print the table, write the results."""
    quick = arguments("steps", __doc__, "once, no files").parse_args().quick
    console, material = begin(), Material(BALLOTS)
    read_bare_records()
    stages = {
        "Intake": _intake(material),
        "Validation": _validation(material),
        "Counting": _counting(material),
    }
    gc.freeze()  # a service does not hold fifty thousand forms for the collector to look through
    figures = [
        Figure(stage, step, us, "us")
        for stage, steps in stages.items()
        for step, us in _least_us(steps, BALLOTS, 1 if quick else REPEATS).items()
    ]
    console.print(table(figures, "CPU of a ballot, two contests a paper"))
    if not quick:
        write("steps", figures)


if __name__ == "__main__":
    main()
