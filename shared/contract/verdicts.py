"""What became of each cast record: one verdict for each, with the reason.

Verdicts on ballots that follow one another form ranges (see verdict_ranges); a control has a record of its own.

A balance accounts for every ballot: cast = accepted + duplicate + late + voided + rejected. Of the ballots of an elector who
votes again and whose last ballot counts, one is accepted and each superseding record adds a duplicate.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, Literal, Self

from pydantic import Field

from shared.contract.chain import Head
from shared.contract.elections import Frozen
from shared.contract.events import Control, ElectorVoided

CONTROL_JUDGED: Final = "control-judged/3"


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
    SUPERSEDING = "superseding"
    SAME_BALLOT = "same-ballot"
    SUPERSEDED = "superseded"
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


COUNTED_BALLOTS: Final[dict[str, int]] = {Reason.ACCEPTED: 1, Reason.SUPERSEDING: 2}
"""How many ballots a verdict carries: the one that counts from here on and, with a superseding one, the one it takes out."""

CATEGORY: dict[Reason, Category] = dict.fromkeys(Reason, Category.REJECTED) | {
    Reason.ACCEPTED: Category.ACCEPTED,
    Reason.SUPERSEDING: Category.DUPLICATE,
    Reason.SAME_BALLOT: Category.DUPLICATE,
    Reason.SUPERSEDED: Category.DUPLICATE,
    Reason.ALREADY_VOTED: Category.DUPLICATE,
    Reason.CLOSED: Category.LATE,
    Reason.VOID_ELECTOR: Category.VOIDED,
}

IN_WORDS: dict[Reason, str] = {
    Reason.ACCEPTED: "counts",
    Reason.SUPERSEDING: "counts in place of an earlier ballot of this elector",
    Reason.SAME_BALLOT: "this very ballot was recorded before; it counts once",
    Reason.SUPERSEDED: "this very ballot was recorded before; a later one of this elector has taken its place",
    Reason.ALREADY_VOTED: "this elector had voted; the ballot recorded before stands",
    Reason.NOT_OPEN: "the election was not open yet",
    Reason.PAUSED: "the election was paused",
    Reason.CLOSED: "recorded after the close",
    Reason.VOID_ELECTOR: "this elector's right to vote is void",
    Reason.BAD_CODE: "the voting code is not genuine",
    Reason.UNKNOWN_ELECTION: "no such election in this log",
    Reason.UNKNOWN_ELECTOR: "no such number on the roll",
    Reason.UNKNOWN_SECTION: "no such section of the electorate",
    Reason.WRONG_SHARD: "recorded in a shard that is not this elector's",
    Reason.UNKNOWN_CONTEST: "the ballot does not have one ranking for each contest",
    Reason.BAD_RANKING: "a ranking names a candidate or rank that is not on the ballot",
    Reason.MALFORMED: "the record cannot be read",
}


class NoEffect(StrEnum):
    """Why a control changes nothing. The wire carries these words."""

    UNKNOWN_ELECTION = "unknown-election"
    OTHER_ELECTION = "other-election"
    OTHER_DEFINITION = "other-definition"
    OTHER_LOG = "other-log"
    NOT_SIGNED = "not-signed"
    OUT_OF_ORDER = "out-of-order"
    OUT_OF_PHASE = "out-of-phase"
    NO_CHANGE = "no-change"
    NOT_HERE = "not-here"
    LAST_CANDIDATE = "last-candidate"
    ROLL_NOT_WHOLE = "roll-not-whole"
    SUPERSEDED = "superseded"
    COUNTED_LIVE = "counted-live"
    TOO_LARGE = "too-large"


class Ballot(Frozen):
    """A ballot without its elector, as records of controls carry it: section and marks for each contest."""

    section: int = Field(ge=0)
    rankings: tuple[str, ...]


class BallotsAlike(Ballot):
    """Ballots that are alike, without their electors."""

    ballots: int = Field(ge=1)


def ballots_alike(ballots: Mapping[tuple[int, tuple[str, ...]], int]) -> tuple[BallotsAlike, ...]:
    """Return ballots, how many by section and marks, in order of these: their order says nothing about who cast them."""
    return tuple(
        BallotsAlike(section=section, rankings=rankings, ballots=count)
        for (section, rankings), count in sorted(ballots.items())
    )


class ControlJudged(Frozen):
    """A control has passed through its shard, with or without effect. It names no elector."""

    type: Literal["control-judged/3"] = CONTROL_JUDGED
    shard: int = Field(ge=0)
    source: int = Field(ge=0, description="Offset of the control in the shard")
    control: Control | None = Field(description="None for records of the log and of the roll")
    signers: tuple[str, ...] = Field((), description="Public keys whose signatures hold")
    effect: Literal["applied", "ignored"]
    why: NoEffect | None = Field(None, description="Why it was ignored")
    retracted: Ballot | None = Field(None, description="The ballot that a void takes out of the count")
    restored: Ballot | None = Field(None, description="The ballot that comes back")
    batch: tuple[BallotsAlike, ...] = Field(
        (),
        description="The ballots that an order about a batch takes out of the count, or brings back",
        exclude_if=lambda ballots: not ballots,
    )
    head: Head = Field(description="Head of the shard's chain after this record")
    effects: Head | None = Field(None, description="The election's own head of effects after this record")

    def listed(self, reason: str) -> Self:
        """Return the verdict as the list of what officers did has it: with the reason, and without any ballot."""
        control = None if self.control is None else self.control.model_copy(update={"reason": reason})
        return self.model_copy(update={"control": control, "retracted": None, "restored": None, "batch": ()})

    def moved(self) -> list[tuple[Ballot, int]]:
        """Return the ballots that it brings into the count, each with how many are alike; below 0: that it takes out."""
        found: list[tuple[Ballot, int]] = [(of, 1) for of in (self.restored,) if of is not None]
        found += [(of, -1) for of in (self.retracted,) if of is not None]
        sign = -1 if isinstance(self.control, ElectorVoided) else 1
        return [*found, *((of, sign * of.ballots) for of in self.batch)]

    @property
    def since(self) -> int:
        """Offset of the control."""
        return self.source

    @property
    def upto(self) -> int:
        """Offset after the control."""
        return self.source + 1
