"""What is rehearsed: a contest, a paper for each elector, and how the papers that stand are told.

Rule 1: electors are numbered section after section, in a section as their papers stand in the file.
Rule 2: sections are the precincts and batches that reports are asked for by; else those of the file, else one.
Rule 3: what cannot be a live election is refused before anything starts.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pydantic import ValidationError

from shared.contract.ballots import marks_fault
from shared.contract.elections import MAX_SECTIONS, Contest, Election, Section
from shared.rcv.names import slug, slugs
from shared.rcv.reports.files import ReportFile

MAX_TITLE_CHARS = 200


class Paper(NamedTuple):
    """A section, by its place, and marks."""

    section: int
    marks: str

    def __str__(self) -> str:
        return f"{self.marks!r} in section {self.section}"


Found = Mapping[int, Sequence[Paper]]
"""By elector: the papers that are found to stand. One each, if all is well."""


class NotLive(ValueError):
    """The election cannot be held live, and why."""


@dataclass(frozen=True)
class Subject:
    """An election to be rehearsed. `reports` tells the papers that stand; `called` names an elector's record."""

    stem: str
    contest: Contest
    sections: Sequence[str]
    papers: Sequence[Paper]
    reports: Callable[[Found], Iterable[ReportFile]]
    called: Callable[[int], str]

    def __post_init__(self) -> None:
        if len(self.sections) > MAX_SECTIONS:
            raise NotLive(f"expected at most {MAX_SECTIONS} sections, found {len(self.sections)}")
        contest = self.contest
        for elector, paper in enumerate(self.papers):
            fault = marks_fault(paper.marks, len(contest.candidates), contest.max_ranks_on_paper)
            if fault:
                raise NotLive(f"{self.called(elector)} cannot be cast as a live ballot: {fault}")
        self.election("rehearsal")

    def election(self, name: str) -> Election:
        """Return the definition of the test election. Raises NotLive."""
        electors = [0] * len(self.sections)
        for paper in self.papers:
            electors[paper.section] += 1
        sections = zip(slugs(self.sections), self.sections, electors, strict=True)
        try:
            return Election(
                id=name,
                title=self.contest.title,
                epoch="test",
                sections=tuple(
                    Section(id=slug_, name=title[:MAX_TITLE_CHARS], electors=number)
                    for slug_, title, number in sections
                ),
                contests=(self.contest,),
            )
        except ValidationError as fault:
            first = fault.errors()[0]
            raise NotLive(first["msg"].removeprefix("Value error, ")) from fault

    @property
    def name(self) -> str:
        """The id of its election, but for what tells rehearsals apart."""
        return slug(self.stem, "rehearsal")[:40].strip("-")
