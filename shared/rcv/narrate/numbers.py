"""Votes, shares and points as people read them. Votes come in units of a count's last decimal place; never a float."""

from fractions import Fraction
from math import ceil, floor
from typing import Final

from shared.contract import standings
from shared.contract.elections import Contest

MINUS: Final = "\N{MINUS SIGN}"
SHOWN_PLACES: Final = 2
"""Decimal places in a sentence and on a terminal, at most."""


def number(units: int, places: int = 0, shown: int | None = None) -> str:
    """Return votes: "422,664", "1,315.66424" or, with two places shown and rounded half up, "1,315.66"."""
    kept = places if shown is None else min(places, shown)
    size = abs(units)
    if kept < places:
        step = 10 ** (places - kept)
        size = (size + step // 2) // step
    sign = MINUS if units < 0 and size else ""
    if not kept:
        return f"{sign}{size:,}"
    whole, part = divmod(size, 10**kept)
    return f"{sign}{whole:,}.{part:0{kept}d}"


def brief(units: int, places: int = 0) -> str:
    """Return votes for a sentence: "1,245" for whole ones, else two decimals, or all if two would look whole."""
    if not units % 10**places:
        return number(units // 10**places)
    rounded = number(units, places, SHOWN_PLACES)
    return number(units, places) if rounded.endswith(".00") else rounded


def signed(units: int, places: int = 0, shown: int | None = None) -> str:
    """Return a change of votes: "+9,737"; nothing for none."""
    return f"{'+' if units > 0 else ''}{number(units, places, shown)}" if units else ""


def percent(part: int, whole: int) -> str:
    """Return a share with one decimal, half up, such as "40.4%"; a dash of nothing."""
    return f"{number((2000 * part + whole) // (2 * whole), 1)}%" if whole else "-"


def points(score: Fraction, places: int = 2) -> str:
    """Return a part of an electoral college in its points of 100, half up, such as "50.65"."""
    return number(standings.points(score, places), places)


def amount(exact: Fraction, *, up: bool = False) -> str:
    """Return an amount as people read it: 1,200 or 1,200.50, cut to two places or rounded up."""
    hundredths = ceil(exact * 100) if up else floor(exact * 100)
    return (
        f"{hundredths // 100:,}" if hundredths % 100 == 0 else f"{hundredths // 100:,}.{hundredths % 100:02d}"
    )


def shown_amount(contest: Contest, text: str, *, up: bool = False) -> str:
    """Return an amount of a contest as people read it: £1,200 or £1,200.50, cut to two places or rounded up."""
    currency = "" if contest.budget is None else contest.budget.currency
    return f"{currency}{amount(Fraction(text), up=up)}"
