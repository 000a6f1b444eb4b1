"""Votes as text. A vote arrives in units of its count's last decimal place, and is never made a float."""

from fractions import Fraction
from typing import Final

from shared.contract import standings
from shared.contract.standings import decimal

SHOWN_PLACES: Final = 2
"""Decimal places in a terminal, at most."""


def readable(units: int, places: int) -> str:
    """Return votes as people read them, to `SHOWN_PLACES` at most, half up: "2,211.00", "39,080"."""
    shown = min(places, SHOWN_PLACES)
    dropped = 10 ** (places - shown)
    whole, fraction = divmod((abs(units) + dropped // 2) // dropped, 10**shown)
    sign = "-" if units < 0 and (whole or fraction) else ""
    return f"{sign}{whole:,}.{fraction:0{shown}}" if shown else f"{sign}{whole:,}"


def in_words(units: int, places: int) -> str:
    """Return votes for a sentence: a whole number of votes without its zeros."""
    whole, rest = divmod(units, 10**places)
    return readable(units, places) if rest else f"{whole:,}"


def signed(units: int, places: int) -> str:
    """Return a change of votes: "+9,737", "-518.00", and nothing for none."""
    if not units:
        return ""
    return f"+{readable(units, places)}" if units > 0 else f"-{readable(-units, places)}"


def percent(part: int, whole: int, places: int = 1) -> str:
    """Return a share, half up: "40.4%". Of nothing there is none: "-"."""
    if not whole:
        return "-"
    scaled = (2 * 100 * 10**places * part + whole) // (2 * whole)
    return f"{decimal(scaled, places)}%"


def points(share: Fraction, places: int = SHOWN_PLACES) -> str:
    """Return a share of the whole in percentage points, half up: "50.65"."""
    return decimal(standings.points(share, places), places)
