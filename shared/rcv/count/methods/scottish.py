"""Scottish council elections: the single transferable vote by the weighted inclusive Gregory method.

The Scottish Local Government Elections Order 2007 (SSI 2007/42), schedule 1, rules 45 to 52, as kept by the 2011 Order:

- quota: the whole number just above V / (seats + 1) (rule 46);
- a candidate with the quota is deemed elected (rule 47); one surplus moves at a stage, the largest first (rule 49); of
  equal ones, that of the candidate who had more votes at the most recent stage at which they differed, else by lot;
- a ballot's transfer value is surplus x its value / the candidate's votes, to five places, the rest left out (rule 48);
- no surplus left: the candidate with the fewest votes is excluded, of equal ones likewise the one with fewer at the
  most recent stage at which they differed; all the ballots move at once at the value they have (rules 50, 51);
- as many candidates left as seats: they are elected (rule 52).

A round here is a stage of the statute: votes, who is deemed elected by them, and what is moved next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count as numbers
from typing import Final

from shared.contract.elections import Contest
from shared.contract.standings import SettledBy
from shared.rcv.count.piles import Piles, Share
from shared.rcv.count.profile import Columns
from shared.rcv.count.rounds import Decision, Round, Transfer, Why, round_of
from shared.rcv.count.ties import Sought, TieBreaker
from shared.rcv.count.trace import Snapshot

SCOTTISH_PLACES: Final = 5
UNIT: Final = 10**SCOTTISH_PLACES

Votes = Sequence[int]


@dataclass
class Stages:
    """What the stages of one count have settled so far."""

    seats: int
    ties: TieBreaker
    hopeful: list[int]
    quota: int = 0
    elected: list[int] = field(default_factory=list)
    pending: list[int] = field(default_factory=list)
    """Elected with a surplus that has not moved yet."""
    history: list[Votes] = field(default_factory=list)

    def settle(self, votes: Votes) -> tuple[Decision, ...]:
        """Return what a stage decides: who is elected by its votes and, if seats are left, whose ballots move next."""
        if not self.history:
            if not any(votes):
                return ()
            self.quota = (sum(votes) // ((self.seats + 1) * UNIT) + 1) * UNIT
        decisions = [*self._elect([c for c in self.hopeful if votes[c] >= self.quota], "quota", votes)]
        if len(self.hopeful) <= self.seats - len(self.elected):
            decisions += self._elect(self.hopeful, "remaining", votes)
        elif len(self.elected) < self.seats:
            decisions.append(self._move_next(votes))
        self.history.append(votes)
        return tuple(decisions)

    def _elect(self, winners: Sequence[int], why: Why, votes: Votes) -> Iterator[Decision]:
        for c in sorted(winners, key=lambda c: (-votes[c], c)):
            self.hopeful.remove(c)
            self.elected.append(c)
            if votes[c] > self.quota:
                self.pending.append(c)
            yield Decision(c, "elected", why, abs(votes[c] - self.quota), ())

    def _move_next(self, votes: Votes) -> Decision:
        """Move the largest surplus or, if there is none, the ballots of the last."""
        if self.pending:
            candidate, tied, settled_by = self._pick(self.pending, "winner", votes)
            self.pending.remove(candidate)
            surplus = votes[candidate] - self.quota
            return Decision(candidate, "transferred", "largest-surplus", surplus, tied, settled_by)
        candidate, tied, settled_by = self._pick(self.hopeful, "loser", votes)
        self.hopeful.remove(candidate)
        margin = min(votes[c] - votes[candidate] for c in self.hopeful)
        return Decision(candidate, "eliminated", "fewest", margin, tied, settled_by)

    def _pick(
        self, among: Sequence[int], sought: Sought, votes: Votes
    ) -> tuple[int, tuple[int, ...], SettledBy]:
        edge = (max if sought == "winner" else min)(votes[c] for c in among)
        level = tuple(c for c in among if votes[c] == edge)
        candidate, settled_by = self.ties.pick_looking_back(level, sought, self.history)
        return candidate, level if len(level) > 1 else (), settled_by


def scottish_stv(
    profile: Columns, contest: Contest, ties: TieBreaker, snapshots: list[Snapshot] | None
) -> Iterator[Round]:
    """Yield the stages: the first count, then one for each surplus or excluded candidate whose ballots were moved."""
    stages = Stages(contest.seats, ties, list(contest.included))
    piles = Piles(profile, contest, UNIT, snapshots)
    for number in numbers(1):
        piles.record()
        by_section, continuing, seated = piles.by_section(), tuple(stages.hopeful), tuple(stages.elected)
        residue = piles.residue_by_section()
        votes = [sum(units) for units in zip(*by_section, strict=True)][: len(contest.candidates)]
        decisions = stages.settle(votes)
        yield round_of(
            number,
            by_section,
            continuing,
            decisions,
            threshold=stages.quota or None,
            transfers=_carry_out(decisions, piles, votes, stages.quota),
            seated=seated,
            residue_by_section=residue,
        )
        if not decisions or decisions[-1].outcome == "elected":
            return


def _carry_out(decisions: Sequence[Decision], piles: Piles, votes: Votes, quota: int) -> tuple[Transfer, ...]:
    if not decisions or decisions[-1].outcome == "elected":
        return ()
    candidate = decisions[-1].candidate
    piles.close(d.candidate for d in decisions)
    if decisions[-1].outcome == "eliminated":
        return piles.eliminate([candidate])
    return piles.divide({candidate: _share(votes[candidate] - quota, votes[candidate])}, quota)


def _share(surplus: int, votes: int) -> Share:
    """Return what each ballot passes on (rule 48): surplus x its value / the candidate's votes, cut to five places."""
    return lambda worth: worth * surplus // votes
