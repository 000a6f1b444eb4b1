"""NIST's Common Data Format for cast vote records (SP 1500-103, 1.0) as JSON: see `cdf`."""

from collections.abc import Iterator
from pathlib import Path

from shared.rcv.formats.cvr import json_file
from shared.rcv.formats.cvr.cdf import Terms, records
from shared.rcv.formats.cvr.raw import RawRecord, Source


def read(path: Path, source: Source) -> Iterator[RawRecord]:
    """Yield the records of a file's contest. Raises FormatError naming the CVR, OSError."""
    report = json_file.load(path)
    elections, units = report.some("Election", "Election"), report.nodes("GpUnit", "GpUnit")
    terms = Terms(report, elections, units, source)
    yield from records(report.some("CVR", "CVR"), terms, "BallotPrePrintedId")
