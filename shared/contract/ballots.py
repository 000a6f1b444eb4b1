"""The marks of a ballot: how a ranking is written as a string.

Marks hold what was marked, blanks and overvotes included; what that amounts to is for a contest's rules. A ranking has one
spelling, so that equal rankings are equal strings.

Spelling: ranks in order, joined by ">"; the candidates within a rank by their index in the contest,
ascending, joined by "="; a blank rank is empty and none stands at the end. "3>1" prefers candidate 3, then 1;
"0>>2" leaves the second rank blank; "0>1=2" marks two candidates second; "0>*" marks several second and the
record does not name them; "" is a blank ranking.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Annotated, Final

from pydantic import StringConstraints

_RANK = r"(\*|(0|[1-9]\d{0,2})(=(0|[1-9]\d{0,2}))*)?"
MARKS_PATTERN = rf"^{_RANK}(>{_RANK})*$"
MAX_MARKS_CHARS = 4096
MAX_KEPT_CHARS = 32
"""Longer ranks are read anew each time: what is kept of ranks is then 32 MB at most, whatever overvotes are cast."""

UNNAMED: Final = (-2, -1)
"""A rank that holds several candidates whom the record does not name; spelled "*"."""

Marks = Annotated[str, StringConstraints(pattern=MARKS_PATTERN, max_length=MAX_MARKS_CHARS)]


def parse_marks(marks: str) -> tuple[tuple[int, ...], ...]:
    """Return the ranks of `marks`, each a tuple of candidate indices. Raises ValueError on another spelling."""
    if not marks:
        return ()
    return tuple(_parse_rank(rank) for rank in marks.split(">"))


def format_marks(ranks: Iterable[Sequence[int]]) -> str:
    """Return the one spelling of `ranks`; the inverse of `parse_marks`."""
    return ">".join(map(_format_rank, ranks)).rstrip(">")


def marks_fault(marks: str, candidates: int, max_ranks: int) -> str | None:
    """Return why `marks` are no ranking of a contest with so many `candidates`, or None if they are one."""
    try:
        ranks = parse_marks(marks)
    except ValueError:
        return "not the spelling of a ranking"
    if format_marks(ranks) != marks:
        return "not the one spelling of this ranking"
    if len(ranks) > max_ranks:
        return f"{len(ranks)} ranks, at most {max_ranks} fit on this ballot"
    if any(candidate >= candidates for rank in ranks for candidate in rank):
        return f"a candidate index outside 0..{candidates - 1}"
    if any(len(set(rank)) != len(rank) for rank in ranks):
        return "a candidate twice within one rank"
    return None


def _parse_rank(rank: str) -> tuple[int, ...]:
    return _parse_short_rank(rank) if len(rank) <= MAX_KEPT_CHARS else _parse_any_rank(rank)


@lru_cache(maxsize=65_536)  # a contest has few distinct ranks, a count meets them by the million
def _parse_short_rank(rank: str) -> tuple[int, ...]:
    return _parse_any_rank(rank)


def _parse_any_rank(rank: str) -> tuple[int, ...]:
    if not rank:
        return ()
    if rank == "*":
        return UNNAMED
    return tuple(_parse_index(index) for index in rank.split("="))


def _format_rank(rank: Sequence[int]) -> str:
    return "*" if tuple(rank) == UNNAMED else "=".join(map(str, sorted(rank)))


def _parse_index(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError(f"expected a candidate index, found {text!r}")
    return int(text)
