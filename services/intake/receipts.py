"""Receipts: they prove that a ballot was recorded, and nothing of what is on it.

The same ballot again gets the same receipt, from any intake process, without anything being remembered.
"""

from hashlib import blake2s

from shared.contract.codes import ALPHABET

DIGITS = 16


def receipt(key: bytes, election: str, ballot_id: str, elector: int) -> str:
    """Return a ballot's receipt: 80 bits of a keyed BLAKE2s in Crockford's base 32, such as "7KQ2-…"."""
    digest = blake2s(
        f"{election}/{ballot_id}/{elector}".encode(), key=key, digest_size=10, person=b"receipts"
    ).digest()
    number = int.from_bytes(digest)
    digits = "".join(ALPHABET[(number >> (5 * place)) & 31] for place in reversed(range(DIGITS)))
    return "-".join(digits[start : start + 4] for start in range(0, DIGITS, 4))
