"""The method of equal shares: every elector has the same share of the budget, and spends it on the projects he wants.

Source: Peters and Skowron, Proportionality and the Limits of Welfarism (EC 2020); with costs and worths, Peters, Pierczynski
and Skowron, Proportional Participatory Budgeting with Additive Utilities (NeurIPS 2021).

A. A share is the budget / the ballots.
B. A project can be paid at a price: each of its supporters pays the price x what the project is worth to him, or all that he has
   left, and together they pay its cost. A project whose supporters have less than its cost cannot be paid.
C. The project with the least price is funded and its supporters pay. Level ones: the one with more supporters; else the cheaper
   one; else the lot. Go back to B until no project can be paid.
D. Completion, since shares that nobody could put together are left over:
   `add-one`: every share is made larger by one unit and all is done anew, until no supported project fits into what is left of the
   budget, or the next outcome would cost more than there is (equalshares.net: Add1);
   `add-one-then-most`, by default: then the most wanted for its cost is funded as long as it fits (Add1U);
   `most`: that alone; `none`: what is left is left.

By `cost`, the default, what a project is worth to a supporter grows with its cost: money is shared out. By `number`, every project
counts the same. A level price is decided by exact fractions.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf, lcm
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from shared.rcv.budget.ballots import BudgetVote

Completion = Literal["none", "most", "add-one", "add-one-then-most"]
Measure = Literal["cost", "number"]
SettledBy = Literal["price", "supporters", "cost", "lot"]

MAX_ROUNDS: Final = 100_000
"""Enlargements of the shares; a vote that needs more is counted in a coarser unit."""
MAX_SUM: Final = 2**62
ERROR: Final = 1e-11
"""Of the share: thousands of payments make the float of a purse wrong by far less."""
SURE: Final = 1e-7
"""A price as float is right to a far smaller part of itself; what is nearer to a bound than this is decided by fractions."""
NEAR: Final = 1e-6
"""Prices that differ by less, in parts of themselves, are compared as fractions."""
LEAST_PART: Final = 1e-2
"""A difference of sums that is a smaller part of them is not left to floats."""


class Funded(NamedTuple):
    """A project that is funded, and why it was its turn."""

    project: int
    price: Fraction | None
    """What a supporter pays for a unit of worth; None where completion funded it."""
    level: tuple[int, ...]
    """Projects of the same price, itself included; empty if there was no other."""
    settled_by: SettledBy
    supporters: int
    pays: Fraction | None
    """What a supporter pays at most: whoever has less left pays that."""
    left: Fraction | None = None
    """What its supporters, together, have left of their shares after it."""


class Missing(NamedTuple):
    """Why a project is not funded."""

    supporters: int
    held: Fraction
    """What its supporters have left, together, of their shares."""
    missing: Fraction
    """How much more they would need to pay it."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is funded, in order, and what electors have left."""

    funded: tuple[Funded, ...]
    share: Fraction
    """Of each elector; larger than the budget / the ballots where completion enlarged it."""
    unspent: Fraction
    """Of the budget."""
    times: int
    """How often shares of one size were spent: once, and once more for each enlargement."""
    missing: Mapping[int, Missing]
    """Of each project that is neither funded nor withdrawn, what its supporters lack."""
    purses: "Purses"

    @property
    def left(self) -> tuple[Fraction, ...]:
        """Of each choice, what one of its electors has left of the share."""
        return self.purses.left()

    @property
    def projects(self) -> tuple[int, ...]:
        """The projects that are funded, in order."""
        return tuple(each.project for each in self.funded)


def equal_shares(  # noqa: PLR0913 - the terms of a vote, each by its name
    vote: BudgetVote,
    *,
    completion: Completion = "add-one-then-most",
    measure: Measure = "cost",
    withdrawn: Collection[int] = (),
    seed: str = "0",
    unit: Fraction = Fraction(1),
    at_most: int | None = None,
) -> Outcome:
    """Return what the method funds; projects that are `withdrawn` are passed over, wherever a ballot names them.

    `unit` is by how much Add1 enlarges a share. It does so `at_most` so many times, and is then taken to be complete; without that
    it raises ValueError where it would have to do so too often.
    """
    assert completion in get_args(Completion)
    counting = _Counting(vote, measure, withdrawn, seed)
    share, times = vote.budget / vote.ballots if vote.ballots else Fraction(0), 1
    if completion in ("add-one", "add-one-then-most"):
        share, times = counting.enlarged(share, unit, at_most)
    spent = counting.spent(share, says_left=True)
    if completion in ("most", "add-one-then-most"):
        counting.complete(spent)
    return counting.outcome(spent, times)


