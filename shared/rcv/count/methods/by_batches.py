"""The course of statutes by which the last batch makes a surplus: ERS97 and Northern Ireland's.

They share what happens at a stage, and differ in some rules, which each statute's own file has: the quota, what else
elects, when candidates are excluded together, at which points level candidates are compared.

A round here is a stage: the votes, who is deemed elected by them, and what is done next. Where an exclusion moves several
batches, whoever reaches what elects after one of them gets no ballot of the next, and is shown as elected in the round
that follows the whole exclusion. Once the seats are filled what an excluded candidate has left moves to nobody.
"""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count as numbers
from typing import Final

from shared.contract.elections import Contest
from shared.contract.standings import SettledBy
from shared.rcv.count.batches import Batches
from shared.rcv.count.profile import Columns
from shared.rcv.count.rounds import Decision, Round, Transfer, Why, round_of
from shared.rcv.count.ties import Sought, TieBreaker
from shared.rcv.count.trace import Snapshot

BATCH_PLACES: Final = 2
UNIT: Final = 10**BATCH_PLACES

Decisions = tuple[Decision, ...]


class Stages(ABC):
    """One count under way."""

    FIRST_APART: bool
    """Whether first choices of an excluded candidate are a batch of their own."""
    EACH_BATCH: bool
    """Whether votes are compared, and the quota lowered while nobody is elected, after each batch; else level candidates are
    compared at the end of stages, and the quota stays."""

    def __init__(self, piles: Batches, contest: Contest, ties: TieBreaker) -> None:
        self.piles, self.seats, self._ties = piles, contest.seats, ties
        self.hopeful = list(contest.included)
        self.elected: list[int] = []
        self.waiting: list[int] = []
        """Elected with a surplus that has not moved yet."""
        self.points: list[list[int]] = []
        """The votes at each point at which candidates who are level are compared, the first one first."""
        self.number = 1
        self.votes = piles.votes()
        self.valid = sum(self.votes)
        self.quota = self.quota_of(self.valid)
        self.excluded_before = False

    @abstractmethod
    def quota_of(self, units: int) -> int:
        """Return the quota of so many units."""

    @abstractmethod
    def why_elected(self, candidate: int) -> Why | None:
        """Return what elects a continuing candidate by the votes at this point; None if nothing does."""

    @abstractmethod
    def is_hopeless(self, units: int, above: int) -> bool:
        """Return whether candidates with so many units together cannot pass who has `above`."""

    def outvotes_all(self) -> int | None:
        """Return who needs no further stage for the last seat; None where the statute knows no such rule."""
        return None

    @property
    def left(self) -> int:
        """Seats nobody is elected to yet."""
        return self.seats - len(self.elected)

    @property
    def surplus(self) -> int:
        """What all who wait have above the quota."""
        return sum(self.votes[c] - self.quota for c in self.waiting)

    def begin(self) -> Decisions:
        """Return who is deemed elected at the first stage."""
        self.points.append(self.votes)
        return self.deem_elected() if self.valid else ()

    def deem_elected(self) -> Decisions:
        """Elect who has enough, one after another, most votes first, as far as there are seats."""
        found: list[Decision] = []
        while self.left:
            enough = [c for c in self.hopeful if self.why_elected(c) is not None]
            most = max((self.votes[c] for c in enough), default=None)
            level = [c for c in enough if self.votes[c] == most]
            if not level:
                break
            chosen = level if len(level) <= self.left else self._ahead_at_first(level)
            if not chosen:
                break  # those who were always level are not elected at this point
            found += [self._elect(c, tuple(level) if chosen is not level else ()) for c in chosen]
        return tuple(found)

    def next_step(self) -> Decisions:
        """Return what is done next: nothing where the count is over."""
        if not self.valid or not self.left:
            return ()
        if len(self.hopeful) <= self.left:
            order = sorted(self.hopeful, key=lambda c: (-self.votes[c], c))
            return tuple(self._elect(c, why="remaining") for c in order)
        winner = self.outvotes_all()
        if winner is not None:
            return (self._elect(winner, why="outvotes-all"),)
        return self._exclude() if self._may_wait() else (self._pick_surplus(),)

    def carry_out(self, step: Decisions) -> tuple[tuple[Transfer, ...], Decisions]:
        """Move what a step moves; return the transfers, and who is deemed elected on the way."""
        if not step or step[0].outcome == "elected":
            return (), ()
        of = [decision.candidate for decision in step]
        if step[0].outcome == "transferred":
            transfers = self.piles.pass_on(of[0], self.votes[of[0]] - self.quota)
            self.waiting.remove(of[0])
            return transfers, self._look()
        self.piles.close(of)
        self.hopeful = [c for c in self.hopeful if c not in of]
        moved: list[Transfer] = []
        deemed: list[Decision] = []
        if len(self.hopeful) > self.left:
            for rows in self.piles.batches_of(of, first_apart=self.FIRST_APART):
                if self.left:
                    moved += self.piles.move(rows)
                    self.excluded_before = True
                    deemed += self._look()
        moved += self.piles.set_aside(of)
        self.votes = self.piles.votes()
        return _together(moved), tuple(deemed)

    def _look(self) -> Decisions:
        self.votes = self.piles.votes()
        if self.EACH_BATCH:
            self.points.append(self.votes)
            if not self.elected:
                self.quota = self.quota_of(sum(self.votes))
        return self.deem_elected()

    def _elect(self, c: int, tied: tuple[int, ...] = (), why: Why | None = None) -> Decision:
        reason = why or self.why_elected(c)
        assert reason is not None, "something elects"
        self.hopeful.remove(c)
        self.elected.append(c)
        self.piles.close([c])
        if self.votes[c] > self.quota:
            self.waiting.append(c)
        settled_by: SettledBy = "first-difference" if tied else "votes"
        return Decision(c, "elected", reason, abs(self.votes[c] - self.quota), tied, settled_by)

    def _ahead_at_first(self, level: Sequence[int]) -> Sequence[int]:
        """Return who of those level was ahead when they first differed, as many as there are seats; nobody if they never did."""
        for votes in self.points:
            most = max(votes[c] for c in level)
            level = [c for c in level if votes[c] == most]
            if len(level) <= self.left:
                return level
        return ()

    def _may_wait(self) -> bool:
        """Return whether no surplus is left to move now: none at all, or too little to change who is excluded next."""
        total = self.surplus
        least, next_one = sorted(self.votes[c] for c in self.hopeful)[:2]
        return not total or self.is_hopeless(least + total, next_one) or self._together_out() > 1

    def _together_out(self) -> int:
        """Return how many of those with the fewest votes can be excluded together; one as a rule."""
        order = sorted(self.votes[c] for c in self.hopeful)
        sizes = range(2, len(order) - self.left + 1)
        total = self.surplus
        hopeless = [
            size
            for size in sizes
            if order[size - 1] < order[size] and self.is_hopeless(sum(order[:size]) + total, order[size])
        ]
        return max(hopeless, default=1)

    def _pick_surplus(self) -> Decision:
        c, tied, settled_by = self._pick(self.waiting, "winner")
        surplus = self.votes[c] - self.quota
        return Decision(c, "transferred", "largest-surplus", surplus, tied, settled_by)

    def _exclude(self) -> Decisions:
        size = self._together_out()
        order = sorted(self.hopeful, key=lambda c: (self.votes[c], c))
        if size > 1:
            above = self.votes[order[size]]
            return tuple(
                Decision(c, "eliminated", "batch", above - self.votes[c], ()) for c in sorted(order[:size])
            )
        c, tied, settled_by = self._pick(self.hopeful, "loser")
        margin = min(self.votes[other] for other in self.hopeful if other != c) - self.votes[c]
        return (Decision(c, "eliminated", "fewest", margin, tied, settled_by),)

    def _pick(self, among: Sequence[int], sought: Sought) -> tuple[int, tuple[int, ...], SettledBy]:
        edge = (max if sought == "winner" else min)(self.votes[c] for c in among)
        level = tuple(c for c in among if self.votes[c] == edge)
        c, settled_by = self._ties.pick_by_first_difference(level, sought, self.points, self.number)
        return c, level if len(level) > 1 else (), settled_by


