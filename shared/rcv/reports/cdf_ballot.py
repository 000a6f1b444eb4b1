"""One ballot in the Common Data Format: as marked, then as each round of a count reads it.

Rule 1: a round allots the ballot's votes: what those elected before have kept, then what it brings its holder.
Rule 2: votes are allotted to the contest's own name for a candidate: a ballot that calls them otherwise shows no
        allotment (RCTab's way; its expected files have it so).
"""

from collections.abc import Mapping, Sequence
from typing import Final

from shared.rcv.formats.records import CastVoteRecord
from shared.rcv.names import sanitised
from shared.rcv.reports.cdf_selections import Brings, Selection, selection_text, selections_of
from shared.rcv.reports.json_text import Json, json_text
from shared.rcv.reports.numbers import votes
from shared.rcv.reports.standing import Standing

CONTEST_ID: Final = "contest-001"
ELECTION_ID: Final = "election-001"

_DEPTH: Final = 1
"""A ballot stands one object deep in the report, a selection three more."""


class CdfBallots:
    """Writes ballots of one contest."""

    def __init__(self, names: Sequence[str], standings: Sequence[Standing], places: int) -> None:
        self._names = names
        self._standings = standings
        self._places = places

    def text(self, record: CastVoteRecord, row: int, where: Mapping[str, Json]) -> str:
        """Return the JSON of one ballot; `where` says in which unit it was cast, if reports tell units apart."""
        ballot = sanitised(record.id)
        selections = selections_of(record.marks, self._names, record.aliases)
        as_marked = _snapshot(ballot, 0, [(selection, "unknown") for selection in selections])
        as_read = [
            _snapshot(ballot, number, self._allot(standing, row, selections))
            for number, standing in enumerate(self._standings, 1)
        ]
        return json_text(
            {
                "@type": "CVR",
                "BallotPrePrintedId": ballot,
                "CurrentSnapshotId": _snapshot_id(ballot, len(self._standings)),
                "CVRSnapshot": [as_marked, *as_read],
                "ElectionId": ELECTION_ID,
                **where,
            },
            _DEPTH,
        )

    def _allot(
        self, standing: Standing, row: int, selections: Sequence[Selection]
    ) -> list[tuple[Selection, Brings]]:
        allotted = self._allotted(standing, row)
        return [(selection, allotted.get(selection.name, "no")) for selection in selections]

    def _allotted(self, standing: Standing, row: int) -> dict[str, str]:
        allotted = {
            self._names[c]: str(votes(int(units[row]), self._places, divided=True))
            for c, units in standing.kept.items()
            if standing.through[c][row]
        }
        holder = int(standing.holder[row])
        if holder < len(self._names):
            units = 1 if standing.value is None else int(standing.value[row])
            whole_or_not = votes(units, self._places, divided=bool(standing.divided[row]))
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
