"""The tables of a round by section, before they are laid out. Pure.

Rule: in an electoral college a section's votes bring points of the whole: its share of 100, divided by the votes that
still continue in it. A section where none continues brings nothing, and the others' shares are scaled up. The points
of a line add up to the candidate's score.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from services.results.numbers import number, points
from services.results.words import names_of
from shared.contract.standings import Round, Standing


class Part(NamedTuple):
    """A candidate in one section: votes and, in an electoral college, the points they bring."""

    votes: str
    points: str


class Line(NamedTuple):
    """A candidate in every section, and together."""

    id: str
    name: str
    parts: tuple[Part, ...]
    together: Part


def table(standing: Standing, order: Sequence[str], round_: Round) -> list[Line]:
    """Return a round's votes by section, candidates in the given order."""
    names, brings = names_of(standing.contest), college_points(standing, round_) if round_.scores else {}
    return [
        Line(
            id=name,
            name=names[name],
            parts=tuple(
                Part(
                    number(round_.by_section[section.id][name], standing.places),
                    points(brings[section.id][name]) if round_.scores else "",
                )
                for section in standing.sections
            ),
            together=Part(
                number(round_.votes[name], standing.places),
                round_.scores[name].points if round_.scores else "",
            ),
        )
        for name in order
        if name in round_.votes
    ]


def college_points(standing: Standing, round_: Round) -> dict[str, dict[str, Fraction]]:
    """Return, for each section, the part of the whole that each candidate's votes in it bring, 0 to 1."""
    shares = standing.contest.section_shares or (1,) * len(standing.sections)
    of = {section.id: share for section, share in zip(standing.sections, shares, strict=True)}
    active = {name: sum(votes.values()) for name, votes in round_.by_section.items()}
    whole = sum(of[name] for name, votes in active.items() if votes)
    return {
        section: {
            name: Fraction(of[section] * votes, whole * active[section]) if active[section] else Fraction()
            for name, votes in held.items()
        }
        for section, held in round_.by_section.items()
    }
