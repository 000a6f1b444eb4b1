"""The log as the harness asks for it. Kafka is behind it (see the folder kafka); anything that keeps these promises will do.

The records of a shard are in one order; offsets go up by exactly one from zero. A sink sends in order. After a failure it is
spent: whether the record is in the log is not known.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Protocol


class LogError(RuntimeError):
    """The log cannot be read whole, and why."""


class LogAway(LogError):
    """The log cannot be read or reached at present."""


class LogChanged(LogError):
    """The log is not the one that was followed: it was cut and written on, made again, or is another."""


class SendFailed(Exception):
    """A record was not acknowledged: whether it is in the log is not known, and the sink is spent."""


class Record(Protocol):
    """A record as a source gives it."""

    @property
    def offset(self) -> int: ...  # noqa: D102
    @property
    def value(self) -> bytes: ...  # noqa: D102


class Outgoing(NamedTuple):
    """A record to send."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes


class Source(Protocol):
    """One shard of the log that is followed."""

    def seek(self, position: int) -> None:
        """Read from `position` on."""

    async def read(self, max_records: int, wait_ms: int) -> Sequence[Any]:
        """Return the next records, none if there are none within `wait_ms`. Raises LogAway."""

    async def ask_end(self) -> int:
        """Ask the log how many records the shard holds. Raises LogAway."""

    async def reread(self, offset: int) -> bytes:
        """Return the record at `offset` as the log has it now, and read on behind it. Raises LogAway if it is not there."""

    def connection(self) -> object:
        """Return what differs once the log has been reached anew: through another connection, or at another broker."""

    def end(self) -> int:
        """Return how many records the shard is known to hold, without asking."""

    def heard_s(self) -> float:
        """Return when the log last said how many, by the event loop's clock, in seconds; it may be a little later than this says."""


class Sink(Protocol):
    """Where outgoing records go, each partition's in order."""

    async def send(self, items: Sequence[Outgoing]) -> None:
        """Send and wait for all acknowledgements. Raises SendFailed: then the sink is spent."""

    async def stop(self) -> None:
        """Let go of the log."""


OpenSink = Callable[[], Awaitable[Sink]]
"""Returns a sink of its own. Raises LogAway."""


class ShardLog(Protocol):
    """A topic as a process that follows its shards reaches it."""

    def source(self, shard: int) -> Source:
        """Return a shard to follow."""

    async def open_sink(self) -> Sink:
        """Return a sink of its own. Raises LogAway."""

    async def newest(self, topic: str, shard: int, records: int) -> Sequence[bytes]:
        """Return the last records of a shard of another topic, at most so many. Raises LogAway."""


class Keyed(NamedTuple):
    """A record of a compacted topic. A key is always in the same partition."""

    offset: int
    key: str
    value: bytes
    timestamp_ms: int
    partition: int = 0


class Reader(Protocol):
    """A whole topic, every partition from its start."""

    async def read(self, wait_ms: int) -> Sequence[Keyed]:
        """Return the next records, none if there are none within `wait_ms`. Raises LogAway, LogChanged."""

    async def caught_up(self) -> bool:
        """Whether all has been read that the topic held when the reader was opened. Raises LogAway."""

    async def stop(self) -> None:
        """Let go of the log."""


OpenReader = Callable[[str], Awaitable[Reader]]
"""Topic to its reader. Raises LogAway."""
