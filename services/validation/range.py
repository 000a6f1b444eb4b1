"""Verdicts that follow one another, gathered to be told together.

Rule 1: a range is of one election and holds ballots only; it is cut where it has become large. Where it is cut
        decides nothing.
"""

from shared.contract.codec import encode_judged
from shared.contract.told import SectionedPaper, told_together
from shared.contract.verdicts import MAX_TOLD_TOGETHER, Reason

MAX_BYTES = 128 * 1024
"""Of the cast records whose papers are told: a told range fits a batch whatever the ballots are like."""


class Range:
    """The verdicts from `since` on that have not been told."""

    def __init__(self, since: int, election: str) -> None:
        self.election = election
        self._since = since
        self._reasons: list[str] = []
        self._papers: list[SectionedPaper] = []
        self._bytes = 0

    @property
    def full(self) -> bool:
        """Whether it has to be told before another is added."""
        return len(self._reasons) >= MAX_TOLD_TOGETHER or self._bytes >= MAX_BYTES

    def accept(self, paper: SectionedPaper, size: int) -> None:
        """Add a ballot that counts, of a cast record of `size` bytes."""
        self._reasons.append(Reason.ACCEPTED)
        self._papers.append(paper)
        self._bytes += size

    def refuse(self, reason: str) -> None:
        """Add a ballot that does not."""
        self._reasons.append(reason)

    def told(self, head: bytes) -> bytes:
        """Return the record; `head` is that after the last verdict."""
        told = told_together(self._since, self.election, self._reasons, self._papers, head.hex())
        return encode_judged(told)
