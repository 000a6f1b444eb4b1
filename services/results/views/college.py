"""An electoral college: what each section's votes bring. Pure."""

from collections.abc import Iterator
from fractions import Fraction

from services.results.views.table import Flow, FlowPart, bar_width, colours_of
from shared.contract.standings import Round
from shared.rcv.narrate.counted import Counted
from shared.rcv.narrate.numbers import brief, points
from shared.rcv.narrate.tables import section_lines


def section_shares(counted: Counted, round_: Round) -> Iterator[Flow]:
    """Yield a bar for each section of an electoral college: its share, divided as its votes are."""
    colours, lines = colours_of(counted), section_lines(counted, round_)
    wholes = [
        sum((line.brings[place] for line in lines), Fraction()) for place in range(len(counted.sections))
    ]
    full = max(wholes)
    for place, (section, whole) in enumerate(zip(counted.sections.values(), wholes, strict=True)):
        parts, at = [], Fraction()
        for line in lines:
            brings = line.brings[place]
            left, width = (
                bar_width(part.numerator * full.denominator, part.denominator * full.numerator)
                for part in (at, brings)
            )
            parts.append(
                FlowPart(line.name, f"{points(brings)} points", left, width, colours[line.candidate])
            )
            at += brings
        votes = sum(line.votes[place] for line in lines)
        yield Flow(
            section, f"{brief(votes, counted.places)} votes bring {points(whole)} of 100 points", tuple(parts)
        )
