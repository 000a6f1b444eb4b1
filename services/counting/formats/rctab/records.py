"""All cast vote records of a configuration's sources, in their order."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from services.counting.formats.cvr import cdf_json, cdf_xml, clear_ballot, dominion, ess, generic_csv, hart
from services.counting.formats.cvr.raw import RawRecord, Source
from services.counting.formats.rctab.configuration import Configuration
from services.counting.formats.rctab.roster import Roster
from services.counting.formats.records import CastVoteRecord

Reader = Callable[[Path, Source], Iterator[RawRecord]]


def read_records(configuration: Configuration) -> Iterator[CastVoteRecord]:
    """Yield the records of every source. Raises FormatError naming file and place, OSError.

    A name that the configuration does not know is told after the last record, with all others like it: whoever reads
    must read to the end before anything is made of the records.
    """
    for _, records in read_sources(configuration):
        yield from records


def read_sources(configuration: Configuration) -> Iterator[tuple[Source, Iterator[CastVoteRecord]]]:
    """Yield each source with its records, which are read before the next one is asked for: see `read_records`."""
    roster = Roster(configuration)
    for path, source in configuration.sources:
        read = ess_of(configuration) if source.provider == "ess" else reader_of(path, source)
        yield source, (roster.record(raw, path) for raw in read(path, source))
    roster.refuse_unknown(configuration.path)


def ess_of(configuration: Configuration) -> Reader:
    """Return the reader of ES&S's sheets, which reads as many columns of ranks as a record may fill."""
    return lambda path, source: ess.read(path, source, configuration.max_ranks)


def reader_of(path: Path, source: Source) -> Reader:
    """Return the reader of a source."""
    if source.provider == "cdf":
        return cdf_xml.read if path.suffix.lower() == ".xml" else cdf_json.read
    return _READERS[source.provider]


_READERS: Final[dict[str, Reader]] = {
    "clearBallot": clear_ballot.read,
    "dominion": dominion.read,
    "genericCsv": generic_csv.read,
    "hart": hart.read,
}
