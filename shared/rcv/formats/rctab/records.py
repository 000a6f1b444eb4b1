"""All cast vote records of a configuration's sources, in their order."""

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Final

from shared.rcv.formats.cvr.raw import RawRecord, Source
from shared.rcv.formats.rctab.configuration import Configuration
from shared.rcv.formats.rctab.roster import Roster
from shared.rcv.formats.records import CastVoteRecord

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
        read = reader_of(configuration, source)
        yield source, (roster.record(raw, path) for raw in read(path, source))
    roster.refuse_unknown(configuration.path)


def reader_of(configuration: Configuration, source: Source) -> Reader:
    """Return the reader of a source. Only the one that is needed is imported."""
    read: Callable[..., Iterator[RawRecord]] = import_module(
        f"shared.rcv.formats.cvr.{_READERS[source.provider]}"
    ).read
    return partial(read, max_ranks=configuration.max_ranks) if source.provider == "ess" else read


_READERS: Final = {
    "cdf": "cdf",
    "clearBallot": "clear_ballot",
    "dominion": "dominion",
    "ess": "ess",
    "genericCsv": "generic_csv",
    "hart": "hart",
}
