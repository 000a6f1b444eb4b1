"""Reading a ballot: down from its first rank, to the first candidate who continues.

Rule 1: only the first `max_ranks` ranks count. Blank ranks count as skipped once a later rank is marked.
Rule 2: at each marked rank three questions are asked, in this order: was too much left blank before it, does it name
        somebody whom an earlier rank named, does it name several? The first yes that the rules forbid stops the ballot.
Rule 3: a ballot that has stopped has stopped for good, even if the candidates whom it names there are eliminated.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from shared.contract.ballots import parse_marks
from shared.contract.elections import Rules
from shared.contract.standings import Ending

UNKNOWN: Final = "*"
"""Somebody whom the record does not name; no candidate has this id."""

Ranks = Sequence[tuple[str, ...]]


@dataclass
class Parcel:
    """All the ballots of one section that are marked alike: they move together."""

    section: int
    ranks: Ranks
    ballots: int
    worth: Fraction | int = 1
    """What each of them can still pass on."""
    stopped: Ending | None = None

    def holder(self, rules: Rules, continuing: Collection[str]) -> str:
        """Return the candidate these ballots count for, or why for none (an `Ending`); remember that they stopped."""
        if self.stopped is not None:
            return self.stopped
        found = next(way(self.ranks, rules, continuing))
        if isinstance(found, Ending):
            self.stopped = found
        return found


def ranks_of(marks: str, ids: Sequence[str]) -> Ranks:
    """Return the ranks of `marks` in the candidates' ids. Raises ValueError on another spelling or candidate."""
    ranks = parse_marks(marks)
    if any(candidate >= len(ids) for rank in ranks for candidate in rank):
        raise ValueError(f"marks {marks!r}: expected candidates 0 to {len(ids) - 1}")
    return [tuple(ids[c] if c >= 0 else UNKNOWN for c in rank) for rank in ranks]


def way(ranks: Ranks, rules: Rules, continuing: Collection[str]) -> Iterator[str]:
    """Yield the continuing candidates a ballot chooses, best first and each once, then the `Ending`."""
    blanks = 0
    named: set[str] = set()
    passed: set[str] = set()
    for rank in ranks[: rules.max_ranks]:
        if not rank:
            blanks += 1
            continue
        stop = _stop(rank, rules, blanks, named, continuing)
        if stop is not None:
            yield stop
            return
        blanks = 0
        named.update(rank)
        if len(rank) > 1 and rules.overvote == "skip":
            continue
        for candidate in rank:  # one at most continues: several would have stopped the ballot
            if candidate in continuing and candidate not in passed:
                passed.add(candidate)
                yield candidate
    yield _end(ranks[: rules.max_ranks])


def _stop(
    rank: tuple[str, ...], rules: Rules, blanks: int, named: Collection[str], continuing: Collection[str]
) -> Ending | None:
    if rules.max_skipped_ranks is not None and blanks > rules.max_skipped_ranks:
        return Ending.SKIPPED
    if rules.repeated_candidate == "exhaust" and any(candidate in named for candidate in rank):
        return Ending.REPEATED
    if len(rank) > 1 and rules.overvote == "exhaust":
        return Ending.OVERVOTE
    if rules.overvote == "exhaust-if-several-continue":
        can_receive = [candidate for candidate in rank if candidate in continuing or candidate == UNKNOWN]
        return Ending.OVERVOTE if len(can_receive) > 1 else None
    return None


def _end(ranks: Ranks) -> Ending:
    return Ending.EXHAUSTED if any(ranks) else Ending.BLANK
