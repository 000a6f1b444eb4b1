"""Ballots from one format into another.

Plain formats hold how many ballots are marked alike; cast vote records hold each ballot. Records are merged for the
one, ballots numbered for the other. A format that cannot hold what the ballots hold is refused; nothing is dropped on
the way.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Final

from shared.contract.elections import Contest
from shared.rcv.contests import CountOptions, contest_of
from shared.rcv.formats import rctab
from shared.rcv.formats.detect import write_ballots
from shared.rcv.formats.records import BallotFile, BallotGroup, CastVoteRecord
from shared.rcv.reports.cdf import converted_ballots
from shared.rcv.reports.disk import write_files
from shared.rcv.reports.files import ReportFile
from shared.rcv.reports.generic_csv import Source, generic_csv
from shared.rcv.reports.tabulated import Settings, Stamp
from shared.rcv.tabulation import settings_of

RECORDS: Final = "cdf"


def convert_plain(file: BallotFile, to: str, out: Path, stamp: Stamp) -> int:
    """Write a plain file's ballots as `to` and return how many they are. Raises FormatError."""
    if to == RECORDS:
        contest = contest_of(file, CountOptions("plurality"))
        settings = Settings(contest.title, by_precinct=len(file.sections) > 1)
        write_text(out, converted_ballots(contest, settings, records_of(file), stamp))
    else:
        write_ballots(file, out, to)
    return sum(group.ballots for group in file.ballots)


def convert_configuration(configuration: rctab.Configuration, to: str, out: Path, stamp: Stamp) -> int:
    """Write a configuration's ballots as `to`, in RCTab's columns if that is csv, and return how many they are.

    Raises FormatError for a source that is wrong, or if the format cannot hold what the ballots hold.
    """
    contest = rctab.contest_of(configuration)
    sources = [(source, list(of)) for source, of in rctab.read_sources(configuration)]
    records = [record for _, of in sources for record in of]
    if to == RECORDS:
        write_text(out, converted_ballots(contest, settings_of(configuration), records, stamp))
    elif to == "csv":
        columns = (
            (Source(source.file_path, source.provider, source.undeclared_write_in_label), of)
            for source, of in sources
        )
        write_text(out, generic_csv(contest, columns))
    else:
        write_ballots(ballots_of(contest, records), out, to)
    return len(records)


def records_of(file: BallotFile) -> list[CastVoteRecord]:
    """Return each ballot of a plain file, numbered from 1; its section is its precinct, if there are several."""
    named = file.sections if len(file.sections) > 1 else (None,)
    each = ((group.marks, named[group.section]) for group in file.ballots for _ in range(group.ballots))
    return [CastVoteRecord(str(number), marks, name, None) for number, (marks, name) in enumerate(each, 1)]


def ballots_of(contest: Contest, records: Iterable[CastVoteRecord]) -> BallotFile:
    """Return cast vote records as a plain file holds them."""
    counted = Counter(record.marks for record in records)
    return BallotFile(
        title=contest.title,
        candidates=tuple(candidate.name for candidate in contest.candidates),
        ballots=tuple(BallotGroup(marks, ballots) for marks, ballots in counted.items()),
        seats=contest.seats or None,
        excluded=contest.excluded,
    )


def write_text(out: Path, text: Iterable[str]) -> None:
    """Write a file, whole or not at all."""
    write_files(out.parent, [ReportFile(PurePosixPath(out.name), text)])
