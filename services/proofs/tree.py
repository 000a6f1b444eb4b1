"""A Merkle tree that grows at its end (RFC 6962, section 2.1): hashes, proofs, and how they are checked.

A leaf's hash is SHA-256(0x00 | leaf), a node's SHA-256(0x01 | left | right). The node at (level, index) covers the leaves
index * 2**level up to the next; it is complete once all of them are there, and never changes from then on.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

HASH_BYTES = 32
EMPTY = sha256(b"").digest()
"""Root of a tree without leaves."""

Node = Callable[[int, int], bytes]
"""From level and index to the hash of a complete node."""


class BadProof(ValueError):
    """A proof that does not lead to the root it is held against, and how."""


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf."""
    return sha256(b"\x00" + leaf).digest()


def leaf_hashes(leaves: Sequence[bytes]) -> list[bytes]:
    """Return the hash of each leaf."""
    return [sha256(b"\x00" + leaf).digest() for leaf in leaves]


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node."""
    return sha256(b"\x01" + left + right).digest()


def pair_hashes(hashes: bytes) -> list[bytes]:
    """Return the hashes of the nodes above hashes that stand side by side, two by two."""
    pair = 2 * HASH_BYTES
    return [sha256(b"\x01" + hashes[at : at + pair]).digest() for at in range(0, len(hashes), pair)]


def complete_nodes(start: int, end: int) -> list[tuple[int, int]]:
    """Return the largest complete nodes (level, index) that cover the leaves start .. end - 1, from left to right."""
    nodes = []
    while start < end:
        level = (start & -start).bit_length() - 1 if start else (end - start).bit_length() - 1
        while (1 << level) > end - start:
            level -= 1
        nodes.append((level, start >> level))
        start += 1 << level
    return nodes


def range_hash(start: int, end: int, node: Node) -> bytes:
    """Return the hash over the leaves start .. end - 1 of a subtree that begins at `start`."""
    if start == end:
        return EMPTY
    hashes = [node(level, index) for level, index in complete_nodes(start, end)]
    found = hashes.pop()
    while hashes:
        found = node_hash(hashes.pop(), found)
    return found


def root_hash(size: int, node: Node) -> bytes:
    """Return the root of the tree of the first `size` leaves."""
    return range_hash(0, size, node)


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """Return the hashes that lead from leaf `index` to the root of the first `size` leaves (RFC 6962, 2.1.1)."""
    assert 0 <= index < size, "a leaf of the tree"
    return _path(index, 0, size, node)


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """Return the hashes that show that the first `old` of `new` leaves are an older tree's (RFC 6962, 2.1.2)."""
    assert 0 <= old <= new, "an older tree"
    return [] if old in (0, new) else _subproof(old, 0, new, node, known=True)


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Return the root that a proof leads to from the hash of leaf `index`. Raises BadProof if its length is wrong."""
    if not 0 <= index < size:
        raise BadProof(f"leaf {index} is not in a tree of {size}")
    return _climb(leaf, index, 0, size, list(proof))


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Raise BadProof unless `proof` shows that the tree of `old` leaves is the beginning of that of `new`."""
    if old == new and old_root != new_root:
        raise BadProof(f"two roots of {old} leaves")
    if old in (0, new):
        if proof:
            raise BadProof("expected an empty proof")
        return
    rest = list(proof)
    found_old, found_new = _rebuild(old, 0, new, rest, old_root, known=True)
    if rest:
        raise BadProof(f"{len(rest)} hashes too many")
    if found_old != old_root:
        raise BadProof(f"the proof does not lead to the root of {old} leaves")
    if found_new != new_root:
        raise BadProof(f"the proof does not lead to the root of {new} leaves")


def _split(size: int) -> int:
    """Return the largest power of two below `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _path(index: int, start: int, end: int, node: Node) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(index, start, middle, node), range_hash(middle, end, node)]
    return [*_path(index, middle, end, node), range_hash(start, middle, node)]


def _climb(leaf: bytes, index: int, start: int, end: int, proof: list[bytes]) -> bytes:
    if end - start == 1:
        if proof:
            raise BadProof(f"{len(proof)} hashes too many")
        return leaf
    if not proof:
        raise BadProof("too few hashes")
    middle, beside = start + _split(end - start), proof.pop()
    if index < middle:
        return node_hash(_climb(leaf, index, start, middle, proof), beside)
    return node_hash(beside, _climb(leaf, index, middle, end, proof))


def _subproof(old: int, start: int, end: int, node: Node, *, known: bool) -> list[bytes]:
    if old == end:
        return [] if known else [range_hash(start, end, node)]
    middle = start + _split(end - start)
    if old <= middle:
        return [*_subproof(old, start, middle, node, known=known), range_hash(middle, end, node)]
    return [*_subproof(old, middle, end, node, known=False), range_hash(start, middle, node)]


def _rebuild(
    old: int, start: int, end: int, proof: list[bytes], old_root: bytes, *, known: bool
) -> tuple[bytes, bytes]:
    """Return the hashes over start .. old - 1 and start .. end - 1 that a consistency proof leads to."""
    if old == end:
        found = old_root if known else _next(proof)
        return found, found
    middle = start + _split(end - start)
    beside = _next(proof)
    if old <= middle:
        left_old, left_new = _rebuild(old, start, middle, proof, old_root, known=known)
        return left_old, node_hash(left_new, beside)
    right_old, right_new = _rebuild(old, middle, end, proof, old_root, known=False)
    return node_hash(beside, right_old), node_hash(beside, right_new)


def _next(proof: list[bytes]) -> bytes:
    if not proof:
        raise BadProof("too few hashes")
    return proof.pop()
