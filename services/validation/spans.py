"""What a trace shows of validation: from reading a record until its verdicts are in the log (see shared.runtime.process.tracing)."""

from collections.abc import Sequence

from shared.contract.codec import UnknownVersion, decode_cast
from shared.contract.packs import Pack
from shared.runtime.log import Outgoing
from shared.runtime.process.tracing import Step, Tracing, now_ms


class JudgedSpans:
    """Spans of one shard's records."""

    def __init__(self, tracing: Tracing, shard: int) -> None:
        self._tracing = tracing
        self._shard = shard
        self._open: list[tuple[str, int, int]] = []
        """Election and number of each record that is being judged, and since when."""

    def applying(self, first: int, values: Sequence[bytes]) -> None:
        """Note records that are read."""
        read_ms = now_ms()
        for number in self._tracing.chosen(first, first + len(values)):
            try:
                pack = decode_cast(values[number - first])
            except UnknownVersion:
                continue
            if isinstance(pack, Pack):
                self._open.append((pack.election, number, read_ms))

    def sent(self, _: Sequence[Outgoing]) -> None:
        """Send the spans of records whose verdicts are in the log."""
        done, self._open, ended_ms = self._open, [], now_ms()
        for election, number, read_ms in done:
            self._tracing.span(Step.JUDGED, election, (self._shard, number), (read_ms, ended_ms))
