"""Whom the words of a record mean: names and aliases become places in the contest, labels become marks.

Rule 1: nothing is guessed. A name that nobody in the configuration has is remembered with its place, and refused when
        all is read: with every such name, and how often it stands.
Rule 2: nothing is dropped. Each selection of a record is in its marks.
"""

from collections import Counter
from pathlib import Path
from typing import Final

from shared.contract.ballots import UNNAMED, format_marks
from shared.rcv.formats.cvr.raw import OVERVOTE, WRITE_IN, RawRecord, Selection
from shared.rcv.formats.rctab.configuration import Configuration
from shared.rcv.formats.records import CastVoteRecord, FormatError

SHOWN: Final = 10
"""Unknown names listed in an error."""

MAX_RANKS: Final = 1_000
"""Ranks of a ballot where the rules set no limit: beyond it, a rank is a slip."""


class Roster:
    """The candidates of a configuration, by all their names."""

    def __init__(self, configuration: Configuration) -> None:
        candidates = configuration.document.candidates
        self._place = {name: place for place, of in enumerate(candidates) for name in of.names}
        self._names = [candidate.name for candidate in candidates]
        if configuration.has_write_ins:
            self._place[WRITE_IN] = len(self._names)
            self._names.append(WRITE_IN)
        self._max_ranks = configuration.max_ranks
        self._unknown: Counter[str] = Counter()
        self._first_seen: dict[str, str] = {}
        self._known: dict[tuple[Selection, ...], tuple[str, dict[int, str]]] = {}
        """What selections amount to: most records say what another has said."""
        self._same: dict[str | None, str | None] = {}
        """Words that records share, each kept once: a million records must fit into memory."""

    def record(self, raw: RawRecord, path: Path, source: int = 0) -> CastVoteRecord:
        """Return a record with its marks, of the source at that place. Raises FormatError for a rank that the rules do not allow."""
        known = self._known.get(raw.selections)
        if known is None:
            unknown = sum(self._unknown.values())
            known = self._marks(raw, path)
            if unknown == sum(self._unknown.values()):
                self._known[raw.selections] = known
        marks, aliases = known
        same = self._same.setdefault
        return CastVoteRecord(
            raw.id,
            marks,
            same(raw.precinct, raw.precinct),
            same(raw.batch, raw.batch),
            aliases,
            raw.vendor_id,
            raw.contest_id,
            same(raw.tabulator_id, raw.tabulator_id),
            same(raw.precinct_portion, raw.precinct_portion),
            source,
        )

    def _marks(self, raw: RawRecord, path: Path) -> tuple[str, dict[int, str]]:
        """Return the marks of a record, and candidates whom it calls otherwise than the contest does."""
        ranks: dict[int, list[int] | tuple[int, ...]] = {}
        aliases: dict[int, str] = {}
        for rank, name in raw.selections:
            if rank < 1 or (self._max_ranks is not None and rank > self._max_ranks):
                upto = "on" if self._max_ranks is None else f"to {self._max_ranks} [maxRankingsAllowed]"
                raise FormatError(path, raw.place, f"expected ranks from 1 {upto}, found {rank}")
            if rank > MAX_RANKS:
                raise FormatError(path, raw.place, f"a ballot has at most {MAX_RANKS} ranks, found {rank}")
            marked = ranks.setdefault(rank, [])
            if name == OVERVOTE and name not in self._place:
                ranks[rank] = UNNAMED
                continue
            place = self._place.get(name)
            if place is None:
                self._unknown[name] += 1
                self._first_seen.setdefault(name, f"{path}: {raw.place}")
            elif isinstance(marked, list) and place not in marked:
                marked.append(place)
                if self._names[place] != name:
                    aliases[place] = name
        spelled = format_marks([tuple(ranks.get(rank, ())) for rank in range(1, max(ranks, default=0) + 1)])
        return spelled, aliases

    def refuse_unknown(self, configuration: Path) -> None:
        """Raise FormatError if a record named somebody whom the configuration does not."""
        if not self._unknown:
            return
        listed = [
            f"{name!r} ({times:,} times, first in {self._first_seen[name]})"
            for name, times in self._unknown.most_common(SHOWN)
        ]
        more = f", and {len(self._unknown) - SHOWN} more" if len(self._unknown) > SHOWN else ""
        expected = f"expected a candidate's name or alias, or a label, found {', '.join(listed)}{more}"
        raise FormatError(configuration, "candidates", expected)
