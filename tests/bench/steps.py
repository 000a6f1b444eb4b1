"""Where each microsecond of a ballot goes inside intake, validation and counting: `python -m tests.bench.steps`.

No Kafka, no process: the machines themselves, on the ballots that the other benchmarks use, and their parts by
themselves. What a service takes beside (`make bench-stages`) is fetching, sending, the event loop and Python's collector.

Rule 1: CPU of this process; of REPEATS times the least, every step in turn.
Rule 2: a whole is measured, too: what its parts do not account for is calls between them and what they wait for in memory.
Rule 3: validation reads some TOGETHER ballots at once, in packs of each size, and publishes after each of these fetches;
        counting publishes where validation does.

Writes results/steps.json, unless `--quick`.
"""

import gc
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import READ_UNCOMMITTED, PartitionRecords
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords

from services.counting.rounds import Rounds
from services.counting.tally import PartitionOf, Tally
from services.intake.admission import Admission
from services.intake.forms import read_form
from services.intake.log import packed, packed_lines
from services.intake.outcomes import Admitted, Refusal
from services.intake.roll import KnownRoll
from services.validation.judge import Judge
from shared.contract.chain import START, digest, link
from shared.contract.codec import decode_as, decode_cast, decode_judged
from shared.contract.codes import commitment, commitments, parse_code
from shared.contract.elections import Phase
from shared.contract.leaves import who_digest
from shared.contract.packs import Columns, Pack
from shared.contract.standings import Standing
from shared.runtime.kafka.patches.bare_records import read_bare_records
from shared.runtime.kafka.sink import MAX_BATCH_BYTES
from tests.bench.election import CONTESTS, Electorate
from tests.bench.goals import Figure, table
from tests.bench.report import arguments, begin, write
from tests.support.elections import LOG_ID, ROOT_KEY
from tests.support.evidence import OUTPUTS

BALLOTS: Final = 50_000
REPEATS: Final = 7
TOGETHER: Final = 4_000
LINES: Final = 1_000
"""Of a stream, that are admitted together."""
PACKS: Final = (1, 6, 17, 125)
JUDGED_US: Final = 1.2
COUNTED_US: Final = 0.5
GOAL_FROM: Final = 17
"""The goals are for packs of so many ballots and more."""

Steps = Mapping[str, Callable[[], object]]


