"""What results shows of a contest, and the condition that keeps it from going back.

A standing is shown only if no component of its watermark is below the one shown, so that repeats and late records of a
restarted process change nothing.
"""

from dataclasses import dataclass
from email.utils import formatdate
from functools import cached_property
from hashlib import sha256

from shared.contract.codec import decode_as
from shared.contract.standings import Standing

FRESH = "public, max-age=1, stale-while-revalidate=10, stale-if-error=300"
RECONNECT_MS = 2_000


@dataclass(frozen=True)
class Frame:
    """One standing as it is served: the bytes published, and what is needed to serve them."""

    body: bytes
    standing: Standing
    as_of_ms: int

    @property
    def key(self) -> str:
        """The contest's key."""
        return self.standing.key

    @property
    def sequence(self) -> int:
        """The standing's number."""
        return self.standing.sequence

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
            "Access-Control-Allow-Origin": "*",
        }

    @cached_property
    def event(self) -> bytes:
        """The standing as a server-sent event. JSON as it is published has no line breaks."""
        return b"id: %d\nevent: standing\nretry: %d\ndata: %b\n\n" % (self.sequence, RECONNECT_MS, self.body)


def frame(body: bytes, as_of_ms: int) -> Frame:
    """Return the frame of a published standing. Raises ValueError, UnknownVersion."""
    return Frame(body, decode_as(Standing, body), as_of_ms)


def advances(shown: Frame | None, offered: Frame) -> bool:
    """Return whether `offered` may take the place of what is shown."""
    if shown is None:
        return True
    pairs = zip(shown.standing.watermark, offered.standing.watermark, strict=True)
    return offered.sequence > shown.sequence and all(before <= after for before, after in pairs)
