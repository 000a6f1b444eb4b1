"""Verdicts on records that follow one another, gathered in columns for one record of `ballots.judged`."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.validation.rules import ACCEPTED, REASONS
from shared.contract.chain import START
from shared.contract.codec import encode_judged
from shared.contract.verdict_ranges import MAX_BALLOTS_IN_RANGE, ContestRankings, Ranking, Run, Verdicts


class Range:
    """The verdicts from `since` on that are not written yet; all of one election."""

    def __init__(self, since: int, election: str) -> None:
        self.election = election
        self._since = since
        self._sizes: list[int] = []
        self._codes: list[NDArray[np.uint8]] = []
        self._sections: list[NDArray[np.uint16]] = []
        self._numbers: list[list[NDArray[np.int32]]] = []
        self._ballots = 0
        self._head = START

    def room(self) -> int:
        """Return how many more ballots end the range."""
        return MAX_BALLOTS_IN_RANGE - self._ballots

    def add(
        self,
        head: bytes,
        sizes: Sequence[int],
        codes: NDArray[np.uint8],
        sections: NDArray[np.uint16],
        numbers: Sequence[NDArray[np.int32]],
    ) -> None:
        """Add whole records; `head` is that after the last.

        `sizes` are the ballots of each record and `codes` of each ballot; `sections` and, by contest, `numbers` of marks are
        those of the ballots that count, as `Judged` has them.
        """
        self._head = head
        self._sizes += sizes
        self._codes.append(codes)
        self._ballots += len(codes)
        if len(sections):
            self._sections.append(sections)
            self._numbers.append(list(numbers))

    def encoded(self, marks: Sequence[Sequence[str]]) -> bytes:
        """Return the record. `marks` hold each contest's marks by number."""
        rankings: tuple[ContestRankings, ...] = ()
        if self._sections:
            sections = np.concatenate(self._sections)
            rankings = tuple(
                _rankings(sections, np.concatenate(numbers), spelt)
                for numbers, spelt in zip(zip(*self._numbers, strict=True), marks, strict=True)
            )
        sizes = np.array(self._sizes, "<u2").tobytes()
        outcomes = runs_of(np.concatenate(self._codes))
        return encode_judged(Verdicts(self._since, self.election, sizes, outcomes, rankings, self._head))


def runs_of(codes: NDArray[np.uint8]) -> tuple[Run, ...]:
    """Return reasons in runs; `codes` hold one at least."""
    if (codes == ACCEPTED).all():
        return ((REASONS[ACCEPTED].value, len(codes)),)
    cuts = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    return tuple((REASONS[codes[start]].value, end - start) for start, end in pairwise(cuts))


def _rankings(
    sections: NDArray[np.uint16], numbers: NDArray[np.int32], spelt: Sequence[str]
) -> ContestRankings:
    """Return the different (section, marks) in the order of their first ballot, and which of them each ballot carries."""
    width = int(sections.max()) + 1
    keys = numbers.astype(np.int64) * width + sections
    rows = np.arange(len(keys), dtype=np.int32)
    first_of = np.empty(len(spelt) * width, np.int32)  # by key; an entry is read only where it was written
    first_of[keys[::-1]] = rows[::-1]  # the last one written stays: of equal rankings the first ballot
    first = first_of[keys]
    is_first = first == rows
    place = np.cumsum(is_first, dtype="<u2") - np.uint16(1)
    new = np.flatnonzero(is_first)
    different: list[Ranking] = [
        (section, spelt[number])
        for section, number in zip(sections[new].tolist(), numbers[new].tolist(), strict=True)
    ]
    return ContestRankings(tuple(different), place[first].tobytes())
