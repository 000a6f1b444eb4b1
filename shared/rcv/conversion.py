"""Papers from one format into another.

Rule 1: plain formats hold how many papers are marked alike; cast vote records hold each paper. Records are merged for
        the one, papers numbered for the other.
Rule 2: a format that cannot say what the papers say is refused; nothing is dropped on the way.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from shared.contract.elections import Contest
from shared.rcv.contests import Asked, contest_of
from shared.rcv.formats.detect import write_ballots
from shared.rcv.formats.records import BallotFile, CastVoteRecord, Papers
from shared.rcv.reports.cdf import converted_papers
from shared.rcv.reports.disk import write_files
from shared.rcv.reports.files import ReportFile
from shared.rcv.reports.tabulated import Settings, Stamp

RECORDS: Final = "cdf"


def convert_plain(file: BallotFile, to: str, out: Path, stamp: Stamp) -> int:
    """Write a plain file's papers as `to` and return how many they are. Raises FormatError."""
    if to == RECORDS:
        contest = contest_of(file, Asked("plurality"))
        settings = Settings(contest.title, by_precinct=len(file.sections) > 1)
        write_text(out, converted_papers(contest, settings, records_of(file), stamp))
    else:
        write_ballots(file, out, to)
    return sum(papers.ballots for papers in file.papers)


def records_of(file: BallotFile) -> list[CastVoteRecord]:
    """Return each paper of a plain file, numbered from 1; its section is its precinct, if there are several."""
    named = file.sections if len(file.sections) > 1 else (None,)
    each = ((papers.marks, named[papers.section]) for papers in file.papers for _ in range(papers.ballots))
    return [CastVoteRecord(str(number), marks, name, None) for number, (marks, name) in enumerate(each, 1)]


def ballots_of(contest: Contest, records: Iterable[CastVoteRecord]) -> BallotFile:
    """Return cast vote records as a plain file holds them."""
    counted = Counter(record.marks for record in records)
    return BallotFile(
        title=contest.title,
        candidates=tuple(candidate.name for candidate in contest.candidates),
        papers=tuple(Papers(marks, ballots) for marks, ballots in counted.items()),
        seats=contest.seats or None,
        excluded=contest.excluded,
    )


def write_text(out: Path, text: Iterable[str]) -> None:
    """Write a file, whole or not at all."""
    write_files(out.parent, [ReportFile(PurePosixPath(out.name), text)])
