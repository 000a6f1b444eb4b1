"""The rounds of every contest in one partition: shards added up, counted, published whole.

Rule 1: a shard's counts are absolute; the newest replace the older, and only a range that joins on is applied.
Rule 2: a standing holds no more than its watermark covers, and balances, or it is not published.
Rule 3: what a contest shows of the counts, and when, it decides itself: see contest.py.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import structlog

from services.counting.contest import ContestCount
from services.counting.kept import KEPT_EVERY_REPUBLISH
from services.counting.ledger import ShardLedger
from services.counting.standing import before_the_close
from services.counting.steps import Step
from services.counting.tally import PASSED_OVER
from shared.contract.codec import encode
from shared.contract.elections import Election, Phase
from shared.contract.events import Control, ElectionConfigured
from shared.contract.ids import contest_key
from shared.contract.standings import Standing
from shared.contract.tallies import TallyChanged, decode_tally
from shared.contract.verdict_ranges import Ranking
from shared.rcv.budget.live import LiveShares
from shared.rcv.trial import MAX_STANDING_BYTES
from shared.runtime.log import Outgoing
from shared.runtime.watermark import Gap, joins

log = structlog.get_logger()


class Rounds:
    """State machine of counting's second half: follows `tallies.changed`, writes `counts.published` and, if named, `counts.history`."""

    def __init__(self, partition: int, topic: str, history: str = "") -> None:
        self._partition = partition
        self._topic = topic
        self._history = history
        self._republished = 0
        self._contests: dict[str, ContestCount] = {}
        self._missing: dict[str, str] = {}
        """By contest and shard, which changes are missing before one that came."""

    def apply(self, values: Sequence[bytes]) -> None:
        """Apply the next changes. One that cannot be read, or does not join, is passed over; other contests go on."""
        for value in values:
            try:
                self._apply(decode_tally(value))
            except ValueError as fault:
                PASSED_OVER.labels(self._topic).inc()
                log.warning("record passed over", partition=self._partition, fault=str(fault))

    def drain(self) -> list[Outgoing]:
        """Publish the contests whose watermark has moved; one that takes long waits some ticks after each time (WORK_A_TICK)."""
        return [
            outgoing
            for key, count in self._contests.items()
            if count.sequence > count.published and count.is_due()
            for outgoing in self._publish(key, count)
        ]

    def takes_long(self) -> bool:
        """Whether a budget is spent among the contests."""
        return any(isinstance(count.method, LiveShares) for count in self._contests.values())

    def ballots(self) -> int:
        """Return how many ballots the counts cover, of the contest that is furthest."""
        return max((sum(s.reasons.total() for s in c.shards) for c in self._contests.values()), default=0)

    def covered(self) -> dict[str, list[int]]:
        """Return how many cast records of each shard are counted, shown or not, by contest key."""
        return {key: [of.watermark for of in count.newest()] for key, count in sorted(self._contests.items())}

    def trouble(self) -> str:
        """Return which changes are missing, contest by contest; nothing if none are."""
        return "; ".join(why for _, why in sorted(self._missing.items()))

    def republish(self) -> None:
        """Publish every contest again the next time; once a minute the next new standing is kept."""
        self._republished += 1
        for count in self._contests.values():
            count.published, count.waits = -1, 0
            count.keeper.is_due |= self._republished % KEPT_EVERY_REPUBLISH == 0

    def save(self) -> bytes:
        """Return the state."""
        contests = {key: _plain(count) for key, count in sorted(self._contests.items())}
        return msgspec.msgpack.encode({"contests": contests, "missing": dict(sorted(self._missing.items()))})

    def restore(self, state: bytes) -> None:
        """Become the rounds that were saved: the method counts the sums afresh."""
        plain = msgspec.msgpack.decode(state, strict=False)
        self._contests = {key: _count(saved) for key, saved in plain["contests"].items()}
        self._missing = plain["missing"]

    def _apply(self, change: TallyChanged) -> None:
        key = contest_key(change.election, change.contest)
        count = self._contests.get(key)
        watermark = 0 if count is None else count.newest()[change.shard].watermark
        try:
            is_next = joins(f"{key} shard {change.shard}", watermark, change.since, change.upto)
        except Gap as gap:
            self._missing[f"{key}/{change.shard}"] = str(gap)
            return
        if not is_next:
            return
        self._missing.pop(f"{key}/{change.shard}", None)
        if count is None:
            definition = _definition_in(change.controls())
            count = self._contests[key] = ContestCount.opened_for(definition, change.contest, change.shards)
        count.apply(change)

    def _publish(self, key: str, count: ContestCount) -> Iterator[Outgoing]:
        count.published = count.sequence
        for standing in _shorter(count.standing()):
            body = encode(standing)
            if len(body) <= MAX_STANDING_BYTES:
                break
        else:  # it would fit no record, and stop every contest of the partition
            count.stopped = f"a standing of {len(body):,} bytes is larger than {MAX_STANDING_BYTES:,}"
            log.error(
                "count stopped", election=standing.election, contest=standing.contest.id, why=count.stopped
            )
            standing = count.standing()
            body = encode(standing)
        yield Outgoing(self._topic, self._partition, key.encode(), body)
        if self._history:
            for sequence, kept in count.keeper.keep(standing, body):
                yield Outgoing(self._history, self._partition, f"{key}/{sequence}".encode(), kept)


