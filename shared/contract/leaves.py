"""What a voter's receipt proves: the leaf of a ballot in the tree of its shard.

    who   = H("who"  | log id | election | commitment of the code | ballot id)
    what  = H("what" | salt | section | marks of each contest)
    leaf  = "leaf" | who | what | reason of the verdict

The voter, who knows code and ballot id, makes `who` anew; `what` comes as a digest, since its salt stays in the log, so that
a receipt shows that *my* ballot stands and how it was judged, and nobody what is on it. H is SHA-256 over its parts, each
preceded by its length in four bytes; a leaf is such parts, which the tree hashes. The salts of a pack's ballots are cut from
one stream, SHAKE-128 of the pack's salt: a hash for each would cost 1 us a ballot.
"""

from collections.abc import Iterator, Sequence
from hashlib import sha256, shake_128
from struct import pack as _packed
from typing import Final

from shared.contract.packs import SALT_BYTES, SECTION_BYTES, Pack

DIGEST_BYTES: Final = 32

_DIGEST_LENGTH = _packed(">I", DIGEST_BYTES)


def joined(*parts: bytes) -> bytes:
    """Return parts, each preceded by its length (4 bytes, big-endian): other parts give other bytes."""
    return b"".join([_packed(">I", len(part)) + part for part in parts])


def hashed(*parts: bytes) -> bytes:
    """Return the SHA-256 of parts, each preceded by its length."""
    return sha256(joined(*parts)).digest()


def who_digest(log_id: str, election: str, commitment: bytes, ballot_id: bytes) -> bytes:
    """Return the part of a leaf that the voter makes anew."""
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


def who_digests(log_id: str, pack: Pack, commitments: Sequence[bytes]) -> Iterator[bytes]:
    """Yield `who_digest` of each ballot of a pack, whose codes have these commitments."""
    head = joined(b"who", bytes.fromhex(log_id), pack.election.encode())
    ids, id_bytes = pack.ids, len(pack.ids) // pack.ballots
    between = _packed(">I", id_bytes)
    start = head + _packed(">I", len(commitments[0]))
    for commitment, at in zip(commitments, range(0, len(ids), id_bytes), strict=True):
        yield sha256(b"".join((start, commitment, between, ids[at : at + id_bytes]))).digest()


def what_digests(pack: Pack) -> Iterator[bytes]:
    """Yield `what_digest` of each ballot of a pack."""
    start, marks = joined(b"what") + _packed(">I", SALT_BYTES), _rankings(pack)
    known: dict[tuple[bytes, tuple[str, ...]], bytes] = {}
    sections = pack.sections
    for index, salt in enumerate(ballot_salts(pack.salt, pack.ballots)):
        content = sections[SECTION_BYTES * index : SECTION_BYTES * (index + 1)], marks[index]
        spelt = known.get(content)
        if spelt is None:
            big_endian = content[0][::-1]
            spelt = known[content] = joined(big_endian, *[ranking.encode() for ranking in content[1]])
        yield sha256(b"".join((start, salt, spelt))).digest()


def pack_leaves(whos: Sequence[bytes], whats: Sequence[bytes], reasons: Sequence[str]) -> list[bytes]:
    """Return `leaf_of` of each ballot."""
    start = joined(b"leaf") + _DIGEST_LENGTH
    ends = {reason: joined(reason.encode()) for reason in set(reasons)}
    return [
        b"".join((start, who, _DIGEST_LENGTH, what, ends[reason]))
        for who, what, reason in zip(whos, whats, reasons, strict=True)
    ]


def _rankings(pack: Pack) -> list[tuple[str, ...]]:
    columns = [column.split(" ") for column in pack.marks]
    return list(zip(*columns, strict=True)) if columns else [()] * pack.ballots
