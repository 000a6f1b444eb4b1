"""What of Java decides RCTab's ties: random numbers, and the order in which a HashSet holds strings.

Rule 1: java.util.Random's algorithm is published with the class: the linear congruential generator of Knuth (The Art
        of Computer Programming, volume 2, section 3.2.1) with 48 bits, multiplier 0x5DEECE66D and increment 11.
Rule 2: a HashSet made of n strings has the least power of two of buckets that is at least 16 and above n / 0.75. A
        string lies in the bucket of its hash code, upper half folded onto the lower; within a bucket, as it came.
"""

from collections.abc import Sequence
from typing import Final

_MULTIPLIER: Final = 0x5DEECE66D
_INCREMENT: Final = 11
_MASK: Final = 2**48 - 1


class JavaRandom:
    """The generator, from a seed."""

    def __init__(self, seed: int) -> None:
        self._state = (seed ^ _MULTIPLIER) & _MASK

    def _next(self, bits: int) -> int:
        """Return the next number of so many bits, 31 at most, the sign left away."""
        self._state = (self._state * _MULTIPLIER + _INCREMENT) & _MASK
        return self._state >> (48 - bits)

    def place(self, among: int) -> int:
        """Return floor(nextDouble() * among): a double is 53 random bits over 2**53."""
        high, low = self._next(26), self._next(27)
        return ((high << 27) + low) * among >> 53

    def below(self, bound: int) -> int:
        """Return nextInt(bound)."""
        if bound & (bound - 1) == 0:
            return bound * self._next(31) >> 31
        while True:
            bits = self._next(31)
            if bits - bits % bound + bound - 1 < 2**31:  # else the last, incomplete stretch: drawn again
                return bits % bound

    def shuffled(self, items: list[str]) -> list[str]:
        """Return the items as Collections.shuffle leaves them."""
        deck = list(items)
        for size in range(len(deck), 1, -1):
            other = self.below(size)
            deck[size - 1], deck[other] = deck[other], deck[size - 1]
        return deck


def in_hash_order(items: Sequence[str], names: Sequence[str]) -> list[str]:
    """Return the items in the order in which a HashSet made of their names would hold those."""
    buckets = 16
    while buckets < len(names) * 4 // 3 + 1:
        buckets *= 2
    places = {item: _spread(_hash_code(name)) % buckets for item, name in zip(items, names, strict=True)}
    return sorted(items, key=places.__getitem__)


def _hash_code(text: str) -> int:
    """Return String.hashCode, as 32 bits without a sign."""
    units = text.encode("utf-16-be")
    code = 0
    for high, low in zip(units[::2], units[1::2], strict=True):
        code = (31 * code + 256 * high + low) % 2**32
    return code


def _spread(code: int) -> int:
    return code ^ code >> 16
