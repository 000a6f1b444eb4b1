"""What an audit reads: a deployment's log on Kafka, or a bundle of it.

Announcements and standings are read first, then verdicts, then cast records: so nothing is read that is ahead of what is read
after it. Whatever is published must be covered by the rest, or the rest has lost something.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Final, Protocol, Self, TypeVar

from services.audit.settings import AuditSettings
from shared.contract.codec import decode_as
from shared.contract.events import ElectionAnnounced
from shared.contract.standings import Standing
from shared.contract.topics import (
    BALLOTS_CAST,
    BALLOTS_JUDGED,
    COUNTS_PUBLISHED,
    ELECTIONS_ANNOUNCED,
    Topic,
)
from shared.runtime.kafka.reader import STALL_BOUND_S, WAIT_MS, KafkaReader, open_reader
from shared.runtime.log import LogError

SHARDED: Final = (BALLOTS_JUDGED, BALLOTS_CAST)

T = TypeVar("T")


class Evidence(Protocol):
    """The log, whole. Everything raises LogError where it cannot be read."""

    @property
    def shards(self) -> int:
        """How many shards the log has."""

    async def announced(self) -> Sequence[ElectionAnnounced]:
        """Return the newest announcement of each election."""

    async def standings(self) -> Sequence[Standing]:
        """Return the newest standing of each contest of every election."""

    async def ends(self, topic: Topic) -> Sequence[int]:
        """Return how many records each shard of a topic holds."""

    def records(self, topic: Topic, shard: int, upto: int) -> AsyncIterator[Sequence[bytes]]:
        """Yield the records 0 .. upto-1 of a topic's shard in batches."""


class KafkaEvidence:
    """The log on Kafka; an async context. Raises LogError if it or a topic is not there."""

    def __init__(self, settings: AuditSettings) -> None:
        self._settings = settings
        self._stack = AsyncExitStack()
        self._logs: dict[str, KafkaReader] = {}

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for topic in SHARDED:
                name = topic.name(self._settings.namespace)
                log = await open_reader(self._settings.brokers, name, self.shards)
                self._logs[topic.noun] = await stack.enter_async_context(log)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @property
    def shards(self) -> int:
        """How many shards the log has."""
        return self._settings.shards

    async def announced(self) -> Sequence[ElectionAnnounced]:
        """Return the newest announcement of each election."""
        return await self._newest(
            ELECTIONS_ANNOUNCED, lambda value: decode_as(ElectionAnnounced, value), lambda _: 0
        )

    async def standings(self) -> Sequence[Standing]:
        """Return the newest standing of each contest: a repeat after a restart may come later and say less."""
        return await self._newest(
            COUNTS_PUBLISHED, lambda value: decode_as(Standing, value), lambda standing: standing.sequence
        )

    async def ends(self, topic: Topic) -> Sequence[int]:
        """Return how many records each shard of a topic holds."""
        return await self._logs[topic.noun].ends()

    def records(self, topic: Topic, shard: int, upto: int) -> AsyncIterator[Sequence[bytes]]:
        """Yield the records 0 .. upto-1 of a topic's shard in batches."""
        return self._logs[topic.noun].records(shard, upto)

    async def _newest(
        self, topic: Topic, decode: Callable[[bytes], T], place: Callable[[T], int]
    ) -> Sequence[T]:
        name = topic.name(self._settings.namespace)
        found: dict[str, T] = {}
        try:
            async with (
                await open_reader(self._settings.brokers, name) as reader,
                asyncio.timeout(STALL_BOUND_S),
            ):
                while not await reader.caught_up():
                    for record in await reader.read(WAIT_MS):
                        value = decode(record.value)
                        if record.key not in found or place(value) >= place(found[record.key]):
                            found[record.key] = value
        except TimeoutError as fault:
            raise LogError(f"{name} cannot be read within {STALL_BOUND_S:g} s") from fault
        return [found[key] for key in sorted(found)]
