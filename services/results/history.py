"""Past standings: where each lies in Kafka, what a contest's course was, and what has changed since a reader last asked.

Nothing but places and a few figures is kept here: a past standing is read from the log when somebody asks for it. One topic
has every standing of the last hour, then the newest of each contest (`COUNTS_PUBLISHED`): a place there whose record is gone
is forgotten. The other has one a minute for ever, and those around each turn (`COUNTS_HISTORY`).

A cursor says how far a reader has read each partition. It means the same at every gateway, and nothing to anybody else.
"""

import asyncio
from base64 import urlsafe_b64decode, urlsafe_b64encode
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, Final, NamedTuple

import msgspec

from services.results.feed import Frame, frame
from shared.contract.codec import UnknownVersion
from shared.contract.standings import STANDING, Status
from shared.runtime.kafka.connection import Brokers
from shared.runtime.kafka.reader import KafkaReader, open_reader
from shared.runtime.log import Keyed, LogAway, LogError

MAX_PLACES: Final = 100_000
"""Places kept of one contest: 20 standings a second for more than an hour, 10 MB."""
MAX_CURSOR_CHARS: Final = 8_192
_Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_CURSOR: Final = list[tuple[_Whole, _Whole]]
"""Partitions, and how far each has been read."""
READ_WITHIN_S: Final = 5.0
FRAMES_KEPT: Final = 32
"""Past standings that are kept once read: many may ask for the same one."""


class Place(NamedTuple):
    """Where a standing lies."""

    sequence: int
    as_of_ms: int
    partition: int
    offset: int


class Change(NamedTuple):
    """The newest standing of a contest, and where it lies."""

    key: str
    place: Place


class BadCursor(ValueError):
    """What was given as a cursor is none."""


