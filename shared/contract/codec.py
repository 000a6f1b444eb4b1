"""Bytes to records and back: the only module that knows JSON.

Rule 1: reading is total: any bytes give a record, `Unreadable`, or `UnknownVersion`; nothing else.
Rule 2: bytes that name a version this program does not know stop the shard; they are never guessed at.
Rule 3: the hot records are read by msgspec into twins of the pydantic models, held to one language by a test.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Annotated, Any, TypeVar, get_args

import msgspec
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.contract.events import BALLOT_CAST, CONTROL, MAX_CODE_MAC, Control
from shared.contract.ids import BALLOT_ID_PATTERN, MAX_ELECTORS, SLUG_PATTERN
from shared.contract.verdict_ranges import HotVerdicts
from shared.contract.verdicts import CONTROL_JUDGED, VERDICTS, ControlJudged, range_fault

Model = TypeVar("Model", bound=BaseModel)

_TAG = re.compile(rb'^\s*(?:\[\s*"|\{\s*"type"\s*:\s*")([a-z][a-z-]*/\d+)"')


class UnknownVersion(Exception):
    """A record of a kind or version that this program does not know: the shard must stop."""

    def __init__(self, tag: str) -> None:
        super().__init__(
            f"record {tag!r} is of a kind or version this program does not know; it needs a newer one"
        )
        self.tag = tag


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are no record at all, and what was expected."""

    why: str


class HotBallot(
    msgspec.Struct, array_like=True, tag=BALLOT_CAST, forbid_unknown_fields=True, frozen=True, gc=False
):
    """Twin of `events.BallotCast`. Its two names are held to their patterns by `decode_cast`: twice as fast."""

    ballot_id: str
    election: Annotated[str, msgspec.Meta(max_length=48)]
    elector: Annotated[int, msgspec.Meta(ge=0, lt=MAX_ELECTORS)]
    section: Annotated[int, msgspec.Meta(ge=0)]
    mac: Annotated[int, msgspec.Meta(ge=0, le=MAX_CODE_MAC)]
    rankings: tuple[str, ...]


_is_ballot_id = re.compile(BALLOT_ID_PATTERN.removesuffix("$")).fullmatch
_encode = msgspec.json.Encoder().encode
_decode_ballot = msgspec.json.Decoder(HotBallot).decode
_decode_verdicts = msgspec.json.Decoder(HotVerdicts).decode
_CONTROL_TAGS = tuple(kind.model_fields["type"].default for kind in get_args(get_args(Control)[0]))
_JUDGED: TypeAdapter[ControlJudged] = TypeAdapter(ControlJudged)


def encode(record: BaseModel) -> bytes:
    """Return a record's wire form."""
    return record.model_dump_json().encode()


def encode_ballot(ballot: HotBallot) -> bytes:
    """Return the wire form of a cast ballot."""
    return _encode(ballot)


def encode_judged(record: HotVerdicts | ControlJudged) -> bytes:
    """Return the wire form of either record of `ballots.judged`."""
    return _encode(record) if isinstance(record, HotVerdicts) else encode(record)


def decode_cast(value: bytes) -> "HotBallot | Control | Unreadable":
    """Read a record of `ballots.cast`. Raises UnknownVersion."""
    try:
        ballot = _decode_ballot(value)
        return ballot if _is_ballot_id(ballot.ballot_id) and _is_slug(ballot.election) else _ill_named(ballot)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as fault:
        if value[:1] == b"[":
            return _unreadable(value, fault, known=(BALLOT_CAST,))
    control: Control | Unreadable = _decode_object(value, CONTROL, _CONTROL_TAGS)
    return control


def decode_judged(value: bytes) -> HotVerdicts | ControlJudged:
    """Read a record of `ballots.judged`. Raises UnknownVersion, ValueError if validation wrote no such thing."""
    if value[:1] == b"[":
        try:
            return _well_filled(_decode_verdicts(value))
        except msgspec.DecodeError as fault:
            unreadable = _unreadable(value, fault, known=(VERDICTS,))
    else:
        record = _decode_object(value, _JUDGED, (CONTROL_JUDGED,))
        if isinstance(record, ControlJudged):
            return record
        unreadable = record
    raise ValueError(f"not a judged record: {unreadable.why}")


def decode_as(model: type[Model], value: bytes) -> Model:
    """Read a record of a topic that carries one kind. Raises UnknownVersion, ValueError."""
    tag = model.model_fields["type"].default
    record: Model | Unreadable = _decode_object(value, _reader_of(model), (tag,))
    if isinstance(record, Unreadable):
        raise ValueError(f"not a {model.__name__}: {record.why}")
    return record


def _ill_named(ballot: HotBallot) -> Unreadable:
    if not _is_ballot_id(ballot.ballot_id):
        return Unreadable("expected a ballot id of 32 hexadecimal digits in small letters")
    return Unreadable("expected an election id of small letters and digits, with single hyphens between")


def _well_filled(verdicts: HotVerdicts) -> HotVerdicts:
    if (fault := range_fault(verdicts.outcomes, len(verdicts.accepted))) is not None:
        raise ValueError(f"not a judged record: {fault}")
    return verdicts


@lru_cache(maxsize=1024)
def _is_slug(name: str) -> bool:
    return re.fullmatch(SLUG_PATTERN.removesuffix("$"), name) is not None


@cache
def _reader_of(model: type[Model]) -> TypeAdapter[Model]:
    return TypeAdapter(model)


def _decode_object(value: bytes, adapter: TypeAdapter[Any], known: tuple[str, ...]) -> Any:
    try:
        return adapter.validate_json(value)
    except ValidationError as fault:
        return _unreadable(value, fault, known)


def _unreadable(value: bytes, fault: Exception, known: tuple[str, ...]) -> Unreadable:
    tag = _TAG.match(value)
    if tag is not None and (name := tag.group(1).decode()) not in known:
        raise UnknownVersion(name) from None
    return Unreadable(why=str(fault).splitlines()[0])
