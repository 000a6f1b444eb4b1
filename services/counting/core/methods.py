"""The live count of a contest, whatever its method: changes in, a count out.

Rule 1: a method is exact: after any changes its count equals `tabulate` of the profile they add up to.
Rule 2: changes may come in any order and may be negative; after each `apply` no ranking has fewer than no ballots.
"""

from collections.abc import Callable, Iterable
from typing import Final, Protocol

from services.counting.core.irv import LiveIrv
from services.counting.core.plurality import LivePlurality
from services.counting.core.rankings import Change
from services.counting.core.rounds import Count
from shared.contract.elections import Contest


class Method(Protocol):
    """A contest that is counted while ballots arrive and leave."""

    def apply(self, changes: Iterable[Change]) -> None:
        """Take changes of the profile: section, marks, and by how many ballots they became more."""

    def count(self) -> Count:
        """Return the count of all that was applied so far."""


def open_method(contest: Contest, sections: int) -> Method:
    """Return the live count of `contest` over so many sections, with no ballots yet."""
    return _METHODS[contest.method](contest, sections)


_METHODS: Final[dict[str, Callable[[Contest, int], Method]]] = {"irv": LiveIrv, "plurality": LivePlurality}
