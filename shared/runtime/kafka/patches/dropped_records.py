"""What is fetched and dropped unread is free at once.

aiokafka's `PartitionRecords` and the generator in it hold one another until the last record is read. Whoever seeks before that drops
them, and only Python's collector finds them, which is made to come seldom (`shared/runtime/process/collector.py`): so each
look at a log's first record, one every 10 s, left 2 MB behind. Where the client is of another version, they wait for the collector.
"""

from functools import wraps
from importlib.metadata import version
from typing import Any, Final

READ_IN: Final = "0.14."
"""The versions of aiokafka whose `FetchResult` and `PartitionRecords` were read."""


def free_dropped_records() -> bool:
    """Let every consumer of this process free what it drops; return whether the client allows it."""
    from aiokafka.consumer.fetcher import FetchResult

    if not version("aiokafka").startswith(READ_IN):
        return False
    if not hasattr(FetchResult, "__del__"):
        FetchResult.check_assignment = _freeing(FetchResult.check_assignment)
        FetchResult.__del__ = lambda self: _free(self._partition_records)
    return True


def _freeing(check: Any) -> Any:
    @wraps(check)
    def check_assignment(self: Any, partition: Any) -> bool:
        records, stays = self._partition_records, check(self, partition)
        if not stays:
            _free(records)
        return bool(stays)

    return check_assignment


def _free(records: Any) -> None:
    if records is not None:
        records._records_iterator = None  # noqa: SLF001  as the client does behind the last record
