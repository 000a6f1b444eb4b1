"""VoteKit's own CSV, as its rank profiles write themselves (`to_csv`, versions 1 and 2); read, not written.

VoteKit RankProfile,v2
Candidates
(Ada:str:0),(Bel:str:1)                 name, type, the word that ballots use
Max Ranking Length
2
Includes Voter Set
False
=,=,=,=,=,=,=,=,=,=
Ranking_1,Ranking_2,&,Weight,&
{'0'},"{'1'}",&,3.0,&                   {} is a blank rank, nothing the end of the ranking
"""

import csv
import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from shared.contract.ballots import format_marks
from shared.contract.elections import MAX_CANDIDATES
from shared.rcv.formats.plain.text import (
    MAX_BALLOTS_A_LINE,
    MAX_RANKS,
    Fault,
    as_groups,
    clean_names,
    decode,
    load,
    whole_amount,
)
from shared.rcv.formats.records import BallotFile, FormatError

BEGINNING = re.compile(rb'"?VoteKit (?:Preference|Rank)Profile\b')

_CANDIDATE = re.compile(r"\((.*?)(?::(?:str|int))?:([^:()]+)\)", re.DOTALL)
_WORD = re.compile(r"'([^']*)'")
_RANK = re.compile(r"\{\s*(?:'[^']*'\s*(?:,\s*'[^']*'\s*)*)?\}|(?:frozen)?set\(\)")
_COLUMNS_AT = 8


def read(path: Path) -> BallotFile:
    """Return the contest of a file, equal ballots merged. Raises FormatError."""
    reader = csv.reader(StringIO(decode(path, load(path)), newline=""), strict=True)
    try:
        rows = [(f"line {reader.line_num}", cells) for cells in reader]
    except csv.Error as error:
        raise FormatError(path, f"line {reader.line_num}", f"expected cells of CSV: {error}") from None
    if len(rows) <= _COLUMNS_AT or rows[1][1][:1] != ["Candidates"]:
        raise FormatError(
            path, "line 2", "expected the head that VoteKit writes: candidates, lengths, columns"
        )
    place, cells = rows[2]
    named = [_CANDIDATE.fullmatch(cell.strip()) for cell in cells]
    if not all(named) or len(named) > MAX_CANDIDATES:
        raise FormatError(path, place, f"expected at most {MAX_CANDIDATES} candidates such as (Ada:str:0)")
    names = clean_names(path, ((place, found[1]) for found in named if found))
    place_of = {found[2]: at for at, found in enumerate(named) if found}
    columns = rows[_COLUMNS_AT][1]
    ranks = columns.index("&") if "&" in columns else len(columns)
    in_order = [f"Ranking_{rank}" for rank in range(1, ranks + 1)]
    if columns.count("Weight") != 1 or columns[:ranks] != in_order or len(place_of) < len(names):
        raise FormatError(
            path, rows[_COLUMNS_AT][0], "expected columns Ranking_1, Ranking_2 and so on, &, Weight, &"
        )
    counts: dict[str, int] = {}
    for place, cells in rows[_COLUMNS_AT + 1 :]:
        if not cells:
            continue
        try:
            marks, ballots = _ballot(cells, columns, ranks, place_of)
        except Fault as fault:
            raise FormatError(path, place, str(fault)) from None
        counts[marks] = counts.get(marks, 0) + ballots
    return BallotFile(path.stem, names, as_groups(counts))


def _ballot(
    cells: Sequence[str], columns: Sequence[str], ranks: int, place_of: dict[str, int]
) -> tuple[str, int]:
    """Return the marks of a row, and how many ballots are so marked. Raises Fault."""
    weight = columns.index("Weight")
    is_longer = len(cells) > len(columns) and columns[-1] == "&"  # no set of voters
    if cells[ranks : ranks + 1] != ["&"] or len(cells) <= weight or is_longer or ranks > MAX_RANKS:
        raise Fault(f"expected {ranks} ranks, at most {MAX_RANKS}, &, a weight, &")
    ballots = whole_amount(cells[weight], 1, MAX_BALLOTS_A_LINE)
    if ballots is None:
        raise Fault(f"expected a whole number of ballots, found {cells[weight][:40]!r}")
    marked: list[list[int]] = []
    for cell in map(str.strip, cells[:ranks]):
        if cell and not _RANK.fullmatch(cell):
            raise Fault(f"expected candidates such as {{'0', '1'}}, found {cell[:40]!r}")
        words = _WORD.findall(cell)
        if unknown := [word for word in words if word not in place_of]:
            raise Fault(f"expected candidates of the head, found {unknown[0][:40]!r}")
        if len(set(words)) < len(words):
            raise Fault("expected a candidate once within a rank")
        marked.append(sorted(place_of[word] for word in words))
    return format_marks(marked).rstrip(">"), ballots
