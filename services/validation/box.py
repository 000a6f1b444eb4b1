"""The ballot box of one election in one shard: who has voted, and with which ballot.

Rule 1: electors of a shard are dense (number // shards), so a box is columns: 18 bytes an elector and 4 a contest.
Rule 2: an elector's entry is the ballot that stands, even while it is void: a restore brings back that one.
Rule 3: marks are numbered as they come and stored once, contest by contest.
"""

from array import array
from struct import Struct
from typing import Any, Final

import msgspec

from shared.contract.verdicts import AnonymousBallot

NO_BALLOT: Final = -1
ID_BYTES: Final = 16

_put_id = Struct(f"{ID_BYTES}s").pack_into
"""Into a buffer at an offset: a slice takes twice as long."""


class BallotBox:
    """One vote an elector. An election has a contest at least."""

    def __init__(self, electors: int, contests: int) -> None:
        self.numbers: list[dict[str, int]] = [{} for _ in range(contests)]
        """For each contest, the marks that papers in the box carry, and their number."""
        self._marks: list[list[str]] = [[] for _ in range(contests)]
        self._columns = [array("i", [NO_BALLOT]) * electors for _ in range(contests)]
        """For each contest, the number of the elector's marks."""
        self._voted = self._columns[0]
        self._sections = array("H", [0]) * electors
        self._ballot_ids = bytearray(ID_BYTES * electors)
        self._void: set[int] = set()

    def has_voted(self, place: int) -> bool:
        """Whether the elector at this place has a ballot, void or not."""
        return self._voted[place] != NO_BALLOT

    def is_touched(self, place: int) -> bool:
        """Whether the elector at this place has a ballot or is void: for nearly all who vote, no."""
        return self._voted[place] != NO_BALLOT or place in self._void

    def holds(self, place: int, ballot_id: str) -> bool:
        """Whether the elector's ballot is this very one."""
        start = ID_BYTES * place
        return self.has_voted(place) and self._ballot_ids[start : start + ID_BYTES] == bytes.fromhex(
            ballot_id
        )

    def is_void(self, place: int) -> bool:
        """Whether the elector's right to vote is void."""
        return place in self._void

    def put(self, place: int, ballot_id: str, section: int, papers: tuple[str, ...]) -> None:
        """Put the elector's first ballot in."""
        assert self._voted[place] == NO_BALLOT, "the first ballot stands"
        _put_id(self._ballot_ids, ID_BYTES * place, bytes.fromhex(ballot_id))
        self._sections[place] = section
        for contest, marks in enumerate(papers):
            number = self.numbers[contest].get(marks)
            self._columns[contest][place] = self._add(contest, marks) if number is None else number

    def void(self, place: int) -> AnonymousBallot | None:
        """Make the elector void; return the ballot this takes out of the count."""
        self._void.add(place)
        return self._paper_at(place)

    def restore(self, place: int) -> AnonymousBallot | None:
        """Take a void back; return the ballot this brings back into the count."""
        self._void.remove(place)
        return self._paper_at(place)

    def save(self) -> dict[str, Any]:
        """Return the state as plain data, columns as they lie in memory."""
        return {
            "marks": self._marks,
            "columns": [memoryview(column).cast("B") for column in self._columns],
            "sections": memoryview(self._sections).cast("B"),
            "ballot_ids": self._ballot_ids,
            "void": sorted(self._void),
        }

    @classmethod
    def restored(cls, state: dict[str, Any]) -> "BallotBox":
        """Return the box that was saved."""
        box = cls(0, len(state["columns"]))
        for column, saved in zip(box._columns, state["columns"], strict=True):
            column.frombytes(saved)
        box._sections.frombytes(state["sections"])
        box._ballot_ids = bytearray(state["ballot_ids"])
        box._void = set(state["void"])
        for contest, saved in enumerate(msgspec.convert(state["marks"], list[list[str]])):
            for marks in saved:
                box._add(contest, marks)
        return box

    def _add(self, contest: int, marks: str) -> int:
        number = self.numbers[contest][marks] = len(self._marks[contest])
        self._marks[contest].append(marks)
        return number

    def _paper_at(self, place: int) -> AnonymousBallot | None:
        if not self.has_voted(place):
            return None
        numbers = (column[place] for column in self._columns)
        papers = tuple(marks[number] for marks, number in zip(self._marks, numbers, strict=True))
        return AnonymousBallot(section=self._sections[place], rankings=papers)
