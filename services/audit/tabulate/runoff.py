"""One winner: plurality, the supplementary vote, instant runoff once or several times over.

Rule 1 (irv; RCTab: singleWinnerMajority): more than half of the votes that still count elects, and never less than the
        minimum of votes. Who is alone is elected. Where two are left and nobody has that many, the one with more
        votes is elected, a tie between them settled as one for a winner.
Rule 2 (irv, to the last two; RCTab: continueUntilTwoCandidatesRemain): the winner stays in the count and is announced
        once, in a round without an elimination; then it goes on until two are left, and shows their votes.
Rule 3 (irv, the first round's threshold; RCTab: doesFirstRoundDetermineThreshold): it holds for all rounds. And a
        threshold once reached stays.
Rule 4 (supplementary: Greater London Authority Act 1999, schedule 2, part I, in its first form): more than half of the
        first count elects; else all but two are eliminated at once, and more votes of these two elect. The tie
        rule decides between level candidates: the statute would keep all who are level in second place.
Rule 5 (sequential; RCTab: multiPassIrv): a whole runoff for each seat, those elected before left out.
"""

from fractions import Fraction

from services.audit.tabulate.rounds import Round
from services.audit.tabulate.table import Table, Votes


def plurality(table: Table) -> None:
    """Count by plurality: the most votes, for each seat."""
    votes, inactive = table.sort()
    elected: list[str] = []
    while table.can_decide(votes) and len(elected) < table.contest.seats:
        others = [candidate for candidate in table.electable() if candidate not in elected]
        if not others:
            break
        elected.append(table.leader(others, votes))
    table.rounds.append(Round(votes, inactive, elected=tuple(elected)))


def irv(table: Table) -> None:
    """Count by instant runoff."""
    winner: str | None = None
    threshold: Fraction | None = None
    while True:
        votes, inactive = table.sort()
        if threshold is None or (winner is None and not table.rules.first_round_threshold):
            threshold = majority(table, votes)
        decide = table.can_decide(votes)
        found = _winner(table, votes, threshold) if decide and winner is None else None
        winner = winner or found
        eliminated: tuple[str, ...] = ()
        if decide and found is None and (winner is None or len(votes) > 2):
            eliminated = table.who_is_eliminated(votes, batch=True)
        elected = () if found is None else (found,)
        table.rounds.append(Round(votes, inactive, eliminated, elected, threshold if decide else None))
        table.remove(eliminated)
        goes_on = eliminated or (found is not None and table.rules.finish == "last-two" and len(votes) > 2)
        if not goes_on or table.is_over:
            return


def majority(table: Table, votes: Votes) -> Fraction:
    """Return the whole number of votes that is just more than half, or the minimum of votes if that is more."""
    return Fraction(max(sum(votes.values()) // 2 + 1, table.rules.minimum_votes))


def _winner(table: Table, votes: Votes, threshold: Fraction) -> str | None:
    candidates = table.electable()
    if table.blocked(votes) or not candidates:
        return None
    if len(votes) == 1:
        return candidates[0]
    enough = all(number >= table.rules.minimum_votes for number in votes.values())
    whatever = table.rules.first_round_threshold and table.contest.method != "supplementary"
    if len(votes) == 2 and (enough or whatever):
        return table.leader(candidates, votes)
    return next((candidate for candidate in candidates if votes[candidate] >= threshold), None)


def supplementary(table: Table) -> None:
    """Count by the supplementary (contingent) vote."""
    threshold: Fraction | None = None
    while True:
        votes, inactive = table.sort()
        if threshold is None or not table.rules.first_round_threshold:
            threshold = majority(table, votes)
        decide = table.can_decide(votes)
        found = _winner(table, votes, threshold) if decide else None
        eliminated = _all_but_two(table, votes) if decide and found is None else ()
        elected = () if found is None else (found,)
        table.rounds.append(Round(votes, inactive, eliminated, elected, threshold if decide else None))
        table.remove(eliminated)
        if not eliminated or table.is_over:
            return


def _all_but_two(table: Table, votes: Votes) -> tuple[str, ...]:
    if len(votes) <= 2 or _somebody_must_go(table, votes) or len(table.electable()) < 2:
        return table.who_is_eliminated(votes)
    leader = table.leader(table.electable(), votes)
    second = table.leader([candidate for candidate in table.electable() if candidate != leader], votes)
    return tuple(candidate for candidate in votes if candidate not in {leader, second})


def _somebody_must_go(table: Table, votes: Votes) -> bool:
    """Return whether write-ins, or candidates below the minimum, go before anybody else."""
    return table.blocked(votes) or min(votes.values(), default=0) < table.rules.minimum_votes
