"""The rounds of every contest in one partition: shards added up, counted, published whole.

Rule 1: a shard's counts are absolute; the newest replace the older, and only a range that joins on is applied.
Rule 2: a standing holds no more than its watermark covers, and balances, or it is not published.
Rule 3: a candidate has withdrawn once every shard holds the withdrawal, and is back once one holds the reinstatement.
Rule 4: votes that the election's terms withhold until the close are not in it before.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from services.counting.standing import ShardLedger, standing_of
from shared.contract.codec import decode_as, encode
from shared.contract.elections import Contest, Election, Phase
from shared.contract.events import (
    CandidateReinstated,
    CandidateWithdrawn,
    Control,
    ElectionCertified,
    ElectionClosed,
    ElectionConfigured,
    ElectionOpened,
    ElectionPaused,
    ElectionResumed,
)
from shared.contract.ids import contest_key
from shared.contract.standings import Standing
from shared.contract.tallies import TallyChanged
from shared.rcv.count.live import LiveMethod, open_method
from shared.runtime.log import Outgoing
from shared.runtime.watermark import joins

Ranking = tuple[int, str]

PHASE_AFTER: dict[type, Phase] = {
    ElectionConfigured: Phase.CONFIGURED,
    ElectionOpened: Phase.OPEN,
    ElectionPaused: Phase.PAUSED,
    ElectionResumed: Phase.OPEN,
    ElectionClosed: Phase.CLOSED,
    ElectionCertified: Phase.CERTIFIED,
}


@dataclass
class ContestCount:
    """One contest: the newest counts of each shard, and the method that counts their sum."""

    definition: Election
    contest: Contest
    method: LiveMethod
    shards: list[ShardLedger]
    counts: list[dict[Ranking, int]] = field(default_factory=list)
    published: int = -1
    withdrawn: frozenset[str] = frozenset()

    @classmethod
    def opened_for(cls, definition: Election, contest_id: str, shards: int) -> "ContestCount":
        """Return a count of no ballots."""
        contest = definition.contest(contest_id)
        return cls(
            definition,
            contest,
            open_method(contest, len(definition.sections)),
            shards=[ShardLedger.empty(len(definition.sections)) for _ in range(shards)],
            counts=[{} for _ in range(shards)],
        )

    @property
    def sequence(self) -> int:
        """How many cast records the count covers."""
        return sum(shard.watermark for shard in self.shards)

    def apply(self, change: TallyChanged) -> None:
        """Replace the shard's earlier counts."""
        counts = self.counts[change.shard]
        self.method.apply(
            [(section, marks, n - counts.get((section, marks), 0)) for section, marks, n in change.counts]
        )
        counts.update({(section, marks): n for section, marks, n in change.counts})
        shard = self.shards[change.shard]
        self.shards[change.shard] = ShardLedger(
            change.upto,
            change.head,
            _phase_after(change.controls, shard.phase),
            Counter(change.reasons),
            change.voided,
            change.turnout,
            _withdrawn_after(change.controls, self.contest.id, shard.withdrawn),
        )
        self.settle_candidates()

    def settle_candidates(self) -> None:
        """Let those be out of the contest whose withdrawal every shard holds, and nobody else who was in it."""
        agreed = frozenset.intersection(*(shard.withdrawn for shard in self.shards))
        for candidate in sorted(agreed - self.withdrawn):
            self.method.withdraw(self.contest.place(candidate))
        for candidate in sorted(self.withdrawn - agreed):
            self.method.restore(self.contest.place(candidate))
        self.withdrawn = agreed

    def standing(self) -> Standing:
        """Return the standing at this watermark."""
        contest = self.contest.excluding({self.contest.place(candidate) for candidate in self.withdrawn})
        return standing_of(self.definition, contest, self.shards, self.method.count())


