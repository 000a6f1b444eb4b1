"""Receipts: they prove that a ballot was recorded, and nothing of what is on it.

The same ballot again gets the same receipt, from any intake process, without anything being remembered.
"""

from functools import lru_cache
from hashlib import blake2s

from shared.contract.codes import ALPHABET

_PAIRS = [high + low for high in ALPHABET for low in ALPHABET]
"""Two digits for each ten bits."""


def receipt(key: bytes, election: str, ballot_id: str, elector: int) -> str:
    """Return a ballot's receipt: 80 bits of a keyed BLAKE2s in Crockford's base 32, such as "7KQ2-…"."""
    mac = _keyed(key).copy()
    mac.update(f"{election}/{ballot_id}/{elector}".encode())
    number, pair = int.from_bytes(mac.digest()), _PAIRS
    return (
        f"{pair[number >> 70]}{pair[number >> 60 & 1023]}-{pair[number >> 50 & 1023]}{pair[number >> 40 & 1023]}-"
        f"{pair[number >> 30 & 1023]}{pair[number >> 20 & 1023]}-{pair[number >> 10 & 1023]}{pair[number & 1023]}"
    )


@lru_cache(maxsize=1024)
def _keyed(key: bytes) -> blake2s:
    """Return a hash that has taken in the key: a copy costs half of a new one."""
    return blake2s(key=key, digest_size=10, person=b"receipts")
