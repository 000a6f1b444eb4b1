"""The ballot box of one election in one shard: who may vote, who has voted, and with which ballot.

The electors of a shard are dense (number // shards), so a box is columns: 28 bytes an elector (commitment 10, ballot id
16, section 2) and 4 a contest; 16 for each ballot that a later one has superseded, whose id is kept so that a retry of it
takes nothing back. An elector's entry is the ballot that stands, even while it is void: a restore brings back
that one. Marks are numbered in the order of the ballots that first carry them and stored once, contest by contest. Those that no
ballot carries any more are forgotten now and then, or whoever votes again and again would fill memory with them.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.contract.codes import COMMITMENT_BYTES
from shared.contract.packs import ID_BYTES

NO_BALLOT: Final = -1
MARKS_BYTES: Final = 200
"""What marks cost beside their spelling, at most."""
_ID: Final = np.dtype(f"V{ID_BYTES}")
"""An id as one value: to put many in takes a tenth of what rows of bytes take."""
UNUSED_BYTES: Final = 16 << 20
"""Marks are looked through once they take so much more than twice what was in use the last time."""


class BoxedBallot(NamedTuple):
    """A ballot as the box holds it."""

    ballot_id: bytes
    section: int
    rankings: tuple[str, ...]


class Numbers(dict[str, int]):
    """Marks to their number; NO_BALLOT for marks that no accepted ballot carries."""

    def __missing__(self, _: str) -> int:
        return NO_BALLOT


class BallotBox:
    """One vote an elector. An election has a contest at least."""

    def __init__(self, electors: int, contests: int) -> None:
        self.commitments = np.zeros((electors, COMMITMENT_BYTES), np.uint8)
        self.numbers: list[Numbers] = [Numbers() for _ in range(contests)]
        self.marks: list[list[str]] = [[] for _ in range(contests)]
        self._columns = [np.full(electors, NO_BALLOT, np.int32) for _ in range(contests)]
        """For each contest, the number of the elector's marks."""
        self._sections = np.zeros(electors, np.uint16)
        self._ids = np.zeros((electors, ID_BYTES), np.uint8)
        self._void: set[int] = set()
        self._superseded: dict[int, bytes] = {}
        """By place, the ids of ballots that a later one has superseded, one behind the other."""
        self.marks_bytes = 0
        """What marks cost."""
        self._used_bytes = 0
        """What those cost that were in use the last time."""

    @property
    def electors(self) -> int:
        """Electors of the shard."""
        return len(self._sections)

    def is_void(self, place: int) -> bool:
        """Whether the elector's right to vote is void."""
        return place in self._void

    def supersede(self, place: int, ballot_id: bytes) -> None:
        """Remember the id of a ballot whose place a later one takes; `put` then overwrites it."""
        self._superseded[place] = self._superseded.get(place, b"") + ballot_id

    def is_superseded(self, place: int, ballot_id: bytes) -> bool:
        """Whether a later ballot of the elector has taken the place of this one."""
        ids = self._superseded.get(place, b"")
        at = ids.find(ballot_id)
        while at % ID_BYTES and at > 0:  # it stands across two others
            at = ids.find(ballot_id, at + 1)
        return at >= 0

    @property
    def may_forget(self) -> bool:
        """Whether marks take so much that those in use should be looked for. A function of the ballots so far alone."""
        return bool(self._superseded) and self.marks_bytes > 2 * self._used_bytes + UNUSED_BYTES

    def forget_unused(self) -> None:
        """Forget the marks that no ballot carries, and number the others anew, in their order."""
        kept = self.marks
        self.marks, self.numbers = [[] for _ in kept], [Numbers() for _ in kept]
        self.marks_bytes = 0
        for contest, (marks, column) in enumerate(zip(kept, self._columns, strict=True)):
            voted = np.flatnonzero(column != NO_BALLOT)
            used, numbers = np.unique(column[voted], return_inverse=True)
            column[voted] = numbers
            for number in used.tolist():
                self.number(contest, marks[number])
        self._used_bytes = self.marks_bytes

    def touched(self, places: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of these places have a ballot, are void, or stand among `places` more than once."""
        voted = self._columns[0]
        touched: NDArray[np.bool_] = voted[places] != NO_BALLOT
        if self._void:
            touched |= np.isin(places, np.fromiter(self._void, np.int64, len(self._void)))
        fresh = np.flatnonzero(~touched)
        markers = np.arange(-2, -2 - len(fresh), -1, dtype=np.int32)
        at = places[fresh]
        voted[at] = markers  # of a place that comes twice only the last marker stays
        again = voted[at] != markers
        voted[at] = NO_BALLOT
        if again.any():
            touched[fresh] |= np.isin(at, at[again])
        return touched

    def numbers_of(self, columns: Sequence[Sequence[str]]) -> list[NDArray[np.int32]]:
        """Return the numbers of marks, a column a contest; NO_BALLOT for marks that no accepted ballot carries."""
        return [
            np.fromiter(map(numbers.__getitem__, marks), np.int32, len(marks))
            for numbers, marks in zip(self.numbers, columns, strict=False)
        ]

    def number(self, contest: int, marks: str) -> int:
        """Return the number of marks that an accepted ballot carries."""
        numbers = self.numbers[contest]
        found = numbers[marks]
        if found == NO_BALLOT:
            found = numbers[marks] = len(numbers)
            self.marks[contest].append(marks)
            self.marks_bytes += len(marks) + MARKS_BYTES
        return found

    def put(
        self,
        places: NDArray[np.int64],
        ids: NDArray[np.uint8],
        sections: NDArray[np.uint16],
        numbers: list[NDArray[np.int32]],
    ) -> None:
        """Put ballots of electors in; of a place that comes twice the last one stays."""
        self._ids.view(_ID)[:, 0][places] = ids.view(_ID)[:, 0]
        self._sections[places] = sections
        for column, found in zip(self._columns, numbers, strict=True):
            column[places] = found

    def void(self, place: int) -> BoxedBallot | None:
        """Make the elector void; return the ballot this takes out of the count."""
        self._void.add(place)
        return self.ballot_at(place)

    def restore(self, place: int) -> BoxedBallot | None:
        """Take a void back; return the ballot this brings back into the count."""
        self._void.remove(place)
        return self.ballot_at(place)

    def ballot_at(self, place: int) -> BoxedBallot | None:
        """Return the elector's ballot, void or not."""
        if self._columns[0][place] == NO_BALLOT:
            return None
        rankings = tuple(
            marks[column[place]] for marks, column in zip(self.marks, self._columns, strict=True)
        )
        return BoxedBallot(self._ids[place].tobytes(), int(self._sections[place]), rankings)

    def save(self) -> dict[str, Any]:
        """Return the state as plain data, columns as they lie in memory."""
        return {
            "commitments": _view(self.commitments),
            "marks": self.marks,
            "columns": [_view(column) for column in self._columns],
            "sections": _view(self._sections),
            "ids": _view(self._ids),
            "void": sorted(self._void),
            "superseded": sorted(self._superseded.items()),
            "used_bytes": self._used_bytes,
        }

    @classmethod
    def restored(cls, state: dict[str, Any]) -> "BallotBox":
        """Return the box that was saved."""
        box = cls(0, len(state["columns"]))
        box.commitments = _bytes(state["commitments"]).reshape(-1, COMMITMENT_BYTES)
        box._columns = [np.frombuffer(saved, np.int32).copy() for saved in state["columns"]]
        box._sections = np.frombuffer(state["sections"], np.uint16).copy()
        box._ids = _bytes(state["ids"]).reshape(-1, ID_BYTES)
        box._void = set(state["void"])
        box._superseded = dict(state["superseded"])
        box._used_bytes = state["used_bytes"]
        for contest, saved in enumerate(msgspec.convert(state["marks"], list[list[str]])):
            for marks in saved:
                box.number(contest, marks)
        return box


def _bytes(saved: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(saved, np.uint8).copy()


def _view(column: NDArray[np.generic]) -> memoryview:
    """Return a column as it lies in memory; a view of no bytes cannot be cast."""
    return column.data.cast("B") if column.size else memoryview(b"")
