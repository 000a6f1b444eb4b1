"""Knows the truth and compares everything that is published with it, at the moment it is published.

Each check names its invariant, I1 to I9 (invariants.py), or its promise.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.audit.ledger import Judged
from shared.contract.codec import decode_as, decode_judged
from shared.contract.elections import Election
from shared.contract.events import ElectionAnnounced
from shared.contract.ids import shard_of
from shared.contract.packs import Pack
from shared.contract.standings import Standing
from shared.contract.verdict_ranges import Verdict
from shared.contract.verdicts import COUNTED_BALLOTS, ControlJudged
from tests.simulation.broker import Record
from tests.simulation.invariants import ANNOUNCED, CAST, HISTORY, JUDGED, PUBLISHED, hold
from tests.simulation.memory import decode_cast_once, standing_of
from tests.simulation.standings import check_standing
from tests.simulation.truth import Log
from tests.support.evidence import each_verdict


@dataclass
class Auditor:
    """The truth of each election, and everything that was published."""

    shards: int
    occurred: Counter[str] = field(default_factory=Counter)
    lossy: bool = False
    blind: bool = False
    """Whether the log is no longer what it was: the truth is what was published before."""
    newest: dict[str, Standing] = field(default_factory=dict)
    published: dict[tuple[str, tuple[int, ...]], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.log = Log(self.shards)
        self.truths = self.log.elections
        self._ballots: list[dict[str, list[tuple[int, int]]]] = [{} for _ in range(self.shards)]
        """By ballot id, where it stands: the offset of the pack, and the place in it."""
        self._with_verdict: list[list[bool]] = [[] for _ in range(self.shards)]
        """Whether the verdict on each record has come, as far as any has."""
        self.announced: dict[str, ElectionAnnounced] = {}
        self._announced_last: dict[str, int] = {}
        """By election, the place among the common phases of what was announced last."""
        self._snapshots: dict[tuple[str, str, int], bytes] = {}

    def expect(self, definition: Election) -> None:
        """Know of an election before anything is published about it."""
        self.log.expect(definition)

    def appended(self, topic: str, partition: int, record: Record) -> None:
        """Take a record of any topic as it is appended."""
        if self.blind:
            return
        if topic == CAST:
            self._cast(partition, record)
        elif topic == JUDGED:
            self._judged(partition, record)
        elif topic == PUBLISHED:
            self._published(record.value)
        elif topic == HISTORY:
            kept = standing_of(record.value)
            place = (kept.key, kept.watermark)
            hold(
                self.published.get(place, record.value) == record.value, "what is kept is as published", place
            )
        elif topic == ANNOUNCED:
            self._announced(decode_as(ElectionAnnounced, record.value))

    def acknowledged(self, ballot_id: str, elector: int) -> None:
        """A client has its receipt: the ballot is in its elector's shard."""
        found = ballot_id in self._ballots[shard_of(elector, self.shards)]
        hold(found, "promise 1, an acknowledged ballot is in the log", f"{ballot_id} of elector {elector}")

    def saved(self, service: str, name: str, position: int, state: bytes) -> None:
        """A snapshot was saved: every replica's at this position is the same, byte for byte."""
        before = self._snapshots.setdefault((service, name, position), state)
        hold(before == state, "replicas' snapshots are equal", f"{service} {name} at {position}")

    def shown(self, before: Standing | None, standing: Standing, body: bytes) -> None:
        """A client of one gateway was shown a standing."""
        hold(
            self.blind or self.published.get((standing.key, standing.watermark)) == body,
            "a standing shown was published",
            standing.key,
        )
        if before is not None:
            pairs = zip(before.watermark, standing.watermark, strict=True)
            back = any(old > new for old, new in pairs)
            hold(not back, "I9 a shown watermark goes back", f"{before.watermark} {standing.watermark}")

    def settled(self) -> str | None:
        """Return what is still missing of the end: a verdict on every record, and standings of the whole log."""
        for shard, (done, reasons) in enumerate(zip(self._with_verdict, self.log.reasons, strict=True)):
            if len(done) < len(reasons):
                return f"shard {shard}: verdicts on {len(done)} of {len(reasons)} records"
        for name, truth in self.truths.items():
            if truth.concerned() == (0,) * self.shards:
                continue
            whole = truth.at(truth.end)
            if None in whole.phases or truth.trails(whole.phases):
                continue
            for contest in truth.definition.contests:
                newest = self.newest.get(f"{name}/{contest.id}")
                if newest is None or _missing(newest, truth.concerned()):
                    return f"{name}/{contest.id}: {newest and newest.watermark} of {truth.concerned()}"
        return None

    def lost(self) -> list[int]:
        """Return for each shard how many verdicts the log has lost and nobody has published again."""
        return [done.count(False) for done in self._with_verdict]

    def conclude(self, acknowledged: dict[str, int]) -> None:
        """Check the end: every record has a verdict, every acknowledged ballot exactly one that decides."""
        for shard, reasons in enumerate(self.log.reasons):
            hold(
                len(self._with_verdict[shard]) == len(reasons), "every record has a verdict", f"shard {shard}"
            )
        for ballot_id, elector in acknowledged.items():
            shard = shard_of(elector, self.shards)
            places = self._ballots[shard].get(ballot_id, [])
            ends = [self.log.reasons[shard][offset][index] for offset, index in places]
            hold(bool(ends), "promise 1, an acknowledged ballot is in the log", ballot_id)
            counted = sum(end in COUNTED_BALLOTS for end in ends)
            hold(counted <= 1, "promise 1, it counts at most once", f"{ballot_id} {ends}")

    def _cast(self, shard: int, record: Record) -> None:
        self.log.take(shard, record.value)
        pack = decode_cast_once(record.value)
        for index, ballot in enumerate(pack.each() if isinstance(pack, Pack) else ()):
            self._ballots[shard].setdefault(ballot.ballot_id.hex(), []).append((record.offset, index))

    def _judged(self, shard: int, record: Record) -> None:
        found, done, log = decode_judged(record.value), self._with_verdict[shard], self.log
        where = (f"shard {shard}", found.since, found.upto)
        hold(found.upto <= len(log.reasons[shard]), "a verdict is of a record", where)
        if self.lossy and found.since > len(done):
            done.extend([False] * (found.since - len(done)))
        hold(found.since <= len(done), "first verdicts come in order", (where, len(done)))
        if found.since < len(done):
            self.occurred["duplicate verdict"] += 1
            self.occurred["range that overlaps"] += found.upto > len(done)
        done[found.since : found.upto] = [True] * (found.upto - found.since)
        each = list(each_verdict(found))
        expected = [one for of in log.judged[shard][found.since : found.upto] for one in each_of(of)]
        hold(each == expected, "I1 a verdict is what the log says", (where, each, expected))
        head = found.head if isinstance(found, ControlJudged) else found.head.hex()
        hold(head == log.heads[shard][found.upto], "I1 a head is the log's", where)

    def _announced(self, announced: ElectionAnnounced) -> None:
        truth = self.truths[announced.definition.id]
        newest = self.announced.get(truth.definition.id)
        if newest is not None and not announced.follows(newest):
            self.occurred["announcement behind another"] += 1
            return
        self.announced[truth.definition.id] = announced
        before = self._announced_last.get(truth.definition.id, 0)
        since = truth.common_phases[before:]
        stood = announced.phase in since
        hold(
            stood,
            "I2 what is announced stood in every shard, and goes not back",
            f"{announced.phase} of {since}",
        )
        self._announced_last[truth.definition.id] = before + since.index(announced.phase)

    def _published(self, body: bytes) -> None:
        standing = standing_of(body)
        place = (standing.key, standing.watermark)
        if place in self.published:
            self.occurred["duplicate standing"] += 1
            hold(self.published[place] == body, "a standing is a function of its watermark", place)
            return
        self.published[place] = body
        check_standing(standing, self.truths[standing.election], self.log)
        newest = self.newest.get(standing.key)
        if newest is None or standing.sequence > newest.sequence:
            self.newest[standing.key] = standing
        elif standing.sequence < newest.sequence:
            self.occurred["standing behind the newest"] += 1


def each_of(judged: Judged) -> Sequence[Verdict | ControlJudged]:
    """Return what became of one record, one by one."""
    return (judged,) if isinstance(judged, ControlJudged) else judged


def _missing(newest: Standing, concerned: Sequence[int]) -> bool:
    return any(upto < end for upto, end in zip(newest.watermark, concerned, strict=True))
