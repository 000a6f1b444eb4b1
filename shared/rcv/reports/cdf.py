"""`_cdf_cvr.json`: all ballots in NIST's Common Data Format for cast vote records, as RCTab 2.0 writes it.

Source: NIST SP 1500-103, Cast Vote Records Common Data Format, version 1.0 (2020); where that leaves a choice, RCTab's
expected files. A report may be far larger than memory, so ballots are written one by one.

Counted ballots have a snapshot for each round, which allots their votes: what those elected before have kept, then what the
ballot brings its holder. Votes are allotted to the contest's own name for a candidate: a ballot that uses an alias has no
allotment (RCTab's way; its expected files have it so). Converted ballots stand as marked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

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
_MANUFACTURER: Final = "Bright Spots"
"""Of the layout: the expected files name it beside the program."""
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


def selection_id(name: str) -> str:
    """Return the id of the selection of a candidate."""
    return f"cs-{sanitised(name).lower()}"


@lru_cache(MAX_TEXTS_KEPT)
def selection_text(selection: Selection, brings: Brings, depth: int) -> Laid:
    """Return the JSON of a selection, `depth` objects deep."""
    return Laid(
        json_text(
            {
                "@type": "CVR.CVRContestSelection",
                "ContestSelectionId": selection_id(selection.name),
                "SelectionPosition": _positions(selection.ranks, brings),
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

    def __init__(self, names: Sequence[str], rounds: Sequence[Positions], places: int) -> None:
        self._names = names
        self._rounds = rounds
        self._places = places

    def text(self, record: CastVoteRecord, row: int, where: Mapping[str, Json]) -> str:
        """Return the JSON of one ballot; `where` says in which unit it was cast, if reports distinguish units."""
        ballot = sanitised(record.id)
        selections = selections_of(record.marks, self._names, record.aliases)
        as_marked = _snapshot(ballot, 0, [(selection, "unknown") for selection in selections])
        as_read = [
            _snapshot(ballot, number, self._allot(at, row, selections))
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


def _snapshot(ballot: str, number: int, selections: Sequence[tuple[Selection, Brings]]) -> Json:
    contest: Json = {
        "@type": "CVR.CVRContest",
        "ContestId": CONTEST_ID,
        "CVRContestSelection": [
            selection_text(selection, brings, _DEPTH + 3) for selection, brings in selections
        ],
    }
    return {
        "@id": _snapshot_id(ballot, number),
        "@type": "CVR.CVRSnapshot",
        "CVRContest": [contest],
        "Type": "interpreted" if number else "original",
    }


def _snapshot_id(ballot: str, number: int) -> str:
    return f"ballot-{ballot}-round-{number}" if number else f"ballot-{ballot}"


def counted_ballots(tabulated: Tabulated, rounds: Sequence[Positions], stamp: Stamp) -> Iterator[str]:
    """Yield the text of the report of a count's ballots, piece by piece."""
    ballots = CdfBallots(tabulated.names, rounds, tabulated.traced.count.places)
    rows = tabulated.rows.tolist()
    return _report(tabulated.contest, tabulated.settings, tabulated.records, rows, ballots, stamp)


def converted_ballots(
    contest: Contest, settings: Settings, records: Sequence[CastVoteRecord], stamp: Stamp
) -> Iterator[str]:
    """Yield the text of the report of ballots that were not counted."""
    ballots = CdfBallots([candidate.name for candidate in contest.candidates], (), 0)
    return _report(contest, settings, records, [0] * len(records), ballots, stamp)


def _report(
    contest: Contest,
    settings: Settings,
    records: Sequence[CastVoteRecord],
    rows: Sequence[int],
    ballots: CdfBallots,
    stamp: Stamp,
) -> Iterator[str]:
    units = _units(records) if settings.by_precinct else {}
    yield '{\n  "@type" : "CVR.CastVoteRecordReport",\n  "CVR" : [ '
    for place, (record, row) in enumerate(zip(records, rows, strict=True)):
        where: dict[str, Json] = (
            {"BallotStyleUnitId": units.get(record.precinct or "")} if settings.by_precinct else {}
        )
        yield (", " if place else "") + ballots.text(record, row, where)
    yield " ],"
    yield json_text(_frame(contest, settings, units.items(), stamp)).removeprefix("{")


def _frame(contest: Contest, settings: Settings, units: Iterable[tuple[str, str]], stamp: Stamp) -> Json:
    """Return what stands after the ballots."""
    return {
        "Election": [_election(contest, settings)],
        "GeneratedDate": stamp.generated,
        "GpUnit": [_scope(settings), *(_precinct(name, unit) for name, unit in units)],
        "ReportGeneratingDeviceIds": [_DEVICE_ID],
        "ReportingDevice": [
            {
                "@id": _DEVICE_ID,
                "@type": "CVR.ReportingDevice",
                "Application": stamp.program,
                "Manufacturer": _MANUFACTURER,
            }
        ],
        "Version": "1.0.0",
    }


def _election(contest: Contest, settings: Settings) -> Json:
    names = [candidate.name for candidate in contest.candidates] + [OVERVOTE] * settings.overvote_label
    names.sort(key=code_units)
    candidates: list[Json] = [{"@id": _candidate_id(name), "Name": name} for name in names]
    selections: list[Json] = [
        {"@id": selection_id(name), "@type": "ContestSelection", "CandidateIds": [_candidate_id(name)]}
        for name in names
    ]
    held: Json = {
        "@id": CONTEST_ID,
        "@type": "CandidateContest",
        "ContestSelection": selections,
        "Name": settings.contest,
    }
    return {
        "@id": ELECTION_ID,
        "@type": "Election",
        "Candidate": candidates,
        "Contest": [held],
        "ElectionScopeId": _SCOPE_ID,
    }


def _candidate_id(name: str) -> str:
    return f"c-{sanitised(name).lower()}"


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
