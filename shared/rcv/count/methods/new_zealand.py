"""The New Zealand method of counting single transferable votes: councils and health boards there, since 2004.

Local Electoral Regulations 2001 (SR 2001/145), Schedule 1A, as at 1 July 2025; the numbers in brackets are its clauses.

Several vacancies (Part 1), in steps:
A. A successful candidate keeps a part of each vote that comes by: quota / votes at first [7], then keep value x quota /
   votes [17], of the step before, each operation rounded up at nine places. Hopefuls keep all of it, others nothing.
B. The quota is (ballots - non-transferable votes) / (vacancies + 1), cut to nine places, plus the last place [5, 11].
C. Hopefuls with the quota are successful [6, 12]. Then the hopeful with the fewest votes is excluded if these and the
   total surplus are fewer than any other hopeful's, or if the total surplus is below 0.0001 [13]: in the same step.
D. Where no further step would change anything, the hopeful with the fewest votes is excluded all the same [23].
E. Whom no ballot names is withdrawn [20]. If no more are left than vacancies, they are successful [3, 21].

One vacancy (Part 2): the hopeful with the fewest votes is excluded, one after another, until somebody has half of the
votes that are not non-transferable, rounded up [26, 31].

Level are only those with the same votes. Of them is excluded who had fewer at the earliest step at which they had not the
same; if those are several, who of them has the lowest pseudo-random number [19, 34, 40 to 48]. Whatever other rule the
contest has for ties is refused where it is defined.

Where the text leaves a reading open, it is that of the iteration reports which councils publish (Kaipara 2019, Kapiti Coast
2016, New Plymouth 2019), which this method gives back to the last place:
* what a multiplication of clause 10 leaves over is what its rounded part did not take, so that no ballot is worth more than
  one vote, and votes and non-transferable votes are together the ballots;
* clause 13 is asked of the first step too; the quota and the votes of clauses 7 and 17 are those of the step before;
* a pseudo-random number is taken modulo 10,000; in each odd step it is subtracted from 10,000 [48]; withdrawn candidates
  are among the candidates of clause 42, and ballots that rank only them among its valid ones.
Two readings no report shows: "candidates with votes" [21] are those whom a recognised preference names, as in clause 20; a
stable state [23] occurs at the step after which the keep values would be those of a step since the last decision.

Part 3 recognises no preference after one that is not unique or not consecutive: rules with `overvote = "exhaust"` and
`max_skipped_ranks = 0`.
"""

from collections.abc import Iterator, Sequence
from itertools import count as numbers
from typing import Final

import numpy as np

from shared.contract.elections import Contest
from shared.contract.standings import SettledBy
from shared.rcv.count.methods.meek_parcels import ONE, Parcels, read_paths, rounded_up
from shared.rcv.count.methods.meek_states import State, rounds_of, unmoved
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.piles import Piles
from shared.rcv.count.profile import SEVERAL, Columns
from shared.rcv.count.rounds import Decision, Round, round_of
from shared.rcv.count.ties import TieBreaker
from shared.rcv.count.trace import Snapshot

LITTLE_SURPLUS: Final = ONE // 10**4
"""Below it the total surplus holds up no exclusion [13]."""
DISCARDED: Final = 4
"""Pseudo-random numbers that are not used [44]."""


def new_zealand_stv(
    profile: Columns, contest: Contest, _: TieBreaker, snapshots: list[Snapshot] | None
) -> Iterator[Round]:
    """Yield the rounds: each a step at which somebody is successful, excluded or withdrawn."""
    if contest.seats == 1:
        return _one_vacancy(profile, contest, snapshots)
    return rounds_of(profile, list(Steps(profile, contest).states()), snapshots)


