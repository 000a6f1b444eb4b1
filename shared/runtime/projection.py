"""The newest value of each key of a compacted topic, kept up to date.

Every replica reads every partition from the start; there is no group and nothing to commit. `caught_up` turns true when the
end that the topic had at the start has been reached, and not before.

Rule 1: no value goes back. After an interruption everything is read again, and what was read before is skipped.
Rule 2: a value that cannot be read concerns its key alone. It is passed over: what the key had before stays, and readiness
        names it until a later one of that key can be read. Every other key goes on.
Rule 3: after an interruption every key is there again, no older than before, and a record with an offset that was read is the
        one that was read. Else the topic was cut or replaced: nothing more is taken, readiness is lost, and it looks again.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Final, Generic, TypeVar

import structlog
from prometheus_client import Counter, Gauge

from shared.contract.chain import digest
from shared.contract.codec import decode_as
from shared.contract.events import ElectionAnnounced
from shared.contract.topics import ELECTIONS_ANNOUNCED
from shared.runtime.log import Keyed, LogAway, LogChanged, OpenReader
from shared.runtime.supervision import Supervised

T = TypeVar("T")
POLL_MS = 200
AT_REST_MS = 5_000
"""A read waits so long once the topic's end was reached; a record ends it at once."""
RETRY_S = 1.0
CHANGED_RETRY_S = 10.0
MOST_NAMED: Final = 3
"""Of the keys whose newest value cannot be read, so many are named."""
PASSED_OVER: Final = Counter("livecount_passed_over_total", "Values that could not be read", ["topic"])
UNREADABLE: Final = Gauge(
    "livecount_unreadable_keys", "Keys whose newest value cannot be read at present", ["topic"]
)

log = structlog.get_logger()


