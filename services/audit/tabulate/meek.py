"""STV by Meek's method, with nine decimal places and omega 10^-6.

Source: Hill, Wichmann and Woodall (1987); the Proportional Representation Foundation's Reference Meek Rule.

Rule 1: everybody keeps a part of each vote that comes by and passes the rest on: all of it until elected. What is kept
        is rounded up to nine places.
Rule 2: the quota is all that is kept by somebody, divided by one more than the seats, cut to nine places, plus 10^-9.
Rule 3: whoever has the quota is elected. Those elected keep keep * quota / votes from now on, each step rounded up,
        until all their surpluses are less than omega or shrink no more.
Rule 4: then the last is eliminated; level with the last is who has no more than the last and all the surplus together. The tie
        rule decides between them.
Rule 5: once no more are left than seats, all are elected. Votes are not distributed again for that: nobody needs what the
        last one eliminated had.
Rule 6: the way of a ballot is read once. A rank for several is read by who continues at the start.
"""

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from typing import Final, NamedTuple

from services.audit.tabulate.ballots import way
from services.audit.tabulate.rounds import NOTHING, ONE, Round, raise_to, unit
from services.audit.tabulate.table import Inactive, Table, Votes
from shared.contract.standings import Ending

PLACES: Final = 9
UNITS: Final = 10**PLACES
OMEGA: Final = unit(6)


_Ways = Sequence[tuple[int, Sequence[str]]]
"""How many ballots go which way: candidates, then the `Ending`."""


class _Share(NamedTuple):
    """One distribution of all votes."""

    votes: Votes
    inactive: Inactive
    quota: Fraction


def meek(table: Table) -> None:
    """Count by the reference rule."""
    seats, seated = table.contest.seats, list[str]()
    keep = dict.fromkeys(table.continuing, ONE)
    ways = [
        (parcel.ballots, list(way(parcel.ranks, table.rules, table.continuing))) for parcel in table.parcels
    ]
    while True:
        share, surplus = _settle(table, ways, keep, seated)
        votes = {candidate: share.votes[candidate] for candidate in table.continuing}
        elected, eliminated = _decide(table, share, surplus, seats - len(seated))
        before = {candidate: share.votes[candidate] for candidate in seated}
        threshold = share.quota if table.can_decide(share.votes) else None
        table.rounds.append(
            Round(votes, share.inactive, eliminated, elected, threshold, before, places=PLACES)
        )
        table.remove((*eliminated, *elected))
        for candidate in eliminated:
            del keep[candidate]
        seated += elected
        left = seats - len(seated)
        if not left or not table.continuing or not (eliminated or elected) or table.is_over:
            return
        if eliminated and len(table.continuing) <= left:
            table.rounds.append(_without_moving(table, table.rounds[-1]))
            return


def _without_moving(table: Table, before: Round) -> Round:
    """Return the round that elects those who are left (rule 5)."""
    votes = {candidate: Fraction(before.votes[candidate]) for candidate in table.continuing}
    lost = sum((Fraction(before.votes[candidate]) for candidate in before.eliminated), NOTHING)
    inactive = {**before.inactive, Ending.SURPLUS: lost} if lost else before.inactive
    elected = table.ranked(table.electable(), votes)
    return Round(votes, inactive, (), elected, before.threshold, before.seated, places=PLACES)


def _decide(
    table: Table, share: _Share, surplus: Fraction, left: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return who is elected and who is eliminated."""
    votes = {candidate: share.votes[candidate] for candidate in table.continuing}
    if not table.can_decide(share.votes):
        return (), ()
    if table.blocked(votes):
        return (), table.write_ins(votes)
    elected = _reach(table, share)
    others = [candidate for candidate in votes if candidate not in elected]
    if len(others) <= left - len(elected):
        return elected + table.ranked([c for c in others if c in table.electable()], votes), ()
    if elected:
        return elected, ()
    low = min(votes.values())
    level = [candidate for candidate in votes if votes[candidate] <= low + surplus]
    return (), (level[0] if len(level) == 1 else table.ties.loser(level),)


def _reach(table: Table, share: _Share) -> tuple[str, ...]:
    reached = [candidate for candidate in table.electable() if share.votes[candidate] >= share.quota]
    return table.ranked(reached, share.votes)


def _settle(table: Table, ways: _Ways, keep: Votes, seated: list[str]) -> tuple[_Share, Fraction]:
    """Distribute until somebody is elected or the surpluses are as small as they get; return them too."""
    before: Fraction | None = None
    while True:
        share = _distribute(ways, keep, table.contest.seats)
        surplus = max(sum((share.votes[c] - share.quota for c in seated), NOTHING), NOTHING)
        settled = surplus < OMEGA or (before is not None and surplus >= before)
        if settled or table.blocked(share.votes) or _reach(table, share):
            return share, surplus
        before = surplus
        for candidate in seated:
            kept = raise_to(keep[candidate] * share.quota, PLACES)
            keep[candidate] = raise_to(kept / share.votes[candidate], PLACES)


def _distribute(ways: _Ways, keep: Votes, seats: int) -> _Share:
    """Distribute all votes, in whole units of the last place."""
    parts = {candidate: int(kept * UNITS) for candidate, kept in keep.items()}
    votes = dict.fromkeys(keep, 0)
    inactive: Counter[Ending] = Counter()
    for ballots, stops in ways:
        weight = UNITS
        for found in stops:
            if isinstance(found, Ending):
                inactive[found] += ballots * weight
            elif found in parts and weight:
                kept = -(-weight * parts[found] // UNITS)  # rounded up
                votes[found] += ballots * kept
                weight -= kept
    quota = Fraction(sum(votes.values()) // (seats + 1) + 1, UNITS)
    return _Share(
        {candidate: Fraction(units, UNITS) for candidate, units in votes.items()},
        {ending: Fraction(units, UNITS) for ending, units in inactive.items() if units},
        quota,
    )
