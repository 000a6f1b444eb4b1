"""Where every ballot of a count is, and what it is worth there.

A row of the profile moves as one: equal rankings have one holder and one value. It stays with its holder until that
one is eliminated; then it goes to the next on its path who can receive votes, or rests with an ending.

Votes are units of the count's last place. 64 bits hold them, or Python's integers do: never a float. Fixed places lose
a few units when a surplus is divided: the count's residue. It belongs to no section, and is taken from the sections in
their order.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.contract.elections import Contest
from shared.contract.standings import Ending
from shared.rcv.count.normalise import ENDINGS
from shared.rcv.count.profile import SEVERAL, Columns
from shared.rcv.count.rounds import Transfer, transfers_from
from shared.rcv.count.trace import Snapshot, Units

OVERVOTE: Final = ENDINGS.index(Ending.OVERVOTE)
SURPLUS: Final = ENDINGS.index(Ending.SURPLUS)
MAX_UNITS: Final = 2**62
"""Above it a product of votes and a ballot's value might not fit 64 bits."""

Share = Callable[[Units], Units]
"""What ballots pass on, given what they are worth."""


class Piles:
    """All ballots of one count."""

    def __init__(
        self, profile: Columns, contest: Contest, unit: int, snapshots: list[Snapshot] | None = None
    ) -> None:
        self._several = profile.several
        paths, self._section, ballots = profile.columns()
        self._width = paths.shape[1]
        self._paths = paths.reshape(-1)
        self._candidates, self._sections = profile.candidates, profile.sections
        self._shape = self._candidates + len(ENDINGS), self._sections
        whole = int(ballots.sum()) * unit * unit <= MAX_UNITS
        self._ballots: Units = ballots if whole else ballots.astype(np.object_)
        self._dtype = np.dtype(np.int64 if whole else np.object_)
        # By holder, any byte of a path: whether it can receive votes. Endings always can.
        self._receives = np.ones(SEVERAL + 1, np.bool_)
        self._receives[[*contest.excluded, SEVERAL]] = False
        # By row: the place on its path that was read last, counted through all paths; who holds it; what one of its ballots
        # is worth.
        self._at = np.arange(0, len(self._paths), self._width)
        self._holder = np.zeros(len(ballots), np.uint8)
        self._value: Units | None = None if unit == 1 else np.full(len(ballots), unit, self._dtype)
        self._kept: dict[int, Units] = {}
        every_row = np.arange(len(ballots))
        self._find_holders(every_row)
        self._held = self._units_by_holder(every_row)
        self._residue = [0] * self._sections
        self._snapshots = snapshots

    def by_section(self) -> list[list[int]]:
        """Return for each section the units of each holder."""
        by_section: list[list[int]] = self._held.T.tolist()
        return by_section

    def residue_by_section(self) -> tuple[int, ...]:
        """Return for each section the units that fixed places have lost so far; nothing where none can be."""
        return () if self._value is None else tuple(self._residue)

    def record(self) -> None:
        """Remember where all ballots are now, if somebody wants to know."""
        if self._snapshots is not None:
            value = None if self._value is None else self._value.copy()
            self._snapshots.append(Snapshot(self._holder.astype(np.intp), value, dict(self._kept)))

    def close(self, candidates: Iterable[int]) -> None:
        """Let `candidates`, who keep what they have, receive nothing more."""
        self._receives[list(candidates)] = False

    def eliminate(self, eliminated: Iterable[int]) -> tuple[Transfer, ...]:
        """Take candidates out, all at once, and return where their votes go."""
        out = list(eliminated)
        self.close(out)
        transfers: list[Transfer] = []
        for candidate in out:
            rows = np.flatnonzero(self._holder == candidate)
            self._find_holders(rows)
            transfers += self._transfer(candidate, rows)
        return tuple(transfers)

    def divide(
        self, elected: Mapping[int, Share], threshold: int, *, is_needed: bool = True
    ) -> tuple[Transfer, ...]:
        """Leave each of `elected` the threshold, or less if they have less, and pass on the rest of their ballots.

        Where no seat is left the rest is not needed: it passes to nobody, whomever the ballots rank next.
        """
        self.close(elected)
        # Whose rows are whose is asked before the first surplus moves.
        rows_of = {candidate: np.flatnonzero(self._holder == candidate) for candidate in elected}
        transfers: list[Transfer] = []
        for candidate, share in elected.items():
            rows = rows_of[candidate]
            self._split(candidate, rows, share)
            if is_needed:
                self._find_holders(rows)
            else:
                self._holder[rows] = self._candidates + SURPLUS
            transfers += self._transfer(candidate, rows)
            lost = max(0, int(self._held[candidate].sum()) - threshold)
            transfers += self._lose(candidate, lost, Ending.RESIDUE)
        return tuple(transfers)

    def _worth(self, rows: NDArray[np.intp]) -> Units:
        """Return what one ballot of each of `rows` is worth to its holder."""
        assert self._value is not None, "only divided votes have a value"
        return self._value[rows]

    def _split(self, candidate: int, rows: NDArray[np.intp], share: Share) -> None:
        """Let each ballot of `rows` be worth what it passes on; the rest of its worth stays with the candidate."""
        assert self._value is not None, "only divided votes have a surplus"
        worth = self._worth(rows)
        passed = share(worth)
        kept = np.zeros(len(self._holder), self._dtype)
        kept[rows] = worth - passed
        self._kept[candidate] = kept
        self._value[rows] = passed

    def _lose(self, candidate: int, units: int, ending: Ending) -> tuple[Transfer, ...]:
        """Take units from a candidate that no ballot carries on: residue, or votes without a further choice."""
        left = units
        for section in range(self._sections):
            lost = min(left, int(self._held[candidate, section]))
            self._held[candidate, section] -= lost
            if ending is Ending.RESIDUE:
                self._residue[section] += lost
            else:
                self._held[self._candidates + ENDINGS.index(ending), section] += lost
            left -= lost
        return (Transfer(candidate, None, ending, units),) if units else ()

    def _transfer(self, source: int, rows: NDArray[np.intp]) -> tuple[Transfer, ...]:
        """Take what rows are worth from `source`, give it to their holders, and return the transfers."""
        moved = self._units_by_holder(rows)
        self._held += moved
        self._held[source] -= moved.sum(axis=0)
        return transfers_from(source, moved.sum(axis=1).tolist(), self._candidates)

    def _find_holders(self, rows: NDArray[np.intp]) -> None:
        """Give rows to the next on their paths who can receive votes: one place of the paths at a time."""
        waiting = rows
        while waiting.size:
            holder = self._paths.take(self._at.take(waiting))
            if self._several:
                holder = self._decide_several(waiting, holder)
            self._holder[waiting] = holder
            waiting = waiting[~self._receives.take(holder)]
            self._at[waiting] += 1

    def _units_by_holder(self, rows: NDArray[np.intp]) -> Units:
        """Return what rows are worth to their holders: shape (holders, sections)."""
        units = self._ballots.take(rows)
        if self._value is not None:
            units = units * self._value.take(rows)
        received = np.zeros(self._shape, self._dtype)
        cells = self._holder.take(rows) * np.intp(self._sections) + self._section.take(rows)
        np.add.at(received.reshape(-1), cells, units)
        return received

    def _decide_several(self, rows: NDArray[np.intp], holder: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return who holds rows where a rank names several: the one of them who can receive, or an overvote."""
        decided = holder.copy()
        for at in np.flatnonzero(holder == SEVERAL):
            named = self._several[divmod(int(self._at[rows[at]]), self._width)]
            can_receive = [c for c in named if c < 0 or self._receives[c]]
            if len(can_receive) > 1:
                decided[at] = self._candidates + OVERVOTE
            elif can_receive:
                decided[at] = can_receive[0]
        return decided
