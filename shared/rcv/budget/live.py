"""A contest by equal shares, counted while ballots arrive: changes in, the spending of the budget out.

A change of one ballot changes everybody's share, so the budget is spent afresh from the distinct ballots whenever somebody asks,
and kept until a ballot comes.
"""

from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import Final

from shared.contract.ballots import parse_marks
from shared.contract.elections import MAX_ENLARGEMENTS, Contest
from shared.contract.standings import Funded, NotFunded, Spending, money
from shared.rcv.budget.ballots import BudgetVote, Choice, Project
from shared.rcv.budget.equal_shares import Outcome, equal_shares
from shared.rcv.count.live import LiveMethod, open_method
from shared.rcv.count.normalise import normalise
from shared.rcv.count.profile import Change

LAID_OUT: Final = 16
"""Laying a vote out takes as long as spending shares of one size so often."""


class LiveShares:
    """One contest by equal shares, of all that was applied so far."""

    def __init__(self, contest: Contest) -> None:
        self._contest = contest
        self._ballots: Counter[tuple[int, ...]] = Counter()
        self._choices: dict[str, tuple[int, ...]] = {}
        self._spending: Spending | None = None
        self.work = 0
        """What the last spending took, in units of some 0.1 us, as `python -m tests.bench.budgets --time` finds them."""

    def apply(self, changes: Iterable[Change]) -> None:
        """Apply changes: section, marks, and by how many ballots they became more. Raises ValueError for misspelt marks."""
        for _, marks, ballots in changes:
            choice = self._choices.get(marks)
            if choice is None:
                choice = self._choices[marks] = projects_of(marks, self._contest)
            self._ballots[choice] += ballots
            assert self._ballots[choice] >= 0, "a ballot was retracted more often than it was cast"
        self._spending = None

    def withdraw(self, project: int) -> None:
        """Count as if nobody could vote for `project`."""
        self._contest, self._spending = self._contest.excluding({project}), None

    def restore(self, project: int) -> None:
        """Take a withdrawal back."""
        self._contest, self._spending = self._contest.excluding({project}, excluded=False), None

    @property
    def ballots(self) -> int:
        """How many ballots there are."""
        return self._ballots.total()

    def spend(self) -> Spending:
        """Return what is funded, and why."""
        if self._spending is None:
            vote = vote_of(self._contest, self._ballots)
            outcome = spend(vote, self._contest)
            self._spending = spending_of(vote, outcome)
            marks = sum(len(choice.projects) + 1 for choice in vote.choices)
            steps = outcome.times * len(outcome.funded) * len(vote.projects)
            self.work = (outcome.times + LAID_OUT) * marks + 16 * steps
        return self._spending


def open_contest(contest: Contest, sections: int) -> LiveMethod | LiveShares:
    """Return the live count of `contest` over so many sections, with no ballots yet: of a budget or in rounds."""
    return LiveShares(contest) if contest.method == "equal-shares" else open_method(contest, sections)


def projects_of(marks: str, contest: Contest) -> tuple[int, ...]:
    """Return the projects that a ballot names, by place: ranked ones the best first, approved ones in order.

    Approvals are marks at any rank. A rank that holds several ends a ranking, as it does by the default of every method.
    """
    assert contest.budget is not None, "equal-shares has a budget"
    if contest.budget.ballots == "approvals":
        return tuple(sorted({place for rank in parse_marks(marks) for place in rank if place >= 0}))
    return tuple(choice for choice in normalise(marks, contest.rules).candidates if isinstance(choice, int))


def vote_of(contest: Contest, ballots: Counter[tuple[int, ...]]) -> BudgetVote:
    """Return the vote of a contest, given how many ballots name which projects."""
    assert contest.budget is not None, "equal-shares has a budget"
    is_ranked = contest.budget.ballots == "ranked"
    return BudgetVote(
        title=contest.title,
        budget=Fraction(contest.budget.amount),
        kind="ordinal" if is_ranked else "approval",
        projects=tuple(Project(of.id, of.name, Fraction(of.cost or 0)) for of in contest.candidates),
        choices=tuple(Choice(choice, (), number) for choice, number in sorted(ballots.items()) if number),
        ranks=(contest.rules.max_ranks or len(contest.candidates)) if is_ranked else 0,
    )


def spend(vote: BudgetVote, contest: Contest) -> Outcome:
    """Return what a contest's terms fund."""
    terms = contest.budget
    assert terms is not None, "equal-shares has a budget"
    first_share = vote.budget / vote.ballots if vote.ballots else Fraction(1)
    return equal_shares(
        vote,
        completion=terms.completion,
        measure=terms.measure,
        withdrawn=contest.excluded,
        seed=contest.lot,
        unit=first_share * Fraction(terms.unit) / 100,
        at_most=MAX_ENLARGEMENTS,
    )


def spending_of(vote: BudgetVote, outcome: Outcome) -> Spending:
    """Return an outcome as the contract has it."""
    ids, costs = [of.id for of in vote.projects], [money(of.cost) for of in vote.projects]
    return Spending(
        share=money(outcome.share),
        unspent=money(outcome.unspent),
        funded=tuple(
            Funded(
                project=ids[of.project],
                cost=costs[of.project],
                supporters=of.supporters,
                price=None if of.price is None else money(of.price),
                pays=None if of.pays is None else money(of.pays),
                left=None if of.left is None else money(of.left),
                level=tuple(ids[place] for place in of.level),
                settled_by=of.settled_by,
            )
            for of in outcome.funded
        ),
        not_funded=tuple(
            NotFunded(
                project=ids[place],
                cost=costs[place],
                supporters=lacks.supporters,
                held=money(lacks.held),
                missing=money(lacks.missing, up=True),
            )
            for place, lacks in outcome.missing.items()
        ),
    )
