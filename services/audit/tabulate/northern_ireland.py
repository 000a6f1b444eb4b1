"""STV as councils in Northern Ireland count it: Electoral Law Act (Northern Ireland) 1962, schedule 5 (SI 1985/454).

Rule 48: the quota is the valid ballots divided by one more than the members, the fraction left away, plus one. Who has it is
         elected; with one vacancy only once somebody was excluded.
Rule 49: surpluses, the largest first, unless together they are less than what separates the last from the next, or two or
         more of the last, together, from the one above. The ballots last received move.
Rule 50: level surpluses: who had more at the earliest stage at which they were not level; then the lot.
Rule 51: the last is excluded, or two or more of the last who with all surpluses have less than the next. First choices move,
         then the other ballots by their value. Level ones as in rule 50.
Rule 52: as many left as vacancies: elected. One vacancy: who has as much as all others and the surpluses is elected.
"""

from fractions import Fraction

from services.audit.tabulate.bundles import Bundles
from services.audit.tabulate.rounds import NOTHING
from services.audit.tabulate.table import Table


class _NorthernIreland(Bundles):
    firsts_go_first = True
    looks_at_bundles = False

    def work_out_quota(self) -> Fraction:
        return Fraction(self.valid // (self.table.contest.seats + 1) + 1)

    def deem(self) -> list[str]:
        if self.table.contest.seats == 1 and not self.excluded_any:
            return []
        reached = [candidate for candidate in self.table.continuing if self.votes[candidate] >= self.quota]
        found = list(self.table.ranked(reached, self.votes))
        for winner in found:
            self.seat(winner)
        return found

    def last_vacancy(self) -> list[str]:
        if self.left != 1:
            return []
        first, *others = self.table.ranked(self.table.continuing, self.votes)
        rivals = sum(self.votes[candidate] for candidate in others)
        waiting = sum(max(self.votes[candidate] - self.quota, NOTHING) for candidate in self.seated)
        alone = self.votes[first] > self.votes[others[0]]  # of two who are level the rule says nothing
        return [first] if alone and self.votes[first] >= rivals + waiting else []

    def go_together(self, votes: Fraction, above: Fraction) -> bool:
        return votes < above


def northern_ireland_stv(table: Table) -> None:
    """Count by the Local Elections Rules."""
    _NorthernIreland(table).count()
