"""What a trace shows of counting: from reading a tally until a standing covers its records (see shared.runtime.process.tracing).

Where several elections are held at once, a standing covers records of the others, too: of such a record its trace says no more
than when it was passed.
"""

from collections.abc import Sequence

import msgspec

from shared.runtime.log import Outgoing
from shared.runtime.process.tracing import Step, Tracing, now_ms


class _ContestId(msgspec.Struct):
    id: str


class _Head(msgspec.Struct):
    """What a standing is of, and what it covers."""

    election: str
    contest: _ContestId
    watermark: tuple[int, ...]


_head_of = msgspec.json.Decoder(_Head).decode


class CountedSpans:
    """Spans of the records that the standings of one partition come to cover."""

    def __init__(self, tracing: Tracing, topic: str) -> None:
        self._tracing = tracing
        self._topic = topic
        self._read_ms = 0
        self._covered: dict[bytes | None, tuple[int, ...]] = {}
        """By contest key, the watermark of the newest standing that was sent."""

    def applying(self, _first: int, _values: Sequence[bytes]) -> None:
        """Note since when something new waits to be shown."""
        self._read_ms = self._read_ms or now_ms()

    def sent(self, outgoing: Sequence[Outgoing]) -> None:
        """Send the spans of records that a standing covers for the first time."""
        ended_ms = now_ms()
        times_ms = (self._read_ms or ended_ms, ended_ms)
        self._read_ms = 0
        for item in outgoing:
            if item.topic != self._topic:
                continue
            head = _head_of(item.value)
            before, self._covered[item.key] = self._covered.get(item.key), head.watermark
            if before is None:  # what was covered before this process is not known
                continue
            for shard, (since, upto) in enumerate(zip(before, head.watermark, strict=True)):
                for number in self._tracing.chosen(since, upto):
                    self._tracing.span(
                        Step.COUNTED, head.election, (shard, number), times_ms, head.contest.id
                    )
