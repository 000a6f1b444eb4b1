"""Controls: officers' orders as records of the log, and what is announced of elections.

A control is a JSON object on the wire, `{"type": "signed/1", "payload": "…", "signatures": [[key, signature], …]}`: the
payload is the control's own JSON as a string, and the signatures are over the bytes of that string as they are carried.

Every control of an election stands in every shard, so that a shard's prefix decides all; it names the control that it
follows there, so that none can be left out, repeated or put in another order. Where two shards took different controls as their
next ones, which nobody but two officials who write to Kafka at once can bring about, a control names one for each shard. Chunks of the roll are each shard's own:
they follow nothing, and the opening control names the digest of the whole part. `at` is there for people to read and
decides nothing.
"""

import operator
from collections.abc import Iterable
from hashlib import sha256
from typing import Annotated, Final, Literal, Self

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from shared.contract.batches import Runs, runs_fault, size_of
from shared.contract.chain import Head
from shared.contract.codes import COMMITMENT_BYTES
from shared.contract.elections import Election, Frozen, Official, Phase, config_hash
from shared.contract.ids import MAX_ELECTORS, BallotId, CandidateId, ContestId, ElectionId, LogId
from shared.contract.signing import PublicKey, Signature, is_signed, sign

SIGNED: Final = "signed/1"
NO_CONTROL: Final = "0" * 32
"""What the control that configures an election follows."""
MAX_SHARDS: Final = 1024
MAX_CHUNK_ELECTORS: Final = 30_000
"""Electors whose commitments one record holds: 400 kB."""
MAX_NOTICES: Final = 40
"""The newest withdrawals and reinstatements that an announcement holds: 160 kB at most."""


Follows = BallotId | Annotated[tuple[BallotId, ...], Field(min_length=2, max_length=MAX_SHARDS)]
"""The election's control before one: the same in every shard, or one for each shard."""


class _Record(Frozen):
    log: LogId


class LogFounded(_Record):
    """The first record of a shard: which log it belongs to. Signed by the root key."""

    type: Literal["log-founded/1"] = "log-founded/1"
    shard: int = Field(ge=0)
    shards: int = Field(ge=1, le=MAX_SHARDS)
    admitted: tuple[str, ...] = Field(
        description="Versions of records that this log may hold beside controls"
    )


class VersionAdmitted(_Record):
    """From here on the shard may hold records of one more version. Signed by the root key."""

    type: Literal["version-admitted/1"] = "version-admitted/1"
    version: str = Field(pattern=r"^[a-z][a-z-]*/\d+$")


class _Control(_Record):
    election: ElectionId
    control_id: BallotId = Field(
        description="128 random bits; one id is one order, and the same again has no effect"
    )
    follows: Follows = Field(
        description="The election's control before this one; a list says it for each shard"
    )
    by: str = Field(min_length=1, max_length=100, description="Who gave the order")
    reason: str = Field("", max_length=1000)
    at: str = Field(description="When, RFC 3339; for people, it decides nothing")

    def before(self, shard: int) -> str:
        """Return the control that it follows in a shard; nothing where it names none."""
        if isinstance(self.follows, str):
            return self.follows
        return self.follows[shard] if shard < len(self.follows) else ""


class ElectionConfigured(_Control):
    """The election exists and its definition is frozen. Signed by the root key."""

    type: Literal["election-configured/2"] = "election-configured/2"
    definition: Election


class RollPart(Frozen):
    """One shard's part of the roll, as the opening control names it."""

    electors: int = Field(ge=0)
    digest: Head = Field(description="SHA-256 of the part's commitments, elector by elector")


class RollCommitted(_Record, ser_json_bytes="base64", val_json_bytes="base64"):
    """A chunk of one shard's part of the roll: the commitments of electors who follow one another in the shard."""

    type: Literal["roll-committed/1"] = "roll-committed/1"
    election: ElectionId
    shard: int = Field(ge=0)
    first: int = Field(ge=0, description="Place in the shard of the first elector: number // shards")
    commitments: bytes = Field(
        min_length=COMMITMENT_BYTES,
        max_length=COMMITMENT_BYTES * MAX_CHUNK_ELECTORS,
        description="10 bytes an elector; base64 on the wire",
    )
    by: str = Field(min_length=1, max_length=100)
    at: str


class ElectionOpened(_Control):
    """Ballots count from here on, if the shard's part of the roll is whole."""

    type: Literal["election-opened/2"] = "election-opened/2"
    config_hash: str
    roll: tuple[RollPart, ...] = Field(description="For each shard")


class ElectionPaused(_Control):
    """Ballots are refused until it is resumed."""

    type: Literal["election-paused/2"] = "election-paused/2"


class ElectionResumed(_Control):
    """Ballots count again."""

    type: Literal["election-resumed/2"] = "election-resumed/2"


class ElectionClosed(_Control):
    """No ballot after this counts. There is no way back."""

    type: Literal["election-closed/2"] = "election-closed/2"


