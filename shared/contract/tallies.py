"""What a shard's tally tells: absolute counts of what changed between two watermarks.

Rule 1: counts are cumulative, so telling them twice changes nothing.
Rule 2: a range (since, upto] is applied only where it joins on: since <= watermark < upto. A range wholly
        below is old news, one that starts above is a gap.
"""

from typing import Final, Literal

from pydantic import Field

from shared.contract.chain import Head
from shared.contract.elections import Frozen
from shared.contract.events import Control

TALLY_CHANGED: Final = "tally-changed/2"

RankingCount = tuple[int, str, int]
"""Section, marks, cumulative number of accepted ballots in this shard that carry them."""


class TallyChanged(Frozen):
    """The rankings of one contest whose count in one shard changed, and that shard's ledger."""

    type: Literal["tally-changed/2"] = TALLY_CHANGED
    election: str
    contest: str
    shard: int = Field(ge=0)
    shards: int = Field(ge=1)
    since: int = Field(ge=0, description="Watermark before: cast records already told")
    upto: int = Field(ge=0, description="Watermark after: cast records covered from here on")
    head: Head = Field(description="Head of the shard's chain at `upto`")
    counts: tuple[RankingCount, ...] = Field(description="Rankings that changed in (since, upto]")
    reasons: dict[str, int] = Field(description="Cumulative number of ballot records by Reason")
    voided: int = Field(ge=0, description="Ballots accepted and now retracted by a void")
    turnout: tuple[int, ...] = Field(description="Accepted ballots for each section")
    controls: tuple[Control, ...] = Field(description="Controls with effect in (since, upto], in order")
