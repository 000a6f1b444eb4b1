"""STV by Meek's method, with nine decimal places and omega 10^-6.

Source: Hill, Wichmann and Woodall (1987); the Proportional Representation Foundation's Reference Meek Rule.

Rule 1: everybody keeps a part of each vote that comes by and passes the rest on: all of it until elected. What is kept
        is rounded up to nine places.
Rule 2: the quota is all that is kept by somebody, divided by one more than the seats, cut to nine places, plus 10^-9.
Rule 3: whoever has the quota is elected. Those elected keep keep * quota / votes from now on, each step rounded up,
        until all their surpluses are less than omega or shrink no more.
Rule 4: then the last falls; level with the last is who has no more than the last and all the surplus together. The tie
        rule decides between them.
Rule 5: once no more are left than seats, all are elected; votes are not distributed again for that.

Every distribution reads every paper afresh: with a mark for several, those elected count among those who continue.
"""

from collections import Counter
from fractions import Fraction
from typing import Final, NamedTuple

from services.audit.tabulate.papers import Ending, way
from services.audit.tabulate.rounds import NOTHING, ONE, Round, cut, raise_to, unit
from services.audit.tabulate.table import Table, Votes

PLACES: Final = 9
OMEGA: Final = unit(6)


class _Share(NamedTuple):
    """One distribution of all votes."""

    votes: Votes
    inactive: Votes
    quota: Fraction


def meek(table: Table) -> None:
    """Count by the reference rule."""
    seats, seated = table.contest.seats, list[str]()
    keep = dict.fromkeys(table.continuing, ONE)
    while True:
        share, surplus = _settle(table, keep, seated)
        votes = {candidate: share.votes[candidate] for candidate in table.continuing}
        elected, falls = _decide(table, share, surplus, seats - len(seated))
        before = {candidate: share.votes[candidate] for candidate in seated}
        threshold = share.quota if any(share.votes.values()) else None
        table.rounds.append(Round(votes, share.inactive, falls, elected, threshold, before, places=PLACES))
        table.remove((*falls, *elected))
        for candidate in falls:
            del keep[candidate]
        seated += elected
        if len(seated) >= seats or not table.continuing or not (falls or elected) or table.is_over:
            return


def _decide(
    table: Table, share: _Share, surplus: Fraction, left: int
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return who is elected and who falls."""
    votes = {candidate: share.votes[candidate] for candidate in table.continuing}
    if not any(share.votes.values()):
        return (), ()
    if table.blocked(votes):
        return (), table.write_ins(votes)
    elected = _reach(table, share)
    falls: tuple[str, ...] = ()
    if not elected and len(votes) > left:
        low = min(votes.values())
        level = [candidate for candidate in votes if votes[candidate] <= low + surplus]
        falls = (level[0] if len(level) == 1 else table.ties.falls(level),)
    others = [candidate for candidate in votes if candidate not in elected and candidate not in falls]
    if 0 < len(others) <= left - len(elected):
        elected += table.ranked([candidate for candidate in others if candidate in table.electable()], votes)
    return elected, falls


def _reach(table: Table, share: _Share) -> tuple[str, ...]:
    reached = [candidate for candidate in table.electable() if share.votes[candidate] >= share.quota]
    return table.ranked(reached, share.votes)


def _settle(table: Table, keep: Votes, seated: list[str]) -> tuple[_Share, Fraction]:
    """Distribute until somebody is elected or the surpluses are as small as they get; return them too."""
    before: Fraction | None = None
    while True:
        share = _distribute(table, keep)
        surplus = max(sum((share.votes[c] - share.quota for c in seated), NOTHING), NOTHING)
        settled = surplus < OMEGA or (before is not None and surplus >= before)
        if settled or table.blocked(share.votes) or _reach(table, share):
            return share, surplus
        before = surplus
        for candidate in seated:
            kept = raise_to(keep[candidate] * share.quota, PLACES)
            keep[candidate] = raise_to(kept / share.votes[candidate], PLACES)


def _distribute(table: Table, keep: Votes) -> _Share:
    votes = dict.fromkeys(keep, NOTHING)
    inactive: Counter[str] = Counter()
    for paper in table.papers:
        weight = ONE
        for found in way(paper.ranks, table.rules, keep):
            if isinstance(found, Ending):
                inactive[found.value] += paper.ballots * weight  # type: ignore[assignment]
                break
            kept = raise_to(weight * keep[found], PLACES)
            votes[found] += paper.ballots * kept
            weight -= kept
            if not weight:
                break
    quota = cut(sum(votes.values()) / Fraction(table.contest.seats + 1), PLACES) + unit(PLACES)
    return _Share(votes, {reason: Fraction(n) for reason, n in inactive.items() if n}, quota)