class ElectionCancelled(_Control):
    """The election comes to nothing: no ballot counts any more, and there will be no result. There is no way back."""

    type: Literal["election-cancelled/1"] = "election-cancelled/1"


class _OfElectors(_Control):
    type: str
    elector: int | None = Field(
        ge=0, lt=MAX_ELECTORS, description="Null of a batch, and in derived records: they name nobody"
    )
    electors: Runs | None = Field(
        None,
        description="A batch: the first and last number of each run of electors, rising",
        exclude_if=lambda runs: runs is None,
    )
    size: int | None = Field(
        None,
        ge=1,
        description="Of a batch in derived records: how many electors it is about",
        exclude_if=lambda size: size is None,
    )

    @model_validator(mode="after")
    def _is_one_or_a_batch(self) -> Self:
        if self.electors is not None and (self.elector is not None or self.size is not None):
            raise ValueError("expected an elector or a batch, not both")
        if self.electors is not None and (why := runs_fault(self.electors)) is not None:
            raise ValueError(why)
        return self

    def anonymous(self) -> Self:
        """Return the control without whom it is about, and without its reason."""
        size = self.size if self.electors is None else size_of(self.electors)
        return self.model_copy(update={"elector": None, "electors": None, "size": size, "reason": ""})


class ElectorVoided(_OfElectors):
    """An elector's ballot does not count: one cast before is retracted, one cast later refused. Or so of each of a batch."""

    type: Literal["elector-voided/2"] = "elector-voided/2"


class ElectorRestored(_OfElectors):
    """A void is taken back: the retracted ballot counts again. Of a batch, for each who is void, by whichever order."""

    type: Literal["elector-restored/2"] = "elector-restored/2"


class CodeReissued(_Control):
    """An elector who lost a voting code has a new one. It never reopens a vote that stands, void or not."""

    type: Literal["code-reissued/1"] = "code-reissued/1"
    elector: int | None = Field(
        ge=0, lt=MAX_ELECTORS, description="Null in derived records: they name nobody"
    )
    commitment: str = Field(
        pattern=r"^([0-9a-f]{20})?$", description="Of the new code; empty in derived records"
    )


class CandidateWithdrawn(_Control):
    """A candidate is out of a contest: ballots go to whom they rank next. In force once every shard holds it."""

    type: Literal["candidate-withdrawn/2"] = "candidate-withdrawn/2"
    contest: ContestId
    candidate: CandidateId


class CandidateReinstated(_Control):
    """A withdrawal is taken back: the candidate is in the contest again."""

    type: Literal["candidate-reinstated/2"] = "candidate-reinstated/2"
    contest: ContestId
    candidate: CandidateId


class KeyReplaced(_Control):
    """An official's key is lost or stolen, and another takes its place. Signed by the root key and by an official."""

    type: Literal["key-replaced/1"] = "key-replaced/1"
    old: PublicKey
    new: Official


class ElectionCertified(_Control):
    """An independent recount of the closed log agreed in every round of every contest.

    A shard applies it only if `effects` names the shard's own head of effects; it changes neither phase nor head.
    """

    type: Literal["election-certified/3"] = "election-certified/3"
    watermark: tuple[int, ...] = Field(description="For each shard, how many cast records were recounted")
    heads: tuple[Head, ...] = Field(description="For each shard, the head of its chain there, as recounted")
    effects: tuple[Head, ...] = Field(description="For each shard, the election's own head of effects there")
    result_hashes: dict[str, str] = Field(description="For each contest, SHA-256 of its rounds as recounted")
    replaces: BallotId | None = Field(None, description="The certificate that this one corrects")


_AnyControl = (
    ElectionConfigured
    | ElectionOpened
    | ElectionPaused
    | ElectionResumed
    | ElectionClosed
    | ElectionCancelled
    | ElectorVoided
    | ElectorRestored
    | CodeReissued
    | CandidateWithdrawn
    | CandidateReinstated
    | KeyReplaced
    | ElectionCertified
)

Control = Annotated[_AnyControl, Field(discriminator="type")]
"""What follows one another in every shard."""

Payload = Annotated[LogFounded | VersionAdmitted | RollCommitted | _AnyControl, Field(discriminator="type")]
"""Whatever is signed."""

PAYLOAD: TypeAdapter[Payload] = TypeAdapter(Payload)


class SignedRecord(Frozen):
    """A payload as it is carried, and who signed it."""

    type: Literal["signed/1"] = SIGNED
    payload: str
    signatures: tuple[tuple[PublicKey, Signature], ...] = Field(max_length=20)

    def content(self) -> Payload | None:
        """Return what the payload says, None if it is none that this program knows."""
        try:
            payload: Payload = PAYLOAD.validate_json(self.payload)
        except ValidationError:
            return None
        return payload

    def signers(self, keys: Iterable[str]) -> set[str]:
        """Return which of `keys` have signed."""
        message, known = self.payload.encode(), set(keys)
        return {key for key, found in self.signatures if key in known and is_signed(key, found, message)}

    def signed_by(self, key: str, signature: str) -> Self:
        """Return the record with one more signature."""
        return self.model_copy(update={"signatures": (*self.signatures, (key, signature))})


