"""What the columns of a CSV file are, from its header and, where that leaves a doubt, its cells.

Rule 1: columns of ranks (`rank1`, `Rank 2`, `choice_3`, `1st`, `2nd choice`, `4`) hold names: a row a ballot.
Rule 2: any other columns are candidates and hold ranks.
Rule 3: beside them, once each: how many ballots (`count`, `weight`, `votes`, `ballots`, `#`), their `section`, and
    columns that tell a row's origin and are passed over (`id`, `ballot_id`, `precinct`, `batch`, …).
Rule 4: both kinds at once, gaps in the ranks, or numbers over numbers are ambiguous and refused.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.contract.elections import MAX_CANDIDATES
from shared.rcv.formats.plain.text import MAX_RANKS, clean_names
from shared.rcv.formats.records import FormatError

COUNTS = ("count", "weight", "votes", "ballots", "#")
SECTIONS = ("section",)
ORIGINS = (
    "id", "ballotid", "ballottype", "ballotstyle", "cvrid", "cvrnumber", "recordid", "voter", "voterid", "precinct",
    "precinctid", "precinctportion", "batch", "batchid", "tabulator", "timestamp",
)  # fmt: skip
"""Words without spaces, underscores and hyphens; a first column without any word is an index."""

NO_RANKS: tuple[int, ...] = ()
NOBODY: tuple[tuple[int, str], ...] = ()

_RANK = re.compile(
    r"(?:rank|ranking|choice|preference|pref)[ _-]*([0-9]{1,3})"
    r"|([0-9]{1,3})(?:st|nd|rd|th)(?:[ _-]*(?:rank|choice|preference|pref))?|([0-9]{1,3})"
)
_NUMBER = re.compile(r"[0-9]{0,3}")


@dataclass(frozen=True, slots=True)
class Columns:
    """Which cell of a row is what."""

    width: int
    count: int | None
    section: int | None
    ranks: tuple[int, ...]
    """The column of each rank, the first rank first; empty if columns are candidates."""
    candidates: tuple[tuple[int, str], ...]
    """Column and name of each candidate; empty if columns are ranks."""


def read_columns(path: Path, header: Sequence[str], cells: Sequence[Sequence[str]]) -> Columns:
    """Say what the columns are; `cells` are some rows, to settle a doubt. Raises FormatError."""
    words = [" ".join(cell.lower().split()) for cell in header]
    special = {at for at, word in enumerate(words) if _is_beside(at, word)}
    ranked = {at: int(next(filter(None, found.groups()))) for at, word in enumerate(words)
              if at not in special and (found := _RANK.fullmatch(word))}  # fmt: skip
    others = [at for at in range(len(words)) if at not in special and at not in ranked]
    if ranked and not others and not _numbers_over_numbers(path, words, ranked, cells):
        ranks, candidates = _in_order(path, header, ranked), NOBODY
    elif others and not ranked:
        ranks, candidates = NO_RANKS, _candidates(path, header, others)
    else:
        raise FormatError(path, "line 1", _ambiguous(header, ranked, others))
    return Columns(
        len(header),
        _only(path, header, words, COUNTS),
        _only(path, header, words, SECTIONS),
        ranks,
        candidates,
    )


def _is_beside(at: int, word: str) -> bool:
    return word in (*COUNTS, *SECTIONS) or re.sub(r"[ _-]", "", word) in (ORIGINS if at else (*ORIGINS, ""))


def _numbers_over_numbers(
    path: Path, words: Sequence[str], ranked: dict[int, int], cells: Sequence[Sequence[str]]
) -> bool:
    if not all(words[at].isdigit() for at in ranked):
        return False
    held = [row[at].strip() for row in cells if len(row) == len(words) for at in ranked]
    if any(held) and all(map(_NUMBER.fullmatch, held)):
        expected = "expected columns headed rank1, rank2, … or by names: numbers over numbers can be either"
        raise FormatError(path, "line 1", expected)
    return False


def _in_order(path: Path, header: Sequence[str], ranked: dict[int, int]) -> tuple[int, ...]:
    columns = tuple(sorted(ranked, key=ranked.__getitem__))
    if [ranked[at] for at in columns] != list(range(1, len(columns) + 1)):
        raise FormatError(
            path, "line 1", f"expected ranks 1, 2, 3 and so on, once each, found {_listed(header)}"
        )
    if len(columns) > MAX_RANKS:
        raise FormatError(path, "line 1", f"expected at most {MAX_RANKS} ranks, found {len(columns)}")
    return columns


def _candidates(path: Path, header: Sequence[str], columns: Sequence[int]) -> tuple[tuple[int, str], ...]:
    if len(columns) > MAX_CANDIDATES:
        expected = f"expected at most {MAX_CANDIDATES} candidates, found {len(columns)}"
        raise FormatError(path, "line 1", expected)
    names = clean_names(path, ((f"line 1, column {at + 1}", header[at]) for at in columns))
    return tuple(zip(columns, names, strict=True))


def _only(path: Path, header: Sequence[str], words: Sequence[str], wanted: Sequence[str]) -> int | None:
    columns = [at for at, word in enumerate(words) if word in wanted]
    if len(columns) > 1:
        found = " and ".join(repr(header[at]) for at in columns[:2])
        raise FormatError(path, "line 1", f"expected one column of {wanted[0]}s, found {found}")
    return columns[0] if columns else None


def _ambiguous(header: Sequence[str], ranked: dict[int, int], others: Sequence[int]) -> str:
    if not ranked and not others:
        return f"expected columns headed rank1, rank2, … or by candidates' names, found {_listed(header)}"
    rank, other = header[min(ranked)], header[others[0]]
    return f"expected columns of ranks or of candidates, found both: {rank!r} and {other!r}"


def _listed(header: Sequence[str]) -> str:
    return ", ".join(header)[:80]
