"""Records as aiokafka finds them in a batch, without the object of eleven fields that it makes of each.

A bare record has offset, key, value and timestamp, and no topic or partition: a follower knows what it reads. Where the
client is of another version, records are the client's own, which have those fields too and take 1.5 us more each: a
seventh of what validation does with a ballot.
"""

from importlib.metadata import version
from typing import Any, Final

READ_IN: Final = "0.14."
"""The versions of aiokafka whose `PartitionRecords._consumer_record` was read."""


def read_bare_records() -> bool:
    """Let every consumer of this process give bare records from now on; return whether the client allows it."""
    if not version("aiokafka").startswith(READ_IN):
        return False
    from aiokafka.consumer.fetcher import PartitionRecords

    PartitionRecords._consumer_record = _as_found  # noqa: SLF001  the private part that is gone around
    return True


def _as_found(_self: Any, _partition: Any, record: Any) -> Any:
    return record
