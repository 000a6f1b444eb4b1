"""A budget spent in equal shares, counted again: whole numbers alone, and every project looked at in every step.

Source: Peters and Skowron (EC 2020); Peters, Pierczynski and Skowron (NeurIPS 2021), as the contest's `budget` chooses.

Rule 1: each ballot, a blank one too, has budget / ballots. A project that is approved is worth 1 to its supporter; of k ranks
        the first is worth k, the last 1. By `cost` this is multiplied by the project's cost.
Rule 2: a project's price is the least at which all supporters who pay price x worth, or all they have, pay its cost together.
        The least price is next. Level ones: more supporters, then the cheaper one, then the higher lot.
Rule 3: `add-one` enlarges all shares by a part of the first one and spends anew, until no supported project fits into what is
        left, or the next spending would be beyond the budget, or it was done 200 times. `most` then funds what is worth most for
        its cost as long as it fits.

All money is in whole units of one small part, which is made smaller whenever a payment is a fraction of it.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import blake2b
from math import lcm
from operator import itemgetter
from typing import Final, Literal

from services.audit.tabulate.ballots import ranks_of, way
from shared.contract.elections import MAX_ENLARGEMENTS, Contest
from shared.contract.standings import Funded, NotFunded, Spending, money

Settled = Literal["price", "supporters", "cost", "lot"]
HUNDREDTHS: Final = 100
"""A cost has two decimals at most."""


@dataclass
class Wanted:
    """A project that ballots name: which of them, and how much it is worth to each."""

    id: str
    cost: Fraction
    lot: str
    by: list[tuple[int, int]] = field(default_factory=list)
    """Places of ballots, and worth by rank alone."""
    electors: int = 0
    worth: int = 0
    """To all of them together, by rank alone."""


@dataclass
class Spent:
    """One spending of shares of one size."""

    share: Fraction
    part: int
    """1 / so many is the unit of `left`."""
    left: list[int]
    funded: list[Funded]
    cost: Fraction = Fraction(0)

    def held(self, project: Wanted, ballots: Sequence[int]) -> Fraction:
        """Return what a project's supporters have left together."""
        return Fraction(sum(ballots[place] * self.left[place] for place, _ in project.by), self.part)

    def price(self, project: Wanted, ballots: Sequence[int]) -> Fraction | None:
        """Return what supporters pay for one rank's worth, None if they have too little."""
        whole = lcm(*(worth for _, worth in project.by))
        able = sorted((self.left[of] * (whole // worth), of, worth) for of, worth in project.by)
        together, open_ = project.worth, int(project.cost * self.part)
        for _, of, worth in able:
            if self.left[of] * together >= open_ * worth:
                return Fraction(open_, together)
            open_ -= ballots[of] * self.left[of]
            together -= ballots[of] * worth
        return None

    def pay(self, project: Wanted, price: Fraction) -> None:
        """Take the payments out of what ballots have left; `price` is in the unit of `left`."""
        finer = price.denominator
        self.part *= finer
        self.left = [left * finer for left in self.left]
        for of, worth in project.by:
            self.left[of] = max(0, self.left[of] - price.numerator * worth)


def equal_shares(profile: Mapping[tuple[int, str], int], contest: Contest) -> Spending:
    """Return what the budget of a contest funds. Raises ValueError if marks are misspelt."""
    return _Spender(profile, contest).spend()


class _Spender:
    def __init__(self, profile: Mapping[tuple[int, str], int], contest: Contest) -> None:
        assert contest.budget is not None, "equal-shares has a budget"
        self._contest, self._terms = contest, contest.budget
        self._budget = Fraction(contest.budget.amount)
        alike: Counter[tuple[tuple[str, int], ...]] = Counter()
        for (_, marks), ballots in profile.items():
            alike[tuple(sorted(self._worths(marks).items()))] += ballots
        self._ballots = list(alike.values())
        self._wanted = {
            of.id: Wanted(
                of.id, Fraction(of.cost or 0), blake2b(f"{contest.lot}/{of.id}".encode()).hexdigest()
            )
            for of in contest.candidates
            if not of.excluded
        }
        for place, (worths, ballots) in enumerate(alike.items()):
            for name, worth in worths:
                if (project := self._wanted.get(name)) is not None:
                    project.by.append((place, worth))
                    project.electors += ballots
                    project.worth += ballots * worth
        self._supported = [of for of in self._wanted.values() if of.electors]

    def _worths(self, marks: str) -> dict[str, int]:
        """Return how much each project is worth to a ballot, by rank alone."""
        rules, ids = self._contest.rules, [of.id for of in self._contest.candidates]
        ranks = ranks_of(marks, ids)
        if self._terms.ballots == "approvals":
            return {name: 1 for rank in ranks for name in rank if name in ids}
        best_first = list(way(ranks, rules, ids))[:-1]
        return {name: (rules.max_ranks or len(ids)) - place for place, name in enumerate(best_first)}

    def spend(self) -> Spending:
        number = sum(self._ballots)
        first = self._budget / number if number else Fraction(0)
        spent = self._spent(first)
        if self._terms.completion.startswith("add-one"):
            for _ in range(MAX_ENLARGEMENTS):
                if not self._fitting(spent):
                    break
                larger = self._spent(spent.share + first * Fraction(self._terms.unit) / 100)
                if larger.cost > self._budget:
                    break
                spent = larger
        if self._terms.completion.endswith("most"):
            self._complete(spent)
        return self._said(spent)

    def _spent(self, share: Fraction) -> Spent:
        """Spend shares of one size."""
        part = share.denominator * HUNDREDTHS
        spent = Spent(share, part, [int(share * part)] * len(self._ballots), [])
        # Money only becomes less, so a price only rises: whose last one was above the least so far needs no look.
        last = {of.id: Fraction(0) for of in self._supported}
        while True:
            prices: dict[str, Fraction] = {}
            for name, before in sorted(last.items(), key=itemgetter(1)):
                if prices and before > min(prices.values()):
                    break
                price = spent.price(self._wanted[name], self._ballots)
                if price is None:
                    del last[name]
                    continue
                by_worth = price / spent.part
                prices[name] = last[name] = (
                    by_worth / self._wanted[name].cost if self._terms.measure == "cost" else by_worth
                )
            if not prices:
                return spent
            least = min(prices.values())
            level = [self._wanted[name] for name, price in prices.items() if price == least]
            project, settled = _first(level)
            del last[project.id]
            each = least * project.cost if self._terms.measure == "cost" else least
            spent.pay(project, each * spent.part)
            spent.cost += project.cost
            most = max(worth for _, worth in project.by)
            left = money(spent.held(project, self._ballots))
            spent.funded.append(
                self._funded(project, level, settled, (money(least), money(each * most), left))
            )

    def _fitting(self, spent: Spent) -> list[Wanted]:
        """Return the supported projects that are not funded and cost no more than what is left of the budget."""
        done = {of.project for of in spent.funded}
        return [of for of in self._supported if of.id not in done and of.cost <= self._budget - spent.cost]

    def _complete(self, spent: Spent) -> None:
        """Fund what is worth most for its cost as long as it fits."""
        by_cost = self._terms.measure == "cost"
        while fitting := self._fitting(spent):
            worths = {of.id: of.worth / (Fraction(1) if by_cost else of.cost) for of in fitting}
            level = [of for of in fitting if worths[of.id] == max(worths.values())]
            project, settled = _first(level)
            spent.cost += project.cost
            spent.funded.append(self._funded(project, level, settled, (None, None, None)))

    def _funded(
        self,
        project: Wanted,
        level: Sequence[Wanted],
        settled: Settled,
        paid: tuple[str | None, str | None, str | None],
    ) -> Funded:
        price, pays, left = paid
        names = {of.id for of in level} if len(level) > 1 else set()
        return Funded(
            project=project.id,
            cost=money(project.cost),
            supporters=project.electors,
            price=price,
            pays=pays,
            left=left,
            level=tuple(of.id for of in self._contest.candidates if of.id in names),
            settled_by=settled,
        )

    def _said(self, spent: Spent) -> Spending:
        done = {of.project for of in spent.funded}
        return Spending(
            share=money(spent.share),
            unspent=money(self._budget - spent.cost),
            funded=tuple(spent.funded),
            not_funded=tuple(
                NotFunded(
                    project=of.id,
                    cost=money(of.cost),
                    supporters=of.electors,
                    held=money(held := spent.held(of, self._ballots)),
                    missing=money(max(Fraction(0), of.cost - held), up=True),
                )
                for of in self._wanted.values()
                if of.id not in done
            ),
        )


def _first(level: Sequence[Wanted]) -> tuple[Wanted, Settled]:
    """Return which of level projects is next, and what settled it (Rule 2)."""
    if len(level) == 1:
        return level[0], "price"
    most = max(of.electors for of in level)
    rest = [of for of in level if of.electors == most]
    if len(rest) == 1:
        return rest[0], "supporters"
    least = min(of.cost for of in rest)
    rest = [of for of in rest if of.cost == least]
    return max(rest, key=lambda of: of.lot), "cost" if len(rest) == 1 else "lot"
