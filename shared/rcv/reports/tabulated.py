"""What reports are made of: a counted contest, the ballots it was counted from, and what its pages are headed with."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.contract.elections import Contest
from shared.rcv.count.profile import Profile
from shared.rcv.count.trace import Traced
from shared.rcv.formats.records import CastVoteRecord
from shared.rcv.reports.generic_csv import Source


@dataclass(frozen=True, slots=True)
class Settings:
    """What the configuration says of the reports, rather than of the count. In brackets: RCTab's name."""

    contest: str
    """[contestName]"""
    jurisdiction: str | None = ""
    """[contestJurisdiction]; None where the configuration has no such field"""
    office: str | None = ""
    """[contestOffice]; likewise"""
    date: str | None = ""
    """[contestDate], as it stands there; likewise"""
    single_winner: bool = True
    """Whether [winnerElectionMode] is singleWinnerMajority; a run of a sequential contest is not."""
    by_precinct: bool = False
    """[tabulateByPrecinct]"""
    by_batch: bool = False
    """[tabulateByBatch]"""
    cdf: bool = False
    """[generateCdfJson]"""
    overvote_label: bool = False
    """Whether any source has an [overvoteLabel]: then "overvote" may stand where a candidate does."""
    sources: tuple[Source, ...] = ()
    """[cvrFileSources], by the places that records name; none: the ballots are not written with the reports."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who wrote a report, and when."""

    program: str
    version: str
    generated: str
    """ISO 8601 with the zone's offset, such as "2026-05-07T21:00:00+01:00"."""

    @property
    def generated_by(self) -> str:
        """The line that names the program."""
        return f"{self.program} {self.version}"


@dataclass(frozen=True, slots=True, eq=False)
class Tabulated:
    """One count: a contest's or, where seats are filled one after another, one seat's."""

    contest: Contest
    """As this count saw it: excluded are those whom an earlier run elected."""
    traced: Traced
    records: Sequence[CastVoteRecord]
    rows: NDArray[np.intp]
    """By record: its row in the trace."""
    settings: Settings

    @property
    def names(self) -> list[str]:
        """The candidates' names, by index."""
        return [candidate.name for candidate in self.contest.candidates]


def rows_of(rankings: Profile, records: Sequence[CastVoteRecord]) -> NDArray[np.intp]:
    """Return by record its row among `rankings` of one section. Raises KeyError if one was never added."""
    row_of = {marks: rankings.row(0, marks) for marks in {record.marks for record in records}}
    return np.fromiter((row_of[record.marks] for record in records), np.intp, len(records))
