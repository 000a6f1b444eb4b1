"""STV as the Electoral Reform Society has it: Newland and Britton, 3rd edition (1997), "ERS97".

5.1.6:  the quota is the valid vote divided by one more than the places, to two decimals; what remains makes it 0.01 more.
5.1.7, 5.3.13, 5.4.9: elected is, in descending order of votes, who has the quota, or the total active vote divided by one
        more than the places not yet filled. The active vote is the valid vote without the quotas, or votes if less, of those
        elected, and without the non-transferable vote (5.6.1).
5.6.2:  if more are level than there are places, those who were ahead at the earliest point at which they were not; else none.
5.2.2:  surpluses that, all together, do not exceed what would bring the last to the next, or those who could go together to the
        one above them, wait. Else the largest moves.
5.2.5:  as many as possible are excluded together: with the surpluses they do not exceed the vote above them, and as many
        stay as there are places.
5.2.3, 5.2.5: points of comparison are the first stage and the end of each bundle, the earliest first; then the lot.
5.4.8:  while nobody is elected the quota is worked out anew, without the non-transferable vote.
5.5:    if an exclusion would leave no more than there are places, those are elected, and no ballots move.
"""

from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby

from services.audit.tabulate.bundles import PLACES, Bundles
from services.audit.tabulate.rounds import raise_to
from services.audit.tabulate.table import Table


class _Ers97(Bundles):
    firsts_go_first = False
    looks_at_bundles = True

    def work_out_quota(self) -> Fraction:
        return raise_to((self.valid - self.lost) / (self.table.contest.seats + 1), PLACES)

    def deem(self) -> list[str]:
        found: list[str] = []
        order = self.table.ranked(self.table.continuing, self.votes)
        for votes, alike in groupby(order, key=lambda candidate: self.votes[candidate]):
            level = list(alike)
            if not self._is_enough(votes):
                break
            while level and self.left:
                chosen = level if len(level) <= self.left else self._ahead(level)
                if not chosen:
                    return found
                for winner in chosen:
                    self.seat(winner)
                found += chosen
                level = [candidate for candidate in level if candidate not in chosen]
        return found

    def _is_enough(self, votes: Fraction) -> bool:
        kept = sum(min(self.votes[candidate], self.quota) for candidate in self.seated)
        active = self.valid - self.lost - kept
        return self.left > 0 and (votes >= self.quota or votes >= active / (self.left + 1))

    def _ahead(self, level: Sequence[str]) -> list[str]:
        """Return those ahead of the others at the earliest point that leaves no more than there are places."""
        left = list(level)
        for point in self.points:
            most = max(point[candidate] for candidate in left)
            left = [candidate for candidate in left if point[candidate] == most]
            if len(left) <= self.left:
                return left
        return []

    def go_together(self, votes: Fraction, above: Fraction) -> bool:
        return votes <= above


def ers97(table: Table) -> None:
    """Count by ERS97."""
    _Ers97(table).count()
