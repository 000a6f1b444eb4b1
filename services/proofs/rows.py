"""Where a ballot stands in a shard's tree, found by the first part of its leaf: what a receipt is looked up by.

Rows are kept in segments of SEGMENT leaves, a file each, in columns:

| column  | bytes a leaf | holds                                                            |
|---------|--------------|------------------------------------------------------------------|
| sorted  | 8            | first bytes of `who`, ascending                                  |
| order   | 2            | for each of them, its place in the segment                       |
| whats   | 32           | digests of section and rankings, salted, in the tree's order     |
| reasons | 1            | place of the verdict's reason in REASONS; NO_BALLOT for a record |
| places  | 10           | offset of the pack in the shard, index in the pack               |

Two ballots may share the first bytes of `who`, by chance or on purpose: the caller compares a row with the tree's own hash.
"""

from collections.abc import Iterable, Iterator, Sequence
from struct import Struct
from typing import Final, NamedTuple

import numpy as np

from shared.contract.leaves import Digests
from shared.contract.verdicts import Reason

SEGMENT: Final = 16_384
KEY_BYTES: Final = 8
WHAT_BYTES: Final = 32
REASONS: Final = (
    *(Reason.ACCEPTED, Reason.SUPERSEDING, Reason.SAME_BALLOT, Reason.SUPERSEDED, Reason.ALREADY_VOTED),
    *(Reason.NOT_OPEN, Reason.PAUSED, Reason.CLOSED, Reason.VOID_ELECTOR, Reason.BAD_CODE),
    *(Reason.UNKNOWN_ELECTION, Reason.UNKNOWN_ELECTOR, Reason.UNKNOWN_SECTION, Reason.WRONG_SHARD),
    *(Reason.UNKNOWN_CONTEST, Reason.BAD_RANKING, Reason.MALFORMED),
)
"""Files carry places in this list: a new reason goes to its end."""
NO_BALLOT: Final = 255
ROW_BYTES: Final = 53

assert {*REASONS} == {*Reason}, "every reason has a place"

_PLACE = Struct("<QH")
_CODES = {reason.value: code for code, reason in enumerate(REASONS)}
PLACE_BYTES: Final = _PLACE.size
_NOBODY = bytes(KEY_BYTES)
_NOTHING = bytes(WHAT_BYTES)


def places_of(first: int, sizes: Sequence[int]) -> bytes:
    """Return the places of the ballots of packs that follow one another, PLACE_BYTES each: offset, index in the pack."""
    places = np.empty(sum(sizes), [("offset", "<u8"), ("index", "<u2")])
    places["offset"] = np.repeat(np.arange(first, first + len(sizes)), sizes)
    places["index"] = np.arange(len(places)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return places.tobytes()


def codes_of(outcomes: Iterable[tuple[str, int]]) -> bytes:
    """Return the place in REASONS of each ballot's reason, a byte each, from reasons in runs. Raises KeyError if one is none."""
    return b"".join([bytes([_CODES[reason]]) * ballots for reason, ballots in outcomes])


class Row(NamedTuple):
    """A ballot in the tree."""

    leaf: int
    what: bytes
    reason: Reason
    offset: int
    place: int
    """Index in the pack."""


class Segment:
    """Rows of leaves that follow one another from `first` on, not full yet."""

    def __init__(self, first: int = 0, saved: Sequence[bytes] = (b"", b"", b"", b"")) -> None:
        self.first = first
        self._keys, self._whats, self._reasons, self._places = map(bytearray, saved)

    @property
    def room(self) -> int:
        """How many leaves still fit."""
        return SEGMENT - len(self._reasons)

    def add(self, whos: Digests, whats: Digests, reasons: bytes, places: bytes) -> None:
        """Add ballots, as many as there is room for; `reasons` are made by `codes_of`, `places` by `places_of`."""
        self._keys += whos[:, :KEY_BYTES].tobytes()
        self._whats += whats.tobytes()
        self._reasons += reasons
        self._places += places

    def add_record(self, offset: int) -> None:
        """Add a record that is no pack: nobody looks for it."""
        self._keys += _NOBODY
        self._whats += _NOTHING
        self._reasons.append(NO_BALLOT)
        self._places += _PLACE.pack(offset, 0)

    def save(self) -> list[bytes]:
        """Return the columns, for another Segment."""
        return [bytes(column) for column in (self._keys, self._whats, self._reasons, self._places)]

    def encoded(self) -> bytes:
        """Return the rows as a file holds them."""
        keys = np.frombuffer(self._keys, ">u8")
        order = np.argsort(keys, kind="stable")
        head = keys[order].astype(">u8").tobytes() + order.astype("<u2").tobytes()
        return head + bytes(self._whats) + bytes(self._reasons) + bytes(self._places)

    def find(self, who: bytes) -> Iterator[Row]:
        """Yield the ballots whose key is that of `who`."""
        key = int.from_bytes(who[:KEY_BYTES])
        keys = np.frombuffer(bytes(self._keys), ">u8")
        for row in np.flatnonzero(keys == key).tolist():
            yield from _row(self.first, row, self._whats, self._reasons, self._places)


def find_in(content: bytes, first: int, who: bytes) -> Iterator[Row]:
    """Yield the ballots of a full segment's file whose key is that of `who`, by halving."""
    keys = np.frombuffer(content, ">u8", SEGMENT)
    order = np.frombuffer(content, "<u2", SEGMENT, KEY_BYTES * SEGMENT)
    key = int.from_bytes(who[:KEY_BYTES])
    wanted = np.array([key], ">u8")
    begin, end = np.searchsorted(keys, wanted, "left"), np.searchsorted(keys, wanted, "right")
    at = (KEY_BYTES + 2) * SEGMENT
    whats = memoryview(content)[at : at + WHAT_BYTES * SEGMENT]
    reasons = memoryview(content)[at + WHAT_BYTES * SEGMENT : at + (WHAT_BYTES + 1) * SEGMENT]
    places = memoryview(content)[at + (WHAT_BYTES + 1) * SEGMENT :]
    for row in order[int(begin[0]) : int(end[0])].tolist():
        yield from _row(first, row, whats, reasons, places)


Bytes = bytearray | memoryview


def _row(first: int, row: int, whats: Bytes, reasons: Bytes, places: Bytes) -> Iterator[Row]:
    if reasons[row] == NO_BALLOT:
        return
    offset, index = _PLACE.unpack_from(places, _PLACE.size * row)
    what = bytes(whats[WHAT_BYTES * row : WHAT_BYTES * (row + 1)])
    yield Row(first + row, what, REASONS[reasons[row]], offset, index)