def _shorter(standing: Standing) -> Iterator[Standing]:
    """Yield a standing, then without what-ifs, then without its rounds' transfers: no certificate is about them."""
    yield standing
    standing = standing.model_copy(update={"what_if": None})
    yield standing
    rounds = tuple(round_.model_copy(update={"transfers": ()}) for round_ in standing.rounds)
    yield standing.model_copy(update={"rounds": rounds})


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
        "groups": count.groups,
        "shards": [
            _plain_shard(shard, counts) for shard, counts in zip(count.shards, count.counts, strict=True)
        ],
        "complete": None if count.complete is None else _plain_step(count.complete),
        "rest": _plain_step(count.rest),
    }


def _plain_step(step: Step) -> dict[int, dict[str, Any]]:
    return {shard: _plain_shard(ledger, step.counts[shard]) for shard, ledger in sorted(step.ledgers.items())}


def _plain_shard(shard: ShardLedger, counts: dict[Ranking, int]) -> dict[str, Any]:
    return {
        "watermark": shard.watermark,
        "head": shard.head,
        "phase": shard.phase,
        "reasons": dict(sorted(shard.reasons.items())),
        "voided": shard.voided,
        "turnout": shard.turnout,
        "withdrawn": sorted(shard.withdrawn),
        "certificate": shard.certificate,
        "last_control": shard.last_control,
        "corrected": shard.corrected,
        "counts": [(*ranking, n) for ranking, n in sorted(counts.items())],
    }


def _count(saved: dict[str, Any]) -> ContestCount:
    shards = saved["shards"]
    count = ContestCount.opened_for(
        Election.model_validate_json(saved["definition"]), saved["contest"], len(shards)
    )
    count.published, count.stopped = saved["published"], saved["stopped"]
    count.groups = tuple(tuple(group) for group in saved["groups"])
    for place, shard in enumerate(shards):
        count.shards[place], count.counts[place] = _shard(shard)
    if not (count.holds_back and before_the_close(count.definition, count.shards)):
        count.begin()
    count.complete = None if saved["complete"] is None else _step(saved["complete"])
    count.rest = _step(saved["rest"])
    count.settle_candidates()
    return count


def _step(saved: dict[int, dict[str, Any]]) -> Step:
    step = Step()
    for place, shard in saved.items():
        step.ledgers[place], step.counts[place] = _shard(shard)
    return step


def _shard(saved: dict[str, Any]) -> tuple[ShardLedger, dict[Ranking, int]]:
    ledger = ShardLedger(
        saved["watermark"],
        saved["head"],
        None if saved["phase"] is None else Phase(saved["phase"]),
        Counter(saved["reasons"]),
        saved["voided"],
        tuple(saved["turnout"]),
        frozenset(saved["withdrawn"]),
        None if saved["certificate"] is None else tuple(saved["certificate"]),
        saved["last_control"],
        saved["corrected"],
    )
    return ledger, {(section, marks): n for section, marks, n in saved["counts"]}
