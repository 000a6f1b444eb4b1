"""The parts of a contest's page, for a reader who looks for one of them. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from services.results.views.budget import SpendingView
from services.results.views.rounds import Rounds


class Part(NamedTuple):
    """A part of the page: the id of its heading, and what it is about in a word or two."""

    id: str
    name: str


def contents(
    rounds: Rounds | None, spending: SpendingView | None, *, raced: bool, withdrawn: bool
) -> Iterator[Part]:
    """Yield the parts that a page has below its first one, in their order."""
    if spending is not None and spending.not_funded is not None:
        yield Part("not-funded", "Not funded")
    before, after = ([], []) if rounds is None else _of_rounds(rounds)
    yield from before
    if raced:
        yield Part("race", "Over time")
    yield from after
    if withdrawn:
        yield Part("withdrawals", "Withdrawn")
    yield Part("turnout", "Turnout")
    yield Part("balance", "All ballots")


def _of_rounds(rounds: Rounds) -> tuple[list[Part], list[Part]]:
    """Return the parts about rounds that stand before the race over time, and those after it."""
    before = [
        *([Part("shares", "Shares of sections")] if rounds.shares else []),
        *([Part("flows", "Where votes go")] if rounds.flows else []),
        *([Part("whatif", "What if")] if rounds.what_if else []),
        *([Part("two", "If two drop out")] if rounds.what_if and rounds.what_if.of_two else []),
        *([Part("finals", "Every final")] if rounds.what_if else []),
    ]
    after, sections = [Part("story", "All rounds")], [Part("sections", "By section")]
    if rounds.sections:
        (before if rounds.sections_first else after).extend(sections)
    return before, after
