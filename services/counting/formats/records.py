"""What readers give and writers take: papers as marked, with what the file says of where they come from."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class FormatError(ValueError):
    """A file says what it must not. The message names the file, the place in it, and what was expected."""

    def __init__(self, path: Path | str, place: str, expected: str) -> None:
        super().__init__(f"{path}: {place}: {expected}" if place else f"{path}: {expected}")


class CastVoteRecord(NamedTuple):
    """One paper of a contest, as marked."""

    id: str
    """As the file gives it or, if it gives none, as RCTab computes one."""
    marks: str
    """Spelled as in `shared.contract.ballots`; a candidate is its place in the contest."""
    precinct: str | None
    batch: str | None


class Papers(NamedTuple):
    """Equal papers of one section, and how many there are."""

    marks: str
    ballots: int
    section: int = 0


@dataclass(frozen=True, slots=True)
class BallotFile:
    """A contest as a plain file has it: candidates' names in the file's order, and papers."""

    title: str
    candidates: tuple[str, ...]
    papers: Iterable[Papers]
    seats: int | None = None
    """None where the format does not say."""
    excluded: tuple[int, ...] = ()
    """Candidates that the file marks as withdrawn, by place."""
    sections: tuple[str, ...] = ("all",)
