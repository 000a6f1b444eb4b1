"""All cast vote records of a configuration's sources, in their order."""

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Final

from shared.rcv.formats.cvr.raw import NOBODY, Listeners, Note, RawRecord, Source, no_note
from shared.rcv.formats.rctab.configuration import Configuration
from shared.rcv.formats.rctab.repeats import Identities, refuse_copies
from shared.rcv.formats.rctab.roster import Roster
from shared.rcv.formats.records import CastVoteRecord

Reader = Callable[[Path, Source], Iterator[RawRecord]]

PROGRESS_EVERY: Final = 10_000


def read_records(configuration: Configuration, hear: Listeners = NOBODY) -> Iterator[CastVoteRecord]:
    """Yield the records of every source; `hear.progress` is called every PROGRESS_EVERY.

    A name that the configuration does not know, and a ballot that was read twice, are reported after the last record, with
    all others like them: whoever reads must read to the end before anything is made of the records. Raises FormatError naming file and place, OSError.
    """
    refuse_copies(configuration, hear.odd)
    roster, identities = Roster(configuration), Identities(configuration)
    sources, numbers = configuration.sources, count(1)
    for place, (path, source) in enumerate(sources):
        for raw, number in zip(
            _reader_of(configuration, source, hear.left_out)(path, source), numbers, strict=False
        ):
            identities.add(raw, place)
            if number % PROGRESS_EVERY == 0:
                hear.progress(number)
            yield roster.record(raw, path, place)
    roster.refuse_unknown(configuration.path)

    def reread(place: int) -> Iterator[RawRecord]:
        path, source = sources[place]
        return _reader_of(configuration, source, no_note)(path, source)

    identities.refuse_repeated(reread, hear.odd)


def _reader_of(configuration: Configuration, source: Source, note: Note) -> Reader:
    """Return the reader of a source. Only the one that is needed is imported."""
    name = _READERS[source.provider]
    read: Callable[..., Iterator[RawRecord]] = import_module(f"shared.rcv.formats.cvr.{name}").read
    more: dict[str, object] = {"max_ranks": configuration.max_ranks} if name in _READ_RANKS else {}
    if name in _NOTE:
        more["note"] = note
    return partial(read, **more)


_READ_RANKS: Final = {"ess", "clear_ballot"}
"""Readers that read as many ranks as the rules allow."""
_NOTE: Final = {"cdf", "dominion", "ess", "hart"}
"""Readers that leave out what a file has."""
_READERS: Final = {
    "cdf": "cdf",
    "clearBallot": "clear_ballot",
    "dominion": "dominion",
    "ess": "ess",
    "genericCsv": "generic_csv",
    "hart": "hart",
}
