"""From the cells of a row to marks."""

from collections.abc import Sequence

from shared.contract.ballots import format_marks
from shared.contract.elections import MAX_CANDIDATES
from shared.rcv.formats.plain.text import MAX_RANKS, Fault, clean_name, whole_number

BLANKS = ("", "skipped", "undervote")
UNNAMED_WORDS = ("overvote", "*")


class RankCells(dict[str, str]):
    """From a cell under a rank to the rank's spelling; candidates are learnt as they appear."""

    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, int] = {}

    def __missing__(self, cell: str) -> str:
        self[cell] = rank = self._rank(cell.strip())
        return rank

    def _rank(self, cell: str) -> str:
        if cell.lower() in BLANKS:
            return ""
        if cell.lower() in UNNAMED_WORDS:
            return "*"
        places = sorted(map(self._place, cell.split("=")))
        if len(set(places)) < len(places):
            raise Fault(f"expected a candidate once within a rank, found {cell[:40]!r}")
        return "=".join(map(str, places))

    def _place(self, raw: str) -> int:
        name = clean_name(raw)
        place = self.names.setdefault(name, len(self.names))
        if place >= MAX_CANDIDATES:
            raise Fault(f"expected at most {MAX_CANDIDATES} candidates")
        return place


def ranked_row(cells: Sequence[str], columns: Sequence[tuple[int, str]]) -> str:
    """Return the marks of a row whose cells are the ranks of candidates. Raises Fault."""
    ranks: list[list[int]] = []
    for place, (column, name) in enumerate(columns):
        if cell := cells[column].strip():
            rank = whole_number(cell.encode(), 1, MAX_RANKS)
            if rank is None:
                raise Fault(
                    f"expected a rank from 1 to {MAX_RANKS} of {name!r}, or nothing, found {cell[:40]!r};"
                    " where cells are names, columns are headed rank1, rank2, …"
                )
            ranks.extend([] for _ in range(rank - len(ranks)))
            ranks[rank - 1].append(place)
    return format_marks(ranks)
