"""The tally of one shard: how many accepted ballots carry each ranking, section by section.

Rule 1: of a range of verdicts only what comes next is applied; what was applied before is skipped.
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
from shared.contract.codec import decode_judged, encode
from shared.contract.elections import Election
from shared.contract.events import Control, ElectionConfigured
from shared.contract.ids import contest_key
from shared.contract.tallies import TallyChanged
from shared.contract.verdict_ranges import HotVerdicts, SectionedPaper
from shared.contract.verdicts import ControlJudged, Paper
from shared.runtime.log import Outgoing
from shared.runtime.watermark import joins

TOLD_AT_ONCE_BYTES = 256 * 1024
"""Of verdicts whose papers are told together: what is told of a contest is not longer, and has to fit a batch."""

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
    told: int = 0
    upto: int = 0
    head: str = START.hex()
    untold: list[SectionedPaper] = field(default_factory=list)
    """Papers gathered since the last telling."""
    untold_bytes: int = 0
    moved: list[tuple[SectionedPaper, int]] = field(default_factory=list)
    """Papers that an operator has since brought back into the count, +1, or taken out, -1."""
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
        """Put the gathered papers into the counts; return each contest's rankings that they carry."""
        changed = [self._settle_contest(place, counts) for place, counts in enumerate(self.counts)]
        for section, _ in self.untold:
            self.turnout[section] += 1
        for (section, _), ballots in self.moved:
            self.turnout[section] += ballots
        self.untold, self.untold_bytes, self.moved = [], 0, []
        return changed

    def _settle_contest(self, place: int, counts: Counter[Ranking]) -> set[Ranking]:
        rankings = [(section, papers[place]) for section, papers in self.untold]
        counts.update(rankings)
        changed = set(rankings)
        for (section, papers), ballots in self.moved:
            ranking = section, papers[place]
            counts[ranking] += ballots
            changed.add(ranking)
        return changed


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
        self._outgoing: list[Outgoing] = []

    def apply(self, values: Sequence[bytes]) -> None:
        """Take the next verdicts. Raises Gap if one is missing."""
        for value in values:
            record = decode_judged(value)
            if not joins(f"verdict in shard {self._shard}", self._watermark, record.since, record.upto):
                continue
            if isinstance(record, HotVerdicts):
                self._take_verdicts(record.after(self._watermark), len(value))
            else:
                self._take_control(record)
            self._watermark = record.upto

    def take(self) -> list[Outgoing]:
        """Tell what changed, contest by contest."""
        for ledger in self._ledgers.values():
            if ledger.upto > ledger.told:
                self._tell(ledger)
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def covered(self) -> int:
        """Return how many cast records the state covers."""
        return self._watermark

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

    def _take_verdicts(self, verdicts: HotVerdicts, size: int) -> None:
        ledger = self._ledgers.get(verdicts.election)
        reasons = self._reasons_elsewhere if ledger is None else ledger.reasons
        for reason, records in verdicts.outcomes:
            reasons[reason] += records
        if ledger is None:
            return
        ledger.untold += verdicts.papers
        ledger.untold_bytes += size
        ledger.upto, ledger.head = verdicts.upto, verdicts.head
        if ledger.untold_bytes >= TOLD_AT_ONCE_BYTES:
            self._tell(ledger)

    def _take_control(self, judged: ControlJudged) -> None:
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

    def _tell(self, ledger: Ledger) -> None:
        changed = ledger.settle()
        self._outgoing += [self._changed(ledger, place, rankings) for place, rankings in enumerate(changed)]
        ledger.told, ledger.controls = ledger.upto, []

    def _changed(self, ledger: Ledger, place: int, rankings: set[Ranking]) -> Outgoing:
        counts = ledger.counts[place]
        key = contest_key(ledger.definition.id, ledger.definition.contests[place].id)
        record = TallyChanged(
            election=ledger.definition.id,
            contest=ledger.definition.contests[place].id,
            shard=self._shard,
            shards=self._shards,
            since=ledger.told,
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


def _move(ledger: Ledger, paper: Paper | None, delta: int) -> None:
    if paper is not None:
        ledger.moved.append(((paper.section, paper.papers), delta))
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
    ledger.counts = [
        Counter({(section, marks): n for section, marks, n in counts}) for counts in saved["counts"]
    ]
    ledger.turnout = saved["turnout"]
    ledger.reasons = Counter(saved["reasons"])
    ledger.voided, ledger.told = saved["voided"], saved["told"]
    ledger.upto = ledger.told
    return ledger
