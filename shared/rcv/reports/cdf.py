"""`_cdf_cvr.json`: all ballots in NIST's Common Data Format for cast vote records, as RCTab 2.0 writes it.

Source: NIST SP 1500-103, Cast Vote Records Common Data Format, version 1.0 (2020); where that leaves a choice, RCTab's
expected files. A report may be far larger than memory, so ballots are written one by one.

Counted ballots have a snapshot for each round, which allots their votes: what those elected before have kept, then what the
ballot brings its holder. Votes are allotted to the contest's own name for a candidate: a ballot that uses an alias has no
allotment, and what it selects no definition (RCTab's way; its expected files have it so). Converted ballots stand as marked, and
every selection is defined: an alias is its candidate's, a write-in is said to be one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Final, NamedTuple

import numpy as np

from shared.contract.ballots import UNNAMED, parse_marks
from shared.contract.elections import Contest
from shared.rcv.count.java import code_units, hash_order
from shared.rcv.formats.records import CastVoteRecord
from shared.rcv.names import sanitised
from shared.rcv.reports.numbers import EXACT, votes
from shared.rcv.reports.positions import Positions
from shared.rcv.reports.tabulated import Settings, Stamp, Tabulated
from shared.rcv.reports.text import Json, Laid, json_text

MAX_TEXTS_KEPT: Final = 16_384
"""Selections whose text is kept: ballots say the same things over and over."""

CONTEST_ID: Final = "contest-001"
ELECTION_ID: Final = "election-001"
OVERVOTE: Final = "overvote"
ONE: Final = Decimal(1)
_DEVICE_ID: Final = "rd-001"
_SCOPE_ID: Final = "gpu-election"
_DEPTH: Final = 1
"""A ballot stands one object deep in the report, a selection three more."""

Brings = str
"""What a selection brings: votes, as their own text; or "no", nothing; or, before any round, "unknown"."""

_NO_VOTES: Final = frozenset({"unknown", "no"})


class Selection(NamedTuple):
    """A candidate, by the name the ballot uses, and the ranks that name them, ascending."""

    name: str
    ranks: tuple[int, ...]


def selections_of(marks: str, names: Sequence[str], aliases: Mapping[int, str]) -> list[Selection]:
    """Return what a ballot selects. Raises ValueError if `marks` are not the spelling of a ranking."""
    ranks_of: dict[str, list[int]] = {}
    for number, rank in enumerate(parse_marks(marks), 1):
        called = [OVERVOTE] if rank == UNNAMED else [aliases.get(c, names[c]) for c in rank]
        for name in called:
            ranks_of.setdefault(name, []).append(number)
    selections = [Selection(name, tuple(ranks)) for name, ranks in ranks_of.items()]
    return sorted(selections, key=lambda s: (s.ranks[0], code_units(s.name)))


def numbered(wanted: Iterable[str]) -> Iterator[str]:
    """Yield words that all differ: as wanted or, where one was there before, with a number."""
    taken: set[str] = set()
    last: dict[str, int] = {}
    for word in wanted:
        unique, number = word, last.get(word, 1)
        while unique in taken:
            number += 1
            unique = f"{word}-{number}"
        last[word] = number
        taken.add(unique)
        yield unique


@lru_cache(MAX_TEXTS_KEPT)
def selection_text(short: str, ranks: tuple[int, ...], brings: Brings, depth: int) -> Laid:
    """Return the JSON of a selection, `depth` objects deep; `short` is what its id is made of."""
    return Laid(
        json_text(
            {
                "@type": "CVR.CVRContestSelection",
                "ContestSelectionId": f"cs-{short}",
                "SelectionPosition": _positions(ranks, brings),
            },
            depth,
        )
    )


def _positions(ranks: Sequence[int], brings: Brings) -> list[Json]:
    amount = ONE if brings in _NO_VOTES else Decimal(brings)
    fraction = EXACT.remainder(amount, ONE)
    part: dict[str, Json] = {"FractionalVotes": str(fraction)[1:]} if fraction else {}
    first = brings if brings in _NO_VOTES else "yes"
    later = "no" if first == "yes" else first
    return [
        {
            "@type": "CVR.SelectionPosition",
            "HasIndication": "yes",
            "IsAllocable": later if place else first,
            "NumberVotes": int(amount),
            "Rank": rank,
            **part,
        }
        for place, rank in enumerate(ranks)
    ]


class CdfBallots:
    """Writes ballots of one contest."""

    def __init__(
        self, names: Sequence[str], short: Mapping[str, str], rounds: Sequence[Positions], places: int
    ) -> None:
        self._names = names
        self.short = short
        """What ids are made of, by name."""
        self._rounds = rounds
        self._places = places

    def text(self, ballot: str, record: CastVoteRecord, row: int, where: Mapping[str, Json]) -> str:
        """Return the JSON of one ballot by its id; `where` says in which unit it was cast, if reports distinguish units."""
        selections = selections_of(record.marks, self._names, record.aliases)
        as_marked = self._snapshot(ballot, 0, [(selection, "unknown") for selection in selections])
        as_read = [
            self._snapshot(ballot, number, self._allot(at, row, selections))
            for number, at in enumerate(self._rounds, 1)
        ]
        return json_text(
            {
                "@type": "CVR",
                "BallotPrePrintedId": ballot,
                "CurrentSnapshotId": _snapshot_id(ballot, len(self._rounds)),
                "CVRSnapshot": [as_marked, *as_read],
                "ElectionId": ELECTION_ID,
                **where,
            },
            _DEPTH,
        )

    def _snapshot(self, ballot: str, number: int, selections: Sequence[tuple[Selection, Brings]]) -> Json:
        contest: Json = {
            "@type": "CVR.CVRContest",
            "ContestId": CONTEST_ID,
            "CVRContestSelection": [
                selection_text(self.short[selection.name], selection.ranks, brings, _DEPTH + 3)
                for selection, brings in selections
            ],
        }
        return {
            "@id": _snapshot_id(ballot, number),
            "@type": "CVR.CVRSnapshot",
            "CVRContest": [contest],
            "Type": "interpreted" if number else "original",
        }

    def _allot(
        self, at: Positions, row: int, selections: Sequence[Selection]
    ) -> list[tuple[Selection, Brings]]:
        allotted = self._allotted(at, row)
        return [(selection, allotted.get(selection.name, "no")) for selection in selections]

    def _allotted(self, at: Positions, row: int) -> dict[str, str]:
        allotted = {
            self._names[c]: str(votes(int(units[row]), self._places, divided=True))
            for c, units in at.kept.items()
            if at.through[c][row]
        }
        holder = int(at.holder[row])
        if holder < len(self._names):
            units = 1 if at.value is None else int(at.value[row])
            whole_or_not = votes(units, self._places, divided=bool(at.divided[row]))
            allotted[self._names[holder]] = str(whole_or_not)
        return allotted


def _snapshot_id(ballot: str, number: int) -> str:
    return f"ballot-{ballot}-round-{number}" if number else f"ballot-{ballot}"


def counted_ballots(tabulated: Tabulated, rounds: Sequence[Positions], stamp: Stamp) -> Iterator[str]:
    """Yield the text of the report of a count's ballots, piece by piece."""
    short = _short_names(tabulated.names, tabulated.records)
    ballots = CdfBallots(tabulated.names, short, rounds, tabulated.traced.count.places)
    rows = tabulated.rows.tolist()
    terms = _terms(tabulated.contest, tabulated.settings, short, tabulated.records)
    return _report(terms, tabulated.settings, tabulated.records, rows, ballots, stamp)


