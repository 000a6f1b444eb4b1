"""What of Java's library decides a tie in RCTab, from its published algorithms.

Rule 1: `JavaRandom` is java.util.Random as the Java SE specification states it: a 48-bit linear congruential
        generator, so that a published seed draws the same lots here and there.
Rule 2: names are compared as Java compares strings, by UTF-16 code units, and hashed as `String.hashCode` does.
"""

from collections.abc import Iterable, MutableSequence
from typing import Final

_MULTIPLIER: Final = 0x5DEECE66D
_MASK: Final = (1 << 48) - 1


class JavaRandom:
    """java.util.Random: the same seed gives the same numbers."""

    def __init__(self, seed: int) -> None:
        self._state = (seed ^ _MULTIPLIER) & _MASK

    def next_double(self) -> float:
        """Return the next double in 0..1: a drawn lot, no vote."""
        return ((self._next(26) << 27) + self._next(27)) / (1 << 53)

    def below(self, bound: int) -> int:
        """Return the next int in 0..bound - 1, as nextInt(bound)."""
        bits = self._next(31)
        if bound & (bound - 1) == 0:
            return (bound * bits) >> 31
        while bits - bits % bound + (bound - 1) >= 1 << 31:
            bits = self._next(31)
        return bits % bound

    def shuffle(self, items: MutableSequence[int]) -> None:
        """Put `items` in the order of Collections.shuffle(items, this)."""
        for size in range(len(items), 1, -1):
            other = self.below(size)
            items[size - 1], items[other] = items[other], items[size - 1]

    def _next(self, bits: int) -> int:
        self._state = (self._state * _MULTIPLIER + 0xB) & _MASK
        return self._state >> (48 - bits)


def code_units(text: str) -> bytes:
    """Return a key that sorts as Java's String.compareTo."""
    return text.encode("utf-16-be", "surrogatepass")


def string_hash(text: str) -> int:
    """Return String.hashCode as an unsigned 32-bit number."""
    units = code_units(text)
    result = 0
    for at in range(0, len(units), 2):
        result = (31 * result + (units[at] << 8 | units[at + 1])) & 0xFFFFFFFF
    return result


def hash_order(names: Iterable[str], *, sized: bool = False) -> list[str]:
    """Return distinct `names` as a HashSet or HashMap filled in this order iterates over them.

    `sized`: the set was made from a collection, so its table was chosen for all at once; else it grew by doubling.
    The two differ only in size: within a bucket the order of arrival stays, which both keep.
    """
    arrived = list(dict.fromkeys(names))
    table = _table_size(len(arrived), sized=sized)
    keyed = sorted(
        ((_spread(string_hash(name)) & (table - 1), name) for name in arrived), key=lambda item: item[0]
    )
    return [name for _, name in keyed]


def _spread(value: int) -> int:
    return value ^ value >> 16


def _table_size(count: int, *, sized: bool) -> int:
    if sized:
        wanted = max(int(count / 0.75) + 1, 16)
        return 1 << (wanted - 1).bit_length()
    table = 16
    while count * 4 > table * 3:
        table *= 2
    return table
