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
from typing import Annotated, Final, NamedTuple

import msgspec

from services.results.course import Course, Place, spread
from services.results.feed import Frame, frame
from shared.runtime.kafka.connection import Brokers
from shared.runtime.kafka.reader import KafkaReader, open_reader
from shared.runtime.log import Keyed, LogAway, LogError

MAX_PLACES: Final = 100_000
"""Places kept of one contest: 20 standings a second for more than an hour, 16 MB."""
MAX_CURSOR_CHARS: Final = 8_192
_Whole = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
_CURSOR: Final = list[tuple[_Whole, _Whole]]
"""Partitions, and how far each has been read."""
READ_WITHIN_S: Final = 5.0
FRAMES_KEPT: Final = 32
"""Past standings that are kept once read: many may ask for the same one."""


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

    def spread(self, key: str, most: int) -> list[Place]:
        """Return at most so many of a contest's standings, of all that can be shown again, evenly spread in time."""
        recent = list(self.places.by_contest.get(key, ()))
        older = [each.place for each in self.course.of(key)]
        before = [place for place in older if not recent or place.sequence < recent[0].sequence]
        return spread([*before, *recent], most, lambda place: place.as_of_ms)

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
