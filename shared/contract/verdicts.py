"""What became of each cast record: one verdict for each, with the reason.

Rule 1: verdicts on ballot records that follow one another in a shard, all of one election, form a range: one record.
        Where a range is cut means nothing: verdicts that are published again may be cut elsewhere.
Rule 2: a control has a record of its own.

A balance accounts for every ballot record: cast = accepted + duplicate + late + voided + rejected.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import Field, StrictInt, StrictStr, model_validator

from shared.contract.chain import Head
from shared.contract.elections import Frozen
from shared.contract.events import ArrayRecord, Control

VERDICTS: Final = "verdicts/1"
CONTROL_JUDGED: Final = "control-judged/2"
MAX_VERDICTS_IN_RANGE: Final = 1_000
"""Verdicts in one record."""


class Category(StrEnum):
    """The five ends of a ballot record."""

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    LATE = "late"
    VOIDED = "voided"
    REJECTED = "rejected"


class Reason(StrEnum):
    """Why a ballot record ended as it did. The wire carries these words."""

    ACCEPTED = "accepted"
    SAME_BALLOT = "same-ballot"
    ALREADY_VOTED = "already-voted"
    NOT_OPEN = "not-open"
    PAUSED = "paused"
    CLOSED = "closed"
    VOID_ELECTOR = "void-elector"
    BAD_CODE = "bad-code"
    UNKNOWN_ELECTION = "unknown-election"
    UNKNOWN_ELECTOR = "unknown-elector"
    UNKNOWN_SECTION = "unknown-section"
    WRONG_SHARD = "wrong-shard"
    UNKNOWN_CONTEST = "unknown-contest"
    BAD_RANKING = "bad-ranking"
    MALFORMED = "malformed"


CATEGORY: dict[Reason, Category] = dict.fromkeys(Reason, Category.REJECTED) | {
    Reason.ACCEPTED: Category.ACCEPTED,
    Reason.SAME_BALLOT: Category.DUPLICATE,
    Reason.ALREADY_VOTED: Category.DUPLICATE,
    Reason.CLOSED: Category.LATE,
    Reason.VOID_ELECTOR: Category.VOIDED,
}

IN_WORDS: dict[Reason, str] = {
    Reason.ACCEPTED: "counts",
    Reason.SAME_BALLOT: "this very ballot was recorded before; it counts once",
    Reason.ALREADY_VOTED: "this elector had voted; the first ballot stands",
    Reason.NOT_OPEN: "the election was not open yet",
    Reason.PAUSED: "the election was paused",
    Reason.CLOSED: "recorded after the close",
    Reason.VOID_ELECTOR: "this elector's right to vote is void",
    Reason.BAD_CODE: "the voting code is not genuine",
    Reason.UNKNOWN_ELECTION: "no such election in this log",
    Reason.UNKNOWN_ELECTOR: "no such number on the roll",
    Reason.UNKNOWN_SECTION: "no such section of the electorate",
    Reason.WRONG_SHARD: "recorded in a shard that is not this elector's",
    Reason.UNKNOWN_CONTEST: "the paper does not have one ranking for each contest",
    Reason.BAD_RANKING: "a ranking names a candidate or rank that is not on the paper",
    Reason.MALFORMED: "the record cannot be read",
}


class NoEffect(StrEnum):
    """Why a control changes nothing. The wire carries these words."""

    UNKNOWN_ELECTION = "unknown-election"
    OTHER_ELECTION = "other-election"
    OTHER_DEFINITION = "other-definition"
    OUT_OF_PHASE = "out-of-phase"
    NO_CHANGE = "no-change"
    NOT_HERE = "not-here"
    LAST_CANDIDATE = "last-candidate"


Run = tuple[StrictStr, Annotated[StrictInt, Field(ge=1)]]
"""A Reason, and how many records in a row ended so."""

SectionRankings = tuple[
    Annotated[StrictInt, Field(ge=0)], Annotated[tuple[StrictStr, ...], Field(strict=False)]
]
"""A section, and marks for each contest."""


class Verdicts(ArrayRecord):
    """The ends of ballot records that follow one another. The hot record: `codec.HotVerdicts` is its twin.

    It names no elector: from here on a ballot is only its section and its rankings.
    """

    type: Literal["verdicts/1"] = VERDICTS
    since: int = Field(ge=0, description="Offset of the first of the cast records in the same shard")
    election: str = Field(description="The ballots' election; empty for records that cannot be read")
    outcomes: tuple[Annotated[Run, Field(strict=False)], ...] = Field(
        strict=False, min_length=1, description="Each record's Reason, in order, in runs"
    )
    accepted: tuple[Annotated[SectionRankings, Field(strict=False)], ...] = Field(
        strict=False, description="Of each that was accepted, in order: section, and marks for each contest"
    )
    head: Head = Field(description="Head of the shard's chain after the last of the records")

    @model_validator(mode="after")
    def _hold_together(self) -> Self:
        if (fault := range_fault(self.outcomes, len(self.accepted))) is not None:
            raise ValueError(fault)
        return self


def range_fault(outcomes: Iterable[tuple[str, int]], ballots: int) -> str | None:
    """Return why runs of outcomes with so many accepted ballots are no record, or None if they are one."""
    records = accepted = 0
    for reason, alike in outcomes:
        records += alike
        accepted += alike if reason == Reason.ACCEPTED else 0
    if records > MAX_VERDICTS_IN_RANGE:
        return f"{records} verdicts, at most {MAX_VERDICTS_IN_RANGE} stand in one range"
    return None if accepted == ballots else f"expected {accepted} accepted ballots, found {ballots}"


class AnonymousBallot(Frozen, populate_by_name=True, serialize_by_alias=True):
    """A ballot without its elector: section and marks for each contest."""

    section: int = Field(ge=0)
    rankings: tuple[str, ...] = Field(alias="papers")


class ControlJudged(Frozen):
    """A control has passed through its shard, with or without effect."""

    type: Literal["control-judged/2"] = CONTROL_JUDGED
    source: int = Field(ge=0, description="Offset of the control in the same shard")
    control: Control
    effect: Literal["applied", "ignored"]
    why: NoEffect | None = Field(None, description="Why it was ignored")
    retracted: AnonymousBallot | None = Field(
        None, description="The ballot that a void takes out of the count"
    )
    restored: AnonymousBallot | None = Field(None, description="The ballot that comes back")
    head: Head = Field(description="Head of the shard's chain after this record")

    @property
    def since(self) -> int:
        """Offset of the control."""
        return self.source

    @property
    def upto(self) -> int:
        """Offset after the control."""
        return self.source + 1
