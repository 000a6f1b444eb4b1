"""What a page shows of a budget that is spent in equal shares: where the money goes, what is funded, and why the rest is not. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from services.results.views.table import Bar, Cell, FlowPart, Row, Table, bar_width, colours_of
from shared.contract.standings import Funded, NotFunded, Spending
from shared.rcv.budget.narrate import why_funded, why_not_funded
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import number, shown_amount

REST: Final = "none"


@dataclass(frozen=True, slots=True)
class SpendingView:
    """A budget: one bar of all money, then the projects."""

    title: str
    share: str
    parts: tuple[FlowPart, ...]
    """Of the bar: each funded project, and at last what is not spent."""
    nearest: str
    """The project that lacks least of those that are not funded: its name, cost, and what it lacks."""
    funded: Table | None
    not_funded: Table | None
    withdrawn: str


def spending_view(counted: Counted, spending: Spending) -> SpendingView:
    """Return what a page shows of a spending."""
    contest, names = counted.contest, counted.names
    assert contest.budget is not None, "equal-shares has a budget"
    budget, unspent = Fraction(contest.budget.amount), Fraction(spending.unspent)
    spent, of = shown_amount(contest, str(budget - unspent)), shown_amount(contest, str(budget))
    out = [candidate.name for candidate in contest.candidates if candidate.excluded]
    return SpendingView(
        title=f"{spent} of {of} {'is spent' if counted.final else 'would be spent if it ended now'}",
        share=f"Each ballot has a share of {_share(counted, spending)}. A project is funded once those who want it "
        "can pay for it together; the one that costs its supporters least for what it is worth to them comes first.",
        parts=tuple(_parts(counted, spending, budget)),
        nearest=_nearest_in_words(counted, spending),
        funded=_funded(counted, spending.funded, budget) if spending.funded else None,
        not_funded=Table(
            label="Table of projects that are not funded",
            caption="What is not funded, and what it would take",
            columns=("Project", "Cost", "Supporters", "Why"),
            rows=tuple(
                Row(
                    names[lacks.project],
                    (
                        Cell(shown_amount(contest, lacks.cost)),
                        Cell(number(lacks.supporters)),
                        Cell(_sentence(why_not_funded(contest, spending, lacks)), prose=True),
                    ),
                    colours_of(counted)[lacks.project],
                )
                for lacks in _nearest(spending.not_funded)
            ),
            kind="answers",
        )
        if spending.not_funded
        else None,
        withdrawn=f"Withdrawn: {', '.join(out)}." if out else "",
    )


def _share(counted: Counted, spending: Spending) -> str:
    """Return how much a ballot has and, where that was enlarged, how much it had at first."""
    contest, ballots = counted.contest, sum(counted.ballots.values())
    assert contest.budget is not None, "equal-shares has a budget"
    share = shown_amount(contest, spending.share)
    first = shown_amount(contest, str(Fraction(contest.budget.amount) / ballots)) if ballots else share
    return share if first == share else f"{share}: {first} at first, enlarged so that less is left unspent"


def _parts(counted: Counted, spending: Spending, budget: Fraction) -> Iterator[FlowPart]:
    left, colours = Fraction(0), colours_of(counted)
    for of in spending.funded:
        cost = Fraction(of.cost)
        yield FlowPart(
            counted.names[of.project],
            shown_amount(counted.contest, of.cost),
            _part(left, budget),
            _part(cost, budget),
            colours[of.project],
        )
        left += cost
    if rest := Fraction(spending.unspent):
        shown = shown_amount(counted.contest, spending.unspent)
        yield FlowPart("Not spent", shown, _part(left, budget), _part(rest, budget), REST)


def _part(amount: Fraction, budget: Fraction) -> str:
    part = amount / budget
    return bar_width(part.numerator, part.denominator)


def _funded(counted: Counted, funded: Sequence[Funded], budget: Fraction) -> Table:
    contest, colours = counted.contest, colours_of(counted)
    rows = []
    for place, of in enumerate(funded, 1):
        left = "" if of.left is None else f"{shown_amount(contest, of.left)} left to them after it"
        cells = (
            Cell(shown_amount(contest, of.cost), strong=True),
            Cell(bar=Bar(_part(Fraction(of.cost), budget), colours[of.project])),
            Cell(number(of.supporters)),
            Cell(_sentence(f"{why_funded(contest, of)}."), left, prose=True),
        )
        rows.append(Row(f"{place}. {counted.names[of.project]}", cells, colours[of.project]))
    return Table(
        label="Table of projects that are funded",
        caption=f"What is funded, in its order{'' if counted.final else ', provisional'}",
        columns=("Project", "Cost", "", "Supporters", "Why it was its turn"),
        rows=tuple(rows),
        kind="bars",
    )


def declared(counted: Counted, spending: Spending) -> Table:
    """Return the result of a budget for its declaration."""
    contest = counted.contest
    done = [(of.project, of.cost, of.supporters, "funded") for of in spending.funded]
    rest = [(of.project, of.cost, of.supporters, "not funded") for of in spending.not_funded]
    return Table(
        label="Table of the result",
        caption="Every project, and what becomes of it",
        columns=("Project", "Cost", "Supporters", "Result"),
        rows=tuple(
            Row(
                counted.names[name],
                (Cell(shown_amount(contest, cost)), Cell(number(supporters)), Cell(result)),
            )
            for name, cost, supporters, result in (*done, *rest)
        ),
        kind="grid",
    )


def _nearest_in_words(counted: Counted, spending: Spending) -> str:
    if not spending.not_funded:
        return ""
    first, *_ = _nearest(spending.not_funded)
    cost = shown_amount(counted.contest, first.cost)
    return f"{counted.names[first.project]} ({cost}): {why_not_funded(counted.contest, spending, first)}"


def _nearest(lacking: Sequence[NotFunded]) -> list[NotFunded]:
    """Return them with those first who lack least."""
    return sorted(lacking, key=lambda of: (Fraction(of.missing), -of.supporters))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
