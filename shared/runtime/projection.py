"""The newest value of each key of a compacted topic, kept up to date.

Every replica reads every partition from the start; there is no group and nothing to commit. `caught_up` turns
true when the end seen at the start has been reached, and not before.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

T = TypeVar("T")
POLL_MS = 200
RETRY_S = 1.0

log = structlog.get_logger()


class Projection(Generic[T]):
    """Follows one topic. A value that cannot be read stops it, with the reason in `alarm`."""

    def __init__(
        self,
        bootstrap: str,
        topic: str,
        decode: Callable[[bytes], T],
        on_change: Callable[[str, T, int], None] | None = None,
    ) -> None:
        self.newest: dict[str, T] = {}
        self.caught_up = False
        self.alarm: str | None = None
        self._bootstrap = bootstrap
        self._topic = topic
        self._decode = decode
        self._on_change = on_change
        self._task: asyncio.Task[None] | None = None
        self._progress = asyncio.Condition()

    async def start(self) -> None:
        """Begin to follow; returns at once."""
        self._task = asyncio.create_task(self._keep_following(), name=f"projection of {self._topic}")

    async def stop(self) -> None:
        """Stop following."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def wait_caught_up(self, seconds: float) -> None:
        """Wait until the newest of every key has been read. Raises TimeoutError, RuntimeError if it stopped."""
        async with asyncio.timeout(seconds), self._progress:
            await self._progress.wait_for(lambda: self.caught_up or self.alarm)
        if self.alarm:
            raise RuntimeError(self.alarm)

    async def _keep_following(self) -> None:
        while self.alarm is None:
            try:
                await self._follow()
            except (KafkaError, OSError) as fault:
                log.warning("projection interrupted", topic=self._topic, fault=repr(fault), retry_s=RETRY_S)
                await asyncio.sleep(RETRY_S)

    async def _follow(self) -> None:
        consumer = AIOKafkaConsumer(
            self._topic,
            bootstrap_servers=self._bootstrap,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )
        try:
            await consumer.start()
            ends = await consumer.end_offsets(list(consumer.assignment()))
            if not ends:
                raise OSError(f"topic {self._topic} does not exist")
            while self.alarm is None:
                await self._read(consumer)
                await self._note_progress([await consumer.position(p) >= end for p, end in ends.items()])
        finally:
            await consumer.stop()

    async def _read(self, consumer: AIOKafkaConsumer) -> None:
        for records in (await consumer.getmany(timeout_ms=POLL_MS)).values():
            for record in records:
                self._apply(record.key.decode(), record.value, record.timestamp)

    def _apply(self, key: str, value: bytes, timestamp_ms: int) -> None:
        try:
            self.newest[key] = self._decode(value)
        except Exception as fault:
            self.alarm = f"{self._topic} key {key}: {fault}"
            log.exception("projection stopped", topic=self._topic, key=key)
            return
        if self._on_change is not None:
            self._on_change(key, self.newest[key], timestamp_ms)

    async def _note_progress(self, reached: list[bool]) -> None:
        self.caught_up = self.caught_up or all(reached)
        async with self._progress:
            self._progress.notify_all()
