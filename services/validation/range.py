"""Verdicts that follow one another, gathered for one record.

Rule 1: a range is of one election and holds ballots only; it is cut where it has become large. Where it is cut
        decides nothing.
"""

from shared.contract.codec import encode_judged
from shared.contract.verdict_ranges import HotAnonymousBallot, verdict_range
from shared.contract.verdicts import MAX_VERDICTS_IN_RANGE

MAX_BYTES = 128 * 1024
"""Of the cast records that a range is about: their verdicts fit a batch whatever the ballots are like."""
SHARE_BYTES = -(-MAX_BYTES // MAX_VERDICTS_IN_RANGE)
"""A shorter record takes as much room, so that there are never too many."""


class Range:
    """The verdicts from `since` on that are not written yet."""

    def __init__(self, since: int, election: str) -> None:
        self.election = election
        self.room = MAX_BYTES
        """In bytes; without any, the range has to end before another record ends."""
        self._since = since
        self._reasons: list[str] = []
        self._accepted: list[HotAnonymousBallot] = []

    def add(self, reason: str, ballot: HotAnonymousBallot | None, size: int) -> None:
        """Add how a cast record of `size` bytes ended, with the ballot if it counts."""
        self._reasons.append(reason)
        if ballot is not None:
            self._accepted.append(ballot)
        self.room -= max(size, SHARE_BYTES)

    def encoded(self, head: bytes) -> bytes:
        """Return the record; `head` is that after the last verdict."""
        verdicts = verdict_range(self._since, self.election, self._reasons, self._accepted, head.hex())
        return encode_judged(verdicts)
