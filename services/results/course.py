"""A contest's course: a few figures of each standing that is kept for ever, in the order of the log. Pure."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple, TypeVar

import msgspec

from shared.contract.codec import UnknownVersion
from shared.contract.standings import STANDING, Status
from shared.runtime.log import Keyed

T = TypeVar("T")


class Place(NamedTuple):
    """Where a standing lies."""

    sequence: int
    as_of_ms: int
    partition: int
    offset: int


class _Score(msgspec.Struct):
    exact: str


class Tallied(msgspec.Struct):
    """A round's votes, and where there are any its scores."""

    votes: dict[str, int]
    scores: dict[str, _Score] = {}

    def strengths(self) -> dict[str, Fraction]:
        """Return each candidate's part of the round's votes, or of an electoral college, most first."""
        if self.scores:
            parts = {candidate: Fraction(score.exact) for candidate, score in self.scores.items()}
        else:
            whole = sum(self.votes.values()) or 1
            parts = {candidate: Fraction(votes, whole) for candidate, votes in self.votes.items()}
        return dict(sorted(parts.items(), key=lambda item: -item[1]))


class _Named(msgspec.Struct):
    id: str
    excluded: bool = False


class _Of(msgspec.Struct):
    candidates: list[_Named]


class _Accepted(msgspec.Struct):
    accepted: int
    voided: int


class _Backed(msgspec.Struct):
    project: str
    supporters: int


class _Bought(_Backed):
    cost: str


class Spent(msgspec.Struct):
    """How a budget was spent: each share, what was left, what was funded, in its order, and what not. Amounts are decimal numbers."""

    share: str
    unspent: str
    funded: list[_Bought]
    not_funded: list[_Backed]

    @property
    def supporters(self) -> dict[str, int]:
        """How many ballots support each project that has not withdrawn."""
        return {of.project: of.supporters for of in (*self.funded, *self.not_funded)}


class Moment(msgspec.Struct):
    """What a contest's course tells of a past standing: a few of its figures, and where all of it lies."""

    type: str
    sequence: int
    status: Status
    withheld: bool
    balance: _Accepted
    contest: _Of
    rounds: list[Tallied]
    """The first and the last."""
    elected: tuple[str, ...]
    """Of a budget: what is funded."""
    certificate: str | None = None
    spending: Spent | None = None
    place: Place = Place(0, 0, 0, 0)

    @property
    def shares(self) -> dict[str, Fraction]:
        """What can be compared from moment to moment: shares of first choices, or of ballots that support a project."""
        if self.rounds:
            return self.rounds[0].strengths()
        if self.spending is None or not self.balance.accepted:
            return {}
        return {of: Fraction(n, self.balance.accepted) for of, n in self.spending.supporters.items()}

    @property
    def withdrawn(self) -> tuple[str, ...]:
        """Who is out before the count."""
        return tuple(of.id for of in self.contest.candidates if of.excluded)


_moment_of = msgspec.json.Decoder(Moment).decode


def moment(body: bytes, place: Place) -> Moment:
    """Return what a published standing tells of its moment. Raises ValueError, UnknownVersion."""
    try:
        found = _moment_of(body)
    except msgspec.DecodeError as fault:
        raise ValueError(f"not a standing: {fault}") from fault
    if found.type != STANDING:
        raise UnknownVersion(found.type)
    found.rounds = [found.rounds[0], found.rounds[-1]] if found.rounds else []
    found.place = place
    return found


@dataclass
class Course:
    """The moments of each contest that are kept for ever, by sequence."""

    by_contest: dict[str, list[Moment]] = field(default_factory=dict)
    _certified: dict[str, dict[str, int]] = field(default_factory=dict)
    """By contest and certificate: the sequence at which it first stood."""

    def note(self, record: Keyed) -> None:
        """Note a record of the history. Raises ValueError, UnknownVersion if it holds no standing.

        A standing that is kept again has another place from then on, and the time at which it came first.
        """
        moments = self.by_contest.setdefault(record.key.rpartition("/")[0], [])
        new = moment(
            record.value, Place(int(record.key.rpartition("/")[2]), record.timestamp_ms, *_where(record))
        )
        if new.certificate is not None:
            first = self._certified.setdefault(record.key.rpartition("/")[0], {})
            first[new.certificate] = min(new.sequence, first.get(new.certificate, new.sequence))
        at = bisect_left(moments, new.sequence, key=_sequence)
        if at < len(moments) and moments[at].sequence == new.sequence:
            first_ms = min(moments[at].place.as_of_ms, new.place.as_of_ms)
            new.place = new.place._replace(as_of_ms=first_ms)
            moments[at] = new
        else:
            moments.insert(at, new)

    def corrects(self, key: str, sequence: int, certificate: str | None) -> int | None:
        """Return the certified standing that a later one corrects: the first under the newest certificate before it, if it has another.

        So a result that was certified is corrected from when its certificate falls, and by what is certified in its place.
        """
        before = {first: of for of, first in self._certified.get(key, {}).items() if first < sequence}
        newest = max(before, default=None)
        return None if newest is None or before[newest] == certificate else newest

    def at(self, key: str, sequence: int) -> Place | None:
        """Return the place of exactly this standing, None if it is not kept."""
        moments = self.by_contest.get(key, [])
        found = bisect_left(moments, sequence, key=_sequence)
        is_there = found < len(moments) and moments[found].sequence == sequence
        return moments[found].place if is_there else None

    def of(self, key: str, *, after: int = -1, upto: int | None = None) -> list[Moment]:
        """Return a contest's moments after a sequence, up to another one or the last; their times never go back.

        A counting that began anew published old standings once more, later than newer ones: those are left out.
        """
        found: list[Moment] = []
        for each in reversed(self.by_contest.get(key, [])):
            if upto is not None and each.sequence > upto:
                continue
            if each.sequence <= after:
                break
            if not found or each.place.as_of_ms <= found[-1].place.as_of_ms:
                found.append(each)
        return found[::-1]


def _sequence(of: Moment) -> int:
    return of.sequence


def _where(record: Keyed) -> tuple[int, int]:
    return record.partition, record.offset


def spread(items: Sequence[T], most: int, as_of_ms: Callable[[T], int]) -> list[T]:
    """Return at most so many of what is in the order of time, evenly spread in it, the first and the last among them."""
    if len(items) <= most:
        return list(items)
    first, span = as_of_ms(items[0]), as_of_ms(items[-1]) - as_of_ms(items[0])
    times = (first + span * step // (most - 1) for step in range(most))
    at = {bisect_left(items, time, key=as_of_ms) for time in times}
    return [items[place] for place in sorted(at)]
