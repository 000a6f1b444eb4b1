"""What a configuration asks for: its records read, counted, traced and told in reports, or written in another format.

Rule 1: one pass over the records; everything after that works on distinct rankings.
Rule 2: nothing is on the disk before all of it is.
"""

from collections.abc import Sequence
from pathlib import Path

from shared.contract.elections import Contest
from shared.rcv.conversion import RECORDS, ballots_of, write_text
from shared.rcv.count.profile import Profile
from shared.rcv.count.tabulate import runs
from shared.rcv.count.ties import Ask
from shared.rcv.formats.cvr.raw import Source as CvrSource
from shared.rcv.formats.detect import write_ballots
from shared.rcv.formats.rctab import Configuration, contest_of, read_records, read_sources
from shared.rcv.formats.records import CastVoteRecord
from shared.rcv.reports.cdf import converted_papers
from shared.rcv.reports.disk import write_files
from shared.rcv.reports.files import report_files
from shared.rcv.reports.generic_csv import Source, generic_csv
from shared.rcv.reports.tabulated import Settings, Stamp, Tabulated, rows_of


def tabulate_configuration(
    configuration: Configuration, out: Path, stamp: Stamp, ask: Ask | None = None
) -> list[Path]:
    """Count what a configuration describes, write its reports below `out`, and return their paths.

    Raises FormatError for a source that is wrong; ValueError if the rules cannot be carried out, a tie that nobody is
    there to break included; OSError.
    """
    contest, settings = contest_of(configuration), settings_of(configuration)
    counted = count_records(contest, list(read_records(configuration)), settings, ask)
    numbered = contest.method == "sequential-irv"
    return write_reports(configuration.stem, counted, stamp, out, numbered=numbered)


def convert_configuration(configuration: Configuration, to: str, out: Path, stamp: Stamp) -> int:
    """Write a configuration's papers as `to`, in RCTab's columns if that is csv, and return how many they are.

    Raises FormatError for a source that is wrong, or if the format cannot say what the papers say.
    """
    contest = contest_of(configuration)
    sources = [(source, list(of)) for source, of in read_sources(configuration)]
    records = [record for _, of in sources for record in of]
    if to == RECORDS:
        write_text(out, converted_papers(contest, settings_of(configuration), records, stamp))
    elif to == "csv":
        write_text(out, generic_csv(contest, ((_told(source), of) for source, of in sources)))
    else:
        write_ballots(ballots_of(contest, records), out, to)
    return len(records)


def count_records(
    contest: Contest, records: Sequence[CastVoteRecord], settings: Settings, ask: Ask | None = None
) -> list[Tabulated]:
    """Return the contest's count or, where seats are filled one after another, each seat's.

    Raises UnresolvedTie where the rules ask somebody and nobody is there.
    """
    rankings = Profile.of(contest, 1)
    rankings.add((0, record.marks, 1) for record in records)
    rows = rows_of(rankings, records)
    return [Tabulated(run, traced, records, rows, settings) for run, traced in runs(rankings, contest, ask)]


def write_reports(
    stem: str, counted: Sequence[Tabulated], stamp: Stamp, out: Path, *, numbered: bool
) -> list[Path]:
    """Write all reports of a contest below `out` and return their paths; `numbered` where each seat has its own."""
    return write_files(out, report_files(stem, counted, stamp, numbered=numbered))


def settings_of(configuration: Configuration) -> Settings:
    """Return what a configuration says of its reports."""
    output, rules = configuration.document.output_settings, configuration.document.rules
    return Settings(
        contest=output.contest_name,
        jurisdiction=output.contest_jurisdiction,
        office=output.contest_office,
        date=output.contest_date,
        single_winner=rules.winner_election_mode == "singleWinnerMajority",
        by_precinct=output.tabulate_by_precinct,
        by_batch=output.tabulate_by_batch,
        cdf=output.generate_cdf_json,
        overvote_label=any(source.overvote_label for source in configuration.document.cvr_file_sources),
    )


def _told(source: CvrSource) -> Source:
    return Source(source.file_path, source.provider, source.undeclared_write_in_label)
