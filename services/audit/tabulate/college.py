"""The electoral college: sections with fixed shares, as the Labour Party elected its leader in 2010.

Rule 1: a section's share goes to the candidates as its own votes that still count are divided in this round.
Rule 2: a section in which no vote counts any more gives nothing; the shares of the others are scaled up to the whole.
Rule 3: more than half of the whole elects; else the lowest score is eliminated. Two left and level: the tie rule elects.
Source: Labour Party rule book 2010, chapter 4, clause II; its published results.
"""

from collections import Counter
from fractions import Fraction

from services.audit.tabulate.rounds import NOTHING, Round
from services.audit.tabulate.table import Table, Votes
from shared.contract.standings import Ending

HALF = Fraction(1, 2)


def electoral_college(table: Table) -> None:
    """Count by electoral college. Raises ValueError for a section that has no share."""
    winner: str | None = None
    while True:
        votes, inactive = table.sort()
        scores = _scores(table)
        decide = table.can_decide(votes)
        found = _winner(table, votes, scores) if decide and winner is None else None
        winner = winner or found
        eliminated: tuple[str, ...] = ()
        if decide and found is None and (winner is None or len(votes) > 2):
            eliminated = _who_is_eliminated(table, votes, scores)
        elected = () if found is None else (found,)
        table.rounds.append(Round(votes, inactive, eliminated, elected, scores=scores))
        table.remove(eliminated)
        goes_on = eliminated or (found is not None and table.rules.finish == "last-two" and len(votes) > 2)
        if not goes_on or table.is_over:
            return


def _winner(table: Table, votes: Votes, scores: Votes) -> str | None:
    candidates = table.electable()
    if table.blocked(votes) or not candidates:
        return None
    if len(votes) <= 2:
        return table.leader(candidates, scores)
    return next((candidate for candidate in candidates if scores[candidate] > HALF), None)


def _who_is_eliminated(table: Table, votes: Votes, scores: Votes) -> tuple[str, ...]:
    if table.blocked(votes):
        return table.write_ins(votes)
    return (table.last(scores),) if table.electable() else ()


def _scores(table: Table) -> Votes:
    held: Counter[tuple[int, str]] = Counter()
    active: Counter[int] = Counter()
    for parcel in table.parcels:
        holder = parcel.holder(table.rules, table.continuing)
        if not isinstance(holder, Ending):
            held[parcel.section, holder] += parcel.ballots
            active[parcel.section] += parcel.ballots
    shares = {section: _share(table, section) for section in active if active[section]}
    whole = sum(shares.values())
    scores = dict.fromkeys(table.continuing, NOTHING)
    for (section, holder), ballots in held.items():
        if ballots:
            scores[holder] += Fraction(shares[section] * ballots, active[section] * whole)
    return scores


def _share(table: Table, section: int) -> int:
    shares = table.contest.section_shares
    if not shares:
        return 1
    if section >= len(shares):
        raise ValueError(
            f"contest {table.contest.id!r}: no share for section {section}, only {len(shares)} shares"
        )
    return shares[section]
