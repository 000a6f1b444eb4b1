"""A tree's hashes in tiles (C2SP tlog-tiles): static files of at most 256 hashes that anybody can serve and cache.

Tile (level, number) holds the hashes of the nodes at level 8 * level of the tree, from number * 256 on. A full tile never
changes. Its path is `tile/LEVEL/NUMBER`, the number in groups of three digits, each but the last behind an `x`; a tile of
w < 256 hashes is partial and has `.p/w` behind its path.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from services.proofs.tree import HASH_BYTES, BadProof, leaf_hashes, pair_hashes, root_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT


def tile_path(level: int, number: int, width: int = WIDTH) -> str:
    """Return the path of a tile of `width` hashes."""
    groups = [f"{number % 1000:03d}"]
    while number := number // 1000:
        groups.append(f"x{number % 1000:03d}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


class BadTile(ValueError):
    """A tile that is not what a signed root says, and its path."""


class WrongTile(BadTile, BadProof):
    """A tile that is there, and does not lead to a signed root."""


class TileReader(Protocol):
    """Where tiles are read."""

    def read(self, path: str) -> bytes | None:
        """Return a tile's bytes, None if it is not there."""


class TileStore(TileReader, Protocol):
    """Where tiles are kept."""

    def write(self, path: str, content: bytes) -> None:
        """Write a tile, whole or not at all."""


class StoredTree:
    """A tree whose full tiles are in a store; what is not full yet is held here."""

    def __init__(self, tiles: TileReader, partial: Mapping[int, bytes] | None = None, size: int = 0) -> None:
        self.size = size
        self._tiles = tiles
        self._rows: dict[int, bytearray] = {level: bytearray(row) for level, row in (partial or {}).items()}
        """By tile level, the hashes of the tile that is not full yet."""

    def partial(self) -> dict[int, bytes]:
        """Return the hashes that are in no full tile yet: with `size`, all that a restart needs."""
        return {level: bytes(row) for level, row in self._rows.items() if row}

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a complete node. Raises LookupError if its tile is lost."""
        tile_level, below = divmod(level, HEIGHT)
        first = index << below
        number, place = divmod(first, WIDTH)
        hashes = self._tile(tile_level, number)
        found = hashes[HASH_BYTES * place : HASH_BYTES * (place + (1 << below))]
        if len(found) != HASH_BYTES << below:
            raise LookupError(
                f"node {index} of level {level} is not complete in a tree of {self.size} leaves"
            )
        return fold(found)

    def partial_tiles(self) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of each tile that is not full yet, as a checkpoint of this size needs them."""
        for level, row in self._rows.items():
            if row:
                number = self.size >> (HEIGHT * (level + 1))
                yield tile_path(level, number, len(row) // HASH_BYTES), bytes(row)

    def _tile(self, level: int, number: int) -> bytes:
        if number == self.size >> (HEIGHT * (level + 1)):
            return bytes(self._rows.get(level, b""))
        content = self._tiles.read(tile_path(level, number))
        if content is None:
            raise LookupError(f"{tile_path(level, number)} is lost")
        return content


class TiledTree(StoredTree):
    """A tree that grows."""

    def __init__(self, store: TileStore, partial: Mapping[int, bytes] | None = None, size: int = 0) -> None:
        super().__init__(store, partial, size)
        self._store = store

    def add(self, leaf: bytes) -> None:
        """Add a leaf at the end."""
        self.extend([leaf])

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add leaves at the end."""
        at = 0
        while at < len(leaves):
            row = self._rows.setdefault(0, bytearray())
            upto = min(len(leaves), at + WIDTH - len(row) // HASH_BYTES)
            row += b"".join(leaf_hashes(leaves[at:upto]))
            self.size += upto - at
            at, level = upto, 0
            while len(self._rows[level]) == WIDTH * HASH_BYTES:
                self._fill(level)
                level += 1

    def _fill(self, level: int) -> None:
        """Store a tile that is full, and give the level above its hash."""
        row = self._rows[level]
        number = (self.size >> (HEIGHT * (level + 1))) - 1
        self._store.write(tile_path(level, number), bytes(row))
        above = self._rows.setdefault(level + 1, bytearray())
        above += fold(bytes(row))
        row.clear()


def tree_at(store: TileReader, size: int) -> StoredTree:
    """Return the tree of the first `size` leaves, all of it in a store. Raises BadTile."""
    partial = {}
    for level in _levels(size):
        number, width = divmod(size >> (HEIGHT * level), WIDTH)
        if width:
            partial[level] = _whole_tile(store, level, number, width)
    return StoredTree(store, partial, size)


def check_tiles(store: TileReader, size: int, root: bytes, since: int = 0) -> None:
    """Read the tiles of a tree, from those that were not full at `since` leaves, and hold them against the signed root.

    Raises WrongTile, which names the one that is wrong, and BadTile where one is missing. A tile above others must hold their
    hashes, and those at the right edge lead to the root. So if the root comes out, a tile that does not fit the one above it is
    wrong itself; if it does not, the one above is.
    """
    tree = tree_at(store, size)
    comes_out = root_hash(size, tree.node) == root
    for level in _levels(size >> HEIGHT):
        above, over = b"", ""
        first, end = (leaves >> (HEIGHT * (level + 1)) for leaves in (since, size))
        for number in range(first, end):
            if number % WIDTH == 0 or number == first:
                width = min(end - number + number % WIDTH, WIDTH)
                over = tile_path(level + 1, number // WIDTH, width)
                above = _whole_tile(store, level + 1, number // WIDTH, width)
            place = HASH_BYTES * (number % WIDTH)
            if fold(_whole_tile(store, level, number, WIDTH)) != above[place : place + HASH_BYTES]:
                below = tile_path(level, number)
                raise WrongTile(
                    f"{below if comes_out else over}: {below} does not lead to its hash in {over}"
                )
    if not comes_out:
        edge = tile_path(0, size >> HEIGHT, size % WIDTH) if size % WIDTH else "the size"
        raise WrongTile(f"{edge}: the tiles of {size} leaves do not lead to the signed root")


def _levels(size: int) -> range:
    """Return the levels of tiles that a tree of so many leaves has."""
    return range(-(-size.bit_length() // HEIGHT))


def _whole_tile(store: TileReader, level: int, number: int, width: int) -> bytes:
    """Return a tile's hashes, from the full tile where the partial one is gone. Raises BadTile."""
    path = tile_path(level, number, width)
    content = store.read(path)
    if content is None and width < WIDTH:
        content = (store.read(tile_path(level, number)) or b"")[: HASH_BYTES * width]
    if content is None or len(content) != HASH_BYTES * width:
        raise BadTile(f"{path}: expected {width} hashes, found {len(content or b'')} bytes")
    return content


def fold(hashes: bytes) -> bytes:
    """Return the node above a power of two of hashes."""
    while len(hashes) > HASH_BYTES:
        hashes = b"".join(pair_hashes(hashes))
    return hashes
