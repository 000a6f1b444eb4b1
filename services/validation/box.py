"""The ballot box of one election in one shard: who has voted, and with which ballot.

Rule 1: electors of a shard are dense (number // shards), so a box is arrays: about 21 bytes an elector.
Rule 2: an elector's entry is the ballot that stands, even while it is void: a restore brings back that one.
"""

import sys
from array import array
from typing import Any

import msgspec

from shared.contract.told import SectionedPaper
from shared.contract.verdicts import Paper

NO_PAPER = -1
ID_BYTES = 16


class BallotBox:
    """One vote an elector. Papers that are alike are stored once."""

    def __init__(self, electors: int) -> None:
        self._paper = array("i", [NO_PAPER]) * electors
        self._ballot_ids = bytearray(ID_BYTES * electors)
        self._void: set[int] = set()
        self._papers: list[SectionedPaper] = []
        self._number: dict[SectionedPaper, int] = {}

    def has_voted(self, place: int) -> bool:
        """Whether the elector at this place has a ballot, void or not."""
        return self._paper[place] != NO_PAPER

    def is_touched(self, place: int) -> bool:
        """Whether the elector at this place has a ballot or is void: for nearly all who vote, no."""
        return self._paper[place] != NO_PAPER or place in self._void

    def knows(self, paper: SectionedPaper) -> bool:
        """Whether such a paper has been put in before."""
        return paper in self._number

    def holds(self, place: int, ballot_id: str) -> bool:
        """Whether the elector's ballot is this very one."""
        start = ID_BYTES * place
        return self.has_voted(place) and self._ballot_ids[start : start + ID_BYTES] == bytes.fromhex(
            ballot_id
        )

    def is_void(self, place: int) -> bool:
        """Whether the elector's right to vote is void."""
        return place in self._void

    def put(self, place: int, ballot_id: str, paper: SectionedPaper) -> None:
        """Put the elector's first ballot in."""
        assert self._paper[place] == NO_PAPER, "the first ballot stands"
        start = ID_BYTES * place
        self._ballot_ids[start : start + ID_BYTES] = bytes.fromhex(ballot_id)
        number = self._number.get(paper)
        self._paper[place] = self._add(paper) if number is None else number

    def void(self, place: int) -> Paper | None:
        """Make the elector void; return the ballot this takes out of the count."""
        self._void.add(place)
        return self._paper_at(place)

    def restore(self, place: int) -> Paper | None:
        """Take a void back; return the ballot this brings back into the count."""
        self._void.remove(place)
        return self._paper_at(place)

    def save(self) -> dict[str, Any]:
        """Return the state as plain data."""
        return {
            "paper": self._paper.tobytes(),
            "ballot_ids": bytes(self._ballot_ids),
            "void": sorted(self._void),
            "papers": self._papers,
        }

    @classmethod
    def restored(cls, state: dict[str, Any]) -> "BallotBox":
        """Return the box that was saved."""
        box = cls(0)
        box._paper.frombytes(state["paper"])
        box._ballot_ids = bytearray(state["ballot_ids"])
        box._void = set(state["void"])
        for paper in msgspec.convert(state["papers"], list[SectionedPaper]):
            box._add(paper)
        return box

    def _add(self, paper: SectionedPaper) -> int:
        section, papers = paper
        paper = (section, tuple(map(sys.intern, papers)))
        number = self._number[paper] = len(self._papers)
        self._papers.append(paper)
        return number

    def _paper_at(self, place: int) -> Paper | None:
        if not self.has_voted(place):
            return None
        section, papers = self._papers[self._paper[place]]
        return Paper(section=section, papers=papers)
