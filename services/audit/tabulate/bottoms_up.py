"""From the bottom up: candidates fall until few enough remain, or until all who remain have enough.

Rule 1 (RCTab: bottomsUp): no surplus, no threshold. When as many continue as there are seats, they are elected.
Rule 2 (RCTab: bottomsUpUsingPercentageThreshold): all who continue are elected once each has at least so many per cent
        of the votes that still count, or of those of the first round where that fixes the threshold.
Rule 3 (RCTab: cutoffElimination): with a percentage, all below it fall at once.
"""

from fractions import Fraction

from services.audit.tabulate.rounds import Round
from services.audit.tabulate.table import Table, Votes


def bottoms_up(table: Table) -> None:
    """Count from the bottom up. Raises ValueError if nobody reaches the minimum of votes or the percentage."""
    first: Fraction | None = None
    while True:
        votes, inactive = table.sort()
        threshold = _threshold(table, votes)
        first = threshold if first is None else first
        if table.rules.first_round_threshold:
            threshold = first
        elected: tuple[str, ...] = ()
        falls: tuple[str, ...] = ()
        if table.rounds or any(votes.values()):
            if not table.blocked(votes) and _enough(table, votes, threshold):
                elected = table.ranked(table.electable(), votes)
            else:
                falls = _who_falls(table, votes, threshold)
        table.rounds.append(Round(votes, inactive, falls, elected, threshold))
        table.remove(falls)
        if not falls or table.is_over:
            return


def _threshold(table: Table, votes: Votes) -> Fraction | None:
    if table.rules.percentage is None:
        return None
    return max(
        sum(votes.values()) * Fraction(table.rules.percentage, 100), Fraction(table.rules.minimum_votes)
    )


def _enough(table: Table, votes: Votes, threshold: Fraction | None) -> bool:
    if threshold is None:
        return len(votes) <= table.contest.seats
    return all(number >= threshold for number in votes.values())


def _who_falls(table: Table, votes: Votes, threshold: Fraction | None) -> tuple[str, ...]:
    if threshold is None or not table.rules.cutoff_elimination or table.blocked(votes):
        return table.who_falls(votes)
    below = tuple(candidate for candidate in votes if votes[candidate] < threshold)
    if not set(table.electable()) - set(below):
        raise ValueError(f"nobody reaches {table.rules.percentage} per cent of the votes")
    return below
