"""One paper in the Common Data Format: as marked, then as each round of a count reads it.

Rule 1: a candidate stands once, with all ranks that name them: by the best rank, then by name.
Rule 2: a selection goes by the name the paper uses. A vote is allotted to the contest's own name for a candidate: a
        paper that calls them otherwise shows no allotment (RCTab's way; its expected files have it so).
Rule 3: only the first of a candidate's ranks carries the vote; all state its amount, 1 where none is allotted.

Equal papers that went the same way are equal but for their id: their text is made once and kept for a while.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final

from services.counting.core.java import code_units
from services.counting.reports.json_text import Json, json_text
from services.counting.reports.names import sanitised
from services.counting.reports.numbers import EXACT, votes
from services.counting.reports.standing import Standing
from shared.contract.ballots import UNNAMED, parse_marks

MAX_TEXTS_KEPT: Final = 4_096
OVERVOTE: Final = "overvote"
CONTEST_ID: Final = "contest-001"
ELECTION_ID: Final = "election-001"

_ID: Final = "{id}"
"""Stands for the paper's id in a text that is kept: no id, for those hold no brace."""

Paper = tuple[str, tuple[tuple[int, str], ...], int, str | None]
"""Marks, aliases by candidate, row in the trace, unit where the paper was cast: all that its text depends on."""


class CdfPapers:
    """Writes papers of one contest."""

    def __init__(self, names: Sequence[str], standings: Sequence[Standing], places: int) -> None:
        self._names = names
        self._standings = standings
        self._places = places
        self._kept_text = lru_cache(MAX_TEXTS_KEPT)(self._text)

    def text(self, paper: Paper, record_id: str, depth: int) -> str:
        """Return the JSON of one paper, `depth` objects deep."""
        return self._kept_text(paper, depth).replace(_ID, sanitised(record_id))

    def _text(self, paper: Paper, depth: int) -> str:
        marks, aliases, row, unit = paper
        ranks_of = _ranks_by_name(marks, self._names, dict(aliases))
        rounds = len(self._standings)
        as_read = [_snapshot(ranks_of, self._allotted(row, n), n) for n in range(1, rounds + 1)]
        where = {} if unit is None else {"BallotStyleUnitId": unit or None}
        return json_text(
            {
                "@type": "CVR",
                "BallotPrePrintedId": _ID,
                "CurrentSnapshotId": _snapshot_id(rounds),
                "CVRSnapshot": [_snapshot(ranks_of, None, 0), *as_read],
                "ElectionId": ELECTION_ID,
                **where,
            },
            depth,
        )

    def _allotted(self, row: int, number: int) -> dict[str, Decimal]:
        """Return what a paper brings each candidate in a round: those elected before, then its holder."""
        standing = self._standings[number - 1]
        allotted = {
            self._names[c]: votes(int(units[row]), self._places, divided=True)
            for c, units in standing.kept.items()
            if standing.through[c][row]
        }
        holder = int(standing.holder[row])
        if holder < len(self._names):
            units = 1 if standing.value is None else int(standing.value[row])
            allotted[self._names[holder]] = votes(units, self._places, divided=bool(standing.divided[row]))
        return allotted


def selection_id(name: str) -> str:
    """Return the id of the selection of a candidate."""
    return f"cs-{sanitised(name).lower()}"


def _ranks_by_name(marks: str, names: Sequence[str], aliases: Mapping[int, str]) -> dict[str, list[int]]:
    ranks_of: dict[str, list[int]] = {}
    for number, rank in enumerate(parse_marks(marks), 1):
        called = [OVERVOTE] if rank == UNNAMED else [aliases.get(c, names[c]) for c in rank]
        for name in called:
            ranks_of.setdefault(name, []).append(number)
    return dict(sorted(ranks_of.items(), key=lambda item: (item[1][0], code_units(item[0]))))


def _snapshot(
    ranks_of: Mapping[str, Sequence[int]], allotted: Mapping[str, Decimal] | None, number: int
) -> Json:
    selections: list[Json] = [
        {
            "@type": "CVR.CVRContestSelection",
            "ContestSelectionId": selection_id(name),
            "SelectionPosition": _positions(ranks, None if allotted is None else allotted.get(name, "no")),
        }
        for name, ranks in ranks_of.items()
    ]
    contest: Json = {
        "@type": "CVR.CVRContest",
        "ContestId": CONTEST_ID,
        "CVRContestSelection": selections,
    }
    return {
        "@id": _snapshot_id(number),
        "@type": "CVR.CVRSnapshot",
        "CVRContest": [contest],
        "Type": "interpreted" if number else "original",
    }


def _positions(ranks: Sequence[int], brings: Decimal | str | None) -> list[Json]:
    amount = brings if isinstance(brings, Decimal) else Decimal(1)
    fraction = EXACT.remainder(amount, Decimal(1))
    part: dict[str, Json] = {"FractionalVotes": str(fraction)[1:]} if fraction else {}
    first = "unknown" if brings is None else "yes" if isinstance(brings, Decimal) else "no"
    later = "unknown" if brings is None else "no"
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


def _snapshot_id(number: int) -> str:
    return f"ballot-{_ID}-round-{number}" if number else f"ballot-{_ID}"
