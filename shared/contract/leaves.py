"""What a voter's receipt proves: the leaf of a ballot in the tree of its shard.

    who   = H("who"  | log id | election | commitment of the code | ballot id)
    what  = H("what" | salt | section | marks of each contest)
    leaf  = H("leaf" | who | what | reason of the verdict)

The voter, who knows code and ballot id, makes `who` anew; `what` comes as a digest, since its salt stays in the log, so that
a receipt shows that *my* ballot stands and how it was judged, and nobody what is on it. H is SHA-256 over its parts, each
preceded by its length in four bytes. The salt of a ballot is made from the pack's and the ballot's index.
"""

from collections.abc import Sequence
from hashlib import sha256
from struct import pack as _packed


def hashed(*parts: bytes) -> bytes:
    """Return the SHA-256 of parts, each preceded by its length (4 bytes, big-endian)."""
    return sha256(b"".join([_packed(">I", len(part)) + part for part in parts])).digest()


def who_digest(log_id: str, election: str, commitment: bytes, ballot_id: bytes) -> bytes:
    """Return the part of a leaf that the voter makes anew."""
    return hashed(b"who", bytes.fromhex(log_id), election.encode(), commitment, ballot_id)


def ballot_salt(salt: bytes, index: int) -> bytes:
    """Return the salt of the ballot at `index` of a pack."""
    return hashed(b"salt", salt, index.to_bytes(2))[:16]


def what_digest(salt: bytes, section: int, rankings: Sequence[str]) -> bytes:
    """Return the part of a leaf that hides section and rankings; `salt` is the ballot's own."""
    return hashed(b"what", salt, section.to_bytes(2), *[marks.encode() for marks in rankings])


def leaf_of(who: bytes, what: bytes, reason: str) -> bytes:
    """Return a ballot's leaf."""
    return hashed(b"leaf", who, what, reason.encode())


def record_leaf(value: bytes, outcome: str) -> bytes:
    """Return the leaf of a cast record that is no pack: a control, or one that cannot be read."""
    return hashed(b"record", value, outcome.encode())
