"""Links to a contest's page as it was. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from services.results.views.addresses import query_of


@dataclass(frozen=True, slots=True)
class Earlier:
    """A link to a contest's page as it was."""

    sequence: int
    query: str
    as_of: str
    as_of_iso: str


def earlier(places: Sequence[tuple[int, int]]) -> tuple[Earlier, ...]:
    """Return links to standings, given as sequences and the milliseconds at which they were published; dates where these differ."""
    times = [datetime.fromtimestamp(as_of_ms / 1000, UTC) for _, as_of_ms in places]
    several = len({time.date() for time in times}) > 1
    return tuple(
        Earlier(
            sequence=sequence,
            query=query_of(sequence, None),
            as_of=f"{f'{time.day} {time:%b} ' if several else ''}{time:%H:%M:%S}",
            as_of_iso=time.isoformat(timespec="milliseconds"),
        )
        for (sequence, _), time in zip(places, times, strict=True)
    )
