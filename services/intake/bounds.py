"""What intake remembers of those who send ballots: in tables of fixed size, so that no flood of codes or addresses fills memory.

* `shared.runtime.process.rates`: how often something may happen for each code or address.
* `RecentBallots`: which ballots were recorded lately, so that a ballot sent again costs no place in the log, and other rankings
  under the same ballot id are refused. It forgets the old and knows nothing of other processes: the judge decides, from the log.
* `RankingCache`: rankings with their one spelling, up to a stated number of bytes.

None of it decides whether a ballot counts.
"""

from collections.abc import Hashable, Sequence
from sys import getsizeof
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from shared.contract.packs import Ballot

Ranks = tuple[tuple[str, ...], ...]
Spelling = Ranks | bytes
"""Ranks, or the bytes that a line spells them with."""
Known = Literal["new", "recorded", "other rankings"]

SLOT_BYTES: Final = 25
"""Of a remembered ballot: 16 of who, 8 of what, one that says whether it is recorded."""
MAX_CACHE_BYTES: Final = 32 << 20
"""Of rankings and their spellings, in one process."""
ENTRY_BYTES: Final = 200
"""What an entry costs in the dictionary, at most."""
TOGETHER: Final = 25
"""So many ballots and more are looked up in one step: below that one after another is quicker."""
_WHO_BYTES: Final = 16
_RECORDED: Final = b"\x01"


class RecentBallots:
    """The ballots that were taken last, by what a receipt knows them by. A newer one takes the place of an older."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._table = bytearray(slots * SLOT_BYTES)

    def mark(self, who: bytes, ballot: Ballot) -> bytes:
        """Return what a ballot is remembered by: 16 bytes of who cast it, 8 of what it says."""
        what = hash((ballot.section, ballot.rankings))
        return who[:_WHO_BYTES] + what.to_bytes(8, signed=True)

    def find(self, marks: Sequence[bytes]) -> list[Known]:
        """Return what is known of each ballot; one that is on its way to the log is new."""
        if len(marks) >= TOGETHER and self._slots:
            places, slots, joint = self._rows(marks)
            of = slots[places]
            if not (of[:, :_WHO_BYTES] == joint[:, :_WHO_BYTES]).all(axis=1).any():
                return ["new"] * len(marks)
        return [self._find(mark) for mark in marks]

    def note(self, marks: Sequence[bytes], *, recorded: bool) -> None:
        """Remember ballots, as recorded or as on their way: then nobody can say whether they are in the log."""
        if len(marks) >= TOGETHER and self._slots:
            places, slots, joint = self._rows(marks)
            slots[places, :-1] = joint
            slots[places, -1] = recorded
        elif self._slots:
            for mark in marks:
                start = self._start(mark)
                self._table[start : start + SLOT_BYTES] = mark + (_RECORDED if recorded else b"\x00")

    def forget(self, mark: bytes) -> None:
        """Forget a ballot that was not sent to the log."""
        start = self._start(mark)
        if self._table.startswith(mark[:_WHO_BYTES], start):
            self._table[start : start + SLOT_BYTES] = bytes(SLOT_BYTES)

    def _find(self, mark: bytes) -> Known:
        start = self._start(mark)
        found = self._table[start : start + SLOT_BYTES]
        if found.startswith(mark):
            return "recorded" if found.endswith(_RECORDED) else "new"
        return "other rankings" if found.startswith(mark[:_WHO_BYTES]) else "new"

    def _start(self, mark: bytes) -> int:
        return int.from_bytes(mark[:8]) % max(1, self._slots) * SLOT_BYTES

    def _rows(
        self, marks: Sequence[bytes]
    ) -> tuple[NDArray[np.uint64], NDArray[np.uint8], NDArray[np.uint8]]:
        """Return the places of marks, the table as rows of slots, and the marks as rows."""
        joint = np.frombuffer(b"".join(marks), np.uint8).reshape(len(marks), -1)
        places = joint[:, :8].copy().view(">u8")[:, 0].astype(np.uint64) % np.uint64(self._slots)
        return places, np.frombuffer(self._table, np.uint8).reshape(-1, SLOT_BYTES), joint


class RankingCache:
    """The rankings that were spelt last, of all contests, in at most `max_bytes`; the oldest makes room."""

    def __init__(self, max_bytes: int = MAX_CACHE_BYTES) -> None:
        self._max_bytes = max_bytes
        self._kept: dict[tuple[int, Spelling], str] = {}
        self._sizes: dict[tuple[int, Spelling], int] = {}
        self._numbers: dict[Hashable, int] = {}
        self.bytes = 0

    def number_of(self, spelling: Hashable) -> int:
        """Return the number of contests whose rankings are spelt alike: `spelling` is all that the marks depend on."""
        return self._numbers.setdefault(spelling, len(self._numbers))

    def get(self, contest: int, ranks: Spelling) -> str | None:
        """Return a ranking's marks, None if they are not kept."""
        return self._kept.get((contest, ranks))

    def keep(self, contest: int, ranks: Spelling, marks: str) -> None:
        """Keep a ranking that fits its contest; `ranks` should hold the contest's own texts, so that they are not kept twice."""
        key = contest, ranks
        size = ENTRY_BYTES + getsizeof(marks) + getsizeof(ranks)
        if isinstance(ranks, tuple):
            size += sum(map(getsizeof, ranks))
        if size > self._max_bytes // 100:
            return
        while self._kept and self.bytes + size > self._max_bytes:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self.bytes -= self._sizes.pop(oldest)
        self._kept[key], self._sizes[key] = marks, size
        self.bytes += size
