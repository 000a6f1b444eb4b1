"""What an elector's receipt proves: the leaf of a ballot in the tree of its shard.

    who   = H("who"  | log id | election | commitment of the code | ballot id)
    what  = H("what" | salt | section | marks of each contest)
    leaf  = "leaf" | who | what | reason of the verdict

The elector, who knows code and ballot id, makes `who` anew; `what` comes as a digest, since its salt stays in the log, so that
a receipt shows that *my* ballot stands and how it was judged, and nobody what is on it. H is SHA-256 over its parts, each
preceded by its length in four bytes; a leaf is such parts, which the tree hashes. The salts of a pack's ballots are cut from
one stream, SHAKE-128 of the pack's salt: a hash for each would cost 1 us a ballot.
"""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256, shake_128
from struct import pack as _packed
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from shared.contract.codes import COMMITMENT_BYTES, SECRET_BYTES, commitments
from shared.contract.packs import ID_BYTES, SALT_BYTES, SECTION_BYTES, Pack

DIGEST_BYTES: Final = 32
MAX_KEPT_CHARS: Final = 128
"""Marks of a ballot that are kept, so that those kept take 64 MB at most; longer ones are seldom met again."""


def joined(*parts: bytes) -> bytes:
    """Return parts, each preceded by its length (4 bytes, big-endian): other parts give other bytes."""
    return b"".join([_packed(">I", len(part)) + part for part in parts])


def hashed(*parts: bytes) -> bytes:
    """Return the SHA-256 of parts, each preceded by its length."""
    return sha256(joined(*parts)).digest()


_DIGEST_LENGTH = _packed(">I", DIGEST_BYTES)
_ID_LENGTH = _packed(">I", ID_BYTES)
_LEAF = joined(b"leaf") + _DIGEST_LENGTH
_WHAT = joined(b"what") + _packed(">I", SALT_BYTES)


def who_digest(log_id: str, election: str, commitment: bytes, ballot_id: bytes) -> bytes:
    """Return the part of a leaf that the elector makes anew."""
    return sha256(_who_start(log_id, election) + commitment + _ID_LENGTH + ballot_id).digest()


@lru_cache(maxsize=256)
def _who_start(log_id: str, election: str) -> bytes:
    """Return what is hashed before a commitment, its length included."""
    return joined(b"who", bytes.fromhex(log_id), election.encode()) + _packed(">I", COMMITMENT_BYTES)


def _salt_stream(salt: bytes, ballots: int) -> bytes:
    """Return the salts of a pack's ballots, SALT_BYTES each."""
    return shake_128(joined(b"salt", salt)).digest(SALT_BYTES * ballots)


def leaf_of(who: bytes, what: bytes, reason: str) -> bytes:
    """Return a ballot's leaf."""
    return joined(b"leaf", who, what, reason.encode())


def record_leaf(value: bytes, outcome: str) -> bytes:
    """Return the leaf of a cast record that is no pack: a control, or one that cannot be read."""
    return joined(b"record", sha256(value).digest(), outcome.encode())


def who_digests(log_id: str, packs: Sequence[Pack]) -> list[bytes]:
    """Return `who_digest` of each ballot of packs of one election."""
    electors = np.frombuffer(b"".join([pack.electors for pack in packs]), "<u4").astype(np.int64)
    sections = np.frombuffer(b"".join([pack.sections for pack in packs]), "<u2")
    secrets = np.frombuffer(b"".join([pack.secrets for pack in packs]), np.uint8).reshape(-1, SECRET_BYTES)
    election = packs[0].election
    codes = commitments(log_id, election, electors, sections, secrets)
    return who_digests_of(log_id, election, codes, _rows([pack.ids for pack in packs], ID_BYTES))


def who_digests_of(
    log_id: str, election: str, codes: NDArray[np.uint8], ids: NDArray[np.uint8]
) -> list[bytes]:
    """Return `who_digest` of each row of commitments (rows, 10) and ballot ids (rows, 16)."""
    rows = _beside(_who_start(log_id, election), codes, _ID_LENGTH, ids)
    return [sha256(row).digest() for row in rows]


def what_digests(packs: Sequence[Pack]) -> list[bytes]:
    """Return, for each ballot of packs of one election, the part of its leaf that hides section and rankings."""
    if len({len(pack.marks) for pack in packs}) > 1:
        return [what for pack in packs for what in what_digests([pack])]
    joint = b"".join([pack.sections for pack in packs])
    sections = [joint[at : at + SECTION_BYTES] for at in range(0, len(joint), SECTION_BYTES)]
    columns = [" ".join(column).split(" ") for column in zip(*[pack.marks for pack in packs], strict=True)]
    salts = _rows([_salt_stream(pack.salt, pack.ballots) for pack in packs], SALT_BYTES)
    heads = _beside(_WHAT, salts)
    longest = sum(max(map(len, column), default=0) for column in columns)
    spell = _spelt if longest <= MAX_KEPT_CHARS else _spelt.__wrapped__
    spelt = map(spell, zip(sections, *columns, strict=True))
    return [sha256(head + rest).digest() for head, rest in zip(heads, spelt, strict=True)]


@lru_cache(maxsize=65_536)  # an election has few different ballots, a log meets them by the million
def _spelt(ballot: tuple[Any, ...]) -> bytes:
    """Return a section (little-endian, as a pack has it) and marks, as the digest joins them."""
    section, *marks = ballot
    return joined(section[::-1], *[ranking.encode() for ranking in marks])


def pack_leaves(whos: Sequence[bytes], whats: Sequence[bytes], reasons: Sequence[str]) -> list[bytes]:
    """Return `leaf_of` of each ballot."""
    ends = {reason: joined(reason.encode()) for reason in set(reasons)}
    starts = _beside(_LEAF, _rows(whos, DIGEST_BYTES), _DIGEST_LENGTH, _rows(whats, DIGEST_BYTES))
    return [start + ends[reason] for start, reason in zip(starts, reasons, strict=True)]


def _rows(parts: Sequence[bytes], size: int) -> NDArray[np.uint8]:
    return np.frombuffer(b"".join(parts), np.uint8).reshape(-1, size)


def _beside(*columns: bytes | NDArray[np.uint8]) -> list[bytes]:
    """Return the rows of columns side by side; bytes are the same in every row."""
    height = next(len(column) for column in columns if not isinstance(column, bytes))
    wide = [
        np.broadcast_to(np.frombuffer(column, np.uint8), (height, len(column)))
        if isinstance(column, bytes)
        else column
        for column in columns
    ]
    joint = np.concatenate(wide, axis=1)
    rows: list[bytes] = joint.view(f"V{joint.shape[1]}").ravel().tolist()
    return rows
