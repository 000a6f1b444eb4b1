"""STV as Scottish councils count it: The Scottish Local Government Elections Order 2007 (SSI 2007/42), schedule 1.

Rule 46: the quota is the valid ballots divided by one more than the seats, the remainder left away, plus one.
Rule 47: whoever has the quota at the end of a stage is elected.
Rule 48: each ballot of a surplus moves on at surplus * its value / the candidate's votes, cut to five places.
Rule 49: one surplus a stage, the largest first. Level ones: the candidate who had more at the last stage at which they
        were not level; then the lot.
Rule 50: with no surplus to move, the last is excluded, the ballots moving on at their value; level ones likewise.
Rule 51, 52: when no more continue than there are seats left, they are elected, and nothing moves any more.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from services.audit.tabulate.ballots import Parcel
from services.audit.tabulate.rounds import NOTHING, Round, cut
from services.audit.tabulate.table import Table, Votes
from services.audit.tabulate.ties import Outcome
from shared.contract.standings import Ending

PLACES: Final = 5


class _Stages:
    """Piles of ballots, the votes credited for them, and those who are elected."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.piles: dict[str, list[Parcel]] = {candidate: [] for candidate in table.continuing}
        self.credited: Votes = dict.fromkeys(table.continuing, NOTHING)
        self.inactive: dict[Ending, Fraction] = dict.fromkeys(Ending, NOTHING)
        self.seated: list[str] = []
        self.residue = NOTHING
        self._lay_out(table.parcels)
        self.quota = Fraction(sum(self.credited.values()) // (table.contest.seats + 1) + 1)

    def surpluses(self) -> Votes:
        """Return the votes above the quota of each who is elected and has some."""
        return {c: self.credited[c] - self.quota for c in self.seated if self.credited[c] > self.quota}

    def move_surplus(self, winner: str) -> None:
        """Transfer a surplus (rule 48)."""
        votes = self.credited[winner]
        parcels = self.piles.pop(winner)
        for parcel in parcels:
            parcel.worth = cut((votes - self.quota) * parcel.worth / votes, PLACES)
        self.credited[winner] = self.quota
        self.residue += votes - self.quota - self._lay_out(parcels)

    def move_excluded(self, loser: str) -> None:
        """Transfer the ballots of somebody excluded (rule 50)."""
        del self.credited[loser]
        self._lay_out(self.piles.pop(loser))

    def first_of(self, level: Sequence[str], outcome: Outcome) -> str:
        """Decide between those who are level (rules 49, 50)."""
        return self.table.ties.choose(level, outcome, look_back=True)

    def _lay_out(self, parcels: Sequence[Parcel]) -> Fraction:
        """Lay ballots on the piles of those they now choose; return the votes they carry."""
        moved = NOTHING
        for parcel in parcels:
            votes = parcel.ballots * parcel.worth
            holder = parcel.holder(self.table.rules, self.table.continuing)
            if isinstance(holder, Ending):
                self.inactive[holder] += votes
            else:
                self.piles[holder].append(parcel)
                self.credited[holder] += votes
            moved += votes
        return moved


def scottish_stv(table: Table) -> None:
    """Count by the Scottish rules, one round a stage."""
    stages = _Stages(table)
    while True:
        votes = {candidate: stages.credited[candidate] for candidate in table.continuing}
        seated = {candidate: stages.credited[candidate] for candidate in stages.seated}
        inactive = {ending: votes for ending, votes in stages.inactive.items() if votes}
        residue = stages.residue
        elected = _elected(stages, votes)
        table.remove(elected)
        stages.seated += elected
        transferred, eliminated = _next_step(stages) if table.can_decide(votes) else (None, ())
        table.remove(eliminated)
        threshold = stages.quota if table.can_decide(votes) else None
        table.rounds.append(
            Round(
                votes, inactive, eliminated, elected, threshold, seated, residue, transferred, places=PLACES
            )
        )
        if (transferred is None and not eliminated) or table.is_over:
            return
        if transferred is not None:
            stages.move_surplus(transferred)
        for loser in eliminated:
            stages.move_excluded(loser)


def _elected(stages: _Stages, votes: Votes) -> tuple[str, ...]:
    table, left = stages.table, stages.table.contest.seats - len(stages.seated)
    if table.blocked(votes) or not table.can_decide(votes):
        return ()
    found = table.ranked([c for c in table.electable() if votes[c] >= stages.quota], votes)
    others = [candidate for candidate in votes if candidate not in found]
    if len(others) <= left - len(found):
        found += table.ranked([candidate for candidate in others if candidate in table.electable()], votes)
    return found


def _next_step(stages: _Stages) -> tuple[str | None, tuple[str, ...]]:
    """Return whose surplus moves, or who is excluded; nobody where the count is over."""
    table = stages.table
    votes = {candidate: stages.credited[candidate] for candidate in table.continuing}
    if not votes or len(stages.seated) >= table.contest.seats:
        return None, ()
    if table.blocked(votes):
        return None, table.write_ins(votes)
    surpluses = stages.surpluses()
    if surpluses:
        most = max(surpluses.values())
        return stages.first_of([c for c, n in surpluses.items() if n == most], "elected"), ()
    fewest = min(votes.values())
    return None, (stages.first_of([c for c, n in votes.items() if n == fewest], "eliminated"),)
