"""The live count of a contest, whatever its method: changes in, a count out.

A live count is exact: after any changes it equals `tabulate` of the profile that they add up to. Changes may come in
any order and may be negative; after each `apply` no ranking has fewer than no ballots.

Where whole ballots move, the rounds are kept up with every batch (`LiveRounds`). They are tabulated afresh from the
distinct rankings (`LiveTabulation`) where a change of one ballot changes the worth of all: STV and Meek's method; where
seats are filled one after another; and under the one switch whose reading of a ballot depends on the round it is read
in, `overvote = "exhaust-if-several-continue"`.
"""

from collections.abc import Iterable
from typing import Final, Protocol

from shared.contract.elections import Contest, Method
from shared.rcv.count.live_rounds import LiveRounds
from shared.rcv.count.profile import Change, Profile
from shared.rcv.count.rounds import Count
from shared.rcv.count.tabulate import tabulate


class LiveMethod(Protocol):
    """A contest that is counted while ballots arrive and leave."""

    def apply(self, changes: Iterable[Change]) -> None:
        """Apply changes of the profile: section, marks, and by how many ballots they became more."""

    def withdraw(self, candidate: int) -> None:
        """Count as if nobody could vote for `candidate`."""

    def restore(self, candidate: int) -> None:
        """Take a withdrawal back."""

    def count(self) -> Count:
        """Return the count of all that was applied so far."""

    @property
    def profile(self) -> Profile:
        """All that was applied so far; not to be changed."""


class LiveTabulation:
    """One contest, tabulated afresh from its distinct rankings whenever somebody asks."""

    def __init__(self, contest: Contest, sections: int) -> None:
        self._contest = contest
        self.profile = Profile.of(contest, sections)

    def apply(self, changes: Iterable[Change]) -> None:
        """Apply changes of the profile."""
        self.profile.add(changes)

    def withdraw(self, candidate: int) -> None:
        """Count as if nobody could vote for `candidate`."""
        self._contest = self._contest.excluding({candidate})

    def restore(self, candidate: int) -> None:
        """Take a withdrawal back."""
        self._contest = self._contest.excluding({candidate}, excluded=False)

    def count(self) -> Count:
        """Return the count of all that was applied so far."""
        return tabulate(self.profile, self._contest)


_WHOLE_BALLOTS: Final[frozenset[Method]] = frozenset(
    {"plurality", "supplementary", "irv", "bottoms-up", "electoral-college"}
)
"""Methods by which a ballot counts whole for one candidate after another, whoever else arrives."""


def open_method(contest: Contest, sections: int) -> LiveMethod:
    """Return the live count of `contest` over so many sections, with no ballots yet."""
    is_kept_up = contest.method in _WHOLE_BALLOTS and contest.rules.overvote != "exhaust-if-several-continue"
    return LiveRounds(contest, sections) if is_kept_up else LiveTabulation(contest, sections)
