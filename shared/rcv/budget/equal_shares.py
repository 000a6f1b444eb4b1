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
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from shared.rcv.budget.ballots import BudgetVote

Completion = Literal["none", "most", "add-one", "add-one-then-most"]
Measure = Literal["cost", "number"]
SettledBy = Literal["price", "supporters", "cost", "lot"]

MAX_ROUNDS: Final = 100_000
"""Enlargements of the shares; a vote that needs more is counted in a coarser unit."""


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


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is funded, in order, and what electors have left."""

    funded: tuple[Funded, ...]
    share: Fraction
    """Of each elector; larger than the budget / the ballots where completion enlarged it."""
    left: tuple[Fraction, ...]
    """Of each choice, what one of its electors has left of the share."""
    unspent: Fraction
    """Of the budget."""

    @property
    def projects(self) -> tuple[int, ...]:
        """The projects that are funded, in order."""
        return tuple(each.project for each in self.funded)


def equal_shares(
    vote: BudgetVote,
    *,
    completion: Completion = "add-one-then-most",
    measure: Measure = "cost",
    withdrawn: Collection[int] = (),
    seed: str = "0",
    unit: Fraction = Fraction(1),
) -> Outcome:
    """Return what the method funds; projects that are `withdrawn` are passed over, wherever a ballot names them.

    `unit` is by how much Add1 enlarges a share. Raises ValueError if it would have to do so too often.
    """
    assert completion in get_args(Completion)
    counting = _Counting(vote, measure, withdrawn, seed)
    share = vote.budget / vote.ballots if vote.ballots else Fraction(0)
    outcome = counting.outcome(share)
    if completion in ("add-one", "add-one-then-most"):
        outcome = counting.enlarged(outcome, unit)
    if completion in ("most", "add-one-then-most"):
        outcome = counting.completed(outcome)
    return outcome


def lots(vote: BudgetVote, seed: str) -> tuple[int, ...]:
    """Return each project's place in the lot: `printf '%s' "$seed/$id" | b2sum`, the last in order first."""
    digests = [blake2b(f"{seed}/{project.id}".encode()).hexdigest() for project in vote.projects]
    order = sorted(digests, reverse=True)
    return tuple(order.index(digest) for digest in digests)


