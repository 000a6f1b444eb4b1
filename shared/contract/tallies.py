"""What a shard's tally publishes: absolute counts of the rankings that changed between two watermarks.

On the wire it is a msgpack array of the fields of `TallyChanged` in their order. Counts are cumulative, so reading them
twice changes nothing. A change (since, upto] is applied only where it joins on: since <= watermark < upto. One wholly below
was applied before; one that starts above is a gap.
"""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from pydantic import TypeAdapter

from shared.contract.chain import HEAD_BYTES
from shared.contract.events import Control

TALLY_CHANGED: Final = "tally-changed/3"

_CONTROLS: TypeAdapter[tuple[Control, ...]] = TypeAdapter(tuple[Control, ...])


class TallyChanged(
    msgspec.Struct, array_like=True, tag=TALLY_CHANGED, forbid_unknown_fields=True, frozen=True, gc=False
):
    """The rankings of one contest whose count in one shard changed, and that shard's ledger."""

    election: str
    contest: str
    shard: Annotated[int, msgspec.Meta(ge=0)]
    shards: Annotated[int, msgspec.Meta(ge=1)]
    since: Annotated[int, msgspec.Meta(ge=0)]
    """Watermark before: cast records that are published already."""
    upto: Annotated[int, msgspec.Meta(ge=0)]
    """Watermark after: cast records that are covered from here on."""
    head: Annotated[bytes, msgspec.Meta(min_length=HEAD_BYTES, max_length=HEAD_BYTES)]
    """Head of the shard's chain at `upto`."""
    sections: list[int]
    """Of the rankings that changed in (since, upto], in order of section and marks."""
    marks: list[str]
    ballots: list[int]
    """For each of these rankings, how many accepted ballots of this shard carry it."""
    reasons: dict[str, int]
    """Ballots by Reason, cumulative."""
    voided: Annotated[int, msgspec.Meta(ge=0)]
    """Ballots accepted and now retracted by a void."""
    turnout: tuple[int, ...]
    """Accepted ballots of each section."""
    controls_json: bytes
    """Controls with effect in (since, upto], in order, as a JSON array."""

    def controls(self) -> tuple[Control, ...]:
        """Return the controls with effect in (since, upto], in order. Raises ValueError."""
        return () if self.controls_json == _NONE else _CONTROLS.validate_json(self.controls_json)


_NONE: Final = b"[]"
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(TallyChanged).decode


def controls_json(controls: Sequence[Control]) -> bytes:
    """Return controls as `TallyChanged` carries them."""
    return _CONTROLS.dump_json(tuple(controls)) if controls else _NONE


def encode_tally(change: TallyChanged) -> bytes:
    """Return a change's wire form."""
    return _encode(change)


def decode_tally(value: bytes) -> TallyChanged:
    """Read a change. Raises ValueError if counting wrote no such thing."""
    try:
        change = _decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        raise ValueError(f"not a {TALLY_CHANGED}: {fault}") from fault
    if not len(change.sections) == len(change.marks) == len(change.ballots):
        raise ValueError(f"not a {TALLY_CHANGED}: columns of different length")
    return change
