"""The rounds of every contest in one partition: shards added up, counted, published whole.

Rule 1: a shard's counts are absolute; the newest replace the older, and only a range that joins on is applied.
Rule 2: a standing holds no more than its watermark covers, and balances, or it is not published.
Rule 3: a candidate has withdrawn once every shard holds the withdrawal, and is back once one holds the reinstatement.
Rule 4: votes that the election's terms withhold until the close are not in it before.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import sub
from typing import Any, Final

import msgspec
import structlog

from services.counting.standing import ShardLedger, standing_of
from shared.contract.codec import encode
from shared.contract.elections import Contest, Election, Phase
from shared.contract.events import (
    CandidateReinstated,
    CandidateWithdrawn,
    Control,
    ElectionCertified,
    ElectionConfigured,
)
from shared.contract.ids import contest_key
from shared.contract.lifecycle import phase_after
from shared.contract.standings import Standing, WhatIf
from shared.contract.tallies import TallyChanged, decode_tally
from shared.contract.verdict_ranges import Ranking
from shared.rcv.contract_rounds import what_if_of
from shared.rcv.count.live import LiveMethod, open_method
from shared.rcv.count.profile import most_rankings
from shared.rcv.count.rounds import Count
from shared.rcv.scenarios import what_if
from shared.runtime.log import Outgoing
from shared.runtime.watermark import joins

log = structlog.get_logger()

MAX_LIVE_COST: Final = 20_000
"""Candidates times rankings up to which every standing has its what-ifs: 4 ms with 5 candidates, 25 with 13."""
MAX_FINAL_COST: Final = 2_000_000
"""The same for a standing after the close: 2 s with 20 candidates and 100,000 rankings."""


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
    stopped: str = ""
    """Why the count raised, if it did: the contest publishes no rounds from then on, every other goes on."""

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
        self._apply_counts(change)
        controls = change.controls()
        shard = self.shards[change.shard]
        self.shards[change.shard] = ShardLedger(
            change.upto,
            change.head.hex(),
            phase_after(shard.phase, controls),
            Counter(change.reasons),
            change.voided,
            change.turnout,
            _withdrawn_after(controls, self.contest.id, shard.withdrawn),
            _certificate_after(controls, self.contest.id, shard.certificate),
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
        """Return the standing at this watermark; without rounds if the count raises."""
        contest = self.contest.excluding({self.contest.place(candidate) for candidate in self.withdrawn})
        count = None
        if not self.stopped:
            try:
                count = self.method.count()
                count.check(sum(sum(shard.turnout) for shard in self.shards))
            except Exception as fault:
                self.stopped = f"{type(fault).__name__}: {fault}"
                log.exception("count stopped", election=self.definition.id, contest=self.contest.id)
        count = None if self.stopped else count
        return standing_of(
            self.definition, contest, self.shards, count, self.stopped, self._what_if(contest, count)
        )

    def _what_if(self, contest: Contest, count: Count | None) -> WhatIf | None:
        """Return what-ifs while they are cheap, and at the close; a fault in them stops no count."""
        closed = all(shard.phase is Phase.CLOSED for shard in self.shards)
        ballots = sum(sum(shard.turnout) for shard in self.shards)
        cost = len(contest.included) * most_rankings(contest, len(self.definition.sections), ballots)
        if count is None or not ballots or cost > (MAX_FINAL_COST if closed else MAX_LIVE_COST):
            return None
        try:
            return what_if_of(what_if(self.method.profile, contest), contest)
        except Exception:
            log.exception("no what-ifs", election=self.definition.id, contest=self.contest.id)
            return None

    def _apply_counts(self, change: TallyChanged) -> None:
        counts = self.counts[change.shard]
        rankings = list(zip(change.sections, change.marks, strict=True))
        deltas = map(sub, change.ballots, map(counts.get, rankings, repeat(0)))
        try:
            self.method.apply(zip(change.sections, change.marks, deltas, strict=True))
        except Exception as fault:
            self.stopped = f"{type(fault).__name__}: {fault}"
            log.exception("count stopped", election=self.definition.id, contest=self.contest.id)
        counts.update(zip(rankings, change.ballots, strict=True))


class Rounds:
    """State machine of counting's second half: follows `tallies.changed`, writes `counts.published`."""

    def __init__(self, partition: int, topic: str) -> None:
        self._partition = partition
        self._topic = topic
        self._contests: dict[str, ContestCount] = {}

    def apply(self, values: Sequence[bytes]) -> None:
        """Apply the next changes. Raises Gap if some are missing."""
        for value in values:
            self._apply(decode_tally(value))

    def drain(self) -> list[Outgoing]:
        """Publish the contests whose watermark has moved."""
        return [
            self._publish(key, count)
            for key, count in self._contests.items()
            if count.sequence > count.published
        ]

    def ballots(self) -> int:
        """Return how many ballots the counts cover, of the contest that is furthest."""
        return max((sum(s.reasons.total() for s in c.shards) for c in self._contests.values()), default=0)

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
            definition = _definition_in(change.controls())
            count = self._contests[key] = ContestCount.opened_for(definition, change.contest, change.shards)
        count.apply(change)

    def _publish(self, key: str, count: ContestCount) -> Outgoing:
        count.published = count.sequence
        return Outgoing(self._topic, self._partition, key.encode(), encode(count.standing()))


def _certificate_after(
    controls: Sequence[Control], contest: str, certificate: tuple[str, str] | None
) -> tuple[str, str] | None:
    """Return the certificate that stands, by id and result hash: any later order with an effect makes it void."""
    for control in controls:
        certificate = None
        if isinstance(control, ElectionCertified):
            certificate = control.control_id, control.result_hashes.get(contest, "")
    return certificate


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
        "stopped": count.stopped,
        "shards": [
            {
                "watermark": shard.watermark,
                "head": shard.head,
                "phase": shard.phase,
                "reasons": dict(sorted(shard.reasons.items())),
                "voided": shard.voided,
                "turnout": shard.turnout,
                "withdrawn": sorted(shard.withdrawn),
                "certificate": shard.certificate,
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
    count.published, count.stopped = saved["published"], saved["stopped"]
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
            None if shard["certificate"] is None else tuple(shard["certificate"]),
        )
        count.counts[place] = {(section, marks): n for section, marks, n in shard["counts"]}
        count.method.apply([(section, marks, n) for section, marks, n in shard["counts"]])
    count.settle_candidates()
    return count