class Supporters:
    """Who supports a project: arrays of one entry a choice."""

    def __init__(self, choices: Sequence[int], ballots: Sequence[int], worths: Sequence[Fraction]) -> None:
        self.choices = np.array(choices, np.intp)
        self.ballots = np.array(ballots, np.int64)
        self.electors = int(self.ballots.sum())
        self.different = sorted(set(worths))
        """What the project can be worth; of approvals there is one."""
        place = {worth: at for at, worth in enumerate(self.different)}
        self._worths = np.array([place[worth] for worth in worths], np.intp)
        self.worth = sum((number * worth for number, worth in zip(ballots, worths, strict=True)), Fraction(0))
        """Of the project to all of them."""

    def alike(self, states: NDArray[np.intp]) -> tuple[list[tuple[int, Fraction, int]], NDArray[np.intp]]:
        """Return the state, the worth and the ballots of those who are alike, and of each choice to which of these it belongs."""
        keys = states[self.choices] * len(self.different) + self._worths
        distinct, which = np.unique(keys, return_inverse=True)
        ballots = np.zeros(len(distinct), np.int64)
        np.add.at(ballots, which, self.ballots)
        found = [
            (key // len(self.different), self.different[key % len(self.different)], number)
            for key, number in zip(distinct.tolist(), ballots.tolist(), strict=True)
        ]
        return found, which


class Purses:
    """What electors have left. Few amounts are different, so each is held once; a state is the place of an amount."""

    def __init__(self, choices: int, share: Fraction) -> None:
        self.amounts = [share]
        self.states = np.zeros(choices, np.intp)
        self._places = {share: 0}

    def left(self) -> tuple[Fraction, ...]:
        """Return of each choice what one of its electors has left."""
        return tuple(self.amounts[state] for state in self.states.tolist())

    def price(self, cost: Fraction, supporters: Supporters) -> Fraction | None:
        """Return at which price supporters pay a cost (B), None if they cannot."""
        able = [
            (self.amounts[state], worth, ballots)
            for state, worth, ballots in supporters.alike(self.states)[0]
            if self.amounts[state]
        ]
        if sum((ballots * left for left, _, ballots in able), Fraction(0)) < cost:
            return None
        able.sort(key=lambda each: each[0] / each[1])
        together = sum((ballots * worth for _, worth, ballots in able), Fraction(0))
        for left, worth, ballots in able:
            # Whoever has less than his part pays all he has; the others share the rest.
            if left * together >= cost * worth:
                return cost / together
            cost -= ballots * left
            together -= ballots * worth
        raise AssertionError("they have enough together")

    def pay(self, price: Fraction, supporters: Supporters) -> None:
        """Let each supporter pay the price x what the project is worth to him, or all he has."""
        found, which = supporters.alike(self.states)
        after = [
            self._place(max(Fraction(0), self.amounts[state] - price * worth)) for state, worth, _ in found
        ]
        self.states[supporters.choices] = np.array(after, np.intp)[which]

    def _place(self, amount: Fraction) -> int:
        place = self._places.setdefault(amount, len(self.amounts))
        if place == len(self.amounts):
            self.amounts.append(amount)
        return place


class _Counting:
    """A vote, laid out project by project."""

    def __init__(self, vote: BudgetVote, measure: Measure, withdrawn: Collection[int], seed: str) -> None:
        self._vote = vote
        self._costs = [project.cost for project in vote.projects]
        found: dict[int, list[tuple[int, int, Fraction]]] = {}
        for place, choice in enumerate(vote.choices):
            for project, worth in vote.worth(choice).items():
                if project not in withdrawn:
                    by_cost = worth * self._costs[project] if measure == "cost" else worth
                    found.setdefault(project, []).append((place, choice.ballots, by_cost))
        self._supporters = {
            project: Supporters(*zip(*found[project], strict=True)) for project in sorted(found)
        }
        self._lots = lots(vote, seed)

    def outcome(self, share: Fraction) -> Outcome:
        """Return what shares of this size fund (A to C)."""
        purses = Purses(len(self._vote.choices), share)
        # A price only rises while money is spent: the last known is the least that it can be now.
        waiting = [(Fraction(0), project) for project in self._supporters]
        heapify(waiting)
        funded: list[Funded] = []
        while level := self._cheapest(waiting, purses):
            least = level[0][0]
            projects = [project for _, project in level]
            chosen, settled_by = self._pick(projects)
            for bound, project in level:
                if project != chosen:
                    heappush(waiting, (bound, project))
            purses.pay(least, self._supporters[chosen])
            funded.append(self._funded(chosen, least, projects, settled_by))
        spent = sum((self._costs[each.project] for each in funded), Fraction(0))
        return Outcome(tuple(funded), share, purses.left(), self._vote.budget - spent)

    def _cheapest(self, waiting: list[tuple[Fraction, int]], purses: Purses) -> list[tuple[Fraction, int]]:
        """Take the projects of the least price out of those that wait by what their price is at least; drop the unpayable."""
        level: list[tuple[Fraction, int]] = []
        while waiting and (not level or waiting[0][0] <= level[0][0]):
            _, project = heappop(waiting)
            price = purses.price(self._costs[project], self._supporters[project])
            if price is None:
                continue
            if level and price > level[0][0]:
                heappush(waiting, (price, project))
                continue
            if level and price < level[0][0]:
                for other in level:
                    heappush(waiting, other)
                level = []
            level.append((price, project))
        return level

    def enlarged(self, outcome: Outcome, unit: Fraction) -> Outcome:
        """Make the shares larger as long as the budget allows it (D, Add1)."""
        for number in count(1):
            if self._is_complete(outcome):
                return outcome
            if number > MAX_ROUNDS:
                raise ValueError(
                    f"shares were enlarged {MAX_ROUNDS:,} times; expected a larger --unit than {unit}"
                )
            larger = self.outcome(outcome.share + unit)
            if larger.unspent < 0:
                return outcome
            outcome = larger
        raise AssertionError("numbers do not end")

    def completed(self, outcome: Outcome) -> Outcome:
        """Fund the most wanted for its cost as long as it fits (D, greedy)."""
        funded, unspent = list(outcome.funded), outcome.unspent
        wanted = {
            project: supporters.worth / self._costs[project]
            for project, supporters in self._supporters.items()
            if project not in outcome.projects
        }
        while fitting := [project for project in wanted if self._costs[project] <= unspent]:
            most = max(wanted[project] for project in fitting)
            level = [project for project in fitting if wanted[project] == most]
            chosen, settled_by = self._pick(level)
            del wanted[chosen]
            unspent -= self._costs[chosen]
            funded.append(self._funded(chosen, None, level, settled_by))
        return Outcome(tuple(funded), outcome.share, outcome.left, unspent)

    def _is_complete(self, outcome: Outcome) -> bool:
        done = set(outcome.projects)
        return all(
            self._costs[project] > outcome.unspent for project in self._supporters if project not in done
        )

    def _funded(
        self, project: int, price: Fraction | None, level: Sequence[int], settled_by: SettledBy
    ) -> Funded:
        pays = None if price is None else price * self._supporters[project].different[-1]
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


class Missing(NamedTuple):
    """Why a project is not funded."""

    supporters: int
    held: Fraction
    """What its supporters have left, together, of their shares."""
    missing: Fraction
    """How much more they would need to pay it."""


def missing(vote: BudgetVote, outcome: Outcome, withdrawn: Collection[int] = ()) -> Mapping[int, Missing]:
    """Return of each project that is neither funded nor withdrawn what its supporters lack."""
    found: dict[int, Missing] = {}
    for place, project in enumerate(vote.projects):
        if place in outcome.projects or place in withdrawn:
            continue
        wanting = [at for at, choice in enumerate(vote.choices) if place in choice.projects]
        held = sum((vote.choices[at].ballots * outcome.left[at] for at in wanting), Fraction(0))
        electors = sum(vote.choices[at].ballots for at in wanting)
        found[place] = Missing(electors, held, max(Fraction(0), project.cost - held))
    return found
