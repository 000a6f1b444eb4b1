"""The tally of one shard: how many accepted ballots carry each ranking, section by section.

Rule 1: of a range of verdicts only what comes next is applied; what was applied before is skipped.
Rule 2: published counts are absolute, with the range of records that they bring a reader over.
Rule 3: every ballot record is in the ledger, whatever became of it.
Rule 4: a range ends at the last record that concerns the election, not at the moment of publishing: replicas that
        publish at other moments hold the same state.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from shared.contract.chain import START
from shared.contract.codec import decode_judged, encode
from shared.contract.elections import Election
from shared.contract.events import Control, ElectionConfigured
from shared.contract.ids import contest_key
from shared.contract.tallies import TallyChanged
from shared.contract.verdict_ranges import HotAnonymousBallot, HotVerdicts
from shared.contract.verdicts import AnonymousBallot, ControlJudged
from shared.runtime.log import Outgoing
from shared.runtime.watermark import joins

PENDING_BYTES = 256 * 1024
"""Of verdicts whose ballots are published together: a change of one contest is no longer, and has to fit a batch."""

Ranking = tuple[int, str]
"""Section and marks."""


@dataclass
class Ledger:
    """One election in one shard."""

    definition: Election
    counts: list[Counter[Ranking]]
    turnout: list[int]
    reasons: Counter[str] = field(default_factory=Counter)
    voided: int = 0
    published: int = 0
    upto: int = 0
    head: str = START.hex()
    pending: list[HotAnonymousBallot] = field(default_factory=list)
    """Ballots gathered since counts were last published."""
    pending_bytes: int = 0
    moved: list[tuple[HotAnonymousBallot, int]] = field(default_factory=list)
    """Ballots that an operator has since brought back into the count, +1, or taken out, -1."""
    controls: list[Control] = field(default_factory=list)

    @classmethod
    def opened_for(cls, definition: Election) -> "Ledger":
        """Return an empty ledger."""
        contests = definition.contests
        return cls(
            definition,
            counts=[Counter() for _ in contests],
            turnout=[0] * len(definition.sections),
        )

    def settle(self) -> list[set[Ranking]]:
        """Add the pending ballots to the counts; return the rankings of each contest that they carry."""
        changed = [self._settle_contest(place, counts) for place, counts in enumerate(self.counts)]
        for section, _ in self.pending:
            self.turnout[section] += 1
        for (section, _), ballots in self.moved:
            self.turnout[section] += ballots
        self.pending, self.pending_bytes, self.moved = [], 0, []
        return changed

    def _settle_contest(self, place: int, counts: Counter[Ranking]) -> set[Ranking]:
        rankings = [(section, marks[place]) for section, marks in self.pending]
        counts.update(rankings)
        changed = set(rankings)
        for (section, marks), ballots in self.moved:
            ranking = section, marks[place]
            counts[ranking] += ballots
            changed.add(ranking)
        return changed


class Tally:
    """State machine of counting's first half: follows `ballots.judged`, writes `tallies.changed`."""

    def __init__(self, shard: int, shards: int, topic: str, partition_of: "PartitionOf") -> None:
        self._shard = shard
        self._shards = shards
        self._topic = topic
        self._partition_of = partition_of
        self._watermark = 0
        self._ledgers: dict[str, Ledger] = {}
        self._reasons_elsewhere: Counter[str] = Counter()
        self._outgoing: list[Outgoing] = []

    def apply(self, values: Sequence[bytes]) -> None:
        """Apply the next verdicts. Raises Gap if one is missing."""
        for value in values:
            record = decode_judged(value)
            if not joins(f"verdict in shard {self._shard}", self._watermark, record.since, record.upto):
                continue
            if isinstance(record, HotVerdicts):
                self._apply_verdicts(record.after(self._watermark), len(value))
            else:
                self._apply_control(record)
            self._watermark = record.upto

    def drain(self) -> list[Outgoing]:
        """Return what changed, contest by contest."""
        for ledger in self._ledgers.values():
            if ledger.upto > ledger.published:
                self._publish(ledger)
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def watermark(self) -> int:
        """Return how many cast records the state covers."""
        return self._watermark

    def republish(self) -> None:
        """Nothing: readers keep every change."""

    def save(self) -> bytes:
        """Return the state. Nothing is pending when this is asked."""
        ledgers = {name: _plain(ledger) for name, ledger in sorted(self._ledgers.items())}
        return msgspec.msgpack.encode(
            {"watermark": self._watermark, "ledgers": ledgers, "elsewhere": dict(self._reasons_elsewhere)}
        )

    def restore(self, state: bytes) -> None:
        """Become the tally that was saved."""
        plain = msgspec.msgpack.decode(state, strict=False)
        self._watermark = plain["watermark"]
        self._reasons_elsewhere = Counter(plain["elsewhere"])
        self._ledgers = {name: _ledger(saved) for name, saved in plain["ledgers"].items()}

    def _apply_verdicts(self, verdicts: HotVerdicts, size: int) -> None:
        ledger = self._ledgers.get(verdicts.election)
        reasons = self._reasons_elsewhere if ledger is None else ledger.reasons
        for reason, records in verdicts.outcomes:
            reasons[reason] += records
        if ledger is None:
            return
        ledger.pending += verdicts.accepted
        ledger.pending_bytes += size
        ledger.upto, ledger.head = verdicts.upto, verdicts.head
        if ledger.pending_bytes >= PENDING_BYTES:
            self._publish(ledger)

    def _apply_control(self, judged: ControlJudged) -> None:
        if judged.effect == "ignored":
            return
        control = judged.control
        if isinstance(control, ElectionConfigured):
            self._ledgers[control.election] = Ledger.opened_for(control.definition)
        ledger = self._ledgers[control.election]
        ledger.upto, ledger.head = judged.upto, judged.head
        ledger.controls.append(control)
        _move(ledger, judged.retracted, -1)
        _move(ledger, judged.restored, +1)

    def _publish(self, ledger: Ledger) -> None:
        changed = ledger.settle()
        self._outgoing += [self._changed(ledger, place, rankings) for place, rankings in enumerate(changed)]
        ledger.published, ledger.controls = ledger.upto, []

    def _changed(self, ledger: Ledger, place: int, rankings: set[Ranking]) -> Outgoing:
        counts = ledger.counts[place]
        key = contest_key(ledger.definition.id, ledger.definition.contests[place].id)
        record = TallyChanged(
            election=ledger.definition.id,
            contest=ledger.definition.contests[place].id,
            shard=self._shard,
            shards=self._shards,
            since=ledger.published,
            upto=ledger.upto,
            head=ledger.head,
            counts=tuple((section, marks, counts[section, marks]) for section, marks in sorted(rankings)),
            reasons=dict(sorted(ledger.reasons.items())),
            voided=ledger.voided,
            turnout=tuple(ledger.turnout),
            controls=tuple(ledger.controls),
        )
        return Outgoing(self._topic, self._partition_of(key), key.encode(), encode(record))


