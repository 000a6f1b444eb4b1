"""Names of things. All are opaque outside the place that makes them."""

from typing import Annotated

from pydantic import StringConstraints

SLUG_PATTERN = r"^[a-z0-9]+(-[a-z0-9]+)*$"
BALLOT_ID_PATTERN = r"^[0-9a-f]{32}$"

Slug = Annotated[str, StringConstraints(pattern=SLUG_PATTERN, max_length=48)]

ElectionId = Slug
ContestId = Slug
CandidateId = Slug
SectionId = Slug

BallotId = Annotated[str, StringConstraints(pattern=BALLOT_ID_PATTERN)]
"""128 random bits made by the client, as 32 hexadecimal digits. The same id is the same ballot."""

LogId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""128 random bits that name one log for ever, as 32 hexadecimal digits."""

MAX_ELECTORS = 2**31 - 1


def contest_key(election: str, contest: str) -> str:
    """Return the key of a contest's records: `election/contest`."""
    return f"{election}/{contest}"


def shard_of(elector: int, shards: int) -> int:
    """Return the shard an elector belongs to for as long as the log lives."""
    return elector % shards
