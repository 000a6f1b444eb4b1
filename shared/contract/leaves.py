"""What an elector's receipt proves: the leaf of a ballot in the tree of its shard.

    who   = H("who"  | log id | election | commitment of the code | ballot id)
    what  = H("what" | salt | section | marks of each contest)
    leaf  = "leaf" | who | what | reason of the verdict

The elector, who knows code and ballot id, makes `who` anew; `what` comes as a digest, since its salt stays in the log, so that
a receipt shows that *my* ballot stands and how it was judged, and nobody what is on it. H is SHA-256 over its parts, each
preceded by its length in four bytes; a leaf is such parts, which the tree hashes. The salts of a pack's ballots are cut from
one stream, SHAKE-128 of the pack's salt: a hash for each would cost 1 us a ballot.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import sha256, shake_128
from struct import pack as _packed
from typing import Final

import numpy as np

from shared.contract.codes import COMMITMENT_BYTES, SECRET_BYTES, commitments
from shared.contract.packs import ID_BYTES, SALT_BYTES, SECTION_BYTES, Pack

DIGEST_BYTES: Final = 32


def joined(*parts: bytes) -> bytes:
    """Return parts, each preceded by its length (4 bytes, big-endian): other parts give other bytes."""
    return b"".join([_packed(">I", len(part)) + part for part in parts])


def hashed(*parts: bytes) -> bytes:
    """Return the SHA-256 of parts, each preceded by its length."""
    return sha256(joined(*parts)).digest()


_DIGEST_LENGTH = _packed(">I", DIGEST_BYTES)
_LEAF = joined(b"leaf") + _DIGEST_LENGTH
_WHAT = joined(b"what") + _packed(">I", SALT_BYTES)


def who_digest(log_id: str, election: str, commitment: bytes, ballot_id: bytes) -> bytes:
    """Return the part of a leaf that the elector makes anew."""
    return hashed(b"who", bytes.fromhex(log_id), election.encode(), commitment, ballot_id)


def ballot_salts(salt: bytes, ballots: int) -> list[bytes]:
    """Return the salts of a pack's ballots, 16 bytes each."""
    stream = shake_128(joined(b"salt", salt)).digest(SALT_BYTES * ballots)
    return [stream[at : at + SALT_BYTES] for at in range(0, len(stream), SALT_BYTES)]


def ballot_salt(salt: bytes, index: int) -> bytes:
    """Return the salt of the ballot at `index` of a pack."""
    return ballot_salts(salt, index + 1)[index]


def what_digest(salt: bytes, section: int, rankings: Sequence[str]) -> bytes:
    """Return the part of a leaf that hides section and rankings; `salt` is the ballot's own."""
    return hashed(b"what", salt, section.to_bytes(SECTION_BYTES), *[marks.encode() for marks in rankings])


def leaf_of(who: bytes, what: bytes, reason: str) -> bytes:
    """Return a ballot's leaf."""
    return joined(b"leaf", who, what, reason.encode())


def record_leaf(value: bytes, outcome: str) -> bytes:
    """Return the leaf of a cast record that is no pack: a control, or one that cannot be read."""
    return joined(b"record", sha256(value).digest(), outcome.encode())


def who_digests(log_id: str, packs: Sequence[Pack]) -> Iterator[bytes]:
    """Yield `who_digest` of each ballot of packs of one election."""
    electors = np.frombuffer(b"".join([pack.electors for pack in packs]), "<u4").astype(np.int64)
    sections = np.frombuffer(b"".join([pack.sections for pack in packs]), "<u2")
    secrets = np.frombuffer(b"".join([pack.secrets for pack in packs]), np.uint8).reshape(-1, SECRET_BYTES)
    election = packs[0].election
    codes = commitments(log_id, election, electors, sections, secrets).tobytes()
    ids = b"".join([pack.ids for pack in packs])
    start = joined(b"who", bytes.fromhex(log_id), election.encode()) + _packed(">I", COMMITMENT_BYTES)
    between = _packed(">I", ID_BYTES)
    for row in range(len(electors)):
        code = codes[COMMITMENT_BYTES * row : COMMITMENT_BYTES * (row + 1)]
        yield sha256(b"".join((start, code, between, ids[ID_BYTES * row : ID_BYTES * (row + 1)]))).digest()


def what_digests(pack: Pack) -> Iterator[bytes]:
    """Yield `what_digest` of each ballot of a pack."""
    sections = [pack.sections[at : at + SECTION_BYTES] for at in range(0, len(pack.sections), SECTION_BYTES)]
    columns = [column.split(" ") for column in pack.marks]
    for salt, section, *marks in zip(ballot_salts(pack.salt, pack.ballots), sections, *columns, strict=True):
        yield sha256(b"".join((_WHAT, salt, _spelt(section, *marks)))).digest()


@lru_cache(maxsize=65_536)  # an election has few different ballots, a log meets them by the million
def _spelt(section: bytes, *marks: str) -> bytes:
    """Return a section (little-endian, as a pack has it) and marks as `what_digest` joins them."""
    return joined(section[::-1], *[ranking.encode() for ranking in marks])


def pack_leaves(whos: Sequence[bytes], whats: Sequence[bytes], reasons: Sequence[str]) -> list[bytes]:
    """Return `leaf_of` of each ballot."""
    start = _LEAF
    ends = {reason: joined(reason.encode()) for reason in set(reasons)}
    return [
        b"".join((start, who, _DIGEST_LENGTH, what, ends[reason]))
        for who, what, reason in zip(whos, whats, reasons, strict=True)
    ]
