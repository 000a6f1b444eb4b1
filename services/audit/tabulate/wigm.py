"""STV by the weighted inclusive Gregory method, as RCTab counts it (multiWinnerAllow…WinnersPerRound).

Rule 1: the first round's votes V fix the threshold: V / (seats + 1), the remainder left away, and one unit more; by
        Hare V / seats, rounded up. Whole votes, or `places` decimals. Never less than the minimum of votes,
        and never nothing.
        Where the rules take it anew in each round (as Albany, California, does), V is what continuing candidates and
        those elected before hold in that round, until the last seat is filled.
Rule 2: a round elects or eliminates, never both. All at or above the threshold are elected, or only the first of them;
        all who continue, once they are no more than the seats left.
        Where the rules eliminate in batches, so are all who together have fewer votes than the next one, as long as somebody
        is left for each seat (Minneapolis, Code of Ordinances, section 167.20).
Rule 3: of the votes of someone elected the part (votes - threshold) / votes moves on, cut to `places`. Each ballot
        passes on that part of what it is worth, cut again, and leaves the rest behind.
Rule 4: what is left behind above the threshold is residue.
Rule 5: after the last seat one more round shows the last surplus, which nobody needs any more, whomever its ballots
        rank next; unless there were fewer candidates than seats.
"""

from fractions import Fraction

from services.audit.tabulate.rounds import NOTHING, Round, cut, raise_to, unit
from services.audit.tabulate.table import Table, Votes
from shared.contract.standings import Ending


def stv_wigm(table: Table) -> None:
    """Count by RCTab's STV."""
    seats, places = table.contest.seats, table.rules.places
    seated: Votes = {}
    threshold, residue = NOTHING, NOTHING
    while True:
        votes, inactive = table.sort()
        if not table.rounds or (table.rules.threshold_each_round and len(seated) < seats):
            threshold = _threshold(table, sum([*votes.values(), *seated.values()], NOTHING))
        elected: tuple[str, ...] = ()
        eliminated: tuple[str, ...] = ()
        if len(seated) < seats and table.can_decide(votes):
            elected = _elected(table, votes, threshold, seats - len(seated))
            if not elected and votes:
                eliminated = table.who_is_eliminated(votes, batch=True, seats=seats - len(seated))
        shown = threshold if table.can_decide(votes) else None
        table.rounds.append(
            Round(votes, inactive, eliminated, elected, shown, dict(seated), residue=residue, places=places)
        )
        last = len(seated) + len(elected) >= seats
        for winner in elected:
            kept = _pass_on(table, winner, votes[winner], threshold, last=last)
            seated[winner] = min(kept, threshold)
            residue += max(kept - threshold, NOTHING)
        table.remove((*eliminated, *elected))
        more_seats_than_candidates = elected and not table.continuing and len(seated) < seats
        if not (eliminated or elected) or more_seats_than_candidates or table.is_over:
            return


def _threshold(table: Table, votes: Fraction) -> Fraction:
    rules, seats = table.rules, table.contest.seats
    places = rules.places if rules.fractional_threshold else 0
    if rules.quota == "hare":
        threshold = raise_to(votes / seats, places)
    else:
        threshold = cut(votes / (seats + 1), places) + unit(places)
    return max(threshold, unit(places), Fraction(rules.minimum_votes))


def _elected(table: Table, votes: Votes, threshold: Fraction, left: int) -> tuple[str, ...]:
    if table.blocked(votes):
        return ()
    found = table.electable()
    if len(votes) > left:
        found = [candidate for candidate in found if votes[candidate] >= threshold]
    if found and table.rules.winners_per_round == "one":
        return (table.leader(found, votes),)
    return table.ranked(found, votes)


def _pass_on(table: Table, winner: str, votes: Fraction, threshold: Fraction, *, last: bool) -> Fraction:
    """Let the winner's ballots pass on the surplus, to nobody after the last seat; return the votes they leave."""
    surplus = max(votes - threshold, NOTHING)
    part = cut(surplus / votes, table.rules.places) if surplus else NOTHING
    kept = NOTHING
    for parcel in table.parcels:
        if parcel.holder(table.rules, table.continuing) == winner:
            passed = cut(parcel.worth * part, table.rules.places)
            kept += parcel.ballots * (parcel.worth - passed)
            parcel.worth = passed
            if last:
                parcel.stopped = Ending.SURPLUS
    return kept
