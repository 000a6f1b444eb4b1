"""Which files report a contest, by name and text: the whole, its slices, its ballots.

Rule 1: a contest whose seats are filled one after another has files for each run, numbered "_1", "_2".
Rule 2: slices are those the ballots name, in the order of a Java HashMap. Those that name none have a slice, too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shared.rcv.count.java import hash_order
from shared.rcv.names import sanitised
from shared.rcv.reports.cdf import counted_ballots
from shared.rcv.reports.document import Document
from shared.rcv.reports.generic_csv import generic_csv
from shared.rcv.reports.heading import Kind, Slice, candidate_order
from shared.rcv.reports.part import Parts
from shared.rcv.reports.spreadsheet import Spreadsheet
from shared.rcv.reports.tabulated import Stamp, Tabulated


class ReportFile(NamedTuple):
    """A file to be written."""

    path: PurePosixPath
    """Below the folder for reports."""
    text: Iterable[str]
    """Its pieces, in UTF-8 without another line end than theirs."""


class SliceNames:
    """Gives the files of every slice of a contest a name of their own; the same in every run.

    Slices whose names become the same when characters are replaced get a number: the first none, the second "_1". They come
    in the order of a Java HashMap, batches before precincts; one id has one name, whatever it names.
    """

    def __init__(self) -> None:
        self._name_of: dict[str, str] = {}

    def path(self, stem: str, of: Slice, report: str) -> PurePosixPath:
        """Return where the slice's report goes, below the folder of the contest's reports."""
        name = f"{stem}_{self._unique(of.id)}_{of.kind.lower()}_{report}"
        return PurePosixPath(f"Tabulate by {of.kind}", name)

    def _unique(self, slice_id: str) -> str:
        if slice_id not in self._name_of:
            taken = set(self._name_of.values())
            name = bare = sanitised(slice_id)
            number = 0
            while name in taken:
                number += 1
                name = f"{bare}_{number}"
            self._name_of[slice_id] = name
        return self._name_of[slice_id]


def report_files(
    stem: str, runs: Sequence[Tabulated], stamp: Stamp, *, numbered: bool = False
) -> Iterator[ReportFile]:
    """Yield the files of a contest: its ballots, then those of its one count, or `numbered` of each run.

    Raises ValueError if results are asked for by precinct or batch, and no ballot names one.
    """
    names = SliceNames()
    if runs and runs[0].settings.sources:
        contest, sources, records = runs[0].contest, runs[0].settings.sources, runs[0].records
        yield ReportFile(PurePosixPath(f"{stem}_rctab_cvr.csv"), generic_csv(contest, sources, records))
    for number, tabulated in enumerate(runs, 1):
        run = f"{stem}_{number}" if numbered else stem
        yield from _run(run, tabulated, stamp, names)


def _run(stem: str, tabulated: Tabulated, stamp: Stamp, names: SliceNames) -> Iterator[ReportFile]:
    parts = Parts(tabulated)
    whole = parts.whole()
    order = candidate_order(tabulated, whole)
    sheet, document = Spreadsheet(tabulated, stamp, whole, order), Document(tabulated, stamp, whole)
    yield _file(f"{stem}_summary_report.csv", sheet.summary())
    yield _file(f"{stem}_detailed_report.csv", sheet.detailed())
    yield _file(f"{stem}_summary_report.json", document.summary())
    yield _file(f"{stem}_detailed_report.json", document.detailed())
    for of, places in _slices(tabulated):
        part = parts.slice(places)
        slice_sheet = Spreadsheet(tabulated, stamp, part, order, of)
        yield _file(names.path(stem, of, "detailed_report.csv"), slice_sheet.detailed())
        slice_document = Document(tabulated, stamp, part, of)
        yield _file(names.path(stem, of, "detailed_report.json"), slice_document.detailed())
    if tabulated.settings.cdf:
        yield ReportFile(
            PurePosixPath(f"{stem}_cdf_cvr.json"), counted_ballots(tabulated, parts.positions, stamp)
        )


def _file(path: str | PurePosixPath, text: str) -> ReportFile:
    return ReportFile(PurePosixPath(path), (text,))


def _slices(tabulated: Tabulated) -> Iterator[tuple[Slice, NDArray[np.intp]]]:
    settings, records = tabulated.settings, tabulated.records
    if settings.by_batch:
        yield from _by("Batch", [record.batch for record in records])
    if settings.by_precinct:
        yield from _by("Precinct", [record.precinct for record in records])


_MISSING: Final[Mapping[Kind, str]] = {"Batch": "missing_batch_id", "Precinct": "missing_precinct_id"}
"""What RCTab calls the slice of the ballots that name none: slices add up to the whole."""


def _by(kind: Kind, ids: Sequence[str | None]) -> Iterator[tuple[Slice, NDArray[np.intp]]]:
    places: dict[str, list[int]] = {}
    for place, slice_id in enumerate(ids):
        places.setdefault(slice_id or _MISSING[kind], []).append(place)
    if not any(ids):
        raise ValueError(f"results by {kind.lower()} are asked for, and no cast vote record names one")
    for slice_id in hash_order(places):
        yield Slice(kind, slice_id), np.array(places[slice_id], np.intp)