class PartitionOf(msgspec.Struct, frozen=True):
    """Where a contest's records go: the same partition for as long as the deployment lives."""

    partitions: int

    def __call__(self, key: str) -> int:
        """Return the partition of a contest's key."""
        return sum(key.encode()) % self.partitions


def _move(ledger: Ledger, ballot: AnonymousBallot | None, delta: int) -> None:
    if ballot is not None:
        ledger.moved.append(((ballot.section, ballot.rankings), delta))
        ledger.voided -= delta


def _plain(ledger: Ledger) -> dict[str, Any]:
    return {
        "definition": ledger.definition.model_dump_json(),
        "counts": [[(*ranking, n) for ranking, n in sorted(counts.items())] for counts in ledger.counts],
        "turnout": ledger.turnout,
        "reasons": dict(sorted(ledger.reasons.items())),
        "voided": ledger.voided,
        "published": ledger.published,
    }


def _ledger(saved: dict[str, Any]) -> Ledger:
    ledger = Ledger.opened_for(Election.model_validate_json(saved["definition"]))
    ledger.counts = [
        Counter({(section, marks): n for section, marks, n in counts}) for counts in saved["counts"]
    ]
    ledger.turnout = saved["turnout"]
    ledger.reasons = Counter(saved["reasons"])
    ledger.voided, ledger.published = saved["voided"], saved["published"]
    ledger.upto = ledger.published
    return ledger
