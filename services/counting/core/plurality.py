"""Plurality, kept up to date while ballots arrive and leave: the first choice of each ballot, and nothing else."""

from collections.abc import Iterable

from services.counting.core.decide import settle
from services.counting.core.lot import draw_lot
from services.counting.core.normalise import ENDINGS, normalise
from services.counting.core.rankings import Change
from services.counting.core.rounds import Count
from shared.contract.elections import Contest


class LivePlurality:
    """One contest's single round: `apply` changes, `count` at any time."""

    def __init__(self, contest: Contest, sections: int) -> None:
        self._contest = contest
        self._lot = draw_lot(contest)
        self._candidates = len(contest.candidates)
        self._held = {section: [0] * (self._candidates + len(ENDINGS)) for section in range(sections)}
        self._holder_of: dict[str, int] = {}

    def apply(self, changes: Iterable[Change]) -> None:
        """Move the votes by `changes`: section, marks, by how many ballots they became more."""
        for section, marks, delta in changes:
            holder = self._holder_of.get(marks)
            self._held[section][self._admit(marks) if holder is None else holder] += delta

    def count(self) -> Count:
        """Return the count of all that was applied so far."""
        continuing = tuple(range(self._candidates))
        return Count((settle(1, tuple(self._held.values()), continuing, self._contest, self._lot),))

    def _admit(self, marks: str) -> int:
        path = normalise(marks, self._contest.rules).path(self._candidates)
        self._holder_of[marks] = path[0]
        return path[0]
