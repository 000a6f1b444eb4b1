"""What results shows of a contest, and the condition that keeps it from going back.

A standing is shown only if no component of its watermark is below the one shown, so that repeats and late records of a
restarted process change nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate
from functools import cached_property
from hashlib import sha256
from zlib import (
    DEF_MEM_LEVEL,
    DEFLATED,
    MAX_WBITS,
    Z_DEFAULT_COMPRESSION,
    Z_FILTERED,
    Z_FULL_FLUSH,
    compressobj,
)

import msgspec

from shared.contract.codec import UnknownVersion, decode_as
from shared.contract.ids import contest_key
from shared.contract.signing import public_key, sign
from shared.contract.standings import STANDING, Standing

IMMUTABLE = "public, max-age=31536000, immutable"
FRESH = "public, max-age=1, stale-while-revalidate=10, stale-if-error=300"
RECONNECT_MS = 2_000
SIGNATURES_KEPT = 256
GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""What a gzip stream begins with: deflated, no name, no time, no system."""
OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Livecount-As-Of, Livecount-Corrects, Livecount-Key, Livecount-Sequence, Livecount-Signature,"
    " Livecount-Stale, RateLimit, RateLimit-Policy, Retry-After",
}
"""Headers by which scripts of any site may read an answer."""


class _ContestId(msgspec.Struct):
    id: str


class _Head(msgspec.Struct):
    """What tells whether a standing is newer than another: reading it costs a hundredth of reading the whole."""

    type: str
    election: str
    contest: _ContestId
    sequence: int
    watermark: tuple[int, ...]
    certificate: str | None = None


_head_of = msgspec.json.Decoder(_Head).decode


@dataclass(frozen=True)
class Frame:
    """One standing as it is served: the bytes published, and what is needed to serve them."""

    body: bytes
    key: str
    """The contest's key."""
    sequence: int
    """The standing's number."""
    watermark: tuple[int, ...]
    as_of_ms: int
    certificate: str | None = None

    @cached_property
    def standing(self) -> Standing:
        """The standing, read when it is first asked for. Raises ValueError, UnknownVersion."""
        return decode_as(Standing, self.body)

    def read(self) -> None:
        """Read the whole standing now. Raises ValueError, UnknownVersion."""
        assert self.standing.key == self.key

    @cached_property
    def etag(self) -> str:
        """A strong entity tag: the same bytes have the same one."""
        return f'"{self.sequence}-{sha256(self.body).hexdigest()[:16]}"'

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers of an answer with it: tag, age, and how long it may be shown again."""
        return {
            "ETag": self.etag,
            "Cache-Control": FRESH,
            "Last-Modified": formatdate(self.as_of_ms / 1000, usegmt=True),
            "Livecount-As-Of": as_of(self.as_of_ms),
            "Livecount-Sequence": str(self.sequence),
            **OPEN,
        }


def packed(event: bytes) -> bytes:
    """Return an event as a part of a gzip stream (RFC 1952, after GZIP_HEAD) that needs no part before it.

    So it is made once, whoever it goes to and whenever they came; a stream of one's own would cost each client 256 KiB.
    A standing is mostly numbers, in which short repeats are chance: filtered, they are not sought, and it takes 4% less.
    """
    packing = compressobj(Z_DEFAULT_COMPRESSION, DEFLATED, -MAX_WBITS, DEF_MEM_LEVEL, Z_FILTERED)
    return packing.compress(event) + packing.flush(Z_FULL_FLUSH)


class Publisher:
    """Signs standings, Ed25519 (RFC 8032) over the very bytes of the JSON, and makes events of them, each once.

    Without a key nothing is signed. `corrects` says which certified standing another one corrects, as `Course.corrects` does.
    """

    def __init__(
        self,
        private: bytes | None = None,
        corrects: Callable[[str, int, str | None], int | None] = lambda *_: None,
    ) -> None:
        self._corrects = corrects
        self.key = "" if private is None else public_key(private)
        self._private = private
        self._signatures: dict[str, str] = {}
        """By entity tag: a signature is short, the standing that it is over is not kept for it."""
        self._events: dict[tuple[str, bool, bool], tuple[Frame, bytes]] = {}

    def event(self, of: Frame, *, pack: bool, light: bool = False) -> bytes:
        """Return a standing as a server-sent event, packed if asked for; a `light` one says only that there is a newer standing.

        One that corrects a certified result comes behind a message that says so: an event named `correction`.
        JSON as it is published has no line breaks. Browsers pass over the field `signature`, as they do over all they do not know.
        """
        made_of, event = self._events.get((of.key, pack, light), (None, b""))
        if made_of is not of:
            event = b"id: %d\nevent: standing\nretry: %d\n" % (of.sequence, RECONNECT_MS)
            if self._private is not None and not light:
                event += b"signature: %b\n" % self._signature(of, self._private).encode()
            event += b"data: %b\n\n" % (b"%d" % of.sequence if light else of.body)
            corrected = None if light else self.corrected_by(of)
            if corrected is not None:
                said = b'{"sequence":%d,"corrects":%d}' % (of.sequence, corrected)
                event = b"event: correction\ndata: %b\n\n%b" % (said, event)
            event = packed(event) if pack else event
            self._events[of.key, pack, light] = of, event
        return event

    def corrected_by(self, of: Frame) -> int | None:
        """Return the sequence of the certified standing that this one corrects, if it does."""
        return self._corrects(of.key, of.sequence, of.certificate)

    def headers(self, of: Frame) -> dict[str, str]:
        """Return the signature of a standing's body, by which key it is checked, and what it corrects, as headers."""
        corrected = self.corrected_by(of)
        corrects = {} if corrected is None else {"Livecount-Corrects": str(corrected)}
        if self._private is None:
            return corrects
        return {
            **corrects,
            "Livecount-Key": self.key,
            "Livecount-Signature": self._signature(of, self._private),
        }

    def _signature(self, of: Frame, private: bytes) -> str:
        signature = self._signatures.get(of.etag)
        if signature is None:
            signature = self._signatures[of.etag] = sign(private, of.body)
            while len(self._signatures) > SIGNATURES_KEPT:
                del self._signatures[next(iter(self._signatures))]
        return signature


def as_of(milliseconds: int) -> str:
    """Return a time as RFC 3339 has it, in UTC."""
    return (
        datetime.fromtimestamp(milliseconds / 1000, UTC)
        .isoformat(timespec="milliseconds")
        .replace("+00:00", "Z")
    )


def frame(body: bytes, as_of_ms: int) -> Frame:
    """Return the frame of a published standing, of which only the head is read. Raises ValueError, UnknownVersion."""
    try:
        head = _head_of(body)
    except msgspec.DecodeError as fault:
        raise ValueError(f"not a standing: {fault}") from fault
    if head.type != STANDING:
        raise UnknownVersion(head.type)
    key = contest_key(head.election, head.contest.id)
    return Frame(body, key, head.sequence, head.watermark, as_of_ms, head.certificate)


def advances(shown: Frame | None, offered: Frame) -> bool:
    """Return whether `offered` may take the place of what is shown."""
    if shown is None:
        return True
    pairs = zip(shown.watermark, offered.watermark, strict=True)
    return offered.sequence > shown.sequence and all(before <= after for before, after in pairs)
