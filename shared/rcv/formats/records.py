"""What readers give and writers take: ballots as marked, with what the file says of where they come from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple


class FormatError(ValueError):
    """A file says what it must not. The message names the file, the place in it, and what was expected."""

    place: str
    """Such as "line 3"; empty where it is the whole file."""

    def __init__(self, path: Path | str, place: str, expected: str) -> None:
        self.place = place
        super().__init__(f"{path}: {place}: {expected}" if place else f"{path}: {expected}")


class CastVoteRecord(NamedTuple):
    """One ballot of a contest, as marked."""

    id: str
    """As the file gives it or, if it gives none, as RCTab computes one."""
    marks: str
    """Spelled as in `shared.contract.ballots`; a candidate is its place in the contest."""
    precinct: str | None
    batch: str | None
    aliases: Mapping[int, str] = MappingProxyType({})
    """Candidates whom the ballot calls otherwise than the contest does, and what it calls them."""
    vendor_id: str | None = None
    """The file's own id of the ballot, where it gives one beside `id`."""
    contest_id: str | None = None
    """The file's own id of the contest, where its ballots name one."""
    tabulator_id: str | None = None
    precinct_portion: str | None = None
    source: int = 0
    """Which of a configuration's sources it comes from, by place."""


class BallotGroup(NamedTuple):
    """Equal ballots of one section, and how many there are."""

    marks: str
    ballots: int
    section: int = 0


@dataclass(frozen=True, slots=True)
class BallotFile:
    """A contest as a plain file has it: candidates' names in the file's order, and ballots."""

    title: str
    candidates: tuple[str, ...]
    ballots: Iterable[BallotGroup]
    seats: int | None = None
    """None where the format does not say."""
    excluded: tuple[int, ...] = ()
    """Candidates that the file marks as withdrawn, by place."""
    write_ins: tuple[int, ...] = ()
    """Candidates that the file marks as undeclared write-ins, by place."""
    tie_order: tuple[int, ...] = ()
    """Of level candidates the first in this order is picked, to win or to fall; none: the file does not say."""
    sections: tuple[str, ...] = ("all",)
