"""An RCTab configuration carried out: its records read, counted and traced, and RCTab's reports written.

There is one pass over the records; everything after that works on distinct rankings. All reports are written, or none.
"""

from collections.abc import Sequence
from pathlib import Path

from shared.contract.elections import Contest
from shared.rcv.count.profile import Profile
from shared.rcv.count.tabulate import runs
from shared.rcv.count.ties import Ask
from shared.rcv.formats.cvr.raw import NOBODY, Listeners
from shared.rcv.formats.rctab import Configuration, contest_of, read_records
from shared.rcv.formats.records import CastVoteRecord, FormatError
from shared.rcv.reports.disk import write_files
from shared.rcv.reports.files import report_files
from shared.rcv.reports.generic_csv import Source
from shared.rcv.reports.tabulated import Settings, Stamp, Tabulated, rows_of


def tabulate_configuration(
    configuration: Configuration,
    out: Path,
    stamp: Stamp,
    ask: Ask | None = None,
    hear: Listeners = NOBODY,
) -> list[Path]:
    """Count what a configuration describes, write its reports below `out`, and return their paths.

    Raises FormatError for a source that is wrong; ValueError if the rules cannot be carried out, a tie that nobody is
    there to break included; OSError.
    """
    contest, settings = contest_of(configuration), settings_of(configuration)
    records = list(read_records(configuration, hear))
    if not records:
        raise FormatError(configuration.path, "cvrFileSources", "expected cast vote records, found none")
    counted = count_records(contest, records, settings, ask)
    numbered = contest.method == "sequential-irv"
    inputs = [configuration.path, *(path for path, _ in configuration.sources)]
    return write_reports(configuration.stem, counted, stamp, out, numbered=numbered, inputs=inputs)


def count_records(
    contest: Contest, records: Sequence[CastVoteRecord], settings: Settings, ask: Ask | None = None
) -> list[Tabulated]:
    """Return the contest's count or, where seats are filled one after another, each seat's.

    Raises UnresolvedTie where the rules ask somebody and nobody is there.
    """
    profile = Profile.of(contest, 1, ((0, record.marks, 1) for record in records))
    rows = rows_of(profile, records)
    return [Tabulated(run, traced, records, rows, settings) for run, traced in runs(profile, contest, ask)]


def write_reports(
    stem: str,
    counted: Sequence[Tabulated],
    stamp: Stamp,
    out: Path,
    *,
    numbered: bool,
    inputs: Sequence[Path] = (),
) -> list[Path]:
    """Write all reports of a contest below `out` and return their paths; `numbered` where each seat has its own.

    None is written over a file of `inputs`.
    """
    return write_files(out, report_files(stem, counted, stamp, numbered=numbered), inputs)


def settings_of(configuration: Configuration) -> Settings:
    """Return what a configuration has about its reports."""
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
        overvote_label=any(source.overvote_label for _, source in configuration.sources),
        sources=tuple(
            Source(source.file_path, source.provider, source.undeclared_write_in_label)
            for _, source in configuration.sources
        ),
    )
