"""Bytes to records and back: the only module that knows JSON and msgpack.

Reading is total: any bytes give a record, `Unreadable`, or `UnknownVersion`. A record of a version that the log admits
and this program does not know stops the shard, for it needs a newer program; of a version that the log does not admit it
is unreadable for every program, old or new, so that a verdict never depends on the program.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final, TypeVar

import msgspec
from pydantic import BaseModel, TypeAdapter, ValidationError

from shared.contract.events import SIGNED, SignedRecord
from shared.contract.ids import SLUG_PATTERN
from shared.contract.packs import BALLOT_PACK, Pack, pack_fault
from shared.contract.verdict_ranges import VERDICTS, Verdicts, range_fault
from shared.contract.verdicts import CONTROL_JUDGED, ControlJudged

Model = TypeVar("Model", bound=BaseModel)

ADMITTED: Final = (BALLOT_PACK, SIGNED)
"""Versions of records of `ballots.cast` that this program writes and reads."""

_TAG = re.compile(rb'^\s*\{\s*"type"\s*:\s*"([a-z][a-z-]*/\d+)"')


class UnknownVersion(Exception):
    """A record of a version that the log admits and this program does not know: the shard must stop."""

    def __init__(self, tag: str) -> None:
        super().__init__(
            f"record {tag!r} is of a kind or version this program does not know; it needs a newer one"
        )
        self.tag = tag


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are no record at all, and what was expected."""

    why: str


_encode_array = msgspec.msgpack.Encoder().encode
_decode_pack = msgspec.msgpack.Decoder(Pack).decode
_decode_verdicts = msgspec.msgpack.Decoder(Verdicts).decode
_SIGNED: TypeAdapter[SignedRecord] = TypeAdapter(SignedRecord)
_JUDGED: TypeAdapter[ControlJudged] = TypeAdapter(ControlJudged)


def encode(record: BaseModel) -> bytes:
    """Return a record's wire form."""
    return record.model_dump_json().encode()


def encode_pack(pack: Pack) -> bytes:
    """Return the wire form of a pack."""
    return _encode_array(pack)


def encode_judged(record: Verdicts | ControlJudged) -> bytes:
    """Return the wire form of either record of `ballots.judged`."""
    return _encode_array(record) if isinstance(record, Verdicts) else encode(record)


def decode_cast(value: bytes, admitted: Collection[str] = ADMITTED) -> "Pack | SignedRecord | Unreadable":
    """Read a record of `ballots.cast` of a log that admits these versions. Raises UnknownVersion."""
    if not value:
        return Unreadable("an empty record")
    if value[0] & 0xF0 == 0x90 or value[0] in (0xDC, 0xDD):
        return _decode_array(value, admitted)
    try:
        return _SIGNED.validate_json(value)
    except ValidationError as fault:
        return _unreadable(_json_tag(value), SIGNED, fault, admitted)


def decode_judged(value: bytes) -> Verdicts | ControlJudged:
    """Read a record of `ballots.judged`. Raises UnknownVersion, ValueError if validation wrote no such thing."""
    if value[:1] == b"{":
        record = _decode_object(value, _JUDGED, (CONTROL_JUDGED,))
        if isinstance(record, ControlJudged):
            return record
        raise ValueError(f"not a judged record: {record.why}")
    try:
        verdicts = _decode_verdicts(value)
    except msgspec.DecodeError as fault:
        if (tag := _array_tag(value)) not in (None, VERDICTS):
            raise UnknownVersion(str(tag)) from None
        raise ValueError(f"not a judged record: {fault}") from fault
    if (why := range_fault(verdicts)) is not None:
        raise ValueError(f"not a judged record: {why}")
    return verdicts


def decode_as(model: type[Model], value: bytes) -> Model:
    """Read a record of a topic that carries one kind. Raises UnknownVersion, ValueError."""
    tag = model.model_fields["type"].default
    record: Model | Unreadable = _decode_object(value, _reader_of(model), (tag,))
    if isinstance(record, Unreadable):
        raise ValueError(f"not a {model.__name__}: {record.why}")
    return record


def _decode_array(value: bytes, admitted: Collection[str]) -> Pack | Unreadable:
    try:
        pack = _decode_pack(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        return _unreadable(_array_tag(value), BALLOT_PACK, fault, admitted)
    if BALLOT_PACK not in admitted:
        return Unreadable(f"{BALLOT_PACK} is not admitted in this log")
    if not _is_slug(pack.election):
        return Unreadable("expected an election id of small letters and digits, with single hyphens between")
    why = pack_fault(pack, len(value))
    return pack if why is None else Unreadable(why)


def _unreadable(tag: str | None, known: str, fault: Exception, admitted: Collection[str]) -> Unreadable:
    if tag is not None and tag != known and tag in admitted:
        raise UnknownVersion(tag) from None
    return Unreadable(str(fault).splitlines()[0])


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
        if (tag := _json_tag(value)) is not None and tag not in known:
            raise UnknownVersion(tag) from None
        return Unreadable(str(fault).splitlines()[0])


def _json_tag(value: bytes) -> str | None:
    found = _TAG.match(value)
    return None if found is None else found.group(1).decode()


def _array_tag(value: bytes) -> str | None:
    """Return the first element of a msgpack array if it is a string that names a version."""
    head = value[1:] if value[:1] and value[0] & 0xF0 == 0x90 else value[3:]
    if not head or head[0] & 0xE0 != 0xA0:
        return None
    tag = head[1 : 1 + (head[0] & 0x1F)]
    return tag.decode() if re.fullmatch(rb"[a-z][a-z-]*/\d+", tag) else None