def signed(payload: Payload, *privates: tuple[str, bytes]) -> SignedRecord:
    """Return a record of `payload` signed by these keys, each public and private."""
    text = payload.model_dump_json()
    return SignedRecord(
        payload=text, signatures=tuple((key, sign(private, text.encode())) for key, private in privates)
    )


def derived(control: Control) -> Control:
    """Return a control as records after `ballots.cast` carry it: it names no elector and holds no commitment.

    Why an elector is voided may say who it is; so it does not stand beside the ballot either, but in `controls.judged` alone.
    """
    if isinstance(control, ElectorVoided | ElectorRestored):
        return control.anonymous()
    if isinstance(control, CodeReissued):
        return control.model_copy(update={"elector": None, "commitment": "", "reason": ""})
    return control


def roll_part(commitments: bytes) -> RollPart:
    """Return what the opening control names of one shard's commitments, 10 bytes an elector."""
    return RollPart(electors=len(commitments) // COMMITMENT_BYTES, digest=sha256(commitments).hexdigest())


class RollKnown(Frozen, ser_json_bytes="base64", val_json_bytes="base64"):
    """Commitments that validation has applied, for those who refuse bad codes early: one record a chunk or re-issue."""

    type: Literal["roll-known/1"] = "roll-known/1"
    election: ElectionId
    shard: int = Field(ge=0)
    shards: int = Field(ge=1)
    source: int = Field(ge=0, description="Offset of the control in the shard: a later one outranks")
    first: int = Field(ge=0, description="Place in the shard of the first elector")
    commitments: bytes = Field(description="10 bytes an elector; base64 on the wire")

    @property
    def key(self) -> str:
        """Its key in the topic. How many it holds is a part of it: a new code of a chunk's first elector must not replace the chunk."""
        return f"{self.election}/{self.shard}/{self.first}/{len(self.commitments) // COMMITMENT_BYTES}"


class Configured(Frozen):
    """The control that froze a definition, without the definition, and the root key's signature over it."""

    control_id: BallotId
    by: str
    reason: str
    at: str
    signature: Signature

    @classmethod
    def of(cls, record: SignedRecord, root_key: str) -> Self | None:
        """Return it of a signed record; None if that froze no definition, or the root key did not sign it."""
        control = record.content()
        found = [signature for key, signature in record.signatures if key == root_key]
        if not isinstance(control, ElectionConfigured) or not found:
            return None
        said = {name: getattr(control, name) for name in ("control_id", "by", "reason", "at")}
        return cls(**said, signature=found[0])

    def holds(self, log: str, definition: Election, root_key: str) -> bool:
        """Return whether the root key signed this very definition, for this log."""
        said = self.model_dump(exclude={"signature"})
        control = ElectionConfigured(
            log=log, election=definition.id, follows=NO_CONTROL, definition=definition, **said
        )
        return is_signed(root_key, self.signature, PAYLOAD.dump_json(control))


class Notice(Frozen):
    """A withdrawal, or its taking back, as the officers' signed control gives it. Everybody can read the reason."""

    contest: ContestId
    candidate: CandidateId
    withdrawn: bool = Field(description="False: the candidate is in the contest again")
    at: str = Field(description="When the order was given, RFC 3339")
    reason: str = Field("", max_length=1000, description="As the officer gave it; empty if none was given")


class ElectionAnnounced(Frozen):
    """What the edges (intake, results, operator) know of an election. Information: it decides no verdict.

    The definition decides what an elector sees on a ballot: so the edges take it only as the root key signed it.
    """

    type: Literal["election-announced/2"] = "election-announced/2"
    log: LogId
    definition: Election
    config_hash: str
    shards: int = Field(ge=1)
    phase: Phase
    at: str = Field(description="When the phase began, RFC 3339")
    withdrawn: tuple[tuple[ContestId, CandidateId], ...] = Field(
        (), description="Candidates who have withdrawn since the definition was frozen"
    )
    configured: Configured | None = Field(
        None,
        description="By which the definition is known to be the one that was frozen",
        exclude_if=lambda found: found is None,
    )
    notices: tuple[Notice, ...] = Field(
        (),
        max_length=MAX_NOTICES,
        description="The newest withdrawals and reinstatements, oldest first, with their reasons",
        exclude_if=operator.not_,  # without one the record is what programs before 0.4.0 wrote and can read
    )
    verdicts: int = Field(
        0,
        ge=0,
        description="Verdicts on the election's controls that it rests on; one that rests on fewer than another is behind it",
    )

    def follows(self, before: Self) -> bool:
        """Return whether it rests on as much as another: of two operators one may be behind, and announce later."""
        return self.verdicts >= before.verdicts

    def is_frozen_by(self, root_key: str) -> bool:
        """Return whether it shows the definition that the root key signed, and its hash."""
        signed_so = self.configured is not None and self.configured.holds(self.log, self.definition, root_key)
        return signed_so and self.config_hash == config_hash(self.definition)
