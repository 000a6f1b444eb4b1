"""What an independent reading of the log reports: a recount, the evidence a certificate rests on, and one ballot's path.

A recount names the watermark that it covers, so that it can be compared with a standing of the same log.
"""

from typing import Final, Literal

from pydantic import Field

from shared.contract.chain import Head
from shared.contract.elections import Frozen, Phase
from shared.contract.ids import BallotId
from shared.contract.standings import Balance, Results

RECOUNT: Final = "recount/3"
TRACE: Final = "trace/1"


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


class Arrival(Frozen):
    """One arrival of a ballot: where it stands in the log, and its verdict."""

    shard: int
    record: int = Field(description="Place in the shard's log, from 0")
    place: int = Field(description="Place in its pack, from 0")
    verdict: str = Field(description="The reason of its verdict, such as `accepted`")


class CountedIn(Frozen):
    """A standing that counts a ballot."""

    contest: str
    sequence: int = Field(description="The standing's, in which the ballot is counted")


class Trace(Frozen):
    """A ballot's path, up to the log's present end. Nothing says what is on it, or whose it is."""

    type: Literal["trace/1"] = TRACE
    ballot_id: BallotId
    arrivals: tuple[Arrival, ...]
    counts: bool = Field(description="Whether it counts at the log's present end")
    counted_in: tuple[CountedIn, ...] = Field(
        (), description="Of each contest, the newest published standing, if it counts the ballot"
    )
