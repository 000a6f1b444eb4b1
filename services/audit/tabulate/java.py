"""Random numbers as java.util.Random draws them: what RCTab breaks ties with.

Its algorithm is published with the class: the linear congruential generator of Knuth (The Art of Computer
Programming, volume 2, section 3.2.1) with 48 bits, multiplier 0x5DEECE66D and increment 11.
"""

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
