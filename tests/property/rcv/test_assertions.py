"""Assertions for an audit: true of the ballots, contradicting every order with another winner, and as easy to confirm as can be.

All orders, all assertions and, of tiny contests, all changes of ballots are gone through one by one here.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, permutations, product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.contract.elections import Candidate, Contest
from shared.rcv.assertions import Assertion, NoAssertions, assertions
from shared.rcv.count.plain_profile import PlainProfile, Ranking
from shared.rcv.count.tabulate import tabulate


def contest_of(candidates: int) -> Contest:
    """Return an instant run-off of so many."""
    standing = tuple(Candidate(id=f"c{c}", name=f"C{c}") for c in range(candidates))
    return Contest(id="audited", title="Audited", candidates=standing, lot="drawn")


def rankings(candidates: int) -> list[Ranking]:
    """Return every ranking of some of them, or of none."""
    return [of for length in range(candidates + 1) for of in permutations(range(candidates), length)]


def holder(ranking: Ranking, standing: Iterable[int]) -> int | None:
    """Return who holds a ballot while these are in the count."""
    return next((c for c in ranking if c in set(standing)), None)


def votes(ballots: Sequence[Ranking], of: Assertion, candidates: int) -> tuple[int, int]:
    """Count both sides of an assertion from its words."""
    if of.standing is not None:
        held = [holder(ballot, of.standing) for ballot in ballots]
        return held.count(of.winner), held.count(of.loser)
    firsts = [holder(ballot, range(candidates)) for ballot in ballots].count(of.winner)
    return firsts, [holder(ballot, (of.winner, of.loser)) for ballot in ballots].count(of.loser)


def contradicts(of: Assertion, order: Sequence[int]) -> bool:
    """Whether an order of elimination, the winner last, cannot be if an assertion is true."""
    if of.standing is None:
        return order.index(of.winner) < order.index(of.loser)
    last = order[-len(of.standing) :]
    return set(last) == of.standing and last[0] == of.winner


def every_assertion(ballots: Sequence[Ranking], candidates: int) -> Iterator[Assertion]:
    """Yield each that one could make, with its votes."""
    everybody = range(candidates)
    among = [
        None,
        *[frozenset(of) for size in range(2, candidates + 1) for of in combinations(everybody, size)],
    ]
    for standing in among:
        for winner, loser in permutations(everybody if standing is None else sorted(standing), 2):
            bare = Assertion(winner, loser, (0, 0), standing)
            yield Assertion(winner, loser, votes(ballots, bare, candidates), standing)


def possible_winners(ballots: Sequence[Ranking], standing: frozenset[int]) -> set[int]:
    """Return who wins, however ties are settled."""
    if len(standing) == 1:
        return set(standing)
    held = [holder(ballot, standing) for ballot in ballots]
    fewest = min(held.count(c) for c in standing)
    return {w for c in standing if held.count(c) == fewest for w in possible_winners(ballots, standing - {c})}


@st.composite
def audited(draw: st.DrawFn, most: int, ballots: int) -> tuple[int, list[Ranking]]:
    """Draw how many candidates, and ballots."""
    candidates = draw(st.integers(2, most))
    return candidates, draw(st.lists(st.sampled_from(rankings(candidates)), min_size=1, max_size=ballots))


@settings(max_examples=150)
@given(audited(4, 25) | audited(5, 40))
def test_assertions_hold_imply_the_winner_and_are_the_easiest_to_confirm(
    of: tuple[int, list[Ranking]],
) -> None:
    """Or a tie decides: then some order with another winner is contradicted by nothing."""
    candidates, ballots = of
    contest = contest_of(candidates)
    assume(any(ballots))
    (winner,) = tabulate(PlainProfile(ballots, contest), contest).elected
    others = [order for order in permutations(range(candidates)) if order[-1] != winner]
    true = [made for made in every_assertion(ballots, candidates) if made.margin > 0]
    hardest = min(max([m.margin for m in true if contradicts(m, order)], default=0) for order in others)
    if not hardest:
        with pytest.raises(NoAssertions, match="a tie decides"):
            assertions(PlainProfile(ballots, contest), contest)
        return

    found = assertions(PlainProfile(ballots, contest), contest)
    assert (found.winner, found.ballots, found.are_best) == (winner, len(ballots), True)
    for needed in found.needed:
        assert needed.votes == votes(ballots, needed, candidates)
    assert all(any(contradicts(needed, order) for needed in found.needed) for order in others)
    assert found.needed[0].margin == hardest
    outlasted = {made.loser for made in true if made.standing is None and made.margin >= hardest} - {winner}
    assert outlasted <= {needed.loser for needed in found.needed if needed.standing is None}, (
        "one for many orders"
    )

    hurried = assertions(PlainProfile(ballots, contest), contest, go_on=lambda _: False)
    assert all(any(contradicts(needed, order) for needed in hurried.needed) for order in others)
    assert all(needed.margin > 0 for needed in hurried.needed)


@settings(max_examples=60)
@given(audited(3, 5))
def test_the_ballots_that_could_change_the_winner_are_within_the_bounds(
    of: tuple[int, list[Ranking]],
) -> None:
    """The fewest, found by changing them: to a tie that could be settled so, or to more votes."""
    candidates, ballots = of
    contest, everybody = contest_of(candidates), frozenset(range(candidates))
    assume(any(ballots) and len(possible_winners(ballots, everybody)) == 1)
    try:
        found = assertions(PlainProfile(ballots, contest), contest)
    except NoAssertions:
        assume(condition=False)
    fewest = next(
        changed
        for changed in range(1, len(ballots) + 1)
        for places in combinations(range(len(ballots)), changed)
        for new in product(rankings(candidates), repeat=changed)
        if possible_winners(_with(ballots, places, new), everybody) != {found.winner}
    )
    least, most = found.changes
    assert least <= fewest <= most


def _with(ballots: Sequence[Ranking], places: Sequence[int], new: Sequence[Ranking]) -> list[Ranking]:
    changed = list(ballots)
    for place, ranking in zip(places, new, strict=True):
        changed[place] = ranking
    return changed


@settings(max_examples=60)
@given(audited(4, 12), st.sampled_from(["write_in", "excluded"]))
def test_nobody_who_cannot_be_elected_is_in_an_assertion(of: tuple[int, list[Ranking]], how: str) -> None:
    """A write-in falls first whatever its votes; so the assertions are those of ballots that do not name it."""
    candidates, ballots = of
    contest, last = contest_of(candidates), candidates - 1
    barred = contest.candidates[last].model_copy(update={how: True})
    others = contest.model_copy(update={"candidates": contest.candidates[:last]})
    contest = contest.model_copy(update={"candidates": (*contest.candidates[:last], barred)})
    without = [tuple(c for c in ballot if c != last) for ballot in ballots]
    assume(any(without))
    try:
        expected = assertions(PlainProfile(without, others), others)
    except NoAssertions:
        with pytest.raises(NoAssertions):
            assertions(PlainProfile(ballots, contest), contest)
    else:
        assert assertions(PlainProfile(ballots, contest), contest) == expected
