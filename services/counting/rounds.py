"""The rounds of every contest in one partition: shards added up, counted, published whole.

Rule 1: a shard's counts are absolute; the newest replace the older, and only a range that joins on is applied.
Rule 2: a standing holds no more than its watermark covers, and balances, or it is not published.
Rule 3: a candidate has withdrawn once every shard holds the withdrawal, and is back once one holds the reinstatement.
Rule 4: votes that the election's terms withhold until the close are not counted, and not in it, before.
        Where electors may vote again they are not even given to the method before: it would keep every ranking that ever stood.
Rule 5: what is shown is shown in steps, so that no single ballot can be learned from all that was ever published: see steps.py.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import sub
from typing import Any, Final

import msgspec
import structlog

from services.counting.kept import KEPT_EVERY_REPUBLISH, Keeper
from services.counting.standing import ShardLedger, before_the_close, standing_of
from services.counting.steps import Groups, Step, first_groups, is_step, last_groups
from services.counting.tally import PASSED_OVER
from shared.contract.codec import encode
from shared.contract.elections import Contest, Election, Phase, Revote
from shared.contract.events import (
    CandidateReinstated,
    CandidateWithdrawn,
    Control,
    ElectionCertified,
    ElectionConfigured,
    ElectorRestored,
    ElectorVoided,
)
from shared.contract.ids import contest_key
from shared.contract.lifecycle import phase_after
from shared.contract.standings import Spending, Standing, WhatIf
from shared.contract.tallies import TallyChanged, decode_tally
from shared.contract.verdict_ranges import Ranking
from shared.rcv.budget.live import LiveShares, open_contest
from shared.rcv.contract_rounds import what_if_of
from shared.rcv.count.live import LiveMethod
from shared.rcv.count.profile import Change, most_rankings
from shared.rcv.count.rounds import Count
from shared.rcv.scenarios import what_if
from shared.rcv.trial import MAX_STANDING_BYTES
from shared.runtime.log import Outgoing
from shared.runtime.watermark import Gap, joins

log = structlog.get_logger()

MAX_LIVE_COST: Final = 20_000
"""Candidates times rankings up to which every standing has its what-ifs: 4 ms with 5 candidates, 25 with 13."""
MAX_FINAL_COST: Final = 2_000_000
"""The same for a standing after the close: 2 s with 20 candidates and 100,000 rankings."""

WORK_A_TICK: Final = 25_000
"""`LiveShares.work` of some 5 ms, a fifth of a tick: a contest that took more is counted again after as many ticks, or when all is
published again, so that it takes a fifth of the time at most."""


@dataclass
class ContestCount:
    """One contest: the counts of each shard that may be shown, the method that counts their sum, and what waits to be shown."""

    definition: Election
    contest: Contest
    method: LiveMethod | LiveShares
    shards: list[ShardLedger]
    groups: Groups
    """Sections that are shown together."""
    counts: list[dict[Ranking, int]] = field(default_factory=list)
    complete: Step | None = None
    """A step that is shown once enough ballots have come after it."""
    rest: Step = field(default_factory=Step)
    """What came after it."""
    published: int = -1
    withdrawn: frozenset[str] = frozenset()
    stopped: str = ""
    """Why the count raised, if it did: the contest publishes no rounds from then on, every other goes on."""
    waits: int = 0
    """Ticks that it waits before it is counted again."""
    holds_back: bool = False
    """Whether the method is given the counts once the election is closed, all together."""
    keeper: Keeper = field(default_factory=Keeper)

    @classmethod
    def opened_for(cls, definition: Election, contest_id: str, shards: int) -> "ContestCount":
        """Return a count of no ballots."""
        contest = definition.contest(contest_id)
        return cls(
            definition,
            contest,
            open_contest(contest, len(definition.sections)),
            shards=[ShardLedger.empty(len(definition.sections)) for _ in range(shards)],
            groups=first_groups(definition, contest),
            counts=[{} for _ in range(shards)],
            holds_back=definition.revote is Revote.LAST_COUNTS,
        )

    @property
    def sequence(self) -> int:
        """How many cast records the shown count covers."""
        return sum(shard.watermark for shard in self.shards)

    def is_due(self) -> bool:
        """Return whether it is to be counted at this tick; after the close it waits for nothing."""
        self.waits -= 1
        return self.waits < 0 or all(shard.phase is Phase.CLOSED for shard in self.shards)

    def newest(self) -> list[ShardLedger]:
        """Return what the shards last published, shown or not."""
        before = self.shards if self.complete is None else self.complete.after(self.shards)
        return self.rest.after(before)

    def apply(self, change: TallyChanged) -> None:
        """Take a shard's newer counts; show them as soon as that is safe."""
        ledger = _ledger_after(self.newest()[change.shard], change, self.contest.id)
        rankings = zip(change.sections, change.marks, strict=True)
        self.rest.add(change.shard, ledger, zip(rankings, change.ballots, strict=True))
        if not self.definition.keeps_secret:
            self._show_all()
        elif all(shard.phase is Phase.CLOSED for shard in self.newest()):
            self._show_the_result()
        elif self.definition.live_tallies:
            self._show_complete_step()
        else:
            self._show_all()

    def _show_the_result(self) -> None:
        """Show all there is, now that no ballot can come any more; small sections together."""
        if not all(shard.phase is Phase.CLOSED for shard in self.shards):
            shown = Step(dict(enumerate(self.newest()))).added(self.shards)
            if not self.definition.live_tallies:
                shown = [sum(turnout) for turnout in zip(*(of.turnout for of in self.newest()), strict=True)]
            self.groups = last_groups(self.definition, self.contest, self.groups, shown)
        self._show_all()

    def _show_complete_step(self) -> None:
        smallest = self.definition.smallest_group
        if self.complete is not None:
            if sum(self.rest.added(self.complete.after(self.shards))) < smallest:
                return
            self._show(self.complete)
            self.complete = None
        added = self.rest.added(self.shards)
        if not is_step(self.groups, added, smallest):
            return
        if any(added):
            self.complete, self.rest = self.rest, Step()
        else:
            self._show_all()

    def _show_all(self) -> None:
        if self.complete is not None:
            self._show(self.complete)
        self._show(self.rest)
        self.complete, self.rest = None, Step()

    def _show(self, step: Step) -> None:
        """Replace the shards' earlier counts."""
        for shard, counts in step.counts.items():
            self._apply_counts(shard, counts)
        self.shards = step.after(self.shards)
        if self.holds_back and not before_the_close(self.definition, self.shards):
            self.begin()
        self.settle_candidates()

    def begin(self) -> None:
        """Give the method, which has none, all counts."""
        self.holds_back = False
        for counts in self.counts:
            self._change([(section, marks, n) for (section, marks), n in counts.items()])

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
        if not self.stopped and not before_the_close(self.definition, self.shards):
            try:
                count = self._counted(sum(sum(shard.turnout) for shard in self.shards))
            except Exception as fault:
                self.stopped = f"{type(fault).__name__}: {fault}"
                log.exception("count stopped", election=self.definition.id, contest=self.contest.id)
        count = None if self.stopped else count
        found = standing_of(self.definition, contest, self.shards, count, self.stopped, self.groups)
        if found.withheld or isinstance(count, Spending):
            return found
        return found.model_copy(update={"what_if": self._what_if(contest, count)})

    def _counted(self, ballots: int) -> Count | Spending:
        """Return the count of so many ballots. Raises AssertionError if it is not of so many."""
        if isinstance(self.method, LiveShares):
            assert self.method.ballots == ballots, f"{self.method.ballots} ballots have a share, of {ballots}"
            spending, self.waits = self.method.spend(), self.method.work // WORK_A_TICK
            return spending
        return self.method.count().check(ballots)

    def _what_if(self, contest: Contest, count: Count | None) -> WhatIf | None:
        """Return what-ifs while they are cheap, and at the close; a fault in them stops no count."""
        closed = all(shard.phase is Phase.CLOSED for shard in self.shards)
        ballots = sum(sum(shard.turnout) for shard in self.shards)
        cost = len(contest.included) * most_rankings(contest, len(self.definition.sections), ballots)
        if (
            isinstance(self.method, LiveShares)
            or count is None
            or not ballots
            or cost > (MAX_FINAL_COST if closed else MAX_LIVE_COST)
        ):
            return None
        try:
            return what_if_of(what_if(self.method.profile, contest, count=count), contest)
        except Exception:
            log.exception("no what-ifs", election=self.definition.id, contest=self.contest.id)
            return None

    def _apply_counts(self, shard: int, newer: dict[Ranking, int]) -> None:
        counts = self.counts[shard]
        if not self.holds_back:
            deltas = map(sub, newer.values(), map(counts.get, newer, repeat(0)))
            self._change([(section, marks, n) for (section, marks), n in zip(newer, deltas, strict=True)])
        counts.update(newer)
        for ranking in [ranking for ranking, ballots in newer.items() if not ballots]:
            del counts[ranking]

    def _change(self, changes: Sequence[Change]) -> None:
        """Give the method changes; if it raises, the count of this contest stops."""
        try:
            self.method.apply(changes)
        except Exception as fault:
            self.stopped = f"{type(fault).__name__}: {fault}"
            log.exception("count stopped", election=self.definition.id, contest=self.contest.id)


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


def _ledger_after(before: ShardLedger, change: TallyChanged, contest: str) -> ShardLedger:
    controls = _controls_after(before.last_control, change.controls())
    return ShardLedger(
        change.upto,
        change.head.hex(),
        phase_after(before.phase, controls),
        Counter(change.reasons),
        change.voided,
        change.turnout,
        _withdrawn_after(controls, contest, before.withdrawn),
        _certificate_after(controls, contest, before.certificate),
        controls[-1].control_id if controls else before.last_control,
        before.corrected or _is_corrected(controls, before.phase),
    )


def _controls_after(last: str, controls: Sequence[Control]) -> Sequence[Control]:
    """Return the controls of a range that have not been applied: those after the last that was, if it is among them."""
    ids = [control.control_id for control in controls]
    return controls[ids.index(last) + 1 :] if last in ids else controls


def _is_corrected(controls: Sequence[Control], phase: Phase | None) -> bool:
    """Return whether an elector is voided or restored after the close."""
    return any(
        isinstance(control, ElectorVoided | ElectorRestored)
        and phase_after(phase, controls[:place]) is Phase.CLOSED
        for place, control in enumerate(controls)
    )


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
