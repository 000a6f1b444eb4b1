"""How long a broker holds a fetch that finds nothing: briefly while records come, long at rest.

A fetch does not name a partition whose records have waited to be read for 100 ms; those behind them wait until that fetch ends. So
it must end soon while records come. At rest every partition is named, and a record ends the fetch at once, however long it
may wait; then each fetch that ends for nothing costs broker and client about 2 ms together. What has one partition holds up no other.

Relies on the fetcher's `_fetch_max_wait_ms`, which every request is made with. Where the client is of another version, fetches
wait as they did at the start.
"""

from importlib.metadata import version
from typing import Any, Final

READ_IN: Final = "0.14."
"""The versions of aiokafka whose `Fetcher` was read."""
AT_WORK_MS: Final = 100
AT_REST_MS: Final = 2_000
"""Of a group's consumer: an empty answer is also the log's word for where it ends, and its age is reported."""
READER_AT_REST_MS: Final = 5_000
"""Of whoever reads a topic from its start: it needs no more than the records."""
REST_AFTER_S: Final = 5.0


class FetchWait:
    """The wait of one consumer's fetches, by when a record last came. Of a reader its `partitions` are known, of a group not."""

    def __init__(self, consumer: Any, partitions: int | None = None) -> None:
        self._consumer = consumer
        self._partitions = partitions
        self._heard_s: float | None = None
        self._is_known = version("aiokafka").startswith(READ_IN)

    def note(self, now_s: float, *, found: bool) -> None:
        """Note that a read has ended, with records or without."""
        if found or self._heard_s is None:
            self._heard_s = now_s
        if self._is_known:
            self._consumer._fetcher._fetch_max_wait_ms = self._wait_ms(now_s - self._heard_s)  # noqa: SLF001  the private part that is gone around

    def _wait_ms(self, silent_s: float) -> int:
        if self._partitions == 1:  # no other is held up: while its records wait, nothing is fetched
            return READER_AT_REST_MS
        if silent_s <= REST_AFTER_S:
            return AT_WORK_MS
        return AT_REST_MS if self._partitions is None else READER_AT_REST_MS
