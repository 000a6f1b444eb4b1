"""Northern Ireland's councils: the single transferable vote by the Local Elections Rules.

Electoral Law Act (Northern Ireland) 1962, schedule 5, as the Local Elections (Northern Ireland) Order 1985 (SI 1985/454) has
it, rules 41 and 47 to 52:

- quota: the whole number just above V / (members + 1) (48). Who has it is deemed elected; where there is one vacancy, not before
  somebody has been excluded;
- the largest surplus moves next (49, 50), unless all surpluses together are less than what the last candidate lacks to the
  next, or the two or more last ones to the one above (49(10)). With one vacancy no surplus moves (49(11));
- a surplus moves by the sub-parcel that was last received (49(5)): each ballot with a further choice at surplus / their number,
  to two decimals, the remainder ignored, or at the value at which it was received, if that is less (49(7));
- no surplus to move: excluded is the last candidate, or together the two or more last ones whose votes, with all
  surpluses, are less than those of the next one (51(12));
- the ballots of the excluded move in sub-parcels: those that came as first choices, then the others, the highest value
  first. Whoever is deemed elected meanwhile is passed over (51(6));
- level candidates: who had more, or fewer, at the earliest stage at which they differed; else by lot (50(1), 51(13));
- as many continuing as vacancies: they are deemed elected (52(1)); one vacancy left: whoever has as many votes as all others
  and all surpluses together (52(2)). Nothing moves any more then (52(3)).

Read here: rule 52(2) elects nobody who is level with another, for it would elect either; two or more are excluded together only where somebody is left for each vacancy; rule 52 is asked at the end of a stage;
with one vacancy rule 52(2) elects at once, although rule 48(3) alone would wait for an exclusion.
"""

from collections.abc import Iterator

from shared.contract.elections import Contest
from shared.rcv.count.methods.by_batches import UNIT, Stages, by_batches
from shared.rcv.count.profile import Columns
from shared.rcv.count.rounds import Round, Why
from shared.rcv.count.ties import TieBreaker
from shared.rcv.count.trace import Snapshot


class _NorthernIreland(Stages):
    FIRST_APART = True  # 51(2), 51(5)
    EACH_BATCH = False  # 50(1), 51(13)

    def quota_of(self, units: int) -> int:
        """48(1), (2): whole votes."""
        return (units // ((self.seats + 1) * UNIT) + 1) * UNIT

    def why_elected(self, candidate: int) -> Why | None:
        """48(3)."""
        waits = self.seats == 1 and not self.excluded_before
        return "quota" if self.votes[candidate] >= self.quota and not waits else None

    def is_hopeless(self, units: int, above: int) -> bool:
        """49(10), 51(12): less than the votes of the next."""
        return units < above

    def outvotes_all(self) -> int | None:
        """52(2)."""
        leader, second = sorted(self.hopeful, key=lambda c: -self.votes[c])[:2]
        others = sum(self.votes[c] for c in self.hopeful if c != leader) + self.surplus
        is_ahead = self.votes[leader] > self.votes[second]
        return leader if self.left == 1 and is_ahead and self.votes[leader] >= others else None


def northern_ireland_stv(
    profile: Columns, contest: Contest, ties: TieBreaker, snapshots: list[Snapshot] | None
) -> Iterator[Round]:
    """Yield the stages."""
    return by_batches(_NorthernIreland, profile, contest, ties, snapshots)
