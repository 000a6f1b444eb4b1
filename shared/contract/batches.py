"""A batch of electors: numbers on the roll as runs that rise, such as ((0, 119), (131, 131)). Pure.

An order about a batch (a void or its restore) stands in every shard as one record, and each shard writes one record of what it
made of it. Both have to fit, so a batch has bounds: MAX_BATCH_ELECTORS, and in each shard MAX_MOVED_CHARS of ballots.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Final

from pydantic import Field

from shared.contract.elections import Election
from shared.contract.ids import MAX_ELECTORS, shard_of

MAX_BATCH_ELECTORS: Final = 20_000
"""If no two of them are neighbours, their numbers take 360 kB of the order's record."""
MAX_MOVED_CHARS: Final = 512 * 1024
"""Of the ballots that one order takes out of the count, or brings back, in one shard: BALLOT_CHARS each, and their marks."""
BALLOT_CHARS: Final = 64
MARKS_CHARS: Final = 3
"""For each contest beside the marks themselves."""

Number = Annotated[int, Field(ge=0, lt=MAX_ELECTORS)]
Run = tuple[Number, Number]
"""The first and the last number of electors who follow one another."""
Runs = tuple[Run, ...]

_RUN = re.compile(r"(\d{1,10})(?:-(\d{1,10}))?")


def runs_of(numbers: Iterable[int]) -> Runs:
    """Return numbers, in any order and however often each, as runs."""
    found: list[list[int]] = []
    for number in sorted(set(numbers)):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return tuple((first, last) for first, last in found)


def parse_runs(text: str) -> Runs:
    """Read numbers and ranges, such as "3, 17-40", between commas, spaces or lines. Raises ValueError."""
    numbers: set[int] = set()
    for word in re.split(r"[\s,;]+", text.strip()):
        found = _RUN.fullmatch(word)
        if found is None:
            raise ValueError(f"expected numbers on the roll, such as 3, 17-40; found {word[:40]!r}")
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first or last - first >= MAX_BATCH_ELECTORS:
            raise ValueError(f"expected a range of 1 to {MAX_BATCH_ELECTORS:,} numbers, found {word!r}")
        numbers.update(range(first, last + 1))
    return runs_of(numbers)


def size_of(runs: Runs) -> int:
    """Return how many electors a batch holds."""
    return sum(last - first + 1 for first, last in runs)


def each_of(runs: Runs) -> Iterator[int]:
    """Yield a batch's numbers, rising."""
    for first, last in runs:
        yield from range(first, last + 1)


def runs_fault(runs: Runs) -> str | None:
    """Return why runs are no batch in its one spelling, or None if they are."""
    if not 0 < size_of(runs) <= MAX_BATCH_ELECTORS:
        return f"{size_of(runs):,} electors, a batch holds 1 to {MAX_BATCH_ELECTORS:,}"
    if any(last < first for first, last in runs):
        return "a run that ends before it begins"
    if any(later <= last + 1 for (_, last), (later, _) in pairwise(runs)):
        return "expected runs that rise, with a gap between two"
    return None


def bound_fault(definition: Election, runs: Runs, shards: int) -> str | None:
    """Return why a batch is too large for one order of an election in so many shards, or None if it is not.

    It is as if everybody had ranked as many candidates as the ballot has room for, each in a rank of its own.
    """
    longest = BALLOT_CHARS + sum(
        MARKS_CHARS + of.max_ranks_on_ballot * (1 + len(str(len(of.candidates) - 1)))
        for of in definition.contests
    )
    size = size_of(runs)
    fullest = max(Counter(shard_of(number, shards) for number in each_of(runs)).values(), default=0)
    bound = min(MAX_BATCH_ELECTORS, size * MAX_MOVED_CHARS // max(1, fullest * longest))
    if size <= bound:
        return None
    orders = -(-size // bound)
    return f"{size:,} electors are too many for one order, which holds {bound:,} of these: split them into {orders}"


def moved_chars(ballots: Iterable[Sequence[str]]) -> int:
    """Return what ballots, each its marks by contest, count for in MAX_MOVED_CHARS."""
    return sum(BALLOT_CHARS + sum(MARKS_CHARS + len(marks) for marks in of) for of in ballots)


def runs_in_words(runs: Runs) -> str:
    """Return a batch as people read it: "120 electors: 0-99, 131"; of many runs the first few."""
    size, shown = size_of(runs), 8
    listed = ", ".join(f"{first}-{last}" if last > first else f"{first}" for first, last in runs[:shown])
    more = ", …" if len(runs) > shown else ""
    return f"{size:,} elector{'s' if size != 1 else ''}: {listed}{more}"
