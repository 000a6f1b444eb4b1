"""STV as councils in New Zealand count it: Local Electoral Regulations 2001 (SR 2001/145), Schedule 1A.

Clauses 5, 11: the quota is what all hold, divided by one more than the vacancies, cut to nine places, plus 10^-9.
Clauses 7 to 10, 17: a successful candidate keeps keep * quota / votes of each vote that comes by, of the step before,
        rounded up after each operation; the others keep all of it. What is kept of a vote is rounded up.
Clause 12: who has the quota is successful.
Clause 13: the last is excluded if all surpluses could not lift him to the next, or are below 0.0001 together.
Clause 19: of those who are level, who was behind when they first differed; of several such, the lowest number of clause 48.
Clause 20: whom no ballot names is withdrawn at the first step.
Clause 23: where the same keep values come again the last is excluded.
Clauses 26 to 34: one vacancy is filled by half of the votes that somebody holds; of two who have just that, one is excluded.
Clause 3: as many left as vacancies: all successful. Votes are not distributed again for that.

Published reports read more narrowly than the words: clause 13 holds at the first step, the numbers of clause 43 are taken
modulo 10,000, odd steps have 10,000 less the number, and candidates who are withdrawn before the count have one as well.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice
from typing import Final

from services.audit.tabulate.ballots import Ranks, way
from services.audit.tabulate.rounds import Round
from services.audit.tabulate.table import Inactive, Table
from shared.contract.standings import Ending

PLACES: Final = 9
UNITS: Final = 10**PLACES
LITTLE: Final = UNITS // 10_000

Whole = dict[str, int]
"""Units by candidate."""


def new_zealand_stv(table: Table) -> None:
    """Count by Schedule 1A."""
    if table.contest.seats == 1:
        _fill_one(table)
    else:
        _Count(table).run()


class _Numbers:
    """What settles ties (clauses 40 to 48); `steps` are the votes of each step so far."""

    def __init__(self, table: Table) -> None:
        ids = [candidate.id for candidate in table.contest.candidates]
        valid = sum(p.ballots for p in table.parcels if _names_somebody(p.ranks, table, ids))
        drawn = _drawn(len(ids), table.contest.seats, valid)
        self._number: Whole = {}
        for candidate in ids:
            self._number[candidate] = next(n for n in drawn if n not in self._number.values())
        self.steps: list[Whole] = []

    def last(self, votes: Whole) -> str:
        """Return who is excluded of those who have `votes`."""
        low = min(votes.values())
        level = [candidate for candidate in votes if votes[candidate] == low]
        for step in self.steps:
            held = [step[candidate] for candidate in level]
            if len(set(held)) > 1:
                level = [candidate for candidate in level if step[candidate] == min(held)]
                break
        return min(level, key=self._at_this_step)

    def _at_this_step(self, candidate: str) -> int:
        number = self._number[candidate]
        return number if len(self.steps) % 2 == 0 else 10_000 - number


def _names_somebody(ranks: Ranks, table: Table, ids: Sequence[str]) -> bool:
    return not isinstance(next(way(ranks, table.rules, ids)), Ending)


def _drawn(candidates: int, vacancies: int, valid: int) -> Iterator[int]:
    """Yield the numbers of clause 43, but for the first four."""
    return islice(_generated(candidates + 5, vacancies, (valid + 1_000 * (valid % 10)) % 30_323), 4, None)


def _generated(x: int, y: int, z: int) -> Iterator[int]:
    while True:
        x, y, z = (171 * x) % 30_269, (172 * y) % 30_307, (170 * z) % 30_323
        parts = (10_000 * x) // 30_269, (10_000 * y) // 30_307, (10_000 * z) // 30_323
        yield sum(parts) % 10_000


def _fill_one(table: Table) -> None:
    """Fill one vacancy (Part 2)."""
    numbers = _Numbers(table)
    while True:
        votes, inactive = table.sort()
        held = {candidate: int(units) for candidate, units in votes.items()}
        numbers.steps.append(held)
        majority = (sum(held.values()) + 1) // 2
        if not majority:
            table.rounds.append(Round(votes, inactive))
            return
        enough = {candidate: units for candidate, units in held.items() if units >= majority}
        if enough:
            beaten = numbers.last(enough) if len(enough) > 1 else ""
            elected = tuple(candidate for candidate in enough if candidate != beaten)
            table.rounds.append(Round(votes, inactive, (), elected, majority))
            return
        excluded = numbers.last(held)
        table.rounds.append(Round(votes, inactive, (excluded,), (), majority))
        table.remove((excluded,))


class _Count:
    """One count for several vacancies (Part 1)."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.numbers = _Numbers(table)
        self.ways = [(p.ballots, list(way(p.ranks, table.rules, table.continuing))) for p in table.parcels]
        self.keep = dict.fromkeys(table.continuing, UNITS)
        self.seated: list[str] = []
        self.before: list[Whole] = []
        """Keep values of the steps since the last decision."""

    @property
    def vacant(self) -> int:
        return self.table.contest.seats - len(self.seated)

    def run(self) -> None:
        """Take step after step until the vacancies are filled."""
        while self.step():
            pass

    def step(self) -> bool:
        """Take one step; return whether there is another."""
        table, first = self.table, not self.numbers.steps
        votes, inactive = self.distribute()
        continuing, seated = list(table.continuing), list(self.seated)
        quota = sum(votes.values()) // (table.contest.seats + 1) + 1
        if not any(votes.values()):
            self.write(votes, inactive, continuing, seated, (), (), None)
            return False
        out = self.unnamed() if first else []
        self.lose(out)
        self.numbers.steps.append(votes)
        elected = self.seat([c for c in table.continuing if votes[c] >= quota], votes)
        self.before.append(dict(self.keep))
        for candidate in self.seated:
            product = _up(self.keep[candidate] * quota, UNITS)
            self.keep[candidate] = _up(product * UNITS, votes[candidate])
        if first and len(table.continuing) <= self.vacant:
            elected += self.seat(table.continuing, votes)
        elif self.vacant and self.somebody_must_go(votes, quota):
            last = self.numbers.last({c: votes[c] for c in table.continuing})
            self.lose([last])
            out.append(last)
        if not (out or elected):
            return True
        self.before.clear()
        self.write(votes, inactive, continuing, seated, tuple(out), tuple(elected), quota)
        if not self.vacant or not table.continuing:
            return False
        if len(table.continuing) <= self.vacant:
            self.seat_the_rest(votes, inactive, out, quota)
            return False
        return True

    def distribute(self) -> tuple[Whole, Counter[Ending]]:
        """Return what each candidate keeps of all votes, and what is left over, by the reason."""
        votes = dict.fromkeys((*self.table.continuing, *self.seated), 0)
        inactive: Counter[Ending] = Counter()
        for ballots, stops in self.ways:
            rest = UNITS
            for stop in stops:
                if isinstance(stop, Ending):
                    inactive[stop] += ballots * rest
                elif stop in votes:
                    kept = _up(rest * self.keep[stop], UNITS)
                    votes[stop] += ballots * kept
                    rest -= kept
        return votes, inactive

    def unnamed(self) -> list[str]:
        """Return those whom no ballot names."""
        named = {stop for ballots, stops in self.ways if ballots for stop in stops}
        return [candidate for candidate in self.table.continuing if candidate not in named]

    def somebody_must_go(self, votes: Whole, quota: int) -> bool:
        """Return whether this step excludes somebody (clauses 13 and 23)."""
        surplus = sum(votes[c] - quota for c in self.seated if votes[c] > quota)
        low, above = sorted(votes[c] for c in self.table.continuing)[:2]
        return low + surplus < above or surplus < LITTLE or self.keep in self.before

    def seat(self, candidates: Sequence[str], votes: Whole) -> list[str]:
        found = self.table.ranked(candidates, {c: Fraction(votes[c]) for c in candidates})
        self.table.remove(found)
        self.seated += found
        return list(found)

    def lose(self, candidates: Sequence[str]) -> None:
        self.table.remove(candidates)

    def seat_the_rest(self, votes: Whole, inactive: Counter[Ending], out: Sequence[str], quota: int) -> None:
        """Seat all who are left; what the last one excluded had is needed by nobody."""
        continuing, seated = list(self.table.continuing), list(self.seated)
        inactive[Ending.SURPLUS] += sum(votes[candidate] for candidate in out)
        self.write(votes, inactive, continuing, seated, (), tuple(self.seat(continuing, votes)), quota)

    def write(  # noqa: PLR0913, PLR0917 - a round is all this
        self,
        votes: Whole,
        inactive: Counter[Ending],
        continuing: Sequence[str],
        seated: Sequence[str],
        out: tuple[str, ...],
        elected: tuple[str, ...],
        quota: int | None,
    ) -> None:
        """Write down a round."""
        idle: Inactive = {ending: Fraction(units, UNITS) for ending, units in inactive.items() if units}
        self.table.rounds.append(
            Round(
                {c: Fraction(votes[c], UNITS) for c in continuing},
                idle,
                tuple(c.id for c in self.table.contest.candidates if c.id in out),
                elected,
                None if quota is None else Fraction(quota, UNITS),
                {c: Fraction(votes[c], UNITS) for c in seated},
                places=PLACES,
            )
        )


def _up(numerator: int, denominator: int) -> int:
    """Return the quotient, rounded up."""
    return -(-numerator // denominator)
