"""One contest: the counts of all shards, added up as they may be shown, and counted.

* A candidate has withdrawn once every shard holds the withdrawal, and is back once one holds the reinstatement.
* Votes that the election's terms withhold until the close are not counted, and not in a standing, before. Where electors may
  vote again they are not even given to the method before: it would keep every ranking that ever stood.
* What is shown is shown in steps, so that no single ballot can be learned from all that was ever published: see steps.py.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import sub
from typing import Final

import structlog

from services.counting.kept import Keeper
from services.counting.ledger import ShardLedger
from services.counting.standing import before_the_close, standing_of
from services.counting.steps import Groups, Step, first_groups, is_step, last_groups
from shared.contract.elections import Contest, Election, Phase, Revote
from shared.contract.standings import Spending, Standing, WhatIf
from shared.contract.tallies import TallyChanged
from shared.contract.verdict_ranges import Ranking
from shared.rcv.budget.live import LiveShares, open_contest
from shared.rcv.contract_rounds import what_if_of
from shared.rcv.count.live import LiveMethod
from shared.rcv.count.profile import Change, most_rankings
from shared.rcv.count.rounds import Count
from shared.rcv.live_scenarios import LiveScenarios, can_be_followed
from shared.rcv.scenarios import pairs_to_drop, what_if

log = structlog.get_logger()

MAX_FOLLOWED: Final = 20
"""Candidates up to which what-ifs that can be kept up are in every standing: some 7 ms with 20 of a million ballots,
0.5 s where all 20 are level and each batch changes their order."""
MAX_LIVE_COST: Final = 20_000
"""Counts times rankings up to which every standing has all others, which are counted cold: 4 ms with 5 candidates, 25 with 13. A
count is for each candidate who drops out; two who do are left out where they with the others would cost more."""
MAX_FINAL_COST: Final = 2_000_000
"""The same for a standing after the close: 2 s with 20 candidates and 100,000 rankings."""

WORK_A_TICK: Final = 50_000
"""`LiveShares.work` of some 5 ms, a fifth of a tick: a contest that took more is counted again after as many ticks, or when all is
published again, so that it takes a fifth of the time at most."""


@dataclass
class ContestCount:
    """The counts of each shard that may be shown, the method that counts their sum, and what waits to be shown."""

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
    scenarios: LiveScenarios | None = None
    """What-ifs that are kept up, once somebody was in need of them; they begin anew when a candidate goes or comes back."""

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
        return self.waits < 0 or self._is_closed()

    def newest(self) -> list[ShardLedger]:
        """Return what the shards last published, shown or not."""
        before = self.shards if self.complete is None else self.complete.after(self.shards)
        return self.rest.after(before)

    def apply(self, change: TallyChanged) -> None:
        """Take a shard's newer counts; show them as soon as that is safe."""
        ledger = self.newest()[change.shard].after(change, self.contest.id)
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
        if not self._is_closed():
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
        if agreed != self.withdrawn:
            self.scenarios = None
        self.withdrawn = agreed

    def standing(self) -> Standing:
        """Return the standing at this watermark; without rounds if counting, or putting the count into rounds, raises."""
        contest = self.contest.excluding({self.contest.place(candidate) for candidate in self.withdrawn})
        if not self.stopped and not before_the_close(self.definition, self.shards):
            try:
                return self._with_count(contest, self._counted(sum(self._turnout())))
            except Exception as fault:
                self.stopped = f"{type(fault).__name__}: {fault}"
                log.exception("count stopped", election=self.definition.id, contest=self.contest.id)
        return self._with_count(contest, None)

    def _with_count(self, contest: Contest, count: Count | Spending | None) -> Standing:
        found = standing_of(self.definition, contest, self.shards, count, self.stopped, self.groups)
        if found.withheld or count is None or isinstance(count, Spending):
            return found
        return found.model_copy(update={"what_if": self._what_if(contest, count)})

    def _counted(self, ballots: int) -> Count | Spending:
        """Return the count of so many ballots. Raises AssertionError if it is not of so many."""
        if isinstance(self.method, LiveShares):
            assert self.method.ballots == ballots, f"{self.method.ballots} ballots have a share, of {ballots}"
            spending, self.waits = self.method.spend(), self.method.work // WORK_A_TICK
            return spending
        return self.method.count().check(ballots)

    def _what_if(self, contest: Contest, count: Count) -> WhatIf | None:
        """Return what-ifs while they are cheap, and at the close; a fault in them stops no count."""
        if isinstance(self.method, LiveShares) or not sum(self._turnout()):
            return None
        try:
            if can_be_followed(contest) and len(contest.candidates) <= MAX_FOLLOWED:
                self.scenarios = self.scenarios or LiveScenarios(contest, self.method.profile)
                return what_if_of(self.scenarios.answers(count), contest)
            rankings = self._rankings(contest)
            most = MAX_FINAL_COST if self._is_closed() else MAX_LIVE_COST
            alone = len(contest.included)
            if alone * rankings > most:
                return None
            with_two = (alone + len(pairs_to_drop(contest))) * rankings <= most
            answers = what_if(self.method.profile, contest, count=count, with_two=with_two)
            return what_if_of(answers, contest)
        except Exception:
            self.scenarios = None
            log.exception("no what-ifs", election=self.definition.id, contest=self.contest.id)
            return None

    def _rankings(self, contest: Contest) -> int:
        """Return what each count of what-ifs that are counted cold costs: it follows from the contest and the ballots alone."""
        return most_rankings(contest, len(self.definition.sections), sum(self._turnout()))

    def _turnout(self) -> list[int]:
        return [sum(shard.turnout) for shard in self.shards]

    def _is_closed(self) -> bool:
        return all(shard.phase is Phase.CLOSED for shard in self.shards)

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
