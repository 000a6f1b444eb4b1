"""A whole log in memory, made from a seed by the real machines: what `verify` and `export` read."""

import random
from collections.abc import AsyncIterator, Sequence

from services.audit.ledger import ShardLedger
from services.audit.recount import recount_of
from services.counting.rounds import Rounds
from services.counting.tally import PartitionOf, Tally
from services.validation.judge import Judge
from shared.contract.codec import decode_as, encode
from shared.contract.codes import election_key, fingerprint
from shared.contract.elections import Election, Phase, config_hash
from shared.contract.events import ElectionAnnounced, ElectionCertified
from shared.contract.standings import Standing
from shared.contract.topics import BALLOTS_CAST, Topic
from tests.support.elections import MASTER, Life, election

BATCH = 7
AT = "2026-01-01T00:00:00Z"
RANKINGS = ("", "0", "1>0", "2>1>3", "3>>2", "0=1", "2>0=1")


def key_of(name: str) -> bytes:
    """Return an election's voting-code key."""
    return election_key(MASTER, name)


class MemoryEvidence:
    """The log as lists. Tests change them as they like."""

    def __init__(self, definition: Election, cast: list[list[bytes]]) -> None:
        self.definition = definition
        self.cast = cast
        self.judged = [judged(shard, log, len(cast)) for shard, log in enumerate(cast)]
        self.published = standings(self.judged)
        self.phase = Phase.CERTIFIED

    @property
    def shards(self) -> int:
        """How many shards the log has."""
        return len(self.cast)

    async def announced(self) -> Sequence[ElectionAnnounced]:
        """Return the one election's announcement."""
        return [
            ElectionAnnounced(
                definition=self.definition,
                config_hash=config_hash(self.definition),
                code_key=fingerprint(key_of(self.definition.id)),
                shards=self.shards,
                phase=self.phase,
                at=AT,
            )
        ]

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
    """Return what validation says of a shard's log that it reads so many records at a time."""
    judge = Judge(shard, shards, "judged", key_of)
    told: list[bytes] = []
    for start in range(0, len(log), together):
        judge.apply(log[start : start + together])
        told += [said.value for said in judge.drain()]
    return told


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
    life = Life(definition)
    logs = [[life.configured(), life.opened()] for _ in range(shards)]
    for step in range(steps):
        elector = rng.randrange(electors)
        logs[elector % shards].append(_record(life, elector, step, rng))
    for record in (life.withdrawn("damson"), life.closed()):
        for log in logs:
            log.append(record)
    for log in logs:
        log.append(life.ballot(rng.randrange(electors), ballot=10_000))
    certificate = certified(definition, logs)
    for log in logs:
        log.append(certificate)
    evidence = MemoryEvidence(definition, logs)
    for said in evidence.judged:  # a restart in the middle
        cut = len(said) // 2
        said[cut:cut] = said[cut - 3 : cut]
    return evidence


def certified(definition: Election, logs: Sequence[Sequence[bytes]]) -> bytes:
    """Return the certificate of what the logs hold."""
    counts = []
    for shard, log in enumerate(logs):
        ledger = ShardLedger(shard, len(logs), key_of)
        for value in log:
            ledger.take(value)
        counts.append(ledger.count_of(definition.id))
    report = recount_of(definition.id, counts)
    return encode(
        ElectionCertified(
            election=definition.id,
            control_id="f" * 32,
            by="ada",
            at=AT,
            watermark=report.watermark,
            heads=report.heads,
            result_hashes={name: counted.result_hash for name, counted in report.contests.items()},
        )
    )


def _record(life: Life, elector: int, step: int, rng: random.Random) -> bytes:
    what = rng.random()
    if what < 0.05:
        return life.voided(elector)
    if what < 0.1:
        return life.restored(elector)
    if what < 0.13:
        return b'rub\nbish \xff"'
    mac = 5 if what < 0.16 else None
    papers = (rng.choice(RANKINGS), rng.choice(("", "0", "1>0")))
    return life.ballot(elector, *papers, ballot=100 + step, section=elector % 2, mac=mac)
