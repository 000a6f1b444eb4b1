"""What is known of one receipt: where the ballot stands, how it was judged, which standings cover it, and the proof."""

from collections.abc import Iterator, Sequence

import msgspec

from services.proofs.files import TreeFiles
from services.proofs.receipts import InclusionProof
from services.proofs.rows import Row
from services.proofs.shard import ShardTree
from services.proofs.superseded import IN_WORDS as SUPERSEDED
from services.proofs.tiles import tree_at
from services.proofs.tree import inclusion_proof, leaf_hash
from shared.contract.leaves import leaf_of
from shared.contract.verdicts import COUNTED_BALLOTS, IN_WORDS, Reason


class Contest(msgspec.Struct, frozen=True):
    """The part of a standing's contest that is needed here."""

    id: str
    title: str


class Covered(msgspec.Struct, frozen=True):
    """The part of a standing that says how much of the log it covers."""

    election: str
    contest: Contest
    sequence: int
    status: str
    watermark: tuple[int, ...]


class CoveringStanding(msgspec.Struct, frozen=True):
    """The newest standing of a contest, which covers the ballot."""

    contest: str
    title: str
    sequence: int
    status: str


class Found(msgspec.Struct, frozen=True, tag="receipt-found/1", tag_field="type"):
    """A ballot that is recorded and judged. It never says what is on the ballot."""

    log: str
    election: str
    who: str
    shard: int
    offset: int
    index: int
    reason: str
    superseded: bool
    """A later ballot of this elector has taken its place: it counts no longer."""
    in_words: str
    standings: tuple[CoveringStanding, ...]
    proof: InclusionProof | None
    """None until a checkpoint covers the ballot: in a second or so."""


def covered(value: bytes) -> Covered:
    """Read what a standing covers. Raises ValueError."""
    try:
        return msgspec.json.decode(value, type=Covered)
    except msgspec.DecodeError as fault:
        raise ValueError(f"not a standing: {fault}") from fault


def find(files: TreeFiles, live: ShardTree | None, who: bytes) -> tuple[Row, InclusionProof | None] | None:
    """Return a ballot of one shard and its proof: the one that came into the count, else the first. Raises BadTile, LookupError."""
    checkpoint, note = files.checkpoint(), files.note
    size = 0 if checkpoint is None else checkpoint.size
    tree = tree_at(files, size)
    rows: list[Row] = []
    for row in {row.leaf: row for row in _rows(files, live, who, size)}.values():
        leaf = leaf_hash(leaf_of(who, row.what, row.reason))
        if row.leaf >= size or tree.node(0, row.leaf) == leaf:
            rows.append(row)
    if not rows:
        return None
    row = min(rows, key=lambda row: (row.reason not in COUNTED_BALLOTS, row.leaf))
    if row.leaf >= size:
        return row, None
    hashes = tuple(found.hex() for found in inclusion_proof(row.leaf, size, tree.node))
    return row, InclusionProof(
        leaf_index=row.leaf, what=row.what.hex(), reason=row.reason, hashes=hashes, checkpoint=note
    )


def standings_over(
    standings: Sequence[Covered], election: str, shard: int, offset: int
) -> tuple[CoveringStanding, ...]:
    """Return the election's newest standings that cover a record."""
    return tuple(
        CoveringStanding(of.contest.id, of.contest.title, of.sequence, of.status)
        for of in standings
        if of.election == election and shard < len(of.watermark) and of.watermark[shard] > offset
    )


def in_words(reason: Reason, *, superseded: bool = False) -> str:
    """Return a verdict in words, and what has become of the ballot since."""
    return SUPERSEDED if superseded else IN_WORDS[reason]


def _rows(files: TreeFiles, live: ShardTree | None, who: bytes, size: int) -> Iterator[Row]:
    if live is not None:
        yield from live.find(who)
    yield from files.find(who, size)
