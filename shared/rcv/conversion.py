"""Ballots from one format into another.

Plain formats hold how many ballots are marked alike; cast vote records hold each ballot. Records are merged for the
one, ballots numbered for the other. A format that cannot hold what the ballots hold is refused; nothing is dropped on
the way. What is said of the contest beside its ballots, `not_said` names where a format has no place for it.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from shared.contract.ballots import parse_marks
from shared.contract.elections import Contest
from shared.rcv.contests import CountOptions, contest_of
from shared.rcv.formats import rctab
from shared.rcv.formats.cvr.raw import NOBODY, Listeners
from shared.rcv.formats.detect import write_ballots
from shared.rcv.formats.plain.csv_file import refuse_undeclared, refuse_words
from shared.rcv.formats.plain.holds import Holds, fitting_ballots
from shared.rcv.formats.records import BallotFile, BallotGroup, CastVoteRecord, FormatError
from shared.rcv.reports.cdf import converted_ballots
from shared.rcv.reports.disk import refuse_input, write_files
from shared.rcv.reports.files import ReportFile
from shared.rcv.reports.generic_csv import Source, generic_csv
from shared.rcv.reports.tabulated import Settings, Stamp
from shared.rcv.tabulation import settings_of

RECORDS: Final = "cdf"
_RECORDS_HOLD: Final = Holds(
    "a file of cast vote records",
    blank_ranks=True,
    blank_ballots=True,
    unnamed=True,
    sections=True,
    write_ins=True,
)
RCTAB: Final = "rctab"
"""RCTab's own CSV of cast vote records, `<stem>_rctab_cvr.csv`."""


_TITLED: Final = {"blt", "preflib", "abif", RECORDS}
_SEATED: Final = {"blt", "abif"}
"""Formats with a place for the contest's title, and for its seats."""


def not_said(title: str, seats: int | None, to: str) -> list[str]:
    """Return what a file written as `to` does not say of the contest: its title, its seats if they are several."""
    lost = [f"title {title!r}"] if title and to not in _TITLED else []
    return lost + ([f"number of seats, {seats}"] if (seats or 1) > 1 and to not in _SEATED else [])


def unranked(file: BallotFile, to: str) -> list[str]:
    """Return the candidates whom a file written as `to` does not name, since no ballot does."""
    if to != RCTAB:
        return []
    ranked = {place for group in file.ballots for rank in parse_marks(group.marks) for place in rank}
    return [name for place, name in enumerate(file.candidates) if place not in ranked]


def convert_plain(file: BallotFile, to: str, out: Path, stamp: Stamp, name: str) -> int:
    """Write the ballots of a plain file of that name as `to` and return how many they are. Raises FormatError."""
    if to == RCTAB:
        refuse_undeclared(file.candidates, out)
    if to in {RECORDS, RCTAB}:
        fitting_ballots(file, out, _RECORDS_HOLD)
        contest = contest_of(file, CountOptions("plurality"))
        settings = Settings(contest.title, by_precinct=len(file.sections) > 1)
        if to == RECORDS:
            write_text(out, converted_ballots(contest, settings, records_of(file), stamp))
        else:
            # A plain file has at most one label for write-ins: the name that it lists them by.
            label = next((candidate.name for candidate in contest.candidates if candidate.write_in), "")
            write_text(out, generic_csv(contest, [Source(name, "", label)], list(records_of(file))))
    else:
        write_ballots(file, out, to)
    return sum(group.ballots for group in file.ballots)


def convert_configuration(
    configuration: rctab.Configuration,
    to: str,
    out: Path,
    stamp: Stamp,
    hear: Listeners = NOBODY,
) -> int:
    """Write a configuration's ballots as `to`, in RCTab's columns if that is csv, and return how many they are.

    Raises FormatError for a source that is wrong, or if the format cannot hold what the ballots hold.
    """
    refuse_input(out, [configuration.path, *(path for path, _ in configuration.sources)])
    contest, settings = rctab.contest_of(configuration), settings_of(configuration)
    records = list(rctab.read_records(configuration, hear))
    if to == RECORDS:
        write_text(out, converted_ballots(contest, settings, records, stamp))
    elif to in {"csv", RCTAB}:
        refuse_words((candidate.name for candidate in contest.candidates), out)
        _refuse_unlabelled(contest, settings.sources, records, out)
        write_text(out, generic_csv(contest, settings.sources, records))
    else:
        write_ballots(ballots_of(contest, records), out, to)
    return len(records)


def _refuse_unlabelled(
    contest: Contest, sources: Sequence[Source], records: Iterable[CastVoteRecord], out: Path
) -> None:
    """Raise FormatError if a write-in has no word, so that it would be written as a blank rank."""
    write_ins = {place for place, candidate in enumerate(contest.candidates) if candidate.write_in}
    for record in records:
        named = {place for rank in parse_marks(record.marks) for place in rank}
        if not sources[record.source].write_in_label and write_ins & named:
            expected = (
                "CSV needs a word for undeclared write-ins [undeclaredWriteInLabel], the source has none"
            )
            raise FormatError(out, f"ballot {record.id}", expected)


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
        write_ins=tuple(place for place, candidate in enumerate(contest.candidates) if candidate.write_in),
    )


def write_text(out: Path, text: Iterable[str]) -> None:
    """Write a file, whole or not at all."""
    write_files(out.parent, [ReportFile(PurePosixPath(out.name), text)])