class Steps:
    """One count for several vacancies: the keep values, and who is successful and excluded so far."""

    def __init__(self, profile: Columns, contest: Contest) -> None:
        self._profile, self._seats, self._candidates = profile, contest.seats, profile.candidates
        self._hopeful, self._successful = list(contest.included), list[int]()
        self._out = list(contest.excluded)
        self._paths = read_paths(profile, self._out)
        self._keep = [ONE] * (self._candidates + len(ENDINGS))
        self._level = Level(profile, contest)

    def states(self) -> Iterator[State]:
        """Yield each step that decides something, until the count is complete (E)."""
        state = self._next_state()
        yield state
        while state.decisions and self._vacant and self._hopeful:
            if self._fit():
                yield self._last_successful(state)
                return
            state = self._next_state()
            yield state

    @property
    def _vacant(self) -> int:
        return self._seats - len(self._successful)

    def _fit(self) -> bool:
        return len(self._hopeful) <= self._vacant

    def _next_state(self) -> State:
        """Take steps until one decides something, or find that nobody has a vote."""
        parcels = Parcels(self._profile, self._paths, self._successful, self._out)
        places = tuple(self._hopeful), tuple(self._successful)
        had: list[list[int]] = []
        while True:
            parts = parcels.parts(self._keep)
            units = parcels.units(parts, len(self._keep))
            votes = [sum(section[c] for section in units) for c in range(self._candidates)]
            if not any(votes):
                return State(parcels, parts, units, *places, None, ())
            quota = sum(votes) // (self._seats + 1) + 1
            had.append(self._keep)
            if decisions := self._decide(votes, quota, had):
                return State(parcels, parts, units, *places, quota, decisions)

    def _decide(self, votes: list[int], quota: int, had: Sequence[list[int]]) -> tuple[Decision, ...]:
        """Return what a step decides (C, D, E). `had` are the keep values of the steps since the last decision."""
        withdrawn = () if self._level.steps else self._withdraw_unnamed()
        self._level.steps.append(votes)
        reached = [c for c in self._hopeful if votes[c] >= quota]
        found = tuple(
            Decision(c, "elected", "quota", votes[c] - quota, ()) for c in self._succeed(reached, votes)
        )
        self._keep = self._next_keep(votes, quota)
        if len(self._level.steps) == 1 and self._fit():
            return (*withdrawn, *found, *self._rest(votes))
        excluded = self._exclude(votes, quota, is_stable=self._keep in had) if self._vacant else ()
        return (*withdrawn, *found, *excluded)

    def _withdraw_unnamed(self) -> tuple[Decision, ...]:
        """Withdraw whom no ballot names, by a preference that is recognised [20]."""
        _, _, ballots = self._profile.columns()
        is_ending = (self._paths >= self._candidates) & (self._paths != SEVERAL)
        is_read = (np.cumsum(is_ending, axis=1) == 0) & (ballots > 0)[:, None]
        named = set(np.unique(self._paths[is_read]).tolist())
        unnamed = [c for c in self._hopeful if c not in named]
        self._put_out(unnamed)
        return tuple(Decision(c, "eliminated", "unnamed", None, ()) for c in unnamed)

    def _succeed(self, candidates: Sequence[int], votes: Sequence[int]) -> Sequence[int]:
        """Let candidates be successful; return them, most votes first."""
        in_order = sorted(candidates, key=lambda c: -votes[c])
        self._hopeful = [c for c in self._hopeful if c not in in_order]
        self._successful += in_order
        return in_order

    def _rest(self, votes: Sequence[int]) -> tuple[Decision, ...]:
        in_order = self._succeed(self._hopeful, votes)
        return tuple(Decision(c, "elected", "remaining", None, ()) for c in in_order)

    def _next_keep(self, votes: Sequence[int], quota: int) -> list[int]:
        """Return the keep values of the next step (A)."""
        keep = list(self._keep)
        for c in self._successful:
            keep[c] = rounded_up(rounded_up(keep[c] * quota, ONE) * ONE, votes[c])
        return keep

    def _exclude(self, votes: Sequence[int], quota: int, *, is_stable: bool) -> tuple[Decision, ...]:
        """Exclude the hopeful with the fewest votes, unless the total surplus could still change who that is (C, D)."""
        surplus = sum(max(0, votes[c] - quota) for c in self._successful)
        fewest, next_one = sorted(votes[c] for c in self._hopeful)[:2]
        if fewest + surplus >= next_one and surplus >= LITTLE_SURPLUS and not is_stable:
            return ()
        decision = self._level.exclude(self._hopeful, votes)
        self._put_out([decision.candidate])
        return (decision,)

    def _put_out(self, candidates: Sequence[int]) -> None:
        self._hopeful = [c for c in self._hopeful if c not in candidates]
        self._out += candidates

    def _last_successful(self, before: State) -> State:
        """Let those who are left be successful; nobody needs the votes of the last one excluded any more."""
        after = unmoved(before, self._out[-1])
        votes = [sum(section[c] for section in after.units) for c in range(self._candidates)]
        continuing, seated = tuple(self._hopeful), tuple(self._successful)
        return after._replace(continuing=continuing, seated=seated, decisions=self._rest(votes))


