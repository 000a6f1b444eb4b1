"""Clear Ballot: CSV, one ballot a row, one choice a column: 1 where a candidate is marked at a rank, 0 where not.

Source: Clear Ballot 2.1 RCV Format Specification, as RCTab 2.0's reader has it.

The column's head says what it stands for: `Choice_7_1:contest:rank:rule:candidate:party`. The contest may have colons in its
name, and the candidate. Columns of ranks beyond those that the rules allow are not read (RCTab's way). Where all columns of the
contest are blank, the ballot does not have it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from shared.rcv.formats.cvr.csv_rows import rows, whole
from shared.rcv.formats.cvr.json_file import shown
from shared.rcv.formats.cvr.raw import RawRecord, Selection, Source, by_rank, meaning
from shared.rcv.formats.records import FormatError

BALLOT: Final = 3
PRECINCT: Final = 4
SCANNER: Final = 7
CHOICES: Final = 10
"""Columns, from 0: BallotID, PrecinctID, ScanComputerName, and the first choice."""

_NAMED: Final = {BALLOT: "BallotID", PRECINCT: "PrecinctID", SCANNER: "ScanComputerName"}
_HEAD: Final = "Choice:contest:rank:rule:candidate:party"

Columns = dict[int, tuple[int, str | None]]
"""The rank and the choice of each column of the contest."""


def read(path: Path, source: Source, max_ranks: int | None = None) -> Iterator[RawRecord]:
    """Yield the records of a file's contest. Raises FormatError naming line and column, OSError."""
    table = rows(path)
    _, head = next(table, (1, list[str]()))
    columns = _columns(path, head, source)
    allowed = {
        column: choice for column, choice in columns.items() if max_ranks is None or choice[0] <= max_ranks
    }
    for line, cells in table:
        if not cells:
            continue
        if len(cells) != len(head):
            raise FormatError(path, f"line {line}", f"expected {len(head)} columns, found {len(cells)}")
        if any(cells[column].strip() for column in columns):
            yield RawRecord(
                place=f"line {line}",
                id=cells[BALLOT],
                selections=_selections(path, line, cells, allowed),
                precinct=cells[PRECINCT].strip() or None,
                vendor_id=cells[BALLOT],
                contest_id=source.contest_id,
                tabulator_id=cells[SCANNER] or None,
                identity=(cells[SCANNER], cells[BALLOT]) if cells[BALLOT].strip() else (),
            )


def _columns(path: Path, head: list[str], source: Source) -> Columns:
    if len(head) <= CHOICES:
        raise FormatError(path, "line 1", f"expected {CHOICES} columns and then choices, found {len(head)}")
    for column, name in _NAMED.items():
        if name in head and head.index(name) != column:
            place = f"line 1, column {head.index(name) + 1}"
            raise FormatError(path, place, f"expected {name} in column {column + 1}")
    found: Columns = {}
    heads: set[str] = set()
    for column, text in enumerate(head[CHOICES:], CHOICES):
        if text.partition(":")[2] in heads:
            raise FormatError(
                path, f"line 1, column {column + 1}", f"expected another choice, found {shown(text)} again"
            )
        heads.add(text.partition(":")[2])
        choice = _choice(path, column, text, source.contest_id)
        if choice is not None:
            found[column] = (choice[0], meaning(choice[1], source))
    if not found:
        raise FormatError(path, "line 1", f"expected choices of a contest {source.contest_id!r} [contestId]")
    return found


def _choice(path: Path, column: int, text: str, contest: str) -> tuple[int, str] | None:
    """Return the rank and the candidate of a column, None if it is another contest's."""
    _, _, rest = text.partition(":")
    if not rest.startswith(f"{contest}:"):
        return None
    parts = rest.removeprefix(f"{contest}:").split(":")
    rank = whole(parts[0])
    if len(parts) >= 4 and rank is not None:
        return rank, ":".join(parts[2:-1])
    if len(parts) > 4:
        return None  # a contest whose name begins like this one's
    raise FormatError(path, f"line 1, column {column + 1}", f"expected {_HEAD}, found {shown(text)}")


def _selections(path: Path, line: int, cells: list[str], columns: Columns) -> tuple[Selection, ...]:
    found: list[Selection] = []
    for column, (rank, text) in columns.items():
        cell = cells[column].strip()
        if cell not in {"0", "1"}:
            raise FormatError(
                path, f"line {line}, column {column + 1}", f"expected 0 or 1, found {shown(cell)}"
            )
        if cell == "1" and text is not None:
            found.append((rank, text))
    return by_rank(found)
