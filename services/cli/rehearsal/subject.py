"""What is rehearsed: a contest, a ballot for each elector, and how the ballots that count are reported.

It comes out of a file: of RCTab's configurations, reported as `tabulate` does, or a plain file, as `count --json` does.
Electors are numbered section after section, in a section as their ballots stand in the file. Sections are the precincts and
batches that reports are asked for by; else those of the file, else one. What cannot be a live election is refused before
anything starts.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pydantic import ValidationError

from shared.contract.ballots import marks_fault
from shared.contract.elections import MAX_SECTIONS, Contest, Election, Section
from shared.rcv.contests import CountOptions, contest_of
from shared.rcv.count.tabulate import tabulate_counts
from shared.rcv.formats import rctab
from shared.rcv.formats.detect import read_ballots
from shared.rcv.formats.records import CastVoteRecord
from shared.rcv.names import slug, slugs
from shared.rcv.narrate.counted import counted_of
from shared.rcv.narrate.document import document
from shared.rcv.reports.files import ReportFile, report_files
from shared.rcv.reports.tabulated import Settings, Stamp
from shared.rcv.tabulation import count_records, settings_of

MAX_TITLE_CHARS = 200
ALL, ELSEWHERE = "all", "elsewhere"


class SectionRanking(NamedTuple):
    """A ballot of the contest: its section, by place, and its marks."""

    section: int
    marks: str

    def __str__(self) -> str:
        return f"{self.marks!r} in section {self.section}"


Counted = Mapping[int, Sequence[SectionRanking]]
"""By elector: the ballots that were found to count. One each, if all is well."""


class NotLive(ValueError):
    """The election cannot be held live, and why."""


@dataclass(frozen=True)
class Subject:
    """An election to be rehearsed. `reports` makes the reports of ballots; `called` names an elector's record."""

    stem: str
    contest: Contest
    sections: Sequence[str]
    ballots: Sequence[SectionRanking]
    reports: Callable[[Counted], Iterable[ReportFile]]
    called: Callable[[int], str]

    def __post_init__(self) -> None:
        if len(self.sections) > MAX_SECTIONS:
            raise NotLive(f"expected at most {MAX_SECTIONS} sections, found {len(self.sections)}")
        contest = self.contest
        for elector, ballot in enumerate(self.ballots):
            fault = marks_fault(ballot.marks, len(contest.candidates), contest.max_ranks_on_ballot)
            if fault:
                raise NotLive(f"{self.called(elector)} cannot be cast as a live ballot: {fault}")
        self.election("rehearsal")

    def election(self, name: str) -> Election:
        """Return the definition of the test election. Raises NotLive."""
        electors = Counter(ballot.section for ballot in self.ballots)
        named = zip(slugs(self.sections), self.sections, strict=True)
        try:
            return Election(
                id=name,
                title=self.contest.title,
                epoch="test",
                sections=tuple(
                    Section(id=slug_, name=title[:MAX_TITLE_CHARS], electors=electors[place])
                    for place, (slug_, title) in enumerate(named)
                ),
                contests=(self.contest,),
                live_tallies=True,
                smallest_group=1,
            )
        except ValidationError as fault:
            first = fault.errors()[0]
            raise NotLive(first["msg"].removeprefix("Value error, ")) from fault

    @property
    def name(self) -> str:
        """The id of its election, without what keeps rehearsals of one file apart."""
        return slug(self.stem, "rehearsal")[:40].strip("-")


class Place(NamedTuple):
    """Where a record was cast, as far as the reports that are asked for show it."""

    precinct: str | None
    batch: str | None

    @classmethod
    def of(cls, record: CastVoteRecord, settings: Settings) -> "Place":
        """Return a record's place."""
        return cls(
            record.precinct if settings.by_precinct else None, record.batch if settings.by_batch else None
        )

    @property
    def name(self) -> str:
        """How it is called as a section."""
        parts = (("Precinct", self.precinct), ("Batch", self.batch))
        return ", ".join(f"{kind} {part}" for kind, part in parts if part) or ELSEWHERE


NOWHERE = Place(None, None)


def configured(path: Path, stamp: Stamp) -> Subject:
    """Return what a configuration describes. Raises FormatError, NotLive, OSError."""
    configuration = rctab.load(path)
    contest, settings = live(rctab.contest_of(configuration)), settings_of(configuration)
    records = list(rctab.read_records(configuration))
    where = [Place.of(record, settings) for record in records]
    places = list(dict.fromkeys(where)) or [NOWHERE]
    section = {place: number for number, place in enumerate(places)}
    roll = sorted(range(len(records)), key=lambda number: section[where[number]])

    def records_of(counted: Counted) -> Iterator[CastVoteRecord]:
        cast = sorted((roll[elector], ballot) for elector, ballots in counted.items() for ballot in ballots)
        for number, ballot in cast:
            place, record = places[ballot.section], records[number]._replace(marks=ballot.marks)
            if settings.by_precinct:
                record = record._replace(precinct=place.precinct)
            yield record._replace(batch=place.batch) if settings.by_batch else record

    def reports(counted: Counted) -> Iterator[ReportFile]:
        tabulated = count_records(contest, list(records_of(counted)), settings)
        numbered = contest.method == "sequential-irv"
        return report_files(configuration.stem, tabulated, stamp, numbered=numbered)

    return Subject(
        stem=configuration.stem,
        contest=contest,
        sections=[ALL] if places == [NOWHERE] else [place.name for place in places],
        ballots=[SectionRanking(section[where[number]], records[number].marks) for number in roll],
        reports=reports,
        called=lambda elector: f"record {records[roll[elector]].id}",
    )


def live(contest: Contest) -> Contest:
    """Return a contest as it is held live: before there is a vote nobody is elected, whatever RCTab would draw."""
    rules = contest.rules.model_copy(update={"decide_without_votes": False})
    return contest.model_copy(update={"rules": rules})


def plain(path: Path, asked: CountOptions) -> Subject:
    """Return what a plain ballot file holds, counted as asked. Raises FormatError, NotLive, ValueError, OSError."""
    file = read_ballots(path, asked.ignored)
    contest = contest_of(file, asked)
    each = (SectionRanking(of.section, of.marks) for of in file.ballots for _ in range(of.ballots))

    def reports(counted: Counted) -> Iterator[ReportFile]:
        count = tabulate_counts(profile(counted), contest, len(file.sections))
        text = json.dumps(document(counted_of(contest, count, file.sections)), indent=2, ensure_ascii=False)
        yield ReportFile(PurePosixPath(f"{path.stem}_count.json"), (text, "\n"))

    return Subject(
        stem=path.stem,
        contest=contest,
        sections=file.sections,
        ballots=sorted(each, key=lambda ballot: ballot.section),
        reports=reports,
        called=lambda elector: f"ballot {elector + 1}",
    )


def profile(counted: Counted) -> dict[tuple[int, str], int]:
    """Return how many of the ballots are of each section and marks."""
    number: Counter[tuple[int, str]] = Counter()
    for ballots in counted.values():
        number.update(ballots)
    return number