def converted_ballots(
    contest: Contest, settings: Settings, records: Sequence[CastVoteRecord], stamp: Stamp
) -> Iterator[str]:
    """Yield the text of the report of ballots that were not counted."""
    names = [candidate.name for candidate in contest.candidates]
    short = _short_names(names, records)
    ballots = CdfBallots(names, short, (), 0)
    terms = _terms(contest, settings, short, records)
    for candidate in contest.candidates:
        if candidate.write_in:
            terms.selections[short[candidate.name]]["IsWriteIn"] = True
    for place, alias in sorted({each for record in records for each in record.aliases.items()}):
        terms.selections.setdefault(short[alias], _selection(short[alias], short[names[place]]))
    return _report(terms, settings, records, [0] * len(records), ballots, stamp)


class _Terms(NamedTuple):
    """What a report says of the contest."""

    candidates: list[Json]
    selections: dict[str, dict[str, Json]]
    """By what their ids are made of."""


def _terms(
    contest: Contest, settings: Settings, short: Mapping[str, str], records: Iterable[CastVoteRecord]
) -> _Terms:
    """Return the contest's candidates, an overvote of unnamed ones among them if any ballot may have one."""
    names = [candidate.name for candidate in contest.candidates]
    if settings.overvote_label or any(UNNAMED in parse_marks(marks) for marks in {r.marks for r in records}):
        names.append(OVERVOTE)
    names.sort(key=code_units)
    candidates: list[Json] = [{"@id": f"c-{short[name]}", "Name": name} for name in names]
    return _Terms(candidates, {short[name]: _selection(short[name], short[name]) for name in names})


