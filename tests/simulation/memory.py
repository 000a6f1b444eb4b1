"""What the auditor and the edges read again and again is decoded once: reading is pure, and what it gives is frozen."""

from functools import lru_cache

from services.results.feed import Frame, frame
from shared.contract.codec import decode_as, decode_cast
from shared.contract.standings import Standing

REMEMBERED = 4_096

decode_cast_once = lru_cache(REMEMBERED)(decode_cast)


@lru_cache(REMEMBERED)
def standing_of(body: bytes) -> Standing:
    """Return a published standing."""
    return decode_as(Standing, body)


def frame_of(body: bytes, as_of_ms: int) -> Frame:
    """Return a standing as results serves it."""
    found = frame(body, as_of_ms)
    vars(found)["standing"] = standing_of(body)
    return found
