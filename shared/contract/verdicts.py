"""What became of each cast record: one verdict for each, with the reason.

A balance accounts for every ballot record: cast = accepted + duplicate + late + voided + rejected.
"""

from enum import StrEnum
from typing import Final, Literal

from pydantic import Field, StrictStr

from shared.contract.chain import Head
from shared.contract.elections import Frozen
from shared.contract.events import ArrayRecord, Control

VERDICT: Final = "verdict/2"
CONTROL_JUDGED: Final = "control-judged/2"


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


class Verdict(ArrayRecord):
    """The end of one ballot record. The hot record: `codec.HotVerdict` is its twin.

    It names no elector: from here on a paper is only its section and its marks.
    """

    type: Literal["verdict/2"] = VERDICT
    source: int = Field(ge=0, description="Offset of the cast record in the same shard")
    reason: str = Field(description="A Reason")
    election: str = Field(description="The ballot's election; empty for a record that cannot be read")
    section: int = Field(ge=0)
    papers: tuple[StrictStr, ...] = Field(
        strict=False, description="Marks for each contest if accepted, else empty"
    )
    head: Head = Field(description="Head of the shard's chain after this record")


class Paper(Frozen):
    """A ballot without its elector: section and marks for each contest."""

    section: int = Field(ge=0)
    papers: tuple[str, ...]


class ControlJudged(Frozen):
    """A control has passed through its shard, with or without effect."""

    type: Literal["control-judged/2"] = CONTROL_JUDGED
    source: int = Field(ge=0, description="Offset of the control in the same shard")
    control: Control
    effect: Literal["applied", "ignored"]
    why: NoEffect | None = Field(None, description="Why it was ignored")
    retracted: Paper | None = Field(None, description="The ballot that a void takes out of the count")
    restored: Paper | None = Field(None, description="The ballot that comes back")
    head: Head = Field(description="Head of the shard's chain after this record")