@dataclass
class Places:
    """Where the standings of each contest lie, oldest first: only those that advance, as readers were shown them."""

    by_contest: dict[str, deque[Place]] = field(default_factory=dict)

    def note(self, record: Keyed) -> None:
        """Note a published standing. Raises ValueError, UnknownVersion if it is none."""
        places = self.by_contest.setdefault(record.key, deque(maxlen=MAX_PLACES))
        sequence = frame(record.value, record.timestamp_ms).sequence
        if not places or sequence > places[-1].sequence:
            places.append(Place(sequence, record.timestamp_ms, record.partition, record.offset))

    def at(self, key: str, sequence: int) -> Place | None:
        """Return the place of exactly this standing of a contest, None if it is not known."""
        places = self.by_contest.get(key, ())
        found = bisect_left(places, sequence, key=lambda place: place.sequence)
        return places[found] if found < len(places) and places[found].sequence == sequence else None

    def spread(self, key: str, most: int) -> list[Place]:
        """Return at most so many of a contest's standings, evenly spread in time from the first to the last."""
        places = list(self.by_contest.get(key, ()))
        if len(places) <= most:
            return places
        first, span = places[0].as_of_ms, places[-1].as_of_ms - places[0].as_of_ms
        times = (first + span * step // (most - 1) for step in range(most))
        at = {bisect_left(places, time, key=lambda place: place.as_of_ms) for time in times}
        return [places[place] for place in sorted(at)]

    def changes(self, election: str, cursor: str, most: int) -> tuple[list[Change], str]:
        """Return the newest standings of an election that lie behind a cursor, in the log's order, and the cursor behind them.

        An empty cursor is the beginning. At most so many: the others come with the next cursor. Raises BadCursor.
        """
        read = _read_cursor(cursor)
        found = [
            change
            for change in self._newest(election)
            if change.place.offset >= read.get(change.place.partition, 0)
        ]
        found = sorted(found, key=lambda change: (change.place.partition, change.place.offset))[:most]
        for _, place in found:
            read[place.partition] = max(read.get(place.partition, 0), place.offset + 1)
        return found, _cursor(read)

    def _newest(self, election: str) -> Iterator[Change]:
        for key, places in self.by_contest.items():
            if places and key.startswith(f"{election}/"):
                yield Change(key, places[-1])

    def forget(self, key: str, gone: Place) -> None:
        """Forget a place whose record the log no longer has, and all before it."""
        places = self.by_contest[key]
        while places and places[0].sequence <= gone.sequence:
            places.popleft()


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
    place: Place = Place(0, 0, 0, 0)

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

    def note(self, record: Keyed) -> None:
        """Note a record of the history. Raises ValueError, UnknownVersion if it holds no standing.

        A standing that is kept again has another place from then on, and the time at which it came first.
        """
        moments = self.by_contest.setdefault(record.key.rpartition("/")[0], [])
        new = moment(
            record.value, Place(int(record.key.rpartition("/")[2]), record.timestamp_ms, *_where(record))
        )
        at = bisect_left(moments, new.sequence, key=_sequence)
        if at < len(moments) and moments[at].sequence == new.sequence:
            first_ms = min(moments[at].place.as_of_ms, new.place.as_of_ms)
            new.place = new.place._replace(as_of_ms=first_ms)
            moments[at] = new
        else:
            moments.insert(at, new)

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


class History:
    """Reads past standings from the log: one at a time, for each costs the broker a seek."""

    def __init__(self, brokers: Brokers, published: str, history: str) -> None:
        self.places = Places()
        self.course = Course()
        self._brokers = brokers
        self._published = published
        self._history = history
        self._readers: dict[str, KafkaReader] = {}
        self._turn = asyncio.Lock()
        self._kept: dict[tuple[str, int], Frame] = {}

    async def start(self) -> None:
        """Nothing: the first question connects."""

    async def stop(self) -> None:
        """Let go of the log."""
        for reader in self._readers.values():
            await reader.stop()

    async def at(self, key: str, sequence: int) -> Frame | None:
        """Return a past standing of a contest, None if it is not known or no longer kept. Raises LogAway, TimeoutError."""
        if (key, sequence) in self._kept:
            return self._kept[key, sequence]
        found = None
        async with asyncio.timeout(READ_WITHIN_S), self._turn:
            if (place := self.places.at(key, sequence)) is not None:
                found = await self._read(self._published, place)
                if found is None:
                    self.places.forget(key, place)
            if found is None and (place := self.course.at(key, sequence)) is not None:
                found = await self._read(self._history, place)
        if found is None:
            return None
        self._kept[key, sequence] = found
        while len(self._kept) > FRAMES_KEPT:
            del self._kept[next(iter(self._kept))]
        return found

    async def _read(self, topic: str, place: Place) -> Frame | None:
        """Return the standing at a place, None if the log no longer has it. Raises LogAway."""
        try:
            if topic not in self._readers:
                self._readers[topic] = await open_reader(self._brokers, topic)
            return frame(await self._readers[topic].record(place.partition, place.offset), place.as_of_ms)
        except LogAway:
            await self._disconnect(topic)
            raise
        except LogError:
            return None

    async def _disconnect(self, topic: str) -> None:
        reader = self._readers.pop(topic, None)
        if reader is not None:
            with suppress(LogAway, OSError):
                await reader.stop()


def _cursor(read: dict[int, int]) -> str:
    return urlsafe_b64encode(msgspec.json.encode(sorted(read.items()))).decode().rstrip("=")


def _read_cursor(cursor: str) -> dict[int, int]:
    """Return how far each partition has been read. Raises BadCursor."""
    if not cursor:
        return {}
    if len(cursor) > MAX_CURSOR_CHARS:
        raise BadCursor(f"expected at most {MAX_CURSOR_CHARS} characters")
    try:
        pairs = msgspec.json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=_CURSOR)
    except ValueError as fault:
        raise BadCursor("expected a cursor as this address gave it") from fault
    return dict(pairs)