@dataclass
class Material:
    """The same ballots in packs of one size, and whatever comes of them."""

    life: Electorate
    pack: int

    @cached_property
    def values(self) -> list[bytes]:
        """The cast packs."""
        return [value for _, value in self.life.packs(self.pack)]

    @cached_property
    def fetches(self) -> list[list[bytes]]:
        """The packs as they are fetched."""
        size = max(1, TOGETHER // self.pack)
        return [self.values[at : at + size] for at in range(0, len(self.values), size)]

    @cached_property
    def packs(self) -> list[list[Pack]]:
        """The packs, read."""
        return [[pack for pack in map(decode_cast, of) if isinstance(pack, Pack)] for of in self.fetches]

    @cached_property
    def opened(self) -> tuple[bytes, bytes, bytes]:
        """The states of judge, tally and rounds as the election is open, and nobody has voted."""
        judge, tally, rounds = _judge(), _tally(), _rounds()
        judge.apply([self.life.founded(), *self.life.beginnings()[0]])
        tally.apply([out.value for out in judge.drain() if out.topic == OUTPUTS.judged])
        _written(rounds, [out.value for out in tally.drain()])
        return judge.save(), tally.save(), rounds.save()

    @cached_property
    def judged(self) -> list[list[bytes]]:
        """What validation writes after each fetch."""
        return self.judge()

    def judge(self) -> list[list[bytes]]:
        """Judge fetch by fetch; return what is written after each."""
        judge = _judge()
        judge.restore(self.opened[0])
        return [_written(judge, fetch) for fetch in self.fetches]

    def tally(self) -> list[list[bytes]]:
        """Tally part by part; return what is written after each."""
        tally = _tally()
        tally.restore(self.opened[1])
        return [_written(tally, part) for part in self.judged]


def _judge() -> Judge:
    return Judge(LOG_ID, ROOT_KEY, 0, 1, OUTPUTS)


def _tally() -> Tally:
    return Tally(0, 1, "tallies", PartitionOf(1))


def _rounds() -> Rounds:
    return Rounds(0, "counts")


def _written(machine: Any, values: Sequence[bytes]) -> list[bytes]:
    machine.apply(values)
    return [outgoing.value for outgoing in machine.drain()]


def _intake(life: Electorate) -> Steps:
    roll = KnownRoll(1)
    roll.add(life.known())
    admission = Admission(life.announced(1, Phase.OPEN), lambda: roll)
    bodies, name = list(life.forms()), life.definition.id
    read = [form for form in map(read_form, bodies) if not isinstance(form, Refusal)]
    codes = [parse_code(form.code) for form in read]
    admitted = [ballot for ballot in map(admission.admit, read) if not isinstance(ballot, Refusal)]
    assert len(admitted) == len(bodies), "a form was refused"
    own = [commitment(LOG_ID, name, code) for code in codes]

    def admit() -> None:
        for body in bodies:
            form = read_form(body)
            assert not isinstance(form, Refusal)
            admission.admit(form)

    groups = [bodies[at : at + LINES] for at in range(0, len(bodies), LINES)]
    together = [admission.admit_together(lines) for lines in groups]
    assert sum(map(len, together)) == len(bodies), "a line was not read together with the others"

    steps: dict[str, Callable[[], object]] = {
        f"all of {LINES:,} lines of a stream to admitted ballots": lambda: _drain(
            admission.admit_together(lines) for lines in groups
        ),
        f"writing packs of {LINES:,} lines": lambda: _drain(packed_lines("cast", [of]) for of in together),
        "all of a form to an admitted ballot": admit,
        "  reading the form": lambda: _drain(read_form(body) for body in bodies),
        "  reading the code": lambda: _drain(parse_code(form.code) for form in read),
        "  the code's commitment": lambda: _drain(commitment(LOG_ID, name, code) for code in codes),
        "  the receipt": lambda: _drain(
            who_digest(LOG_ID, name, of, ballot.ballot.ballot_id)
            for of, ballot in zip(own, admitted, strict=True)
        ),
    }
    for size in PACKS:
        parts = [admitted[at : at + size] for at in range(0, len(admitted), size)]
        steps[f"writing packs of {size}"] = partial(_write, parts)
    return steps


def _write(parts: Sequence[Sequence[Admitted]]) -> None:
    _drain(packed("cast", part) for part in parts)


def _validation(of: Material) -> Steps:
    batches = _batches(of.values)
    columns = [Columns(packs) for packs in of.packs]
    name = of.life.definition.id

    def chain() -> None:
        head = effects = START
        for value in of.values:
            record = digest(value)
            head, effects = link(head, "accepted 17", record), link(effects, "accepted 17", record)

    return {
        "out of Kafka's batches": lambda: _drain(_fetched(batches)),
        "all of a pack to its verdicts": of.judge,
        "  reading the packs": lambda: _drain(decode_cast(value) for value in of.values),
        "  into columns": lambda: _drain(Columns(packs) for packs in of.packs),
        "  the codes' commitments": lambda: _drain(
            commitments(LOG_ID, name, of.electors, of.sections, of.secrets) for of in columns
        ),
        "  the chain, and the effects'": chain,
    }


def _counting(of: Material) -> Steps:
    changes = of.tally()

    def count() -> list[bytes]:
        rounds = _rounds()
        rounds.restore(of.opened[2])
        return [_written(rounds, part) for part in changes][-1]

    accepted = {decode_as(Standing, value).balance.accepted for value in count()}
    assert accepted == {BALLOTS}, f"not every ballot was accepted: {accepted}"

    return {
        "all of a verdict to the tallies": of.tally,
        "  reading the verdicts": lambda: _drain(
            decode_judged(value) for part in of.judged for value in part
        ),
        f"the rounds of {len(CONTESTS)} contests, after each {TOGETHER:,}": count,
    }


def _drain(steps: Iterable[object]) -> None:
    """Take every step and keep nothing: what is kept, Python's collector looks through."""
    deque(steps, maxlen=0)


def _batches(values: Sequence[bytes]) -> list[bytes]:
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
    console, repeats = begin(), 1 if quick else REPEATS
    read_bare_records()
    figures = list(_figures("Intake", _intake(Electorate(BALLOTS, 1)), repeats))
    for size in PACKS:
        of = Material(Electorate(BALLOTS, 1), size)
        judging, counting = _validation(of), _counting(of)
        gc.freeze()  # a service does not hold fifty thousand ballots for the collector to look through
        figures += _figures(f"Validation, packs of {size}", judging, repeats, _goal(size, JUDGED_US))
        figures += _figures(f"Counting, packs of {size}", counting, repeats, _goal(size, COUNTED_US))
    console.print(table(figures, f"CPU of a ballot, {len(CONTESTS)} contests"))
    if not quick:
        write("steps", figures)


def _figures(stage: str, steps: Steps, repeats: int, goal: float | None = None) -> Iterator[Figure]:
    for step, us in _least_us(steps, BALLOTS, repeats).items():
        yield Figure(stage, step, us, "us", goal if step.startswith("all of") else None)


def _goal(size: int, us: float) -> float | None:
    return us if size >= GOAL_FROM else None


if __name__ == "__main__":
    main()
