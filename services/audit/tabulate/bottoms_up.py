"""From the bottom up: candidates are eliminated until few enough remain, or until all who remain have enough.

Rule 1 (RCTab: bottomsUp): no surplus, no threshold. When as many continue as there are seats, they are elected.
Rule 2 (RCTab: bottomsUpUsingPercentageThreshold): all who continue are elected once each has more than so many per
        cent of the votes that still count, or of those of the first round where that fixes the threshold.
Rule 3 (RCTab: cutoffElimination): with a percentage, all who have less are eliminated at once. Where that would be everybody
        the count stays undecided. Whoever has just the share is neither eliminated so nor elected: if nobody has less,
        the last is eliminated alone.
"""

from fractions import Fraction

from services.audit.tabulate.rounds import Round
from services.audit.tabulate.table import Table, Votes


def bottoms_up(table: Table) -> None:
    """Count from the bottom up."""
    share: Fraction | None = None
    while True:
        votes, inactive = table.sort()
        if share is None or not table.rules.first_round_threshold:
            share = _share(table, votes)
        elected: tuple[str, ...] = ()
        eliminated: tuple[str, ...] = ()
        if table.can_decide(votes):
            if not table.blocked(votes) and _enough(table, votes, share):
                elected = table.ranked(table.electable(), votes)
            else:
                eliminated = _who_is_eliminated(table, votes, share)
        table.rounds.append(Round(votes, inactive, eliminated, elected, _threshold(table, votes, share)))
        table.remove(eliminated)
        if not eliminated or table.is_over:
            return


def _share(table: Table, votes: Votes) -> Fraction | None:
    """Return the percentage in votes, which is to be exceeded."""
    percentage = table.rules.percentage
    return None if percentage is None else sum(votes.values()) * Fraction(percentage) / 100


def _threshold(table: Table, votes: Votes, share: Fraction | None) -> Fraction | None:
    if share is None or not table.can_decide(votes):
        return None
    return max(share, Fraction(table.rules.minimum_votes))


def _has_enough(table: Table, number: Fraction, share: Fraction) -> bool:
    return number > share and number >= table.rules.minimum_votes


def _enough(table: Table, votes: Votes, share: Fraction | None) -> bool:
    if share is None:
        return len(votes) <= table.contest.seats
    return all(_has_enough(table, number, share) for number in votes.values())


def _who_is_eliminated(table: Table, votes: Votes, share: Fraction | None) -> tuple[str, ...]:
    if table.blocked(votes) or share is None:
        return table.who_is_eliminated(votes)
    if len(votes) == 1:
        return ()
    if not table.rules.cutoff_elimination:
        return table.who_is_eliminated(votes)
    least = max(share, Fraction(table.rules.minimum_votes))
    if table.all_below(votes, least):
        return ()
    below = tuple(candidate for candidate in votes if votes[candidate] < share)
    minimum_first = min(votes.values()) < table.rules.minimum_votes
    return table.who_is_eliminated(votes) if minimum_first or not below else below
