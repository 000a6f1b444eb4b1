"""Seats by party, as an election's page shows them. Pure."""

from typing import Final

from services.results.parties import Held, SeatsByParty
from services.results.views.table import PLAIN, Bar, Cell, Row, Table, bar_width
from shared.rcv.narrate.numbers import number
from shared.rcv.narrate.words import listed, plural

PARTIES_NAMED: Final = 20
"""Of those without a seat."""


NO_PARTY: Final = "No party"


def seats_table(found: SeatsByParty) -> Table:
    """Return the seats by party as bars, of which a full one is all seats; the faint part is not final."""
    final, ahead = sum(of.final for of in found.held), sum(of.ahead for of in found.held)
    parts = [
        f"{number(final)} in complete counts" if final else "",
        f"{number(ahead)} as it stands now" if ahead else "",
        f"{number(found.open)} open" if found.open else "",
    ]
    return Table(
        label="Seats by party",
        caption=f"Of {plural(found.seats, 'seat', 'seats')}: {', '.join(filter(None, parts))}.",
        columns=("Party", "Seats", ""),
        rows=tuple(
            Row(
                of.party or NO_PARTY,
                (
                    Cell(number(of.seats), _provisional(of), strong=True),
                    Cell(
                        bar=Bar(
                            bar_width(of.final, found.seats), PLAIN, more=bar_width(of.ahead, found.seats)
                        )
                    ),
                ),
            )
            for of in found.held
            if of.seats
        ),
        kind="bars",
    )


def _provisional(of: Held) -> str:
    """Return how many of a party's seats are not final, if some are."""
    if not of.ahead:
        return ""
    return f"{number(of.ahead)} not final" if of.final else "not final"


def no_seat(found: SeatsByParty) -> str:
    """Return which parties have no seat at present, in words."""
    none = [of.party for of in found.held if not of.seats]
    more = [plural(len(none) - PARTIES_NAMED, "other", "others")] if len(none) > PARTIES_NAMED else []
    return f"No seat at present: {listed([*none[:PARTIES_NAMED], *more])}." if none else ""
