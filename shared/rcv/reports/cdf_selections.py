"""What a ballot selects, in the Common Data Format, and what each selection brings its candidate.

Rule 1: a candidate stands once, with all ranks that name them: by the best rank, then by name.
Rule 2: only the first of a candidate's ranks carries the vote; all state its amount, 1 where none is allotted.

Ballots say the same things over and over: a selection's text is made once and kept for a while.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final, NamedTuple

from shared.contract.ballots import UNNAMED, parse_marks
from shared.rcv.count.java import code_units
from shared.rcv.names import sanitised
from shared.rcv.reports.json_text import Json, Laid, json_text
from shared.rcv.reports.numbers import EXACT

MAX_TEXTS_KEPT: Final = 16_384
OVERVOTE: Final = "overvote"
ONE: Final = Decimal(1)

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
