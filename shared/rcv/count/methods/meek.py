"""Meek's method: every elected candidate keeps just the part of each ballot that makes the quota.

B. L. Meek (1969), as given by I. D. Hill, B. A. Wichmann and D. R. Woodall, Algorithm 123, Computer Journal 30 (1987),
in the form of the Proportional Representation Foundation's reference rule: nine decimal places, omega 10^-6.

A. Each candidate has a keep factor, 1 while hopeful, 0 when defeated. A ballot, worth 1, leaves each candidate on its
   way its present value x the keep factor, rounded up, and goes on with the rest.
B. The quota is the votes of all / (seats + 1), cut to nine places, plus the last place.
C. Hopefuls with the quota are elected. If somebody was, begin the next round. Else, if the surplus of all elected is
   below omega or did not shrink, defeat the hopeful with the fewest votes, anybody within the surplus of whom is level
   with them. Else multiply each elected one's keep factor by quota / votes, both steps rounded up, and go back to A.
D. The count is over when the seats are filled, or as many are left as seats; nobody needs the votes of the last one
   defeated then, and they rest with nobody.

A round here ends with a decision; the steps between, which only move keep factors, are not rounds. A ballot is read
once, before the first round: whether a rank that names several is an overvote is asked of those who then continue.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from shared.contract.elections import Contest
from shared.rcv.count.methods.meek_parcels import ONE, Parcels, Parts, read_paths, rounded_up
from shared.rcv.count.methods.meek_states import State, rounds_of, unmoved
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.profile import Columns
from shared.rcv.count.rounds import Decision, Round
from shared.rcv.count.ties import TieBreaker
from shared.rcv.count.trace import Snapshot

OMEGA: Final = ONE // 10**6
MAX_STEPS: Final = 10_000
"""Steps within a round; each shrinks the surplus by a factor, so that some dozens are usual."""


def meek(
    profile: Columns, contest: Contest, ties: TieBreaker, snapshots: list[Snapshot] | None
) -> Iterator[Round]:
    """Yield the rounds: each the votes on which somebody is elected or defeated, and where they go from there."""
    yield from rounds_of(profile, list(Keeping(profile, contest, ties).states()), snapshots)


class Keeping:
    """One count by Meek's method: the keep factors, and who is elected and defeated so far."""

    def __init__(self, profile: Columns, contest: Contest, ties: TieBreaker) -> None:
        self._profile, self._ties, self._seats = profile, ties, contest.seats
        self._candidates = profile.candidates
        self._hopeful = list(contest.included)
        self._out = list(contest.excluded)
        self._paths = read_paths(profile, self._out)
        self._elected: list[int] = []
        self._keep = [ONE] * (self._candidates + len(ENDINGS))
        self._history: list[list[int]] = []

    def states(self) -> Iterator[State]:
        """Yield what each round starts from and decides, until the count is over (D)."""
        parcels = self._parcels()
        parts, units, votes, quota = self._distribute(parcels)
        if self._fits() or not any(votes):
            places = tuple(self._hopeful), tuple(self._elected)
            yield State(
                parcels, parts, units, *places, quota if any(votes) else None, self._elect_rest(votes)
            )
            return
        while True:
            state = self._converged(parcels)
            yield state
            if not self._is_over() and self._fits():
                yield self._rest_unmoved(state)
            if self._is_over():
                return
            parcels = self._parcels()

    def _converged(self, parcels: Parcels) -> State:
        """Move the keep factors until somebody is elected or defeated (C)."""
        last: int | None = None
        for _ in range(MAX_STEPS):
            parts, units, votes, quota = self._distribute(parcels)
            surplus = max(0, sum(votes[c] - quota for c in self._elected))
            winners = [c for c in self._hopeful if votes[c] >= quota]
            done = winners or surplus < OMEGA or (last is not None and surplus >= last)
            if done:
                places = tuple(self._hopeful), tuple(self._elected)
                self._history.append(votes)
                decisions = self._elect(winners, votes, quota) if winners else self._defeat(votes, surplus)
                return State(parcels, parts, units, *places, quota, decisions)
            last = surplus
            for c in self._elected:
                self._keep[c] = rounded_up(rounded_up(self._keep[c] * quota, ONE) * ONE, votes[c])
        raise AssertionError(f"no decision after {MAX_STEPS} steps")

    def _distribute(self, parcels: Parcels) -> tuple[list[Parts], list[list[int]], list[int], int]:
        parts = parcels.parts(self._keep)
        units = parcels.units(parts, len(self._keep))
        votes = [sum(section[c] for section in units) for c in range(self._candidates)]
        return parts, units, votes, sum(votes) // (self._seats + 1) + 1

    def _elect(self, winners: Sequence[int], votes: Sequence[int], quota: int) -> tuple[Decision, ...]:
        decisions = []
        for c in sorted(winners, key=lambda c: (-votes[c], c)):
            self._hopeful.remove(c)
            self._elected.append(c)
            decisions.append(Decision(c, "elected", "quota", votes[c] - quota, ()))
        return tuple(decisions)

    def _elect_rest(self, votes: Sequence[int]) -> tuple[Decision, ...]:
        if not any(votes):
            return ()
        rest = sorted(self._hopeful, key=lambda c: (-votes[c], c))
        self._hopeful, self._elected = [], [*self._elected, *rest]
        return tuple(Decision(c, "elected", "remaining", None, ()) for c in rest)

    def _defeat(self, votes: Sequence[int], surplus: int) -> tuple[Decision, ...]:
        fewest = min(votes[c] for c in self._hopeful)
        level = tuple(c for c in self._hopeful if votes[c] <= fewest + surplus)
        candidate, settled_by = self._ties.pick(level, "loser", self._history[:-1])
        self._hopeful.remove(candidate)
        self._out.append(candidate)
        margin = min(abs(votes[c] - votes[candidate]) for c in self._hopeful)
        tied = level if len(level) > 1 else ()
        return (Decision(candidate, "eliminated", "fewest", margin, tied, settled_by),)

    def _rest_unmoved(self, before: State) -> State:
        """Elect those who are left; nobody needs the votes of the last defeated one any more."""
        after = unmoved(before, self._out[-1])
        votes = [sum(section[c] for section in after.units) for c in range(self._candidates)]
        return after._replace(continuing=tuple(self._hopeful), decisions=self._elect_rest(votes))

    def _parcels(self) -> Parcels:
        return Parcels(self._profile, self._paths, self._elected, self._out)

    def _fits(self) -> bool:
        return len(self._hopeful) <= self._seats - len(self._elected)

    def _is_over(self) -> bool:
        return len(self._elected) >= self._seats or not self._hopeful
