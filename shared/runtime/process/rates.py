"""How often something may happen for each code or address, in tables of fixed size: no flood of them fills memory."""

from array import array
from collections.abc import Hashable
from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE_SLOTS: Final = 1 << 16
"""In each of two rows of 8 bytes: 1 MiB a table."""
_SLOTS: Final = np.uint64(RATE_SLOTS)
_SECOND: Final = np.uint64(20)
"""The first bit of a hash that the place in the second row depends on."""


class Rates:
    """How often something may happen for each key: `burst` times at once (unstated: a minute's), then `per_minute`. 0: no limit.

    Each key has a place in two rows (a count-min sketch of generic cell rates), and the lower of the two holds. Keys that share
    both places share a rate; that is rare below 100,000 keys a minute.
    """

    def __init__(self, per_minute: int, burst: int | None = None) -> None:
        self._gap_s = 60.0 / per_minute if per_minute else 0.0
        self._room_s = self._gap_s * ((burst or per_minute) - 1)
        self._due_s = array("d", bytes(2 * RATE_SLOTS * 8))
        self._both = np.frombuffer(self._due_s)
        """The same numbers, for many keys at once."""

    def hit(self, key: Hashable, now_s: float) -> float:
        """Count one for a key; return 0, or after how many seconds it may happen again."""
        if not self._gap_s:
            return 0.0
        hashed, due_s = hash(key), self._due_s
        one, two = hashed % RATE_SLOTS, RATE_SLOTS + (hashed >> 20) % RATE_SLOTS
        first, second = due_s[one], due_s[two]
        due = min(second, first)
        if due > now_s + self._room_s:
            return due - now_s - self._room_s
        due = self._gap_s + (max(now_s, due))
        if due > first:
            due_s[one] = due
        if due > second:
            due_s[two] = due
        return 0.0

    def hit_all(self, keys: NDArray[np.uint64], now_s: float) -> NDArray[np.float64]:
        """Return `hit` of each key; they are whole numbers below 2^60, each another."""
        if not self._gap_s:
            return np.zeros(len(keys))
        ones, twos = keys % _SLOTS, _SLOTS + (keys >> _SECOND) % _SLOTS
        due = np.minimum(self._both[ones], self._both[twos])
        waits: NDArray[np.float64] = np.maximum(0.0, due - now_s - self._room_s)
        again = np.where(waits > 0, 0.0, self._gap_s + np.maximum(now_s, due))
        for places in (ones, twos):
            np.maximum.at(self._both, places, again)
        return waits

    def left(self, key: Hashable, now_s: float) -> int:
        """Return how often it may happen for a key at once now. Raises ZeroDivisionError where there is no limit."""
        hashed = hash(key)
        due = min(self._due_s[hashed % RATE_SLOTS], self._due_s[RATE_SLOTS + (hashed >> 20) % RATE_SLOTS])
        return int((self._room_s - max(0.0, due - now_s)) / self._gap_s + 1)
