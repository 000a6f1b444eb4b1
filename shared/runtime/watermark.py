"""The rule that makes repeats harmless: only the very next one is applied.

Lower has been applied before and is skipped; higher means that something is missing, and nothing is guessed.
With `>=` in the place of `==`, a lost batch would pass unseen and the count would be wrong for ever.
"""

from collections.abc import Sequence

from shared.runtime.log import Record


class Gap(Exception):
    """What should come next is missing."""

    def __init__(self, what: str, expected: int, found: int) -> None:
        super().__init__(f"{what}: expected {expected}, found {found}; {found - expected} missing")


def is_next(what: str, expected: int, found: int) -> bool:
    """Return True if `found` is the next one, False if it has been applied before. Raises Gap if one is missing."""
    if found > expected:
        raise Gap(what, expected, found)
    return found == expected


def joins(what: str, watermark: int, since: int, upto: int) -> bool:
    """Return whether the range (since, upto] adds to `watermark`, False if it is old news. Raises Gap."""
    if since > watermark:
        raise Gap(what, watermark, since)
    return upto > watermark


def next_values(what: str, position: int, records: Sequence[Record]) -> list[bytes]:
    """Return the values of the records from `position` on, whose offsets go up. Raises Gap if one is missing.

    A record without a value is an empty one.
    """
    if records and records[0].offset == position and records[-1].offset == position + len(records) - 1:
        return [record.value or b"" for record in records]
    values: list[bytes] = []
    for record in records:
        if is_next(what, position + len(values), record.offset):
            values.append(record.value or b"")
    return values
