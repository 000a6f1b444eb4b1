"""From cast vote records to reports: papers are counted, traced, and told in files.

Rule 1: one pass over the records; everything after that works on distinct rankings.
Rule 2: nothing is on the disk before all of it is.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from services.counting.core.rankings import Rankings
from services.counting.core.tabulate import runs
from services.counting.core.ties import Ask
from services.counting.formats.records import CastVoteRecord
from services.counting.reports.disk import write_files
from services.counting.reports.files import report_files
from services.counting.reports.tabulated import Settings, Stamp, Tabulated, rows_of
from shared.contract.elections import Contest

_SUFFIX: Final = "_config"


def stem_of(config: Path) -> str:
    """Return what the reports of a configuration file are called: of `mayor_config.json`, "mayor"."""
    return config.stem.removesuffix(_SUFFIX)


def count_records(
    contest: Contest, records: Sequence[CastVoteRecord], settings: Settings, ask: Ask | None = None
) -> list[Tabulated]:
    """Return the contest's count or, where seats are filled one after another, each seat's.

    Raises UnresolvedTie where the rules ask somebody and nobody is there.
    """
    rankings = Rankings(len(contest.candidates), 1, contest.rules)
    rankings.add((0, record.marks, 1) for record in records)
    rows = rows_of(rankings, records)
    return [Tabulated(run, traced, records, rows, settings) for run, traced in runs(rankings, contest, ask)]


def write_reports(
    stem: str, counted: Sequence[Tabulated], stamp: Stamp, out: Path, *, numbered: bool
) -> list[Path]:
    """Write all reports of a contest below `out` and return their paths; `numbered` where each seat has its own."""
    return write_files(out, report_files(stem, counted, stamp, numbered=numbered))
