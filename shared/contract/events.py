"""What stands in the log of cast records, and what is announced of elections.

Rule 1: a control stands in every shard (a void only in its elector's), so that a shard's prefix decides all.
Rule 2: the order of records decides; `at` is there for people to read.
Rule 3: a ballot is an array on the wire, a control an object: the first byte tells the hot record from the rest.
"""

from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StrictStr, TypeAdapter, ValidationInfo, model_serializer, model_validator

from shared.contract.chain import Head
from shared.contract.elections import Election, Frozen, Phase
from shared.contract.ids import MAX_ELECTORS, BallotId, CandidateId, ContestId, ElectionId

BALLOT_CAST: Final = "ballot-cast/1"
MAX_CODE_MAC = 2**60 - 1


class ArrayRecord(Frozen, strict=True):
    """A record whose wire form is the JSON array of its fields in the order they are declared."""

    @model_validator(mode="before")
    @classmethod
    def _from_array(cls, data: Any, info: ValidationInfo) -> Any:
        if info.mode != "json":
            return data
        if not isinstance(data, list) or len(data) != len(cls.model_fields):
            raise ValueError(f"expected an array of {len(cls.model_fields)} fields")
        return dict(zip(cls.model_fields, data, strict=True))

    @model_serializer(mode="plain")
    def _to_array(self) -> list[Any]:
        return [getattr(self, name) for name in type(self).model_fields]


class BallotCast(ArrayRecord):
    """One elector's ballot as intake recorded it. The hot record: `codec.HotBallot` is its twin."""

    type: Literal["ballot-cast/1"] = BALLOT_CAST
    ballot_id: BallotId
    election: ElectionId
    elector: int = Field(ge=0, lt=MAX_ELECTORS, description="Number on the roll")
    section: int = Field(ge=0, description="Place of the elector's section in the election's list")
    mac: int = Field(ge=0, le=MAX_CODE_MAC, description="What makes a voting code genuine: 60 bits")
    rankings: tuple[StrictStr, ...] = Field(
        strict=False, description="Marks, one for each contest in the election's order"
    )


class _Control(Frozen):
    election: ElectionId
    control_id: BallotId = Field(
        description="Made by the operator's side; the same control again has no effect"
    )
    by: str = Field(min_length=1, max_length=100, description="Who gave the order")
    reason: str = Field("", max_length=1000)
    at: str = Field(description="When, RFC 3339; for people, it decides nothing")


class ElectionConfigured(_Control):
    """The election exists and its definition is frozen."""

    type: Literal["election-configured/1"] = "election-configured/1"
    definition: Election


class ElectionOpened(_Control):
    """Ballots count from here on."""

    type: Literal["election-opened/1"] = "election-opened/1"
    config_hash: str
    code_key: str = Field(description="Fingerprint of the key that voting codes are made with")


class ElectionPaused(_Control):
    """Ballots are refused until it is resumed."""

    type: Literal["election-paused/1"] = "election-paused/1"


class ElectionResumed(_Control):
    """Ballots count again."""

    type: Literal["election-resumed/1"] = "election-resumed/1"


class ElectionClosed(_Control):
    """No ballot after this counts. There is no way back."""

    type: Literal["election-closed/1"] = "election-closed/1"


class ElectorVoided(_Control):
    """An elector's ballot does not count: one cast before is retracted, one cast later refused."""

    type: Literal["elector-voided/1"] = "elector-voided/1"
    elector: int = Field(ge=0, lt=MAX_ELECTORS)


class ElectorRestored(_Control):
    """A void is taken back: the retracted ballot counts again."""

    type: Literal["elector-restored/1"] = "elector-restored/1"
    elector: int = Field(ge=0, lt=MAX_ELECTORS)


class CandidateWithdrawn(_Control):
    """A candidate is out of a contest: ballots go to whom they rank next. In force once every shard holds it."""

    type: Literal["candidate-withdrawn/1"] = "candidate-withdrawn/1"
    contest: ContestId
    candidate: CandidateId


class CandidateReinstated(_Control):
    """A withdrawal is taken back: the candidate is in the contest again."""

    type: Literal["candidate-reinstated/1"] = "candidate-reinstated/1"
    contest: ContestId
    candidate: CandidateId


class ElectionCertified(_Control):
    """An independent recount of the closed log agreed in every round of every contest."""

    type: Literal["election-certified/2"] = "election-certified/2"
    watermark: tuple[int, ...] = Field(description="For each shard, how many cast records were recounted")
    heads: tuple[Head, ...] = Field(description="For each shard, the head of its chain there, as recounted")
    result_hashes: dict[str, str] = Field(description="For each contest, SHA-256 of its rounds as recounted")


Control = Annotated[
    ElectionConfigured
    | ElectionOpened
    | ElectionPaused
    | ElectionResumed
    | ElectionClosed
    | ElectorVoided
    | ElectorRestored
    | CandidateWithdrawn
    | CandidateReinstated
    | ElectionCertified,
    Field(discriminator="type"),
]
CONTROL: TypeAdapter[Control] = TypeAdapter(Control)


class ElectionAnnounced(Frozen):
    """What the edges (intake, results, operator) know of an election. Information: it decides no verdict."""

    type: Literal["election-announced/1"] = "election-announced/1"
    definition: Election
    config_hash: str
    code_key: str
    shards: int = Field(ge=1)
    phase: Phase
    at: str = Field(description="When the phase began, RFC 3339")
    withdrawn: tuple[tuple[ContestId, CandidateId], ...] = Field(
        (), description="Candidates who have withdrawn since the definition was frozen"
    )

    def moved_to(self, phase: Phase, at: str) -> Self:
        """Return the announcement of the same election in another phase."""
        return self.model_copy(update={"phase": phase, "at": at})

    def with_withdrawn(self, withdrawn: Iterable[tuple[str, str]]) -> Self:
        """Return the announcement of the same election with these candidates out."""
        return self.model_copy(update={"withdrawn": tuple(sorted(withdrawn))})
