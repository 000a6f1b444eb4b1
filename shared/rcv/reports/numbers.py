"""Votes as RCTab writes them: exact decimals whose text shows how they were reached.

RCTab adds Java BigDecimals. Such a number knows its scale, the decimals it is written with; a sum has the greater scale
of what is added, even if that is 0.0000. Python's Decimal follows the same arithmetic and writes the same text
(General Decimal Arithmetic, to-scientific-string: 0.0000001 is "1E-7", nought at eight places "0E-8").

Rule 1: a ballot that no elected candidate has held is worth 1, at scale 0. One that has passed through an elected
        candidate is worth its remainder at the contest's places, even a whole or an empty one: "1.0000", "0.0000".
Rule 2: so a pile of ballots is whole ("6") until such a ballot joins it ("6.0000"), and an empty pile is "0".
Rule 3: a transfer leaves out ballots worth nothing. It may read "3" where the tallies say "3.0000".
Rule 4: a percentage is cut, not rounded, to two decimals, after a division to seven digits.
"""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact
from functools import reduce
from typing import Final

ZERO: Final = Decimal(0)
EXACT: Final = Context(prec=200, rounding=ROUND_HALF_EVEN, traps=[Inexact])
"""Sums and differences of votes; a digit lost would be our own fault and stops the program."""

_SEVEN_DIGITS: Final = Context(prec=7, rounding=ROUND_HALF_EVEN, traps=[])
"""Java's MathContext.DECIMAL32."""


def votes(units: int, places: int, *, divided: bool) -> Decimal:
    """Return `units` of 10 ** -places as votes: at scale `places` if any ballot among them was divided, else whole."""
    if divided:
        return EXACT.scaleb(Decimal(units), -places)
    whole, rest = divmod(units, 10**places)
    assert rest == 0, f"{units} units are no whole votes, and nothing was divided"
    return Decimal(whole)


def total(parts: Iterable[Decimal]) -> Decimal:
    """Return the sum, at the greatest scale of its parts."""
    return reduce(EXACT.add, parts, ZERO)


def less(minuend: Decimal, subtrahend: Decimal) -> Decimal:
    """Return the difference, at the greater scale."""
    return EXACT.subtract(minuend, subtrahend)


def percentage(part: Decimal, whole: Decimal) -> str:
    """Return part / whole such as "24.13%" or "25.0%"; nothing where there is no whole."""
    if not whole:
        return ""
    hundredths = int(_SEVEN_DIGITS.scaleb(_SEVEN_DIGITS.divide(part, whole), 4))
    percent, rest = divmod(hundredths, 100)
    decimals = f"{rest:02d}"
    return f"{percent}.{decimals.removesuffix('0')}%"
