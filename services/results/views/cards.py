"""A contest's card: who is ahead, how close, how far counted. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final

from services.results.parties import InContest
from services.results.views.addresses import path_of
from services.results.views.headline import headline_of
from services.results.views.names import counted_for_pages
from services.results.views.safe import is_certain
from services.results.views.table import bar_width, colours_of
from shared.contract.standings import Spending, Standing
from shared.rcv.narrate.counted import Counted, counted_in
from shared.rcv.narrate.numbers import percent, shown_amount
from shared.rcv.narrate.tables import strength
from shared.rcv.narrate.words import STATUS_BADGE, plural

MINI_BARS: Final = 3
"""The strongest whom a card shows."""


@dataclass(frozen=True, slots=True)
class MiniBar:
    """One of the strongest in the last round."""

    name: str
    share: str
    width: str
    colour: str


@dataclass(frozen=True, slots=True)
class Card:
    """A link to an election or a contest, with what is known of it."""

    id: str
    path: str
    title: str
    text: str
    status: str = ""
    badge: str = ""
    bars: tuple[MiniBar, ...] = ()
    facts: str = ""
    """Of an election: how many contests and electors, and its phase."""
    turnout: str = ""
    counted: int = 0
    """Ballots, to sort by."""
    certain: bool = False
    """Whether no ballots that can still come could change who is elected."""
    parties: tuple[str, ...] = ()
    """Of those who are elected or ahead, one a seat."""
    lead: int = 1000
    """By how much the strongest is ahead of the next in the last round, in thousandths of its votes, to sort by."""


def contest_card(standing: Standing, most: int = MINI_BARS) -> Card:
    """Return the card of a contest, with at most so many of the strongest."""
    name, path = f"card-{standing.contest.id}", path_of(standing.election, standing.contest.id)
    counted, badge = counted_for_pages(standing), STATUS_BADGE[standing.status]
    electors = sum(line.electors for line in standing.turnout)
    ballots = plural(standing.balance.accepted, "ballot", "ballots")
    turnout_ = f"{ballots}, {percent(standing.balance.accepted, electors)} of the electors"
    card = Card(name, path, standing.contest.title, headline_of(standing), standing.status, badge)
    card = replace(
        card,
        turnout=turnout_,
        counted=standing.balance.accepted,
        certain=is_certain(standing, counted),
        parties=in_contest(standing).parties,
    )
    if standing.spending is not None:
        return replace(card, bars=tuple(_funded_bars(counted, standing.spending))[:most])
    if not counted.rounds or not any(counted.rounds[-1].votes.values()):
        return card
    last, colours = counted.rounds[-1], colours_of(counted)
    order = sorted(last.votes, key=lambda candidate: -strength(last, candidate))
    whole = 1 if last.scores else sum(last.votes.values())
    parts = [Fraction(strength(last, candidate)) / whole for candidate in order]
    bars = tuple(
        MiniBar(
            name=counted.names[candidate],
            share=percent(part.numerator, part.denominator),
            width=bar_width(part.numerator, part.denominator),
            colour=colours[candidate],
        )
        for candidate, part in list(zip(order, parts, strict=True))[:most]
    )
    return replace(card, bars=bars, lead=_lead(counted))


def in_contest(standing: Standing) -> InContest:
    """Return the parties of those who are elected or ahead in a contest."""
    counted = counted_in(standing)
    return InContest(standing.status, tuple(counted.parties[one] for one in counted.elected))


def _funded_bars(counted: Counted, spending: Spending) -> Iterator[MiniBar]:
    """Yield what is funded, in its order: each a part of the budget."""
    assert counted.contest.budget is not None, "equal-shares has a budget"
    colours, budget = colours_of(counted), Fraction(counted.contest.budget.amount)
    for of in spending.funded:
        part, cost = Fraction(of.cost) / budget, shown_amount(counted.contest, of.cost)
        width = bar_width(part.numerator, part.denominator)
        yield MiniBar(counted.names[of.project], cost, width, colours[of.project])


def _lead(counted: Counted) -> int:
    """Return the lead of the last who has a seat over the first who has none, in the last round that has both."""
    seats_ = counted.contest.seats or 1
    for round_ in reversed(counted.rounds):
        order = sorted((strength(round_, candidate) for candidate in round_.votes), reverse=True)
        if len(order) > seats_ and (whole := sum(order)):
            return int(1000 * Fraction(order[seats_ - 1] - order[seats_]) / whole)
    return 1000
