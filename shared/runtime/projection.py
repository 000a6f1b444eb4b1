"""The newest value of each key of a compacted topic, kept up to date.

Every replica reads every partition from the start; there is no group and nothing to commit. `caught_up` turns true when the
end that the topic had at the start has been reached, and not before. No value goes back: after an interruption everything is
read again, and what was read before is skipped.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

import structlog

from shared.contract.codec import decode_as
from shared.contract.events import ElectionAnnounced
from shared.contract.topics import ELECTIONS_ANNOUNCED
from shared.runtime.log import Keyed, LogAway, OpenReader
from shared.runtime.supervision import Supervised

T = TypeVar("T")
POLL_MS = 200
RETRY_S = 1.0

log = structlog.get_logger()


class Projection(Generic[T]):
    """Follows one topic. A value that cannot be read stops it, with the reason in `alarm`.

    Where `follows` says that a value does not follow the one before, it is passed over: two writers may come out of order.
    """

    def __init__(
        self,
        open_reader: OpenReader,
        topic: str,
        decode: Callable[[bytes], T],
        on_change: Callable[[str, T, int], None] | None = None,
        follows: Callable[[T, T], bool] | None = None,
    ) -> None:
        self.newest: dict[str, T] = {}
        self.caught_up = False
        self.alarm: str | None = None
        self._open_reader = open_reader
        self.topic = topic
        self._decode = decode
        self._on_change = on_change
        self._follows = follows
        self._offsets: dict[str, int] = {}
        self._task = Supervised(f"projection of {topic}", self._keep_following)
        self._progress = asyncio.Condition()

    async def start(self) -> None:
        """Begin to follow; returns at once."""
        self._task.start()

    async def stop(self) -> None:
        """Stop following."""
        await self._task.stop()

    async def wait_caught_up(self, seconds: float) -> None:
        """Wait until the newest of every key has been read. Raises TimeoutError, RuntimeError if it stopped."""
        async with asyncio.timeout(seconds), self._progress:
            await self._progress.wait_for(lambda: self.caught_up or self.alarm)
        if self.alarm:
            raise RuntimeError(self.alarm)

    def readiness(self) -> tuple[bool, str]:
        """Return whether the newest of every key is here, and why not."""
        return self.caught_up and self.alarm is None, self.alarm or ""

    async def _keep_following(self) -> None:
        while self.alarm is None:
            try:
                await self._follow()
            except LogAway as fault:
                log.warning("projection interrupted", topic=self.topic, fault=repr(fault), retry_s=RETRY_S)
                await asyncio.sleep(RETRY_S)

    async def _follow(self) -> None:
        reader = await self._open_reader(self.topic)
        try:
            while self.alarm is None:
                for record in await reader.read(POLL_MS):
                    self._apply(record)
                await self._note_progress(caught_up=await reader.caught_up())
        finally:
            await reader.stop()

    def _apply(self, record: Keyed) -> None:
        if self.alarm is not None or record.offset <= self._offsets.get(record.key, -1):
            return
        try:
            value, before = self._decode(record.value), self.newest.get(record.key)
            if before is None or self._follows is None or self._follows(value, before):
                self.newest[record.key] = value
                if self._on_change is not None:
                    self._on_change(record.key, value, record.timestamp_ms)
        except Exception as fault:
            self.alarm = f"{self.topic} key {record.key}: {fault}"
            log.exception("projection stopped", topic=self.topic, key=record.key)
        else:
            self._offsets[record.key] = record.offset

    async def _note_progress(self, *, caught_up: bool) -> None:
        self.caught_up = self.caught_up or caught_up
        async with self._progress:
            self._progress.notify_all()


def announcements(
    open_reader: OpenReader,
    namespace: str,
    on_change: Callable[[str, ElectionAnnounced, int], None] | None = None,
) -> Projection[ElectionAnnounced]:
    """Return the newest announcement of each election; one that is behind another is passed over."""
    return Projection(
        open_reader,
        ELECTIONS_ANNOUNCED.name(namespace),
        lambda value: decode_as(ElectionAnnounced, value),
        on_change,
        ElectionAnnounced.follows,
    )
