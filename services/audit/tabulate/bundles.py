"""Ballots in bundles, as they lie on a counting table where only the bundle last received makes a surplus.

Rule 1: a bundle is what a candidate received at one time and at one value. First choices are each candidate's first bundle.
Rule 2: who is elected keeps the quota. Of the bundle last received, ballots with a further choice take the surplus along:
        each an equal part, to two decimals, and never more than it is worth.
Rule 3: what the decimals leave out is residue. Where ballots with a further choice are worth less than the surplus, the
        rest of it has none.
Rule 4: the ballots of those excluded move bundle by bundle, the highest value first. After each the law is asked who is
        elected; once the seats are filled the rest stays where it is and is needed by nobody.
Rule 5: a round is a stage. Who is elected within a stage is written down with the next one.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from services.audit.tabulate.ballots import Parcel
from services.audit.tabulate.rounds import NOTHING, ONE, Round, cut
from services.audit.tabulate.table import Inactive, Table, Votes
from services.audit.tabulate.ties import Marks, Outcome
from shared.contract.standings import Ending

PLACES: Final = 2


@dataclass
class _Bundle:
    value: Fraction
    is_first: bool
    """Whether they are first choices."""
    parcels: list[Parcel]


class Bundles(ABC):
    """A count by a law that looks at bundles."""

    firsts_go_first: bool
    """Whether first choices of those excluded move before all others."""
    looks_at_bundles: bool
    """Whether level candidates are compared bundle by bundle, and the quota falls while nobody is elected; else stage by stage."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.votes: Votes = dict.fromkeys(table.continuing, NOTHING)
        self.seated: list[str] = []
        self.points: list[Marks] = []
        """The votes at each point at which level candidates are compared."""
        self.excluded_any = False
        self._bundles: dict[str, list[_Bundle]] = {candidate: [] for candidate in table.continuing}
        self._inactive: Inactive = dict.fromkeys(Ending, NOTHING)
        self._residue = NOTHING
        self._lay([parcel for parcel in table.parcels if parcel.ballots], ONE, is_first=True)
        self.valid = sum(self.votes.values(), NOTHING)
        self._never_valid = sum(self._inactive.values(), NOTHING)
        self.quota = self.work_out_quota()

    @abstractmethod
    def work_out_quota(self) -> Fraction:
        """Return the quota by the votes that are there now."""

    @abstractmethod
    def deem(self) -> list[str]:
        """Elect whoever the votes elect now; return them in order."""

    @abstractmethod
    def go_together(self, votes: Fraction, above: Fraction) -> bool:
        """Return whether candidates with so many votes, surpluses included, have no prospect against who is above."""

    def last_vacancy(self) -> list[str]:
        """Return whom the law elects for want of rivals."""
        return []

    @property
    def left(self) -> int:
        """Seats still to fill."""
        return self.table.contest.seats - len(self.seated)

    @property
    def lost(self) -> Fraction:
        """Votes that became non-transferable."""
        return sum(self._inactive.values(), self._residue) - self._never_valid

    def seat(self, winner: str) -> None:
        """Elect somebody: no ballot comes to them any more."""
        self.table.remove([winner])
        self.seated.append(winner)

    def count(self) -> None:
        """Write down stage after stage."""
        table, standing, seats = self.table, list(self.table.continuing), list[str]()
        self.points.append(dict(self.votes))
        elected = self.deem() if self.valid else []
        while True:
            votes = {candidate: self.votes[candidate] for candidate in standing}
            kept = {candidate: self.votes[candidate] for candidate in seats}
            inactive = {ending: number for ending, number in self._inactive.items() if number}
            residue, quota = self._residue, self.quota if self.valid else None
            winners, mover, losers = self._next() if self.valid else ([], None, [])
            out = tuple(candidate for candidate in standing if candidate in losers)
            now = (*elected, *winners)
            table.rounds.append(Round(votes, inactive, out, now, quota, kept, residue, mover, places=PLACES))
            if mover is None and not losers:
                return
            standing = [candidate for candidate in standing if candidate not in (*now, *losers)]
            seats += now
            elected = self._move_surplus(mover) if mover is not None else self._move_losers(losers)
            if not self.looks_at_bundles:
                self.points.append(dict(self.votes))

    def _next(self) -> tuple[list[str], str | None, list[str]]:
        """Return what comes next: who is elected without more ado, or whose surplus moves, or who is excluded."""
        rest = list(self.table.ranked(self.table.continuing, self.votes))
        if not self.left or not rest:
            return [], None, []
        elected = rest if len(rest) <= self.left else self.last_vacancy()
        if elected:
            for winner in elected:
                self.seat(winner)
            return elected, None, []
        surpluses = {c: self.votes[c] - self.quota for c in self.seated if self.votes[c] > self.quota}
        total = sum(surpluses.values(), NOTHING)
        lowest, second = self.votes[rest[-1]], self.votes[rest[-2]]
        together = self._all_who_can_go(rest[::-1], total)
        if total and not together and not self.go_together(lowest + total, second):
            return [], self._one_of(surpluses, max(surpluses.values()), "elected"), []
        return [], None, together or [self._one_of({c: self.votes[c] for c in rest}, lowest, "eliminated")]

    def _all_who_can_go(self, lowest_first: list[str], total: Fraction) -> list[str]:
        """Return the most, two at least, that can be excluded together; nobody where it is one at a time."""
        together: list[str] = []
        for number in range(2, len(lowest_first) - self.left + 1):
            votes = sum((self.votes[c] for c in lowest_first[:number]), total)
            above = self.votes[lowest_first[number]]
            if above > self.votes[lowest_first[number - 1]] and self.go_together(votes, above):
                together = lowest_first[:number]
        return together

    def _one_of(self, held: Votes, mark: Fraction, outcome: Outcome) -> str:
        level = [candidate for candidate in held if held[candidate] == mark]
        if len(level) == 1:
            return level[0]
        return self.table.ties.by_first_difference(level, outcome, self.points)

    def _move_surplus(self, winner: str) -> list[str]:
        surplus = self.votes[winner] - self.quota
        self.votes[winner] = self.quota
        last = self._bundles[winner][-1]
        going = [parcel for parcel in last.parcels if not isinstance(self._holder(parcel), Ending)]
        ballots = sum(parcel.ballots for parcel in going)
        value = min(last.value, cut(surplus / ballots, PLACES)) if ballots else last.value
        self._lay(going, value)
        rest = surplus - ballots * value
        if value < last.value:
            self._residue += rest
        else:
            self._inactive[Ending.EXHAUSTED] += rest
        return self._after_bundle()

    def _move_losers(self, losers: Sequence[str]) -> list[str]:
        self.table.remove(losers)
        found: dict[tuple[bool, Fraction], list[Parcel]] = {}
        for loser in losers:
            del self.votes[loser]
            for bundle in self._bundles.pop(loser):
                ahead = bundle.is_first and self.firsts_go_first
                found.setdefault((ahead, bundle.value), []).extend(bundle.parcels)
        elected: list[str] = []
        is_over = len(self.table.continuing) <= self.left
        for key in sorted(found, reverse=True):
            if is_over or not self.left:
                self._inactive[Ending.SURPLUS] += key[1] * sum(parcel.ballots for parcel in found[key])
                continue
            self._lay(found[key], key[1])
            self.excluded_any = True
            elected += self._after_bundle()
        return elected

    def _after_bundle(self) -> list[str]:
        if self.looks_at_bundles:
            self.points.append(dict(self.votes))
            if not self.seated:
                self.quota = self.work_out_quota()
        return self.deem()

    def _lay(self, parcels: Sequence[Parcel], value: Fraction, *, is_first: bool = False) -> None:
        """Lay ballots before those whom they choose next; each gets one bundle."""
        heaps: dict[str, list[Parcel]] = {}
        for parcel in parcels:
            holder = self._holder(parcel)
            if isinstance(holder, Ending):
                self._inactive[holder] += parcel.ballots * value
            else:
                heaps.setdefault(holder, []).append(parcel)
        for holder, heap in heaps.items():
            self._bundles[holder].append(_Bundle(value, is_first, heap))
            self.votes[holder] += value * sum(parcel.ballots for parcel in heap)

    def _holder(self, parcel: Parcel) -> str:
        return parcel.holder(self.table.rules, self.table.continuing)