def _one_vacancy(profile: Columns, contest: Contest, snapshots: list[Snapshot] | None) -> Iterator[Round]:
    """Yield the rounds for a single vacancy (Part 2); votes are whole numbers [24]."""
    piles, level, hopeful = Piles(profile, contest, 1, snapshots), Level(profile, contest), contest.included
    for number in numbers(1):
        piles.record()
        by_section = piles.by_section()
        votes = [sum(units[c] for units in by_section) for c in range(profile.candidates)]
        level.steps.append(votes)
        majority = rounded_up(sum(votes), 2)
        decisions = (_decide_one(hopeful, votes, majority, level),) if majority else ()
        excluded = [d.candidate for d in decisions if d.outcome == "eliminated"]
        yield round_of(
            number,
            by_section,
            hopeful,
            decisions,
            threshold=majority or None,
            transfers=piles.eliminate(excluded),
        )
        if not excluded:
            return
        hopeful = tuple(c for c in hopeful if c not in excluded)


def _decide_one(hopeful: Sequence[int], votes: Sequence[int], majority: int, level: "Level") -> Decision:
    """Return who has the absolute majority, or who is excluded. Of two with half each, one is excluded [34]."""
    reached = [c for c in hopeful if votes[c] >= majority]
    if len(reached) == 1:
        return Decision(reached[0], "elected", "majority", votes[reached[0]] - majority, ())
    decision = level.exclude(reached or hopeful, votes)
    if not reached:
        return decision
    (other,) = (c for c in reached if c != decision.candidate)
    return Decision(other, "elected", "majority", 0, decision.tied, decision.settled_by)


class Level:
    """Who of those with the fewest votes is excluded [19, 34]."""

    def __init__(self, profile: Columns, contest: Contest) -> None:
        paths, _, ballots = profile.columns()
        valid = int(ballots[paths[:, 0] < profile.candidates].sum())
        self._first = pseudo_random(profile.candidates, contest.seats, valid)
        self.steps: list[Sequence[int]] = []
        """The votes at each step, the present one included."""

    def exclude(self, hopeful: Sequence[int], votes: Sequence[int]) -> Decision:
        """Return the exclusion of the hopeful with the fewest votes at the present step."""
        fewest = min(votes[c] for c in hopeful)
        level = tuple(c for c in hopeful if votes[c] == fewest)
        candidate, settled_by = self._pick(level)
        margin = min(votes[c] for c in hopeful if c != candidate) - fewest
        return Decision(
            candidate, "eliminated", "fewest", margin, level if len(level) > 1 else (), settled_by
        )

    def _pick(self, level: Sequence[int]) -> tuple[int, SettledBy]:
        if len(level) == 1:
            return level[0], "votes"
        points = ([votes[c] for c in level] for votes in self.steps)
        differing = next((of for of in points if len(set(of)) > 1), [0] * len(level))
        behind = [c for c, had in zip(level, differing, strict=True) if had == min(differing)]
        if len(behind) == 1:
            return behind[0], "first-difference"
        is_odd = len(self.steps) % 2
        lowest = max if is_odd else min
        return lowest(behind, key=self._first.__getitem__), "pseudo-random"


def pseudo_random(candidates: int, vacancies: int, valid: int) -> list[int]:
    """Return each candidate's pseudo-random number, that of even steps: 10,000 less it is that of odd ones [42 to 48].

    Wichmann and Hill's generator; the first four numbers are not used, nor is one that another candidate has.
    """
    x, y, z = candidates + 5, vacancies, (valid + 1000 * (valid % 10)) % 30323
    found: list[int] = []
    for number in numbers():
        x, y, z = 171 * x % 30269, 172 * y % 30307, 170 * z % 30323
        of = (10_000 * x // 30269 + 10_000 * y // 30307 + 10_000 * z // 30323) % 10_000
        if number >= DISCARDED and of not in found:
            found.append(of)
        if len(found) == candidates:
            break
    return found