def lots(vote: BudgetVote, seed: str) -> tuple[int, ...]:
    """Return each project's place in the lot: `printf '%s' "$seed/$id" | b2sum`, the last in order first."""
    digests = [blake2b(f"{seed}/{project.id}".encode()).hexdigest() for project in vote.projects]
    order = sorted(digests, reverse=True)
    return tuple(order.index(digest) for digest in digests)


class Supporters:
    """Who supports a project: arrays of one entry a choice."""

    def __init__(
        self, choices: Sequence[int], ballots: Sequence[int], worths: Sequence[Fraction], scale: Fraction
    ) -> None:
        """`worths` are multiplied by `scale`, so that what the project is worth may grow with its cost."""
        # By identity, for a hash of a fraction takes long, and few are different objects.
        different = {id(worth): worth for worth in worths}
        whole = lcm(*(worth.denominator for worth in different.values()))
        units = {key: int(worth * whole) for key, worth in different.items()}
        in_units = [units[id(worth)] for worth in worths]
        # Whole numbers of any size where the sum of all could be beyond 64 bits.
        number = np.dtype(np.int64 if sum(ballots) * max(in_units) < MAX_SUM else np.object_)
        self.choices = np.array(choices, np.intp)
        self.ballots: NDArray[np.int64] = np.array(ballots, number)
        self.worths: NDArray[np.int64] = np.array(in_units, number)
        """What the project is worth to each, in units of `unit`."""
        self.unit = scale / whole
        self.weights = self.ballots * self.worths
        self.electors = sum(ballots)
        self.most = max(in_units) * self.unit
        """What it is worth to those to whom it is worth most."""
        self.worth = int(self.weights.sum()) * self.unit
        """Of the project to all of them."""
        self.floats = self.worths.astype(np.float64)
        self.float_ballots = self.ballots.astype(np.float64)
        self.float_weights = self.weights.astype(np.float64)


