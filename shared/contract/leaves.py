"""What an elector's receipt proves: the leaf of a ballot in the tree of its shard.

    who   = H("who"  | log id | election | commitment of the code | ballot id)
    what  = H("what" | salt | section | marks of each contest)
    leaf  = "leaf" | who | what | reason of the verdict

The elector, who knows code and ballot id, makes `who` anew; `what` comes as a digest, since its salt stays in the log, so that
a receipt shows that *my* ballot stands and how it was judged, and nobody what is on it. H is SHA-256 over its parts, each
preceded by its length in four bytes; a leaf is such parts, which the tree hashes. The salts of a pack's ballots are cut from
one stream, SHAKE-128 of the pack's salt: a hash for each would cost 1 us a ballot.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from hashlib import sha256, shake_128
from itertools import islice
from struct import pack as _packed
from typing import Final

import numpy as np
from numpy.typing import NDArray

from shared.contract.codes import COMMITMENT_BYTES, commitments
from shared.contract.packs import ID_BYTES, SALT_BYTES, SECTION_BYTES, Columns, Pack

DIGEST_BYTES: Final = 32
MAX_KEPT_CHARS: Final = 128
"""Marks of a contest that are kept, so that those kept take 64 MB at most; longer ones are seldom met again."""
Digests = NDArray[np.uint8]
"""A digest a row (rows, 32)."""


def joined(*parts: bytes) -> bytes:
    """Return parts, each preceded by its length (4 bytes, big-endian): other parts give other bytes."""
    return b"".join([_packed(">I", len(part)) + part for part in parts])


def hashed(*parts: bytes) -> bytes:
    """Return the SHA-256 of parts, each preceded by its length."""
    return sha256(joined(*parts)).digest()


_DIGEST_LENGTH = _packed(">I", DIGEST_BYTES)
_ID_LENGTH = _packed(">I", ID_BYTES)
_SECTION_LENGTH = _packed(">I", SECTION_BYTES)
_LEAF = joined(b"leaf") + _DIGEST_LENGTH
_WHAT = joined(b"what") + _packed(">I", SALT_BYTES)
_SALT = joined(b"salt") + _packed(">I", SALT_BYTES)


def who_digest(log_id: str, election: str, commitment: bytes, ballot_id: bytes) -> bytes:
    """Return the part of a leaf that the elector makes anew."""
    return sha256(_who_start(log_id, election) + commitment + _ID_LENGTH + ballot_id).digest()


@lru_cache(maxsize=256)
def _who_start(log_id: str, election: str) -> bytes:
    """Return what is hashed before a commitment, its length included."""
    return joined(b"who", bytes.fromhex(log_id), election.encode()) + _packed(">I", COMMITMENT_BYTES)


def _salt_stream(salt: bytes, ballots: int) -> bytes:
    """Return the salts of a pack's ballots, SALT_BYTES each."""
    return shake_128(_SALT + salt).digest(SALT_BYTES * ballots)


def leaf_of(who: bytes, what: bytes, reason: str) -> bytes:
    """Return a ballot's leaf."""
    return joined(b"leaf", who, what, reason.encode())


def record_leaf(value: bytes, outcome: str) -> bytes:
    """Return the leaf of a cast record that is no pack: a control, or one that cannot be read."""
    return joined(b"record", sha256(value).digest(), outcome.encode())


def who_digests(log_id: str, election: str, of: Columns) -> Digests:
    """Return `who_digest` of each ballot of an election."""
    codes = commitments(log_id, election, of.electors, of.sections, of.secrets)
    return _digests(_whos(log_id, election, codes, of.ids))


def who_digests_of(
    log_id: str, election: str, codes: NDArray[np.uint8], ids: NDArray[np.uint8]
) -> list[bytes]:
    """Return `who_digest` of each row of commitments (rows, 10) and ballot ids (rows, 16)."""
    return [sha256(row).digest() for row in _whos(log_id, election, codes, ids)]


def _whos(log_id: str, election: str, codes: NDArray[np.uint8], ids: NDArray[np.uint8]) -> list[bytes]:
    return _beside(_who_start(log_id, election), codes, _ID_LENGTH, ids)


def what_digests(packs: Sequence[Pack], of: Columns) -> Digests:
    """Return, for each ballot of these packs, the part of its leaf that hides section and rankings; `of` are their columns."""
    salts = [_salt_stream(pack.salt, size) for pack, size in zip(packs, of.sizes, strict=True)]
    sections = of.sections.astype(">u2").view(np.uint8).reshape(-1, SECTION_BYTES)
    heads = _beside(_WHAT, _rows(b"".join(salts), SALT_BYTES), _SECTION_LENGTH, sections)
    spelt = [map(_speller(column), column) for column in of.marks]
    return _digests(map(b"".join, zip(heads, *spelt, strict=True)))


def _speller(column: Sequence[str]) -> Callable[[str], bytes]:
    """Return how a contest's marks become what the digest joins: kept, unless they are long."""
    return _spelt if max(map(len, column)) <= MAX_KEPT_CHARS else _spelt.__wrapped__


@lru_cache(maxsize=65_536)  # an election has few different rankings, a log meets them by the million
def _spelt(marks: str) -> bytes:
    return joined(marks.encode())


def pack_leaves(whos: Digests, whats: Digests, outcomes: Iterable[tuple[str, int]]) -> list[bytes]:
    """Return `leaf_of` of each ballot; `outcomes` are their reasons in runs."""
    starts = iter(_beside(_LEAF, whos, _DIGEST_LENGTH, whats))
    ends = [(joined(reason.encode()), ballots) for reason, ballots in outcomes]
    return [start + end for end, ballots in ends for start in islice(starts, ballots)]


def _digests(parts: Iterable[bytes]) -> Digests:
    return _rows(b"".join([sha256(part).digest() for part in parts]), DIGEST_BYTES)


def _rows(joint: bytes, size: int) -> NDArray[np.uint8]:
    return np.frombuffer(joint, np.uint8).reshape(-1, size)


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
