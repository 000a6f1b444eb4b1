"""ERS97: the single transferable vote as the Electoral Reform Society recommends it, and unions and societies in Britain use it.

R. A. Newland and F. S. Britton, How to Conduct an Election by the Single Transferable Vote, 3rd edition (1997), sections 5
and 6:

- quota: the valid votes / (places + 1), to two decimals; if that is not exact, 0.01 more (5.1.6). Votes that become
  non-transferable before anybody is elected lower it (5.4.8);
- elected, most votes first: who has the quota or, if that is less, the total active vote / (places unfilled + 1): what
  candidates hold, but for the quotas of those elected (5.1.7, 5.3.13, 5.4.9, 5.6.1, 6.20). Too many level for the places left: who was
  ahead at the first point at which they differed; if they never did, none of them at this point (5.6.2);
- the largest surplus moves next, unless all surpluses together are no more than what the last candidate lacks to the next,
  or those who could be excluded together to the one above (5.2.2);
- a surplus moves by the last batch alone (5.3.2): each ballot with a further choice at surplus / their number, to two decimals,
  the rest left out, but never at more than it is worth (5.3.7);
- no surplus to move: excluded are as many of the last as together, with all surpluses, have no more than the next one above,
  and leave somebody for each place (5.2.5); else the last one;
- the ballots of the excluded move in batches, the highest value first. After each, votes are looked at, and who is
  elected then gets no ballot of the next batch (5.4);
- level candidates: who had more, or fewer, at the first point, the end of a batch, at which they differed; else by lot
  (5.2.3, 5.2.5);
- where an exclusion leaves as many as there are places, they are elected, and nothing moves any more (5.5).

Read here as it stands: one who is level is not "above", so whole groups of level candidates are excluded together or not at all.
"""

from collections.abc import Iterator

from shared.contract.elections import Contest
from shared.rcv.count.methods.by_batches import Stages, by_batches
from shared.rcv.count.profile import Columns
from shared.rcv.count.rounds import Round, Why
from shared.rcv.count.ties import TieBreaker
from shared.rcv.count.trace import Snapshot


class _Ers97(Stages):
    FIRST_APART = False  # 5.4.1
    EACH_BATCH = True  # 5.2.3, 5.2.5, 5.4.8

    def quota_of(self, units: int) -> int:
        """5.1.6: to two decimals, rounded up."""
        return -(-units // (self.seats + 1))

    def why_elected(self, candidate: int) -> Why | None:
        """5.1.7: the quota, or the part of the total active vote that elects."""
        votes = self.votes[candidate]
        if votes >= self.quota:
            return "quota"
        active = sum(self.votes) - sum(min(self.votes[c], self.quota) for c in self.elected)
        return "active-vote" if votes * (self.left + 1) >= active else None

    def is_hopeless(self, units: int, above: int) -> bool:
        """5.2.2, 5.2.5 (b): they do not exceed the vote of the one above."""
        return units <= above


def ers97(
    profile: Columns, contest: Contest, ties: TieBreaker, snapshots: list[Snapshot] | None
) -> Iterator[Round]:
    """Yield the stages."""
    return by_batches(_Ers97, profile, contest, ties, snapshots)
