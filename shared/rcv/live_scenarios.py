"""What if, kept up while ballots arrive: each candidate dropped out alone, and every possible final.

A contest without one candidate is a count like any other (`LiveRounds`): it shares the ballots, and keeps an order of
elimination of its own. A final needs one number for each two candidates, to which a batch adds its own. So the questions are
answered as the rounds are: from what has changed, not from all ballots. It serves the methods that `LiveRounds` serves.
"""

from collections.abc import Iterable

import numpy as np

from shared.contract.elections import Contest
from shared.rcv.count.live_rounds import LiveBallots, LiveRounds
from shared.rcv.count.profile import Change, Moved
from shared.rcv.count.rounds import Count, Transfer, transfers_from
from shared.rcv.scenarios import DroppedOut, WhatIf, answers, finals_of, preferences


class LiveScenarios:
    """One contest: `apply` changes, then `count` for the rounds alone, or `what_if` for all answers.

    Rounds need not wait for answers: `keep_up` does the scenarios' part of what was applied since.
    """

    def __init__(self, contest: Contest, sections: int) -> None:
        self._ballots = LiveBallots(contest, sections)
        self._sections = sections
        self._pairs = np.zeros((len(contest.candidates), len(contest.candidates)), np.int64)
        self._cast = 0
        self._pending: list[Moved] = []
        self._without: dict[int, LiveRounds] = {}
        self._start_over(contest)

    def apply(self, changes: Iterable[Change]) -> None:
        """Move the rounds by `changes`; the scenarios' part waits. Raises as `LiveRounds.apply` does."""
        moved = self._ballots.apply(changes)
        self._main.follow(moved)
        self._pending.append(moved)

    def keep_up(self) -> None:
        """Move every scenario by what was applied since the last time."""
        for moved in self._pending:
            for without in self._without.values():
                without.follow(moved)
            self._pairs += preferences(moved.paths, moved.ballots, len(self._pairs))
            self._cast += int(moved.ballots.sum())
        self._pending.clear()

    def withdraw(self, candidate: int) -> None:
        """Count as if nobody could vote for `candidate`, in every scenario."""
        self._start_over(self._main.contest.excluding({candidate}))

    def restore(self, candidate: int) -> None:
        """Take a withdrawal back."""
        self._start_over(self._main.contest.excluding({candidate}, excluded=False))

    def count(self) -> Count:
        """Return the count of all that was applied so far. Raises what `tabulate` raises."""
        return self._main.count()

    def what_if(self) -> WhatIf:
        """Return all answers about that count: what `shared.rcv.scenarios.what_if` returns. Raises what `tabulate` raises."""
        self.keep_up()
        contest = self._main.contest
        drops = tuple(
            DroppedOut((c,), self._handed_on(c, without), without.count())
            for c, without in self._without.items()
        )
        return answers(contest, self.count(), drops, *finals_of(self._pairs, self._cast, contest))

    def _handed_on(self, candidate: int, without: LiveRounds) -> tuple[Transfer, ...]:
        """Return where the ballots go that a candidate holds in the first round."""
        moved = (without.at_the_start() - self._main.at_the_start()).sum(axis=1)
        moved[candidate] = 0
        return transfers_from(candidate, moved.tolist(), len(self._pairs))

    def _start_over(self, contest: Contest) -> None:
        self.keep_up()
        self._main = LiveRounds(contest, self._sections, self._ballots)
        alone = contest.included if len(contest.included) > 1 else ()
        self._without = {c: LiveRounds(contest.excluding({c}), self._sections, self._ballots) for c in alone}
