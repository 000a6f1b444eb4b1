"""The letter of a candidate on paper: A to Z, then AA, AB and so on, by their place in the definition."""

from string import ascii_uppercase
from typing import Final

_BASE: Final = len(ascii_uppercase)


def letter(place: int) -> str:
    """Return the letter of the candidate at a place."""
    first, last = divmod(place, _BASE)
    return (ascii_uppercase[first - 1] if first else "") + ascii_uppercase[last]
