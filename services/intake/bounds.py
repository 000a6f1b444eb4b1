"""What intake remembers of those who send ballots: in tables of fixed size, so that no flood of codes or addresses fills memory.

* `shared.runtime.process.rates`: how often something may happen for each code or address.
* `RecentBallots`: which ballots were recorded lately, so that a ballot sent again costs no place in the log, and other rankings
  under the same ballot id are refused. It forgets the old and knows nothing of other processes: the judge decides, from the log.
* `RankingCache`: rankings with their one spelling, up to a stated number of bytes.

None of it decides whether a ballot counts.
"""

from collections import deque
from collections.abc import Hashable
from sys import getsizeof
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from services.intake.outcomes import Admitted, AdmittedLines

Ranks = tuple[tuple[str, ...], ...]
Spelling = Ranks | bytes
"""Ranks, or the bytes by which a line names a contest and its ranks."""
Known = Literal["new", "recorded", "other rankings"]

SLOT_BYTES: Final = 25
"""Of a remembered ballot: 16 of who, 8 of what, one that says whether it is recorded."""
MAX_CACHE_BYTES: Final = 32 << 20
"""Of rankings and their spellings, in one process."""
ENTRY_BYTES: Final = 200
"""What an entry costs beside its texts, at most."""
_WHO_BYTES: Final = 16
_RECORDED: Final = b"\x01"


class RecentBallots:
    """The ballots that were taken last, by what a receipt knows them by. A newer one takes the place of an older."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._table = bytearray(slots * SLOT_BYTES)
        self._rows = np.frombuffer(self._table, np.uint8).reshape(-1, SLOT_BYTES)

    def mark(self, ballot: Admitted) -> bytes:
        """Return what a ballot is remembered by: 16 bytes of who cast it, 8 of what it says."""
        what = hash((ballot.ballot.section, ballot.ballot.rankings))
        return ballot.who[:_WHO_BYTES] + what.to_bytes(8, signed=True)

    def find(self, mark: bytes) -> Known:
        """Return what is known of a ballot; one that is on its way to the log is new."""
        start = self._start(mark)
        found = self._table[start : start + SLOT_BYTES]
        if found.startswith(mark):
            return "recorded" if found.endswith(_RECORDED) else "new"
        return "other rankings" if found.startswith(mark[:_WHO_BYTES]) else "new"

    def note(self, mark: bytes, *, recorded: bool) -> None:
        """Remember a ballot, as recorded or as on its way: then nobody can say whether it is in the log."""
        if self._slots:
            start = self._start(mark)
            self._table[start : start + SLOT_BYTES] = mark + (_RECORDED if recorded else b"\x00")

    def marks(self, ballots: AdmittedLines) -> NDArray[np.uint8]:
        """Return `mark` of each row."""
        sections = ballots.columns["section"].tolist()
        whats = np.fromiter(map(hash, zip(sections, ballots.rankings, strict=True)), ">i8", len(ballots))
        return np.concatenate(
            [ballots.columns["who"][:, :_WHO_BYTES], whats.view(np.uint8).reshape(-1, 8)], axis=1
        )

    def are_unknown(self, marks: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return of each mark whether nothing is known of who cast it under this ballot id: then `find` says that it is new."""
        if not self._slots:
            return np.ones(len(marks), np.bool_)
        found = self._rows[self._places(marks), :_WHO_BYTES]
        unknown: NDArray[np.bool_] = (found != marks[:, :_WHO_BYTES]).any(axis=1)
        return unknown

    def note_all(self, marks: NDArray[np.uint8], *, recorded: bool) -> None:
        """Do `note` for each mark; of two that share a place the later is remembered."""
        if self._slots:
            self._rows[self._places(marks)] = np.pad(marks, ((0, 0), (0, 1)), constant_values=recorded)

    def _start(self, mark: bytes) -> int:
        return int.from_bytes(mark[:8]) % max(1, self._slots) * SLOT_BYTES

    def _places(self, marks: NDArray[np.uint8]) -> NDArray[np.uint64]:
        return marks[:, :8].copy().view(">u8")[:, 0] % np.uint64(self._slots)


class RankingCache:
    """The rankings that were spelt last, of all contests, in at most `max_bytes`; the oldest makes room."""

    def __init__(self, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept: dict[Hashable, dict[Spelling, str]] = {}
        self._order: deque[tuple[dict[Spelling, str], Spelling, int]] = deque()
        """What was kept, and its size, from the oldest on."""
        self.bytes = 0

    def of(self, contests: Hashable) -> "dict[Spelling, str]":
        """Return what is kept of contests whose rankings are spelt alike: `contests` is all that the marks depend on."""
        return self._kept.setdefault(contests, {})

    def keep(self, kept: "dict[Spelling, str]", ranks: Spelling, marks: str) -> None:
        """Keep a ranking's marks; `ranks` should hold the contest's own texts, so that they are not kept twice."""
        size = ENTRY_BYTES + getsizeof(marks) + getsizeof(ranks)
        if isinstance(ranks, tuple):
            size += sum(map(getsizeof, ranks))
        if size > self._max_bytes // 100 or ranks in kept:
            return
        while self._order and self.bytes + size > self._max_bytes:
            of, oldest, freed = self._order.popleft()
            del of[oldest]
            self.bytes -= freed
        kept[ranks] = marks
        self._order.append((kept, ranks, size))
        self.bytes += size
