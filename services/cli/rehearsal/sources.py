"""Subjects out of files: RCTab's configurations, told as `tabulate` tells them; plain files, as `count --json` does."""

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from services.cli.rehearsal.subject import Found, Paper, Subject
from shared.rcv.contests import CountOptions, contest_of
from shared.rcv.count.tabulate import tabulate_counts
from shared.rcv.formats import rctab
from shared.rcv.formats.detect import read_ballots
from shared.rcv.formats.records import CastVoteRecord
from shared.rcv.narrate.document import document
from shared.rcv.reports.files import ReportFile, report_files
from shared.rcv.reports.tabulated import Settings, Stamp
from shared.rcv.tabulation import count_records, settings_of

ALL, ELSEWHERE = "all", "elsewhere"


class Place(NamedTuple):
    """Where a record was cast, as far as reports tell it."""

    precinct: str | None
    batch: str | None

    @property
    def name(self) -> str:
        """How it is called as a section."""
        parts = (("Precinct", self.precinct), ("Batch", self.batch))
        return ", ".join(f"{kind} {part}" for kind, part in parts if part) or ELSEWHERE


def configured(path: Path, stamp: Stamp) -> Subject:
    """Return what a configuration describes. Raises FormatError, NotLive, OSError."""
    configuration = rctab.load(path)
    contest, settings = rctab.contest_of(configuration), settings_of(configuration)
    records = list(rctab.read_records(configuration))
    where = [_place(record, settings) for record in records]
    places = list(dict.fromkeys(where)) or [_NOWHERE]
    section = {place: number for number, place in enumerate(places)}
    roll = sorted(range(len(records)), key=lambda number: section[where[number]])

    def as_they_stand(found: Found) -> Iterator[CastVoteRecord]:
        cast = sorted((roll[elector], paper) for elector, papers in found.items() for paper in papers)
        for number, paper in cast:
            place, record = places[paper.section], records[number]._replace(marks=paper.marks)
            if settings.by_precinct:
                record = record._replace(precinct=place.precinct)
            yield record._replace(batch=place.batch) if settings.by_batch else record

    def reports(found: Found) -> Iterator[ReportFile]:
        counted = count_records(contest, list(as_they_stand(found)), settings)
        numbered = contest.method == "sequential-irv"
        return report_files(configuration.stem, counted, stamp, numbered=numbered)

    return Subject(
        stem=configuration.stem,
        contest=contest,
        sections=[ALL] if places == [_NOWHERE] else [place.name for place in places],
        papers=[Paper(section[where[number]], records[number].marks) for number in roll],
        reports=reports,
        called=lambda elector: f"record {records[roll[elector]].id}",
    )


def plain(path: Path, asked: CountOptions) -> Subject:
    """Return what a plain ballot file holds, counted as asked. Raises FormatError, NotLive, ValueError, OSError."""
    file = read_ballots(path)
    contest = contest_of(file, asked)
    each = (Paper(papers.section, papers.marks) for papers in file.papers for _ in range(papers.ballots))

    def reports(found: Found) -> Iterator[ReportFile]:
        count = tabulate_counts(profile(found), contest, len(file.sections))
        told = json.dumps(document(contest, count, file.sections), indent=2, ensure_ascii=False)
        yield ReportFile(PurePosixPath(f"{path.stem}_count.json"), (told, "\n"))

    return Subject(
        stem=path.stem,
        contest=contest,
        sections=file.sections,
        papers=sorted(each, key=lambda paper: paper.section),
        reports=reports,
        called=lambda elector: f"paper {elector + 1}",
    )


def profile(found: Found) -> dict[tuple[int, str], int]:
    """Return how many of the papers are of each section and marks."""
    number: dict[tuple[int, str], int] = {}
    for papers in found.values():
        for paper in papers:
            number[paper] = number.get(paper, 0) + 1
    return number


_NOWHERE = Place(None, None)


def _place(record: CastVoteRecord, settings: Settings) -> Place:
    return Place(
        record.precinct if settings.by_precinct else None, record.batch if settings.by_batch else None
    )
