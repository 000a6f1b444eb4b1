"""The tally of one shard: how many accepted ballots carry each ranking, section by section.

Rule 1: of a range of verdicts only what comes next is applied; what was applied before is skipped. What is no verdict, and
        what does not join, is passed over and reported, until what was missing is written again (see infra/RUNBOOK.md).
Rule 2: published counts are absolute, with the range of records that they bring a reader over.
Rule 3: every ballot record is in the ledger, whatever became of it.
Rule 4: a range ends at the last record that concerns the election, not at the moment of publishing: replicas that
        publish at other moments hold the same state. A control without effect concerns it too: a certificate is given when
        every shard is known to hold the last order, also one about an elector of another shard.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np
import structlog
from prometheus_client import Counter as Metric

from shared.contract.chain import START
from shared.contract.codec import UnknownVersion, decode_judged
from shared.contract.elections import Election, Revote
from shared.contract.events import Control, ElectionConfigured
from shared.contract.ids import contest_key
from shared.contract.tallies import TallyChanged, controls_json, encode_tally
from shared.contract.verdict_ranges import Ranking, Verdicts
from shared.contract.verdicts import Ballot, ControlJudged
from shared.runtime.log import Outgoing
from shared.runtime.watermark import Gap, joins

PASSED_OVER = Metric("livecount_counting_passed_over_total", "Records that nobody can read", ["topic"])
PENDING_BYTES = 256 * 1024
"""Of verdicts that are published together: a change of one contest is no longer, and has to fit a batch."""


log = structlog.get_logger()


@dataclass
class Ledger:
    """One election in one shard."""

    definition: Election
    counts: list[Counter[Ranking]]
    """For each contest, how many accepted ballots carry each (section, marks)."""
    turnout: list[int]
    reasons: Counter[str] = field(default_factory=Counter)
    voided: int = 0
    published: int = 0
    upto: int = 0
    head: bytes = START
    pending: list[Counter[Ranking]] = field(default_factory=list)
    """For each contest, changes of the counts since they were last published."""
    pending_bytes: int = 0
    controls: list[Control] = field(default_factory=list)

    @classmethod
    def opened_for(cls, definition: Election) -> "Ledger":
        """Return an empty ledger."""
        ledger = cls(definition, [Counter() for _ in definition.contests], [0] * len(definition.sections))
        ledger.pending = [Counter() for _ in definition.contests]
        return ledger

    def add(self, verdicts: Verdicts) -> None:
        """Add the ballots of a range that count, and take out those that they supersede."""
        for reason, ballots in verdicts.outcomes:
            self.reasons[reason] += ballots
        signs = verdicts.signs() if self.definition.revote is Revote.LAST_COUNTS else None
        for contest, rankings in enumerate(verdicts.rankings):
            pending, different, places = self.pending[contest], rankings.different, rankings.places()
            entries_of = np.bincount(places, minlength=len(different)).tolist()
            ballots_of = entries_of
            if signs is not None:
                ballots_of = np.bincount(places, signs, len(different)).astype(np.int64).tolist()
            for ranking, entries, ballots in zip(different, entries_of, ballots_of, strict=True):
                if entries:  # a range that was cut names rankings of what was applied before
                    pending[ranking] += ballots
                    if contest == 0:
                        self.turnout[ranking[0]] += ballots

    def move(self, ballot: Ballot, step: int) -> None:
        """Bring so many ballots that are alike back into the count, or take them out, below 0."""
        self.voided -= step
        self.turnout[ballot.section] += step
        for pending, marks in zip(self.pending, ballot.rankings, strict=True):
            pending[ballot.section, marks] += step

    def settle(self) -> list[list[Ranking]]:
        """Add what is pending to the counts; return the rankings of each contest that it touched, in order."""
        for counts, pending in zip(self.counts, self.pending, strict=True):
            for ranking, ballots in pending.items():
                counts[ranking] += ballots
                if not counts[ranking]:
                    del counts[ranking]
        changed = [sorted(pending) for pending in self.pending]
        self.pending, self.pending_bytes = [Counter() for _ in self.counts], 0
        return changed


class Tally:
    """State machine of counting's first half: follows `ballots.judged`, writes `tallies.changed`."""

    def __init__(self, shard: int, shards: int, topic: str, partition_of: "PartitionOf") -> None:
        self._shard = shard
        self._shards = shards
        self._topic = topic
        self._partition_of = partition_of
        self._watermark = 0
        self._missing = ""
        self._ledgers: dict[str, Ledger] = {}
        self._outgoing: list[Outgoing] = []

    def apply(self, values: Sequence[bytes]) -> None:
        """Apply the next verdicts."""
        for value in values:
            try:
                record = decode_judged(value)
                is_next = joins(f"verdict in shard {self._shard}", self._watermark, record.since, record.upto)
            except Gap as gap:
                self._missing = str(gap)
                continue
            except (ValueError, UnknownVersion) as fault:
                PASSED_OVER.labels(self._topic).inc()
                log.warning("record passed over", shard=self._shard, fault=str(fault))
                continue
            if not is_next:
                continue
            self._missing = ""
            if isinstance(record, Verdicts):
                self._apply_verdicts(record.after(self._watermark), len(value))
            elif record.control is not None:
                self._apply_control(record, record.control, len(value))
            self._watermark = record.upto

    def drain(self) -> list[Outgoing]:
        """Return what changed, contest by contest."""
        for ledger in self._ledgers.values():
            if ledger.upto > ledger.published:
                self._publish(ledger)
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def ballots(self) -> int:
        """Return how many ballots of elections are in the ledgers."""
        return sum(ledger.reasons.total() for ledger in self._ledgers.values())

    def covered(self) -> dict[str, list[int]]:
        """Return how many cast records are added up of an election in this shard, by election."""
        return {name: [ledger.upto] for name, ledger in sorted(self._ledgers.items())}

    def trouble(self) -> str:
        """Return which verdicts are missing; nothing if none are."""
        return self._missing

    def republish(self) -> None:
        """Nothing: readers keep every change."""

    def save(self) -> bytes:
        """Return the state. Nothing is pending when this is asked."""
        ledgers = {name: _plain(ledger) for name, ledger in sorted(self._ledgers.items())}
        return msgspec.msgpack.encode(
            {"watermark": self._watermark, "missing": self._missing, "ledgers": ledgers}
        )

    def restore(self, state: bytes) -> None:
        """Become the tally that was saved."""
        plain = msgspec.msgpack.decode(state, strict=False)
        self._watermark, self._missing = plain["watermark"], plain["missing"]
        self._ledgers = {name: _ledger(saved) for name, saved in plain["ledgers"].items()}

    def _apply_verdicts(self, verdicts: Verdicts, size: int) -> None:
        ledger = self._ledgers.get(verdicts.election)
        if ledger is None:
            return
        ledger.add(verdicts)
        ledger.pending_bytes += size
        ledger.upto, ledger.head = verdicts.upto, verdicts.head
        if ledger.pending_bytes >= PENDING_BYTES:
            self._publish(ledger)

    def _apply_control(self, judged: ControlJudged, control: Control, size: int) -> None:
        applied = judged.effect == "applied"
        if applied and isinstance(control, ElectionConfigured):
            self._ledgers[control.election] = Ledger.opened_for(control.definition)
        ledger = self._ledgers.get(control.election)
        if ledger is None:
            return
        ledger.upto, ledger.head = judged.upto, bytes.fromhex(judged.head)
        if not applied:
            return
        ledger.controls.append(control)
        for ballot, step in judged.moved():
            ledger.move(ballot, step)
        ledger.pending_bytes += size
        if ledger.pending_bytes >= PENDING_BYTES:
            self._publish(ledger)

    def _publish(self, ledger: Ledger) -> None:
        changed = ledger.settle()
        self._outgoing += [self._changed(ledger, place, rankings) for place, rankings in enumerate(changed)]
        ledger.published, ledger.controls = ledger.upto, []

    def _changed(self, ledger: Ledger, place: int, rankings: Sequence[Ranking]) -> Outgoing:
        counts, contest = ledger.counts[place], ledger.definition.contests[place].id
        key = contest_key(ledger.definition.id, contest)
        change = TallyChanged(
            election=ledger.definition.id,
            contest=contest,
            shard=self._shard,
            shards=self._shards,
            since=ledger.published,
            upto=ledger.upto,
            head=ledger.head,
            sections=[section for section, _ in rankings],
            marks=[marks for _, marks in rankings],
            ballots=[counts[ranking] for ranking in rankings],
            reasons=dict(sorted(ledger.reasons.items())),
            voided=ledger.voided,
            turnout=tuple(ledger.turnout),
            controls_json=controls_json(ledger.controls),
        )
        return Outgoing(self._topic, self._partition_of(key), key.encode(), encode_tally(change))


class PartitionOf(msgspec.Struct, frozen=True):
    """Where a contest's records go: the same partition for as long as the deployment lives."""

    partitions: int

    def __call__(self, key: str) -> int:
        """Return the partition of a contest's key."""
        return sum(key.encode()) % self.partitions


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
