"""A budget that was spent, in words and as JSON: what is funded and why, what is not and how much it lacks."""

from collections.abc import Collection, Iterator
from fractions import Fraction
from math import ceil, floor
from typing import Any

from shared.rcv.budget.ballots import BudgetVote
from shared.rcv.budget.equal_shares import Funded, Outcome, missing

_SETTLED = {"supporters": "has more supporters", "cost": "is cheaper", "lot": "was drawn by lot"}


def sentences(vote: BudgetVote, outcome: Outcome, withdrawn: Collection[int] = ()) -> Iterator[str]:
    """Yield a sentence for each project: those that are funded in their order, then all others."""
    for each in outcome.funded:
        yield _funded(vote, each)
    lacking = missing(vote, outcome, withdrawn)
    for place, project in enumerate(vote.projects):
        if place in withdrawn:
            yield f"{project.name} ({amount(project.cost)}) is withdrawn."
        if place not in lacking:
            continue
        supporters, held, missed = lacking[place]
        if not supporters:
            yield f"{project.name} ({amount(project.cost)}) is not funded: no ballot names it."
            continue
        have = "its supporter has" if supporters == 1 else f"its {supporters:,} supporters together have"
        yield (
            f"{project.name} ({amount(project.cost)}) is not funded: {have} {amount(held)} left of their shares, "
            f"{amount(missed, up=True)} less than it costs; of the budget {amount(outcome.unspent)} is left."
        )


def document(
    vote: BudgetVote, outcome: Outcome, withdrawn: Collection[int] = (), **asked: str
) -> dict[str, Any]:
    """Return it all as JSON; amounts are exact, as fractions where they are not whole."""
    lacking = missing(vote, outcome, withdrawn)
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


def amount(exact: Fraction, *, up: bool = False) -> str:
    """Return an amount as people read it: 1,200 or 1,200.50, cut to two places or rounded up."""
    hundredths = ceil(exact * 100) if up else floor(exact * 100)
    return (
        f"{hundredths // 100:,}" if hundredths % 100 == 0 else f"{hundredths // 100:,}.{hundredths % 100:02d}"
    )


def _project(vote: BudgetVote, place: int) -> dict[str, str]:
    project = vote.projects[place]
    return {"id": project.id, "name": project.name, "cost": str(project.cost)}


def _funded(vote: BudgetVote, each: Funded) -> str:
    project = vote.projects[each.project]
    how = "as the most wanted for its cost that still fits" if each.pays is None else _paid(each)
    level = [vote.projects[place].name for place in each.level if place != each.project]
    tie = f", level with {', '.join(level)}: it {_SETTLED[each.settled_by]}" if level else ""
    return f"{project.name} ({amount(project.cost)}) is funded{' ' if each.pays is None else ': '}{how}{tie}."


def _paid(each: Funded) -> str:
    assert each.pays is not None, "or nobody paid"
    whom = (
        "its supporter pays"
        if each.supporters == 1
        else f"each of its {each.supporters:,} supporters pays at most"
    )
    return f"{whom} {amount(each.pays)}"
