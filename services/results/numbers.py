"""Numbers as people read them. Votes come in units of a standing's last decimal place. Pure, and never a float."""

from fractions import Fraction

from shared.contract import standings

MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"


def number(units: int, places: int = 0) -> str:
    """Return votes: "422,664", or "1,315.66424" where votes are divided."""
    whole, part = divmod(abs(units), 10**places)
    sign = MINUS if units < 0 else ""
    return f"{sign}{whole:,}.{part:0{places}d}" if places else f"{sign}{whole:,}"


def brief(units: int, places: int = 0) -> str:
    """Return votes for a sentence: whole ones without their zeros, "1,245" for 1,245.00000."""
    return number(units, places) if units % 10**places else number(units // 10**places)


def signed(units: int, places: int = 0) -> str:
    """Return a change of votes: "+9,737"; a dash for none."""
    return f"{'+' if units > 0 else ''}{number(units, places)}" if units else NONE


def percent(part: int, whole: int) -> str:
    """Return a share with one decimal, half up, such as "40.4%"; a dash of nothing."""
    return f"{number((2000 * part + whole) // (2 * whole), 1)}%" if whole else "-"


def points(score: Fraction) -> str:
    """Return a part of an electoral college in its points of 100, two decimals, half up, such as "50.65"."""
    return number(standings.points(score), 2)


def width(part: int | Fraction, most: int | Fraction) -> str:
    """Return the length of a bar, of 100."""
    return "0" if not most else number(int(10_000 * Fraction(part) / Fraction(most)), 2)
