"""What an independent recount of the log reports: the evidence a certificate rests on.

It names the watermark that it covers, so that it can be compared with a standing of the same log.
"""

from typing import Final, Literal

from pydantic import Field

from shared.contract.chain import Head
from shared.contract.elections import Frozen, Phase
from shared.contract.ids import BallotId
from shared.contract.standings import Balance, Results

RECOUNT: Final = "recount/3"


class Recounted(Frozen):
    """One contest, counted again."""

    results: Results
    result_hash: str = Field(description="SHA-256 of the results in canonical form")


class Recount(Frozen):
    """An election, counted again from the first record of the log."""

    type: Literal["recount/3"] = RECOUNT
    election: str
    config_hash: str
    watermark: tuple[int, ...] = Field(description="For each shard, how many cast records were read")
    heads: tuple[Head, ...] = Field(description="For each shard, the head of its chain at the watermark")
    effects: tuple[Head, ...] = Field(description="For each shard, the election's head of effects there")
    last_controls: tuple[BallotId, ...] = Field(
        description="For each shard, the election's newest control at the watermark"
    )
    phases: tuple[Phase | None, ...] = Field(description="For each shard, the phase at its watermark")
    balance: Balance
    turnout: dict[str, int] = Field(description="Ballots that count, by section")
    withdrawn: tuple[tuple[str, str], ...] = Field((), description="Contest and candidate, in every shard")
    half_withdrawn: tuple[tuple[str, str], ...] = Field(
        (), description="Contest and candidate, in some shards only: the order was not written to its end"
    )
    contests: dict[str, Recounted] = Field(description="By contest id")


class Certificate(Frozen):
    """What two independent counts agree on: the operator's answer to an order to certify."""

    certified: bool = True
    watermark: tuple[int, ...]
    heads: tuple[Head, ...]
    balance: Balance
    contests: dict[str, Recounted]