class Purses:
    """What electors have left: the share less all that was paid, or nothing.

    So sums of what many have left are exact, though no fractions are added: whole numbers say how often each payment is in it, and
    payments are kept over one denominator. A float beside each purse says quickly what is certain; `SURE` and `NEAR` are far above
    its error.
    """

    def __init__(self, ballots: NDArray[np.int64], share: Fraction) -> None:
        self.share = share
        self._ballots = ballots
        self._is_empty = np.zeros(len(ballots), np.bool_)
        self._floats = np.full(len(ballots), float(share))
        self._error = ERROR * float(share)
        # The share, and by payment what a unit of worth cost: all over one denominator.
        self._denominator = share.denominator
        self._share = share.numerator
        self._payments: list[tuple[Supporters, int]] = []

    def left(self) -> tuple[Fraction, ...]:
        """Return of each choice what one of its electors has left."""
        exact = self._exact(np.arange(len(self._ballots)))
        return tuple(exact)

    def held(self, supporters: Supporters) -> Fraction:
        """Return what supporters, together, have left."""
        return self._sum(supporters.choices)

    def about(self, cost: Fraction, supporters: Supporters) -> float | None:
        """Return about at which price supporters pay a cost (B), to one part in `NEAR`; None if they cannot."""
        if not self._is_able(cost, supporters):
            return None
        each = self._each(float(cost), supporters)
        if each is None:
            price = self.price(cost, supporters)
            return None if price is None else float(price)
        return each / float(supporters.unit)

    def price(self, cost: Fraction, supporters: Supporters) -> Fraction | None:
        """Return at which price supporters pay a cost (B), None if they cannot."""
        if not self._is_able(cost, supporters):
            return None
        near, lefts = self._each(float(cost), supporters), self._floats[supporters.choices]
        if near is None:
            is_poor, is_open = np.zeros(len(lefts), np.bool_), np.ones(len(lefts), np.bool_)
        else:
            # Those about whom the floats leave no doubt are taken together.
            doubt = SURE * near * supporters.floats + self._error
            beyond = lefts - near * supporters.floats
            is_poor, is_open = beyond < -doubt, np.abs(beyond) <= doubt
        rest = cost - self._sum(supporters.choices[is_poor])
        together = int(supporters.weights[~is_poor].sum())
        places = np.flatnonzero(is_open)
        exact = self._exact(supporters.choices[places])
        worths, ballots = supporters.worths[places].tolist(), supporters.ballots[places].tolist()
        able = sorted(zip(exact, worths, ballots, strict=True), key=lambda each: each[0] / each[1])
        for left, worth, number in able:
            # Whoever has less than his part pays all he has; the others share the rest.
            if left * together >= rest * worth:
                break
            rest -= number * left
            together -= number * worth
        return rest / together / supporters.unit

    def pay(self, price: Fraction, supporters: Supporters) -> None:
        """Let each supporter pay the price x what the project is worth to him, or all he has."""
        each, places = price * supporters.unit, supporters.choices
        near = float(each) * supporters.floats
        beyond = self._floats[places] - near
        is_poor = beyond < 0
        is_open = np.flatnonzero(np.abs(beyond) <= SURE * near + self._error)
        for at, left in zip(is_open.tolist(), self._exact(places[is_open]), strict=True):
            is_poor[at] = left <= each * int(supporters.worths[at])
        self._is_empty[places[is_poor]] = True
        self._floats[places] = np.where(is_poor, 0.0, beyond)
        denominator = lcm(self._denominator, each.denominator)
        larger, self._denominator = denominator // self._denominator, denominator
        self._share *= larger
        self._payments = [(payers, paid * larger) for payers, paid in self._payments]
        self._payments.append((supporters, each.numerator * (denominator // each.denominator)))

    def _is_able(self, cost: Fraction, supporters: Supporters) -> bool:
        """Return whether supporters, together, have a cost left."""
        near = float(cost)
        able = float(supporters.float_ballots @ self._floats[supporters.choices])
        if abs(able - near) <= SURE * near + self._error * supporters.electors:
            return self.held(supporters) >= cost
        return able > near

    def _each(self, cost: float, supporters: Supporters) -> float | None:
        """Return about what a unit of worth costs supporters who can pay; None if the floats leave that open."""
        lefts, all_weights = self._floats[supporters.choices], float(supporters.float_weights.sum())
        ratios = lefts / supporters.floats
        rest, together, poor = cost, all_weights, 0
        is_poor = np.zeros(len(lefts), np.bool_)
        while True:
            # Whoever has less than his part pays all he has, and the others share the rest: so the price only rises. As a float it
            # may fall by its last places, to the side of somebody who has just his part: he stays where he is, or this would not end.
            is_poor |= ratios < rest / together
            if np.count_nonzero(is_poor) == poor:
                break
            poor = int(np.count_nonzero(is_poor))
            rest = cost - float(supporters.float_ballots[is_poor] @ lefts[is_poor])
            together = all_weights - float(supporters.float_weights[is_poor].sum())
            if rest < LEAST_PART * cost or together < LEAST_PART * all_weights:
                return None
        unsure = self._error * float(supporters.float_ballots[is_poor].sum())
        return None if unsure > 1e-3 * SURE * cost else rest / together

    def _sum(self, choices: NDArray[np.intp]) -> Fraction:
        """Return what electors of these choices have left together."""
        choices = choices[~self._is_empty[choices]]
        if not choices.size:
            return Fraction(0)
        ballots = np.zeros(len(self._ballots), np.int64)
        ballots[choices] = self._ballots[choices]
        total = int(ballots.sum()) * self._share
        for supporters, each in self._payments:
            total -= int(ballots[supporters.choices] @ supporters.worths) * each
        return Fraction(total, self._denominator)

    def _exact(self, choices: NDArray[np.intp]) -> list[Fraction]:
        """Return what an elector of each of these choices has left."""
        place = np.full(len(self._ballots), -1, np.intp)
        place[choices[~self._is_empty[choices]]] = np.flatnonzero(~self._is_empty[choices])
        left = [0 if empty else self._share for empty in self._is_empty[choices].tolist()]
        if not left:
            return []
        for supporters, each in self._payments:
            found = place[supporters.choices]
            among = found >= 0
            for at, worth in zip(found[among].tolist(), supporters.worths[among].tolist(), strict=True):
                left[at] -= each * worth
        return [Fraction(each, self._denominator) for each in left]


@dataclass
class _Spent:
    """What shares of one size fund so far."""

    funded: list[Funded]
    purses: Purses
    unspent: Fraction


class _Counting:
    """A vote, laid out project by project."""

    def __init__(self, vote: BudgetVote, measure: Measure, withdrawn: Collection[int], seed: str) -> None:
        self._vote, self._withdrawn = vote, withdrawn
        self._costs = [project.cost for project in vote.projects]
        self._ballots = np.array([choice.ballots for choice in vote.choices], np.int64)
        found: dict[int, list[tuple[int, int, Fraction]]] = {}
        for place, choice in enumerate(vote.choices):
            for project, worth in vote.worth(choice).items():
                if project not in withdrawn:
                    found.setdefault(project, []).append((place, choice.ballots, worth))
        self._supporters: dict[int, Supporters] = {}
        for project in sorted(found):
            choices, ballots, worths = zip(*found[project], strict=True)
            scale = self._costs[project] if measure == "cost" else Fraction(1)
            self._supporters[project] = Supporters(choices, ballots, worths, scale)
        self._lots = lots(vote, seed)

    def spent(self, share: Fraction, *, says_left: bool = False) -> _Spent:
        """Return what shares of this size fund (A to C); with `says_left` also what is left after each payment."""
        spent = _Spent([], Purses(self._ballots, share), self._vote.budget)
        # A price only rises while money is spent: the last known is the least that it can be now.
        waiting = [(0.0, project) for project in self._supporters]
        heapify(waiting)
        while level := self._cheapest(waiting, spent.purses):
            least, projects = level
            chosen, settled_by = self._pick(projects)
            for project in projects:
                if project != chosen:
                    heappush(waiting, (float(least) * (1 - NEAR), project))
            supporters = self._supporters[chosen]
            spent.purses.pay(least, supporters)
            left = spent.purses.held(supporters) if says_left else None
            spent.unspent -= self._costs[chosen]
            spent.funded.append(self._funded(chosen, least, projects, settled_by)._replace(left=left))
        return spent

    def _cheapest(
        self, waiting: list[tuple[float, int]], purses: Purses
    ) -> tuple[Fraction, list[int]] | None:
        """Take the projects of the least price out of those that wait by what their price is at least; drop the unpayable."""
        near: list[tuple[float, int]] = []
        bound = inf
        while waiting and waiting[0][0] <= bound:
            _, project = heappop(waiting)
            price = purses.about(self._costs[project], self._supporters[project])
            if price is not None:
                near.append((price, project))
                bound = min(bound, price * (1 + NEAR))
        exact: dict[int, Fraction] = {}
        for about, project in near:
            if about * (1 - NEAR) > bound:
                heappush(waiting, (about * (1 - NEAR), project))
            elif (price_ := purses.price(self._costs[project], self._supporters[project])) is not None:
                exact[project] = price_
        if not exact:
            return None
        least = min(exact.values())
        for project, price_ in exact.items():
            if price_ > least:
                heappush(waiting, (float(price_) * (1 - NEAR), project))
        return least, sorted(project for project, price_ in exact.items() if price_ == least)

    def enlarged(self, share: Fraction, unit: Fraction, at_most: int | None) -> tuple[Fraction, int]:
        """Return shares as large as the budget allows (D, Add1), and how often shares were spent to find them."""
        spent = self.spent(share)
        for number in count(1):
            if self._is_complete(spent) or (at_most is not None and number > at_most):
                return share, number
            if number > MAX_ROUNDS:
                raise ValueError(
                    f"shares were enlarged {MAX_ROUNDS:,} times; expected a larger --unit than {unit}"
                )
            spent = self.spent(share + unit)
            if spent.unspent < 0:
                return share, number + 1
            share += unit
        raise AssertionError("numbers do not end")

    def complete(self, spent: _Spent) -> None:
        """Fund the most wanted for its cost as long as it fits (D, greedy)."""
        done = {each.project for each in spent.funded}
        wanted = {
            project: supporters.worth / self._costs[project]
            for project, supporters in self._supporters.items()
            if project not in done
        }
        while fitting := [project for project in wanted if self._costs[project] <= spent.unspent]:
            most = max(wanted[project] for project in fitting)
            level = [project for project in fitting if wanted[project] == most]
            chosen, settled_by = self._pick(level)
            del wanted[chosen]
            spent.unspent -= self._costs[chosen]
            spent.funded.append(self._funded(chosen, None, level, settled_by))

    def outcome(self, spent: _Spent, times: int) -> Outcome:
        """Return what was spent, and what each project that is not funded lacks."""
        done = {each.project for each in spent.funded}
        lacking: dict[int, Missing] = {}
        for place, cost in enumerate(self._costs):
            if place in done or place in self._withdrawn:
                continue
            supporters = self._supporters.get(place)
            held = Fraction(0) if supporters is None else spent.purses.held(supporters)
            electors = 0 if supporters is None else supporters.electors
            lacking[place] = Missing(electors, held, max(Fraction(0), cost - held))
        share = spent.purses.share
        return Outcome(tuple(spent.funded), share, spent.unspent, times, lacking, spent.purses)

    def _is_complete(self, spent: _Spent) -> bool:
        done = {each.project for each in spent.funded}
        return all(
            self._costs[project] > spent.unspent for project in self._supporters if project not in done
        )

    def _funded(
        self, project: int, price: Fraction | None, level: Sequence[int], settled_by: SettledBy
    ) -> Funded:
        pays = None if price is None else price * self._supporters[project].most
        others = tuple(sorted(level)) if len(level) > 1 else ()
        return Funded(project, price, others, settled_by, self._supporters[project].electors, pays)

    def _pick(self, level: Sequence[int]) -> tuple[int, SettledBy]:
        if len(level) == 1:
            return level[0], "price"
        most = max(self._supporters[project].electors for project in level)
        wanted = [project for project in level if self._supporters[project].electors == most]
        least = min(self._costs[project] for project in wanted)
        cheapest = [project for project in wanted if self._costs[project] == least]
        settled_by: SettledBy = "supporters" if len(wanted) == 1 else "cost" if len(cheapest) == 1 else "lot"
        return min(cheapest, key=self._lots.__getitem__), settled_by
