"""Verdicts that follow one another, gathered to be told together.

Rule 1: a range is of one election and holds ballots only; it is cut where it has become large. Where it is cut
        decides nothing.
"""

from shared.contract.codec import encode_judged
from shared.contract.verdict_ranges import SectionedPaper, told_together
from shared.contract.verdicts import MAX_TOLD_TOGETHER

MAX_BYTES = 128 * 1024
"""Of the cast records that a range is about: what is told of them fits a batch whatever the ballots are like."""
SHARE_BYTES = -(-MAX_BYTES // MAX_TOLD_TOGETHER)
"""A shorter record takes as much room, so that there are never too many."""


class Range:
    """The verdicts from `since` on that have not been told."""

    def __init__(self, since: int, election: str) -> None:
        self.election = election
        self.room = MAX_BYTES
        """In bytes; without any, the range has to be told before another record ends."""
        self._since = since
        self._reasons: list[str] = []
        self._papers: list[SectionedPaper] = []

    def add(self, reason: str, paper: SectionedPaper | None, size: int) -> None:
        """Add how a cast record of `size` bytes ended, with the paper if it counts."""
        self._reasons.append(reason)
        if paper is not None:
            self._papers.append(paper)
        self.room -= max(size, SHARE_BYTES)

    def told(self, head: bytes) -> bytes:
        """Return the record; `head` is that after the last verdict."""
        told = told_together(self._since, self.election, self._reasons, self._papers, head.hex())
        return encode_judged(told)