class Rounds:
    """State machine of counting's second half: follows `tallies.changed`, writes `counts.published`."""

    def __init__(self, partition: int, topic: str) -> None:
        self._partition = partition
        self._topic = topic
        self._contests: dict[str, ContestCount] = {}

    def apply(self, values: Sequence[bytes]) -> None:
        """Apply the next changes. Raises Gap if some are missing."""
        for value in values:
            self._apply(decode_as(TallyChanged, value))

    def drain(self) -> list[Outgoing]:
        """Publish the contests whose watermark has moved."""
        return [
            self._publish(key, count)
            for key, count in self._contests.items()
            if count.sequence > count.published
        ]

    def watermark(self) -> int:
        """Return how many cast records the state covers, of the contest that is furthest."""
        return max((count.sequence for count in self._contests.values()), default=0)

    def republish(self) -> None:
        """Publish every contest again the next time."""
        for count in self._contests.values():
            count.published = -1

    def save(self) -> bytes:
        """Return the state."""
        return msgspec.msgpack.encode({key: _plain(count) for key, count in sorted(self._contests.items())})

    def restore(self, state: bytes) -> None:
        """Become the rounds that were saved: the method counts the sums afresh."""
        self._contests = {key: _count(saved) for key, saved in msgspec.msgpack.decode(state).items()}

    def _apply(self, change: TallyChanged) -> None:
        key = contest_key(change.election, change.contest)
        count = self._contests.get(key)
        watermark = 0 if count is None else count.shards[change.shard].watermark
        if not joins(f"{key} shard {change.shard}", watermark, change.since, change.upto):
            return
        if count is None:
            definition = _definition_in(change.controls)
            count = self._contests[key] = ContestCount.opened_for(definition, change.contest, change.shards)
        count.apply(change)

    def _publish(self, key: str, count: ContestCount) -> Outgoing:
        count.published = count.sequence
        return Outgoing(self._topic, self._partition, key.encode(), encode(count.standing()))


def _phase_after(controls: Sequence[Control], phase: Phase | None) -> Phase | None:
    for control in controls:
        phase = PHASE_AFTER.get(type(control), phase)
    return phase


def _withdrawn_after(controls: Sequence[Control], contest: str, withdrawn: frozenset[str]) -> frozenset[str]:
    for control in controls:
        if isinstance(control, CandidateWithdrawn) and control.contest == contest:
            withdrawn |= {control.candidate}
        elif isinstance(control, CandidateReinstated) and control.contest == contest:
            withdrawn -= {control.candidate}
    return withdrawn


def _definition_in(controls: Sequence[Control]) -> Election:
    for control in controls:
        if isinstance(control, ElectionConfigured):
            return control.definition
    raise ValueError("a contest's first change in a shard carries its configuration, this one does not")


def _plain(count: ContestCount) -> dict[str, Any]:
    return {
        "definition": count.definition.model_dump_json(),
        "contest": count.contest.id,
        "published": count.published,
        "shards": [
            {
                "watermark": shard.watermark,
                "head": shard.head,
                "phase": shard.phase,
                "reasons": dict(sorted(shard.reasons.items())),
                "voided": shard.voided,
                "turnout": shard.turnout,
                "withdrawn": sorted(shard.withdrawn),
                "counts": [(*ranking, n) for ranking, n in sorted(counts.items())],
            }
            for shard, counts in zip(count.shards, count.counts, strict=True)
        ],
    }


def _count(saved: dict[str, Any]) -> ContestCount:
    shards = saved["shards"]
    count = ContestCount.opened_for(
        Election.model_validate_json(saved["definition"]), saved["contest"], len(shards)
    )
    count.published = saved["published"]
    for place, shard in enumerate(shards):
        phase = None if shard["phase"] is None else Phase(shard["phase"])
        count.shards[place] = ShardLedger(
            shard["watermark"],
            shard["head"],
            phase,
            Counter(shard["reasons"]),
            shard["voided"],
            tuple(shard["turnout"]),
            frozenset(shard["withdrawn"]),
        )
        count.counts[place] = {(section, marks): n for section, marks, n in shard["counts"]}
        count.method.apply([(section, marks, n) for section, marks, n in shard["counts"]])
    count.settle_candidates()
    return count
