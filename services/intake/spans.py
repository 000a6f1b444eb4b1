"""What a trace shows of intake: a record's requests, and its way into the log (see shared.runtime.process.tracing)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from shared.contract.codec import decode_cast
from shared.contract.packs import Pack
from shared.runtime.log import Outgoing
from shared.runtime.process.tracing import Step, Tracing, now_ms


class SentSpans:
    """Spans of the records of one send at a time."""

    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing
        self._numbers: dict[int, list[int]] = defaultdict(list)
        """By shard, the numbers that records of this send were given, in order."""

    def acknowledged(self, _topic: str, shard: int, offset: int, records: int) -> None:
        """Note where a batch was written; one that was written before has no known place."""
        if offset >= 0:
            self._numbers[shard] += range(offset, offset + records)

    def sent(self, items: Iterable[Outgoing], begun_ms: int, sent_ms: int) -> None:
        """Send the spans of records that are in the log now: since their first ballot was admitted, and since they were sent."""
        numbers, self._numbers, ended_ms = self._numbers, defaultdict(list), now_ms()
        of_shard: dict[int, list[bytes]] = defaultdict(list)
        for item in items:
            of_shard[item.partition].append(item.value)
        for shard, values in of_shard.items():
            if len(numbers[shard]) == len(values):
                self._send(shard, numbers[shard], values, (begun_ms, sent_ms, ended_ms))

    def _send(
        self, shard: int, numbers: Sequence[int], values: Sequence[bytes], times_ms: tuple[int, int, int]
    ) -> None:
        begun_ms, sent_ms, ended_ms = times_ms
        chosen = set(self._tracing.chosen(numbers[0], numbers[-1] + 1))
        for number, value in zip(numbers, values, strict=True):
            if number in chosen and isinstance(pack := decode_cast(value), Pack):
                place = (shard, number)
                self._tracing.span(Step.REQUEST, pack.election, place, (begun_ms, ended_ms))
                self._tracing.span(Step.APPEND, pack.election, place, (sent_ms, ended_ms))
