"""The tally of one shard: how many accepted ballots carry each ranking, section by section.

Rule 1: a verdict is applied only if it is the next one's (`==`); what was applied before is skipped.
Rule 2: what is told are absolute counts, with the range of records they bring the listener over.
Rule 3: every ballot record is in the ledger, whatever became of it.
Rule 4: a range ends at the last record that concerns the election, not where the telling happens to be: replicas that
        tell at other moments hold the same state.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from shared.contract.chain import START
from shared.contract.codec import HotVerdict, decode_judged, encode
from shared.contract.elections import Election
from shared.contract.events import Control, ElectionConfigured
from shared.contract.ids import contest_key
from shared.contract.tallies import TallyChanged
from shared.contract.verdicts import ControlJudged, Paper, Reason
from shared.runtime.log import Outgoing
from shared.runtime.watermark import is_next

Ranking = tuple[int, str]
"""Section and marks."""


@dataclass
class Ledger:
    """One election in one shard."""

    definition: Election
    counts: list[dict[Ranking, int]]
    turnout: list[int]
    reasons: Counter[str] = field(default_factory=Counter)
    voided: int = 0
    told: int = 0
    upto: int = 0
    head: str = START.hex()
    changed: list[set[Ranking]] = field(default_factory=list)
    controls: list[Control] = field(default_factory=list)

    @classmethod
    def opened_for(cls, definition: Election) -> "Ledger":
        """Return an empty ledger."""
        contests = definition.contests
        return cls(
            definition,
            counts=[{} for _ in contests],
            turnout=[0] * len(definition.sections),
            changed=[set() for _ in contests],
        )

    def add(self, section: int, papers: Sequence[str], delta: int) -> None:
        """Take a paper into the counts, or out of them."""
        self.turnout[section] += delta
        for counts, changed, marks in zip(self.counts, self.changed, papers, strict=True):
            ranking = (section, marks)
            counts[ranking] = counts.get(ranking, 0) + delta
            changed.add(ranking)


class Tally:
    """State machine of counting's first half: follows `ballots.judged`, speaks on `tallies.changed`."""

    def __init__(self, shard: int, shards: int, topic: str, partition_of: "PartitionOf") -> None:
        self._shard = shard
        self._shards = shards
        self._topic = topic
        self._partition_of = partition_of
        self._watermark = 0
        self._ledgers: dict[str, Ledger] = {}
        self._reasons_elsewhere: Counter[str] = Counter()

    def apply(self, values: Sequence[bytes]) -> None:
        """Take the next verdicts. Raises Gap if one is missing."""
        for value in values:
            record = decode_judged(value)
            if not is_next(f"verdict in shard {self._shard}", self._watermark, record.source):
                continue
            if isinstance(record, HotVerdict):
                self._take_verdict(record)
            else:
                self._take_control(record)
            self._watermark += 1

    def take(self) -> list[Outgoing]:
        """Tell what changed, contest by contest."""
        return [
            outgoing
            for ledger in self._ledgers.values()
            if ledger.upto > ledger.told
            for outgoing in self._tell(ledger)
        ]

    def repeat(self) -> None:
        """Nothing: readers keep every change."""

    def save(self) -> bytes:
        """Return the state. Nothing is untold when this is asked."""
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

    def _take_verdict(self, verdict: HotVerdict) -> None:
        ledger = self._ledgers.get(verdict.election)
        if ledger is None:
            self._reasons_elsewhere[verdict.reason] += 1
            return
        ledger.upto, ledger.head = self._watermark + 1, verdict.head
        ledger.reasons[verdict.reason] += 1
        if verdict.reason == Reason.ACCEPTED:
            ledger.add(verdict.section, verdict.papers, +1)

    def _take_control(self, judged: ControlJudged) -> None:
        if judged.effect == "ignored":
            return
        control = judged.control
        if isinstance(control, ElectionConfigured):
            self._ledgers[control.election] = Ledger.opened_for(control.definition)
        ledger = self._ledgers[control.election]
        ledger.upto, ledger.head = self._watermark + 1, judged.head
        ledger.controls.append(control)
        _move(ledger, judged.retracted, -1)
        _move(ledger, judged.restored, +1)

    def _tell(self, ledger: Ledger) -> list[Outgoing]:
        told = [self._changed(ledger, place) for place in range(len(ledger.counts))]
        ledger.told, ledger.controls = ledger.upto, []
        return told

    def _changed(self, ledger: Ledger, place: int) -> Outgoing:
        counts, changed = ledger.counts[place], ledger.changed[place]
        key = contest_key(ledger.definition.id, ledger.definition.contests[place].id)
        record = TallyChanged(
            election=ledger.definition.id,
            contest=ledger.definition.contests[place].id,
            shard=self._shard,
            shards=self._shards,
            since=ledger.told,
            upto=ledger.upto,
            head=ledger.head,
            counts=tuple((section, marks, counts[section, marks]) for section, marks in sorted(changed)),
            reasons=dict(sorted(ledger.reasons.items())),
            voided=ledger.voided,
            turnout=tuple(ledger.turnout),
            controls=tuple(ledger.controls),
        )
        changed.clear()
        return Outgoing(self._topic, self._partition_of(key), key.encode(), encode(record))


class PartitionOf(msgspec.Struct, frozen=True):
    """Where a contest's records go: the same partition for as long as the deployment lives."""

    partitions: int

    def __call__(self, key: str) -> int:
        """Return the partition of a contest's key."""
        return sum(key.encode()) % self.partitions


def _move(ledger: Ledger, paper: Paper | None, delta: int) -> None:
    if paper is not None:
        ledger.add(paper.section, paper.papers, delta)
        ledger.voided -= delta


def _plain(ledger: Ledger) -> dict[str, Any]:
    return {
        "definition": ledger.definition.model_dump_json(),
        "counts": [[(*ranking, n) for ranking, n in sorted(counts.items())] for counts in ledger.counts],
        "turnout": ledger.turnout,
        "reasons": dict(sorted(ledger.reasons.items())),
        "voided": ledger.voided,
        "told": ledger.told,
    }


def _ledger(saved: dict[str, Any]) -> Ledger:
    ledger = Ledger.opened_for(Election.model_validate_json(saved["definition"]))
    ledger.counts = [{(section, marks): n for section, marks, n in counts} for counts in saved["counts"]]
    ledger.turnout = saved["turnout"]
    ledger.reasons = Counter(saved["reasons"])
    ledger.voided, ledger.told = saved["voided"], saved["told"]
    ledger.upto = ledger.told
    return ledger