def by_batches(
    statute: type[Stages],
    profile: Columns,
    contest: Contest,
    ties: TieBreaker,
    snapshots: list[Snapshot] | None,
) -> Iterator[Round]:
    """Yield the stages of a count by a statute."""
    piles = Batches(profile, contest, UNIT, snapshots)
    stages = statute(piles, contest, ties)
    deemed = stages.begin()
    continuing: tuple[int, ...] = contest.included
    seated: tuple[int, ...] = ()
    for stages.number in numbers(1):
        piles.record()
        by_section, residue, quota = piles.by_section(), piles.residue_by_section(), stages.quota
        step = stages.next_step()
        decisions = (*deemed, *step)
        transfers, deemed = stages.carry_out(step)
        yield round_of(
            stages.number,
            by_section,
            continuing,
            decisions,
            threshold=quota if stages.valid else None,
            transfers=transfers,
            seated=seated,
            residue_by_section=residue,
        )
        if not step or step[0].outcome == "elected":
            return
        if not stages.EACH_BATCH:
            stages.points.append(stages.votes)
        gone = {d.candidate for d in decisions if d.outcome != "transferred"}
        continuing = tuple(c for c in continuing if c not in gone)
        seated = (*seated, *(d.candidate for d in decisions if d.outcome == "elected"))


def _together(transfers: Sequence[Transfer]) -> tuple[Transfer, ...]:
    """Return the transfers of several batches as those of one stage."""
    units: Counter[tuple[int, int | None, object]] = Counter()
    for each in transfers:
        units[each.source, each.target, each.ending] += each.votes
    kinds = {(each.source, each.target, each.ending): each for each in transfers}
    return tuple(Transfer(each.source, each.target, each.ending, units[key]) for key, each in kinds.items())