def _selection(called: str, candidate: str) -> dict[str, Json]:
    return {"@id": f"cs-{called}", "@type": "ContestSelection", "CandidateIds": [f"c-{candidate}"]}


def _short_names(names: Sequence[str], records: Iterable[CastVoteRecord]) -> dict[str, str]:
    """Return what ids are made of for all whom ballots name: RCTab's words, and never one for two candidates."""
    known = list(dict.fromkeys([*names, OVERVOTE]))
    short = dict(zip(known, numbered(_short(name) for name in known), strict=True))
    aliases = {(alias, names[place]) for record in records for place, alias in record.aliases.items()}
    own = {alias: short[name] for alias, name in aliases if _short(alias) == short[name]}
    others = sorted({alias for alias, _ in aliases} - own.keys())
    words = islice(numbered([*short.values(), *map(_short, others)]), len(short), None)
    return {**own, **dict(zip(others, words, strict=True)), **short}


def _short(name: str) -> str:
    return sanitised(name).lower()


def _ballot_ids(records: Sequence[CastVoteRecord]) -> Iterator[str]:
    """Yield the id of each ballot: RCTab's or, where a vendor begins anew in each batch, one that no other ballot has."""
    hashes = np.fromiter((hash(sanitised(record.id)) for record in records), np.int64, len(records))
    if len(np.unique(hashes)) == len(records):
        return (sanitised(record.id) for record in records)
    parts = ((record.tabulator_id, record.batch, record.id) for record in records)
    return numbered(sanitised("-".join(filter(None, each))) for each in parts)


def _report(
    terms: _Terms,
    settings: Settings,
    records: Sequence[CastVoteRecord],
    rows: Sequence[int],
    ballots: CdfBallots,
    stamp: Stamp,
) -> Iterator[str]:
    units = _units(records) if settings.by_precinct else {}
    yield '{\n  "@type" : "CVR.CastVoteRecordReport",\n  "CVR" : [ '
    each = zip(_ballot_ids(records), records, rows, strict=True)
    for place, (ballot, record, row) in enumerate(each):
        where: dict[str, Json] = (
            {"BallotStyleUnitId": units.get(record.precinct or "")} if settings.by_precinct else {}
        )
        yield (", " if place else "") + ballots.text(ballot, record, row, where)
    yield " ],"
    yield json_text(_frame(terms, settings, units.items(), stamp)).removeprefix("{")


def _frame(
    terms: _Terms,
    settings: Settings,
    units: Iterable[tuple[str, str]],
    stamp: Stamp,
) -> Json:
    """Return what stands after the ballots."""
    return {
        "Election": [_election(terms, settings)],
        "GeneratedDate": stamp.generated,
        "GpUnit": [_scope(settings), *(_precinct(name, unit) for name, unit in units)],
        "ReportGeneratingDeviceIds": [_DEVICE_ID],
        "ReportingDevice": [
            {
                "@id": _DEVICE_ID,
                "@type": "CVR.ReportingDevice",
                "Application": stamp.program,
                "Manufacturer": stamp.program,
            }
        ],
        "Version": "1.0.0",
    }


def _election(terms: _Terms, settings: Settings) -> Json:
    held: Json = {
        "@id": CONTEST_ID,
        "@type": "CandidateContest",
        "ContestSelection": list(terms.selections.values()),
        "Name": settings.contest,
    }
    return {
        "@id": ELECTION_ID,
        "@type": "Election",
        "Candidate": terms.candidates,
        "Contest": [held],
        "ElectionScopeId": _SCOPE_ID,
    }


def _units(records: Iterable[CastVoteRecord]) -> dict[str, str]:
    precincts = hash_order(record.precinct for record in records if record.precinct)
    return {precinct: f"gpu-{number}" for number, precinct in enumerate(precincts, 1)}


def _scope(settings: Settings) -> Json:
    return {
        "@id": _SCOPE_ID,
        "@type": "GpUnit",
        "Name": settings.jurisdiction,
        "OtherType": "Election Scope Jurisdiction",
        "Type": "other",
    }


def _precinct(name: str, unit: str) -> Json:
    return {"@id": unit, "@type": "GpUnit", "Name": name, "Type": "precinct"}
