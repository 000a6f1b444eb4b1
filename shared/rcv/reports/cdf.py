"""`_cdf_cvr.json`: all ballots in the NIST Common Data Format for cast vote records (SP 1500-103, 1.0), as RCTab has it.

Rule 1: counted ballots show how each round read them; converted ones stand as marked.
Rule 2: precincts are units in the order of a Java HashMap, and only where results are told by precinct.
Rule 3: ballots are written one by one: a report may be far larger than memory.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from shared.contract.elections import Contest
from shared.rcv.count.java import code_units, hash_order
from shared.rcv.formats.records import CastVoteRecord
from shared.rcv.names import sanitised
from shared.rcv.reports.cdf_ballot import CONTEST_ID, ELECTION_ID, CdfBallots
from shared.rcv.reports.cdf_selections import OVERVOTE, selection_id
from shared.rcv.reports.json_text import Json, json_text
from shared.rcv.reports.standing import Standing
from shared.rcv.reports.tabulated import Settings, Stamp, Tabulated

_DEVICE_ID: Final = "rd-001"
_SCOPE_ID: Final = "gpu-election"
_MANUFACTURER: Final = "Bright Spots"
"""Of the layout: the expected files name it beside the program."""


def counted_ballots(tabulated: Tabulated, standings: Sequence[Standing], stamp: Stamp) -> Iterator[str]:
    """Yield the text of the report of a count's ballots, piece by piece."""
    ballots = CdfBallots(tabulated.names, standings, tabulated.traced.count.places)
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
