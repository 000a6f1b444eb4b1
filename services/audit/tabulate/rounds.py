"""What a count is, round by round, in the candidates' ids and in exact numbers.

Rule 1: one shape for every method. Votes are fractions of a vote: 3/2 is a vote and a half.
Rule 2: nothing is lost: votes, votes kept by those elected before, inactive votes and residue make up all ballots.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from shared.contract.standings import Ending

NOTHING: Final = Fraction(0)
ONE: Final = Fraction(1)


@dataclass(frozen=True)
class Round:
    """One round, or one stage of a statute that counts in stages."""

    votes: Mapping[str, Fraction | int]
    """Votes of each candidate who was neither elected before this round nor out."""
    inactive: Mapping[Ending, Fraction | int]
    """Votes that rest with nobody, by the reason; a reason without votes is left out."""
    eliminated: tuple[str, ...] = ()
    """In the order of the contest."""
    elected: tuple[str, ...] = ()
    """Most votes first, then in the order of the contest."""
    threshold: Fraction | int | None = None
    """Votes that elect; None where no number does."""
    seated: Mapping[str, Fraction | int] = field(default_factory=dict)
    """Votes that those elected before keep, in the order of their election."""
    residue: Fraction | int = 0
    """Votes that a fixed number of decimal places could not pass on, so far."""
    transferred: str | None = None
    """Scottish STV: whose surplus moves on now."""
    scores: Mapping[str, Fraction] = field(default_factory=dict)
    """Electoral college: each candidate's part of the whole, 0 to 1."""
    places: int = 0
    """Decimal places of its votes."""

    @property
    def ballots(self) -> Fraction:
        """All votes there are, wherever they rest: the same in every round."""
        parts = (self.votes, self.seated, self.inactive)
        return sum((Fraction(n) for part in parts for n in part.values()), Fraction(self.residue))

    def strength(self, candidate: str) -> Fraction | int:
        """Return what this round's order of candidates went by: a score if there are scores, else votes."""
        if self.scores:
            return self.scores[candidate]
        return self.votes[candidate] if candidate in self.votes else self.seated[candidate]


def cut(number: Fraction, places: int) -> Fraction:
    """Return `number` to so many decimal places, what follows them left away."""
    return Fraction(number * 10**places // 1, 10**places)


def raise_to(number: Fraction, places: int) -> Fraction:
    """Return `number` to so many decimal places, rounded up."""
    return -cut(-number, places)


def unit(places: int) -> Fraction:
    """Return one unit of the last of so many decimal places."""
    return Fraction(1, 10**places)
