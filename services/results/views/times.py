"""Times as pages show them. Pure."""

from datetime import UTC, datetime
from typing import NamedTuple


class Clock(NamedTuple):
    """A time as it is read, in UTC, and as programs read it."""

    text: str
    iso: str


def day_and_time(at: str) -> Clock:
    """Return a time of RFC 3339 as pages show times; one that cannot be read stands as it is written."""
    try:
        when = datetime.fromisoformat(at).astimezone(UTC)
    except ValueError:
        return Clock(at, "")
    return Clock(f"{when.day} {when:%b %H:%M:%S}", when.isoformat(timespec="seconds"))
