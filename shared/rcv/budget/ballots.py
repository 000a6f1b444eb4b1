"""What was voted on: projects with their costs, a budget, and ballots that say how much each project is worth to an elector."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Final, Literal, NamedTuple

Kind = Literal["approval", "choose-1", "ordinal", "cumulative", "scoring"]
"""What a ballot says of a project: it is wanted; it is the one wanted; it is ranked; it has so many points."""

MAX_PROJECTS: Final = 2_000


class Project(NamedTuple):
    """Something that money can be spent on, wholly or not at all."""

    id: str
    name: str
    cost: Fraction
    """Above 0."""


class Choice(NamedTuple):
    """A ballot that several electors may have cast alike."""

    projects: tuple[int, ...]
    """By place; of ranked ones the best first."""
    points: tuple[Fraction, ...]
    """Of each of these projects, above 0; none where ballots have no points."""
    ballots: int


@dataclass(frozen=True, slots=True)
class BudgetVote:
    """A vote on how to spend a budget."""

    title: str
    budget: Fraction
    kind: Kind
    projects: tuple[Project, ...]
    choices: tuple[Choice, ...]
    ranks: int
    """How many projects a ballot may rank; 0 where ballots do not rank."""

    @property
    def ballots(self) -> int:
        """How many electors voted; a blank ballot has a share, too."""
        return sum(choice.ballots for choice in self.choices)

    def worth(self, choice: Choice) -> Mapping[int, Fraction]:
        """Return how much each project is worth to whoever cast a ballot.

        Points are taken as they are. Of k ranks the first is worth k, the second k - 1 and so on (Borda). Otherwise every project
        that is wanted is worth 1.
        """
        if choice.points:
            return dict(zip(choice.projects, choice.points, strict=True))
        if self.kind == "ordinal":
            return {place: _points(self.ranks - rank) for rank, place in enumerate(choice.projects)}
        return dict.fromkeys(choice.projects, _points(1))


@cache
def _points(number: int) -> Fraction:
    return Fraction(number)
