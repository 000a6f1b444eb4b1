"""Several seats: who has one, since which round, and with which surplus. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from services.results.views.table import bar_width, colours_of
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import brief
from shared.rcv.narrate.tables import Seat as Elected
from shared.rcv.narrate.tables import seats
from shared.rcv.narrate.words import has_quota, outcome


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody who is elected or ahead: name, tag, and when and how."""

    name: str
    party: str
    colour: str
    tag: str
    when: str
    before: str
    """The part of all rounds that went by before, in percent; the candidate has the seat in the rest."""


def seats_title(counted: Counted) -> str:
    """Return how many seats are filled, as a heading."""
    elected, of = len(counted.elected), counted.contest.seats
    filled = f"{elected} of {of} seats filled" if of else f"{elected} elected"
    return filled if counted.final else f"{filled}, if it ended now"


def seats_of(counted: Counted) -> Iterator[Seat]:
    """Yield who has a seat, or is ahead for one, in the order in which the seats were filled."""
    colours, numbers = colours_of(counted), [each.number for each in counted.rounds]
    for seat in seats(counted):
        yield Seat(
            name=seat.name,
            party=counted.parties[seat.candidate],
            colour=colours[seat.candidate],
            tag=outcome("elected", final=counted.final).capitalize(),
            when=f"in round {seat.round}, {seat.how}{_surplus(counted, seat)}",
            before=bar_width(numbers.index(seat.round), len(numbers)),
        )


def _surplus(counted: Counted, seat: Elected) -> str:
    """Return by how much a candidate was above the quota in the round that elected."""
    round_ = next(each for each in counted.rounds if each.number == seat.round)
    above = round_.votes.get(seat.candidate, 0) - (round_.threshold or 0)
    if not has_quota(counted.contest) or round_.threshold is None or above <= 0:
        return ""
    return f", {brief(above, counted.places)} above it"
