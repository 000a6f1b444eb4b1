"""A whole log in memory, made from a seed by the real machines: what `verify` and `export` read."""

import random
from collections.abc import AsyncIterator, Iterator, Sequence

from services.audit.ledger import LogIdentity, ShardLedger
from services.audit.recount import recount_of
from services.counting.rounds import Rounds
from services.counting.tally import PartitionOf, Tally
from services.validation.judge import Judge, Outputs
from shared.contract.codec import decode_as
from shared.contract.elections import Election, Phase
from shared.contract.events import ElectionAnnounced, ElectionCertified
from shared.contract.standings import Standing
from shared.contract.topics import BALLOTS_CAST, Topic
from shared.contract.verdict_ranges import Verdict, Verdicts
from shared.contract.verdicts import ControlJudged
from tests.support.elections import LOG_ID, ROOT_KEY, Life, announced, election

BATCH = 7
AT = "2026-01-01T00:00:00Z"
RANKINGS = ("", "0", "1>0", "2>1>3", "3>>2", "0=1", "2>0=1")


IDENTITY = LogIdentity(LOG_ID, ROOT_KEY)
OUTPUTS = Outputs("judged", "controls", "rolls")


def each_verdict(record: Verdicts | ControlJudged) -> Iterator[Verdict | ControlJudged]:
    """Yield what a record of `ballots.judged` says of each ballot or control, in order."""
    if isinstance(record, ControlJudged):
        yield record
    else:
        yield from record.each()


class MemoryEvidence:
    """The log as lists. Tests change them as they like."""

    def __init__(self, definition: Election, cast: list[list[bytes]]) -> None:
        self.definition = definition
        self.cast = cast
        self.judged = [judged(shard, log, len(cast)) for shard, log in enumerate(cast)]
        self.published = standings(self.judged)
        self.phase = Phase.CLOSED

    @property
    def shards(self) -> int:
        """How many shards the log has."""
        return len(self.cast)

    async def announced(self) -> Sequence[ElectionAnnounced]:
        """Return the one election's announcement."""
        return [announced(self.definition, self.phase, shards=self.shards)]

    async def standings(self) -> Sequence[Standing]:
        """Return the newest standing of each contest."""
        return self.published

    async def ends(self, topic: Topic) -> Sequence[int]:
        """Return how many records each shard of a topic holds."""
        return [len(log) for log in self._logs(topic)]

    async def records(self, topic: Topic, shard: int, upto: int) -> AsyncIterator[Sequence[bytes]]:
        """Yield the records 0 .. upto-1 of a topic's shard in batches."""
        log = self._logs(topic)[shard][:upto]
        for start in range(0, len(log), BATCH):
            yield log[start : start + BATCH]

    def _logs(self, topic: Topic) -> list[list[bytes]]:
        return self.cast if topic is BALLOTS_CAST else self.judged


def judged(shard: int, log: Sequence[bytes], shards: int, together: int = 1) -> list[bytes]:
    """Return what validation writes of a shard's log that it reads so many records at a time."""
    judge = Judge(LOG_ID, ROOT_KEY, shard, shards, OUTPUTS)
    written: list[bytes] = []
    for start in range(0, len(log), together):
        judge.apply(log[start : start + together])
        written += [out.value for out in judge.drain() if out.topic == OUTPUTS.judged]
    return written


def standings(judged_logs: Sequence[Sequence[bytes]]) -> list[Standing]:
    """Return what counting publishes in the end, one standing a contest."""
    rounds = Rounds(0, "counts")
    for shard, log in enumerate(judged_logs):
        tally = Tally(shard, len(judged_logs), "tallies", PartitionOf(1))
        tally.apply(log)
        rounds.apply([said.value for said in tally.drain()])
    return [decode_as(Standing, said.value) for said in rounds.drain()]


def picnic(seed: int, *, shards: int = 2, electors: int = 40, steps: int = 60) -> MemoryEvidence:
    """Return a certified picnic: double votes, forged codes, rubbish, voids, a withdrawal and late ballots."""
    rng = random.Random(seed)
    definition = election(electors=electors)
    life = Life(definition, shards, {elector: elector % 2 for elector in range(electors)})
    logs = life.begin()
    for step in range(steps):
        _step(life, logs, step, rng)
    for record in (life.withdrawn("damson"), life.closed()):
        for log in logs:
            log.append(record)
    for shard, log in enumerate(logs):
        log.append(life.ballot(shard, ballot=10_000))
    certificate = certified(life, logs)
    for log in logs:
        log.append(certificate)
    evidence = MemoryEvidence(definition, logs)
    for written in evidence.judged:  # a restart in the middle
        cut = len(written) // 2
        written[cut:cut] = written[cut - 3 : cut]
    return evidence


def certified(life: Life, logs: Sequence[Sequence[bytes]]) -> bytes:
    """Return the certificate of what the logs hold."""
    counts = []
    for shard, log in enumerate(logs):
        ledger = ShardLedger(shard, len(logs), IDENTITY)
        for value in log:
            ledger.judge(value)
        counts.append(ledger.count_of(life.definition.id))
    report = recount_of(life.definition.id, counts)
    return life.ordered(
        ElectionCertified,
        watermark=report.watermark,
        heads=report.heads,
        effects=report.effects,
        result_hashes={name: counted.result_hash for name, counted in report.contests.items()},
    )


def _step(life: Life, logs: list[list[bytes]], step: int, rng: random.Random) -> None:
    elector, what = rng.randrange(life.definition.electors), rng.random()
    if what < 0.1:
        record = life.voided(elector) if what < 0.05 else life.restored(elector)
        for log in logs:
            log.append(record)
        return
    log = logs[elector % len(logs)]
    if what < 0.13:
        log.append(b'rub\nbish \xff"')
        return
    ballots = [
        life.cast(
            one,
            rng.choice(RANKINGS),
            rng.choice(("", "0", "1>0")),
            ballot=100 + 10 * step + place,
            secret=b"forged -- " if what < 0.16 else None,
        )
        for place, one in enumerate(_neighbours(elector, len(logs), life.definition.electors, rng))
    ]
    log.append(life.pack(*ballots))


def _neighbours(elector: int, shards: int, electors: int, rng: random.Random) -> list[int]:
    """Return an elector and a few others of the same shard: who is in a pack together."""
    alike = range(elector % shards, electors, shards)
    return [elector, *rng.choices(alike, k=rng.choice((0, 0, 1, 3)))]