class Projection(Generic[T]):
    """Follows one topic.

    `on_change` is given key, value and time in ms of each new value; a value that it raises at counts as unreadable.
    Where `follows` says that a value does not follow the one before, it is passed over: two writers may come out of order.
    `on_record` takes every record that can be read, `on_change` every value that is the newest of its key.
    """

    def __init__(
        self,
        open_reader: OpenReader,
        topic: str,
        decode: Callable[[bytes], T],
        on_change: Callable[[str, T, int], None] | None = None,
        follows: Callable[[T, T], bool] | None = None,
        on_record: Callable[[Keyed], None] | None = None,
    ) -> None:
        self.newest: dict[str, T] = {}
        self.unreadable: dict[str, str] = {}
        """By key, why its newest value cannot be read."""
        self.caught_up = False
        self.alarm: str | None = None
        """Why the topic is not the one that was followed."""
        self._open_reader = open_reader
        self.topic = topic
        self._decode = decode
        self._on_change = on_change
        self._follows = follows
        self._read: dict[str, tuple[int, bytes]] = {}
        """By key, offset and digest of the last record that was read."""
        self._missing: set[str] = set()
        """The keys that were read before the interruption, and not since."""
        self._on_record = on_record
        self._task = Supervised(f"projection of {topic}", self._keep_following)
        self._progress = asyncio.Condition()

    async def start(self) -> None:
        """Begin to follow; returns at once."""
        self._task.start()

    async def stop(self) -> None:
        """Stop following."""
        await self._task.stop()

    async def wait_caught_up(self, seconds: float) -> None:
        """Wait until the newest of every key has been read. Raises TimeoutError, RuntimeError if the topic was replaced."""
        async with asyncio.timeout(seconds), self._progress:
            await self._progress.wait_for(lambda: self.caught_up or self.alarm)
        if self.alarm:
            raise RuntimeError(self.alarm)

    def readiness(self) -> tuple[bool, str]:
        """Return whether the newest of every key is here, and what is not. Where no key can be read at all, nothing is ready."""
        if self.alarm is not None:
            return False, self.alarm
        named = [f"{key}: {why}" for key, why in list(self.unreadable.items())[:MOST_NAMED]]
        more = len(self.unreadable) - len(named)
        detail = "; ".join([*named, *([f"and {more} more"] if more else [])])
        is_empty = bool(self.unreadable) and not self.newest
        return self.caught_up and not is_empty, f"passed over: {detail}" if detail else ""

    async def _keep_following(self) -> None:
        while True:
            try:
                await self._follow()
            except LogAway as fault:
                log.warning("projection interrupted", topic=self.topic, fault=repr(fault), retry_s=RETRY_S)
                await asyncio.sleep(RETRY_S)
            except LogChanged as fault:
                self.alarm = str(fault)
                log.exception("projection stopped", topic=self.topic, retry_s=CHANGED_RETRY_S)
                await self._note_progress(caught_up=False)
                await asyncio.sleep(CHANGED_RETRY_S)

    async def _follow(self) -> None:
        reader = await self._open_reader(self.topic)
        self._missing = set(self._read)
        held: list[Keyed] = []
        try:
            while True:
                held += self._unread(await reader.read(AT_REST_MS if self.caught_up else POLL_MS))
                caught_up = await reader.caught_up()
                if caught_up:
                    self._require_whole()
                if not self._missing or caught_up:
                    for record in held:
                        self._apply(record)
                    held = []
                    await self._note_progress(caught_up=caught_up)
        finally:
            await reader.stop()

    def _unread(self, records: Iterable[Keyed]) -> list[Keyed]:
        """Return the records that were not read before. Raises LogChanged if another has the offset of one that was."""
        unread = []
        for record in records:
            offset, before = self._read.get(record.key, (-1, b""))
            if record.offset == offset and digest(record.value) != before:
                raise LogChanged(
                    f"{self.topic} key {record.key}: the record at {offset} is not the one that was read: another topic, or "
                    "one that has lost records and was written on (see the runbook: another log)"
                )
            if record.offset >= offset:
                self._missing.discard(record.key)
            if record.offset > offset:
                unread.append(record)
        return unread

    def _require_whole(self) -> None:
        if self._missing:
            raise LogChanged(
                f"{self.topic}: what was read of {', '.join(sorted(self._missing)[:MOST_NAMED])} is gone: another topic, or one "
                "that has lost records (see the runbook: another log)"
            )
        self.alarm = None

    def _apply(self, record: Keyed) -> None:
        self._read[record.key] = record.offset, digest(record.value)
        try:
            value, before = self._decode(record.value), self.newest.get(record.key)
            if self._on_record is not None:
                self._on_record(record)
            if before is None or self._follows is None or self._follows(value, before):
                if self._on_change is not None:
                    self._on_change(record.key, value, record.timestamp_ms)
                self.newest[record.key] = value
            self.unreadable.pop(record.key, None)
        except Exception as fault:
            self.unreadable[record.key] = str(fault) or repr(fault)
            PASSED_OVER.labels(self.topic).inc()
            log.exception("value passed over", topic=self.topic, key=record.key, offset=record.offset)
        UNREADABLE.labels(self.topic).set(len(self.unreadable))

    async def _note_progress(self, *, caught_up: bool) -> None:
        self.caught_up = self.caught_up or caught_up
        async with self._progress:
            self._progress.notify_all()


def announcements(
    open_reader: OpenReader,
    namespace: str,
    on_change: Callable[[str, ElectionAnnounced, int], None] | None = None,
    log_id: str = "",
    root_key: str = "",
) -> Projection[ElectionAnnounced]:
    """Return the newest announcement of each election; one that is behind another is passed over.

    So is one of another log than `log_id`, and one whose definition `root_key` did not sign, if these are given.
    """

    def decode(value: bytes) -> ElectionAnnounced:
        announced = decode_as(ElectionAnnounced, value)
        if log_id and announced.log != log_id:
            raise ValueError(f"announced for log {announced.log}, expected {log_id} (LIVECOUNT_LOG_ID)")
        if root_key and not announced.is_frozen_by(root_key):
            raise ValueError("its definition is not signed by the root key (LIVECOUNT_ROOT_KEY)")
        return announced

    return Projection(
        open_reader,
        ELECTIONS_ANNOUNCED.name(namespace),
        decode,
        on_change,
        ElectionAnnounced.follows,
    )
