"""From the bottom up: candidates fall until few enough remain, or until all who remain have enough.

Rule 1 (RCTab: bottomsUp): no surplus, no threshold. When as many continue as there are seats, they are elected.
Rule 2 (RCTab: bottomsUpUsingPercentageThreshold): all who continue are elected once each has more than so many per
        cent of the votes that still count, or of those of the first round where that fixes the threshold.
Rule 3 (RCTab: cutoffElimination): with a percentage, all who have no more fall at once. Where that would be everybody
        the count stays undecided.
"""

from fractions import Fraction

from services.audit.tabulate.rounds import Round
from services.audit.tabulate.table import Table, Votes


def bottoms_up(table: Table) -> None:
    """Count from the bottom up."""
    first: Fraction | None = None
    while True:
        votes, inactive = table.sort()
        threshold = _threshold(table, votes)
        first = threshold if first is None else first
        if table.rules.first_round_threshold:
            threshold = first
        elected: tuple[str, ...] = ()
        falls: tuple[str, ...] = ()
        if table.can_decide(votes):
            if not table.blocked(votes) and _enough(table, votes, threshold):
                elected = table.ranked(table.electable(), votes)
            else:
                falls = _who_falls(table, votes, threshold)
        shown = threshold if table.can_decide(votes) else None
        table.rounds.append(Round(votes, inactive, falls, elected, shown))
        table.remove(falls)
        if not falls or table.is_over:
            return


def _threshold(table: Table, votes: Votes) -> Fraction | None:
    """Return the percentage in votes, which is to be exceeded, or the minimum of votes if that is more."""
    percentage, minimum = table.rules.percentage, table.rules.minimum_votes
    if percentage is None:
        return None
    return max(sum(votes.values()) * Fraction(percentage, 100), Fraction(minimum))


def _has_enough(table: Table, number: Fraction, threshold: Fraction) -> bool:
    """Return whether so many votes exceed the percentage, or reach the minimum where that is more."""
    return number > threshold or number == threshold == table.rules.minimum_votes


def _enough(table: Table, votes: Votes, threshold: Fraction | None) -> bool:
    if threshold is None:
        return len(votes) <= table.contest.seats
    return all(_has_enough(table, number, threshold) for number in votes.values())


def _who_falls(table: Table, votes: Votes, threshold: Fraction | None) -> tuple[str, ...]:
    if table.blocked(votes) or threshold is None:
        return table.who_falls(votes)
    if len(votes) == 1:
        return ()
    if not table.rules.cutoff_elimination:
        return table.who_falls(votes)
    if not any(_has_enough(table, votes[candidate], threshold) for candidate in table.electable()):
        return ()
    if min(votes.values()) < table.rules.minimum_votes:
        return table.who_falls(votes)
    return tuple(candidate for candidate in votes if not _has_enough(table, votes[candidate], threshold))
