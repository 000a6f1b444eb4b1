"""A budget that was spent, in words and as JSON: what is funded and why, what is not and how much it lacks."""

from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from typing import Any

from shared.contract.elections import Contest
from shared.contract.standings import Funded, NotFunded, Spending, Standing
from shared.rcv.budget.ballots import BudgetVote
from shared.rcv.budget.equal_shares import Outcome
from shared.rcv.narrate.counted import counted_in, is_final
from shared.rcv.narrate.numbers import amount, shown_amount
from shared.rcv.narrate.sentences import headline

_BY_COMPLETION = "as the most wanted for its cost that still fits"
_SETTLED = {"supporters": "has more supporters", "cost": "is cheaper", "lot": "was drawn by lot"}


def sentences(vote: BudgetVote, outcome: Outcome, withdrawn: Collection[int] = ()) -> Iterator[str]:
    """Yield a sentence for each project: those that are funded in their order, then all others."""
    names = [project.name for project in vote.projects]
    costs = [amount(project.cost) for project in vote.projects]
    for each in outcome.funded:
        level = [names[place] for place in each.level if place != each.project]
        pays = None if each.pays is None else amount(each.pays)
        yield _funded(
            names[each.project], costs[each.project], _why(each.supporters, pays, level, each.settled_by)
        )
    lacking = outcome.missing
    for place, project in enumerate(vote.projects):
        if place in withdrawn:
            yield f"{project.name} ({costs[place]}) is withdrawn."
        if place not in lacking:
            continue
        supporters, held, missed = lacking[place]
        lacks = _lacks(supporters, amount(held), amount(missed, up=True), amount(outcome.unspent))
        yield f"{project.name} ({costs[place]}) is not funded: {lacks}"


def contest_sentences(contest: Contest, spending: Spending) -> Iterator[str]:
    """Yield a sentence for each project of a contest that has not withdrawn: those that are funded in their order, then all others."""
    names = {candidate.id: candidate.name for candidate in contest.candidates}
    for of in spending.funded:
        yield _funded(names[of.project], shown_amount(contest, of.cost), why_funded(contest, of))
    for lacks in spending.not_funded:
        why = why_not_funded(contest, spending, lacks)
        yield f"{names[lacks.project]} ({shown_amount(contest, lacks.cost)}) is not funded: {why}"


def why_funded(contest: Contest, of: Funded) -> str:
    """Return why a project of a contest is funded: "each of its 812 supporters pays at most £20.50"."""
    names = {candidate.id: candidate.name for candidate in contest.candidates}
    pays = None if of.pays is None else shown_amount(contest, of.pays)
    level = [names[other] for other in of.level if other != of.project]
    return _why(of.supporters, pays, level, of.settled_by)


def why_not_funded(contest: Contest, spending: Spending, of: NotFunded) -> str:
    """Return why a project of a contest is not funded, as a sentence without its subject."""
    held, missing, unspent = (
        shown_amount(contest, of.held),
        shown_amount(contest, of.missing, up=True),
        shown_amount(contest, spending.unspent),
    )
    return _lacks(of.supporters, held, missing, unspent)


def budget_headline(contest: Contest, spending: Spending, *, ballots: int, final: bool) -> str:
    """Return the one sentence that matters: how much is funded or, while ballots can come, would be."""
    assert contest.budget is not None, "equal-shares has a budget"
    if not ballots:
        return "No ballots were counted." if final else "No ballots have been counted yet."
    number, budget = len(spending.funded), Fraction(contest.budget.amount)
    all_ = number + len(spending.not_funded)
    verb = f"{'is' if number == 1 else 'are'} funded{'' if final else ' if it ended now'}"
    spent = shown_amount(contest, str(budget - Fraction(spending.unspent)))
    return f"{number} of {all_:,} projects {verb}, with {spent} of {shown_amount(contest, str(budget))}."


def standing_headline(standing: Standing) -> str:
    """Return the headline of a standing that withholds nothing, whether it has rounds or spends a budget."""
    if standing.spending is None:
        return headline(counted_in(standing))
    return budget_headline(
        standing.contest, standing.spending, ballots=standing.balance.accepted, final=is_final(standing)
    )


def document(
    vote: BudgetVote, outcome: Outcome, withdrawn: Collection[int] = (), **asked: str
) -> dict[str, Any]:
    """Return it all as JSON; amounts are exact, as fractions where they are not whole."""
    lacking = outcome.missing
    return {
        "title": vote.title,
        "method": "equal-shares",
        **asked,
        "ballots": vote.ballots,
        "budget": str(vote.budget),
        "share": str(outcome.share),
        "unspent": str(outcome.unspent),
        "funded": [
            {
                **_project(vote, each.project),
                "price": None if each.price is None else str(each.price),
                "level": [vote.projects[place].id for place in each.level],
                "settled_by": each.settled_by,
            }
            for each in outcome.funded
        ],
        "not_funded": [
            {
                **_project(vote, place),
                "supporters": lacks.supporters,
                "held": str(lacks.held),
                "missing": str(lacks.missing),
            }
            for place, lacks in lacking.items()
        ],
        "withdrawn": [vote.projects[place].id for place in sorted(withdrawn)],
    }


def _project(vote: BudgetVote, place: int) -> dict[str, str]:
    project = vote.projects[place]
    return {"id": project.id, "name": project.name, "cost": str(project.cost)}


def _funded(name: str, cost: str, why: str) -> str:
    return f"{name} ({cost}) is funded{' ' if why.startswith(_BY_COMPLETION) else ': '}{why}."


def _why(supporters: int, pays: str | None, level: Sequence[str], settled_by: str) -> str:
    """Return why a project is funded; `level` are the others of the same price."""
    tie = f", level with {', '.join(level)}: it {_SETTLED[settled_by]}" if level else ""
    if pays is None:
        return f"{_BY_COMPLETION}{tie}"
    whom = "its supporter pays" if supporters == 1 else f"each of its {supporters:,} supporters pays at most"
    return f"{whom} {pays}{tie}"


def _lacks(supporters: int, held: str, missing: str, unspent: str) -> str:
    if not supporters:
        return "no ballot names it."
    have = "its supporter has" if supporters == 1 else f"its {supporters:,} supporters together have"
    return (
        f"{have} {held} left of their shares, {missing} less than it costs; of the budget {unspent} is left."
    )
