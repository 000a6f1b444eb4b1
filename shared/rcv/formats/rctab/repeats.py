"""Ballots that are read twice: a file that is listed under two names, or a ballot that is exported twice.

Each reader says by what its vendor distinguishes a ballot from all others of a source (`RawRecord.identity`). In one source
no two ballots share it. Of two sources each may number its ballots anew: so where ballots of two share identities, they
are refused as copies if each such ballot of the later one is in all else as one before, too; if one is not, identities say
nothing there, and that is noted.

Held are 20 bytes a ballot, with hashes of 64 bits. Only where two are equal the sources are read once more, for the places,
and because different ballots may have equal hashes.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator
from filecmp import cmp
from itertools import combinations, islice
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from shared.rcv.formats.cvr.raw import Note, RawRecord
from shared.rcv.formats.rctab.configuration import Configuration
from shared.rcv.formats.records import FormatError

SHOWN: Final = 10
"""Ballots listed in an error."""

AGAIN: Final = "ballot with the id of another"
COPY: Final = "source that is a copy of another"
NUMBERED_ANEW: Final = "ballot with an id that another source has, too, for another ballot"

_BY_COLUMNS: Final = {"ess", "genericCsv"}
"""Providers whose ballots need not have ids: their files are compared."""

Which = npt.NDArray[np.bool_]
Reread = Callable[[int], Iterable[RawRecord]]
"""Yields the records of a source once more; sources are numbered from 0."""


def refuse_copies(configuration: Configuration, remark: Note) -> None:
    """Raise FormatError for a source of columns that is another, byte for byte. Raises OSError."""
    files = [path for path, source in configuration.sources if source.provider in _BY_COLUMNS]
    for one, other in combinations(files, 2):
        if one.stat().st_size == other.stat().st_size and cmp(one, other, shallow=False):
            if not configuration.as_rctab:
                raise FormatError(other, "", f"expected other ballots than those of {one}, found a copy")
            remark(COPY)


class Identities:
    """By what ballots are distinguished, source by source."""

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._ids, self._ballots, self._sources = array("q"), array("q"), array("i")

    def add(self, raw: RawRecord, source: int) -> None:
        """Learn a ballot of a source."""
        if raw.identity:
            self._ids.append(hash(raw.identity))
            self._ballots.append(hash(_content(raw)))
            self._sources.append(source)

    def refuse_repeated(self, reread: Reread, remark: Note) -> None:
        """Raise FormatError for ballots that were read twice; note ids that repeat and say nothing. Raises OSError."""
        ids, sources = np.array(self._ids, np.int64), np.array(self._sources, np.int32)
        within, elsewhere = _again(ids, sources)
        refused, anew = within, elsewhere
        if self._configuration.as_rctab:
            refused = np.zeros_like(within)
        elif elsewhere.any():
            _, equal = _again(np.array(self._ballots, np.int64), sources)
            anew = elsewhere & np.isin(sources, sources[elsewhere & ~equal])
            refused = within | (elsewhere & ~anew)
        for which, why in ((within & ~refused, AGAIN), (anew & ~refused, NUMBERED_ANEW)):
            for _ in range(int(np.count_nonzero(which))):
                remark(why)
        if refused.any():
            first = zip(ids[refused][:SHOWN].tolist(), sources[refused][:SHOWN].tolist(), strict=True)
            self._refuse(int(np.count_nonzero(refused)), set(first), reread)

    def _refuse(self, times: int, wanted: set[tuple[int, int]], reread: Reread) -> None:
        """Raise FormatError with the places of ballots of these hashes and sources, unless their identities differ after all."""
        listed = list(islice(self._places(wanted, reread), SHOWN))
        if listed:
            more = [f"and {times - len(listed):,} more"] if times > len(listed) else []
            said = "\n  ".join(("expected each ballot once", *listed, *more))
            raise FormatError(self._configuration.path, "cvrFileSources", said)

    def _places(self, wanted: set[tuple[int, int]], reread: Reread) -> Iterator[str]:
        """Yield where ballots stand again: in one source by their identity alone, in another with all else."""
        ids = {found for found, _ in wanted}
        met: dict[object, tuple[Path, str]] = {}
        for number, (path, _) in enumerate(self._configuration.sources):
            for raw in reread(number):
                found = hash(raw.identity)
                if found not in ids:
                    continue
                here = path, raw.place
                there = [met.setdefault(key, here) for key in ((raw.identity, number), _content(raw))]
                other = next((each for each in there if each is not here), None)
                if other and (found, number) in wanted:
                    called = ", ".join(filter(None, raw.identity))
                    shown = other[1] if other[0] == path else ": ".join(map(str, other))
                    yield f"{path}: {raw.place}: found ballot {called!r} again, as in {shown}"


def _content(raw: RawRecord) -> tuple[object, ...]:
    return raw.identity, raw.selections, raw.precinct, raw.precinct_portion


def _again(hashes: npt.NDArray[np.int64], sources: npt.NDArray[np.int32]) -> tuple[Which, Which]:
    """Say of each hash whether it stands before in its own source, and whether it stands first in another."""
    order = np.lexsort((sources, hashes))
    before, after = order[:-1], order[1:]
    within = np.zeros(len(hashes), np.bool_)
    within[after] = (hashes[before] == hashes[after]) & (sources[before] == sources[after])
    _, first, of = np.unique(hashes, return_index=True, return_inverse=True)
    return within, sources[first[of]] != sources
