"""Past standings: where each of the last hour lies in Kafka, and what has changed since a reader last asked.

Nothing but places is kept here: a past standing is read from the log when somebody asks for it. The log keeps each for an hour,
then the newest of each contest (`COUNTS_PUBLISHED`); a place whose record is gone is forgotten.

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

from services.results.feed import Frame, frame
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


class History:
    """Reads past standings from the log: one at a time, for each costs the broker a seek."""

    def __init__(self, brokers: Brokers, topic: str) -> None:
        self.places = Places()
        self._brokers = brokers
        self._topic = topic
        self._reader: KafkaReader | None = None
        self._turn = asyncio.Lock()
        self._kept: dict[tuple[str, int], Frame] = {}

    async def start(self) -> None:
        """Nothing: the first question connects."""

    async def stop(self) -> None:
        """Let go of the log."""
        if self._reader is not None:
            await self._reader.stop()

    async def at(self, key: str, sequence: int) -> Frame | None:
        """Return a past standing of a contest, None if it is not known or no longer kept. Raises LogAway, TimeoutError."""
        place = self.places.at(key, sequence)
        if place is None or (key, sequence) in self._kept:
            return self._kept.get((key, sequence))
        async with asyncio.timeout(READ_WITHIN_S), self._turn:
            try:
                found = frame(await self._read(place), place.as_of_ms)
            except LogAway:
                await self._disconnect()
                raise
            except LogError:
                self.places.forget(key, place)
                return None
        self._kept[key, sequence] = found
        while len(self._kept) > FRAMES_KEPT:
            del self._kept[next(iter(self._kept))]
        return found

    async def _read(self, place: Place) -> bytes:
        if self._reader is None:
            self._reader = await open_reader(self._brokers, self._topic)
        return await self._reader.record(place.partition, place.offset)

    async def _disconnect(self) -> None:
        reader, self._reader = self._reader, None
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
