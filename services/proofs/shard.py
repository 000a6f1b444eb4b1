"""The tree of one shard: a leaf for each ballot with its verdict, and for each other record with its outcome.

A state machine of the harness, on pairs of a record of `ballots.judged` and the cast records that it judges. What it sends are
files (see files.py): tiles that are full, rows that are, and with each checkpoint the tiles that are not full yet.

Rule 1: the tree is a pure function of the shard's cast records and their verdicts.
Rule 2: a root that was signed is never contradicted. The tree must come to the last signed root at its size before
        another is signed; if it does not, the shard stops and says so.
"""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from services.proofs.notes import Checkpoint, origin_of
from services.proofs.rows import SEGMENT, Row, Segment
from services.proofs.tiles import TiledTree, TileStore
from services.proofs.tree import root_hash
from shared.contract.codec import decode_cast, decode_judged
from shared.contract.codes import commitments
from shared.contract.leaves import pack_leaves, record_leaf, what_digests, who_digests
from shared.contract.packs import Columns, Pack
from shared.contract.verdict_ranges import Verdicts
from shared.contract.verdicts import ControlJudged, Reason
from shared.runtime.log import Outgoing
from shared.runtime.watermark import joins

CHECKPOINT: Final = "checkpoint"
ROWS: Final = "rows"

_REASONS = {reason.value for reason in Reason}


class Contradiction(Exception):
    """The log leads to another root than the one that was signed at the same size."""


class Mismatch(Exception):
    """A verdict that does not fit the record it judges."""


class ShardTree:
    """The machine; `signed` is the last checkpoint that stands signed on the disk."""

    def __init__(self, log_id: str, shard: int, tiles: TileStore, signed: Checkpoint | None) -> None:
        self._log_id = log_id
        self._shard = shard
        self._tiles = tiles
        self._signed = signed
        self._watermark = 0
        self._pending: dict[str, bytes] = {}
        self._rows = Segment()
        self._full: list[Segment] = []
        self._handed: list[Segment] = []
        self._published = -1
        self.tree = TiledTree(self)

    def read(self, path: str) -> bytes | None:
        """Return a full tile, which may be on its way to the disk."""
        return self._pending.get(path) or self._tiles.read(path)

    def write(self, path: str, content: bytes) -> None:
        """Take a tile that is full: it is sent with the next `drain`."""
        self._pending[path] = content

    def apply(self, values: Sequence[bytes]) -> None:
        """Add the leaves of the next pairs. Raises Gap, Mismatch, UnknownVersion, ValueError."""
        for value in values:
            judged, cast = msgspec.msgpack.decode(value)
            record = decode_judged(judged)
            if joins(f"verdicts of shard {self._shard}", self._watermark, record.since, record.upto):
                self._add(record, cast[self._watermark - record.since :])

    def drain(self) -> list[Outgoing]:
        """Return the files since the last call, and the checkpoint if the tree has grown. Raises Contradiction."""
        files = dict(self._pending)
        files |= {f"{ROWS}/{full.first // SEGMENT:06d}": full.encoded() for full in self._full}
        if self.tree.size > self._published and self._may_sign():
            files |= dict(self.tree.partial_tiles())
            files[CHECKPOINT] = self._checkpoint(self.tree.size).text().encode()
            self._published = self.tree.size
        self._pending, self._handed, self._full = {}, self._full, []
        return [Outgoing(path, self._shard, None, content) for path, content in files.items()]

    def ballots(self) -> int:
        """Return how many leaves the tree has."""
        return self.tree.size

    def republish(self) -> None:
        """Nothing: files stay."""

    def save(self) -> bytes:
        """Return the state."""
        partial = {str(level): row for level, row in sorted(self.tree.partial().items())}
        state = {
            "watermark": self._watermark,
            "size": self.tree.size,
            "partial": partial,
            "first": self._rows.first,
            "rows": self._rows.save(),
        }
        return msgspec.msgpack.encode(state)

    def restore(self, state: bytes) -> None:
        """Become the tree that was saved."""
        plain: dict[str, Any] = msgspec.msgpack.decode(state)
        partial = {int(level): row for level, row in plain["partial"].items()}
        self._watermark = plain["watermark"]
        self.tree = TiledTree(self, partial, plain["size"])
        self._rows = Segment(plain["first"], plain["rows"])

    def find(self, who: bytes) -> Iterator[Row]:
        """Yield the ballots with this key that are in no file yet, or are just being written."""
        for segment in (*self._handed, *self._full, self._rows):
            yield from segment.find(who)

    def _add(self, record: Verdicts | ControlJudged, cast: Sequence[bytes]) -> None:
        if isinstance(record, ControlJudged):
            self._add_record(cast[0], record.why or record.effect)
            return
        verdicts = record.after(self._watermark)
        reasons = [reason for reason, ballots in verdicts.outcomes for _ in range(ballots)]
        if not {*reasons} <= _REASONS:
            raise Mismatch(
                f"shard {self._shard}, offset {self._watermark}: no such reasons: {sorted({*reasons} - _REASONS)}"
            )
        at = 0
        for value, size in zip(cast, verdicts.ballots_of(), strict=True):
            if verdicts.election:
                self._add_pack(value, reasons[at : at + size])
            else:
                self._add_record(value, reasons[at])
            at += size

    def _add_record(self, value: bytes, outcome: str) -> None:
        self._rows.add_record(self._watermark)
        self.tree.add(record_leaf(value, outcome))
        self._watermark += 1
        self._close_rows()

    def _add_pack(self, value: bytes, reasons: Sequence[str]) -> None:
        pack = decode_cast(value)
        if not isinstance(pack, Pack) or pack.ballots != len(reasons):
            where = f"shard {self._shard}, offset {self._watermark}"
            raise Mismatch(f"{where}: verdicts on {len(reasons)} ballots, found {type(pack).__name__}")
        whos = list(who_digests(self._log_id, pack, _commitments(self._log_id, pack)))
        whats = list(what_digests(pack))
        for index, leaf in enumerate(pack_leaves(whos, whats, reasons)):
            self._rows.add(whos[index], whats[index], reasons[index], self._watermark, index)
            self.tree.add(leaf)
            self._close_rows()
        self._watermark += 1

    def _close_rows(self) -> None:
        if len(self._rows) == SEGMENT:
            self._full.append(self._rows)
            self._rows = Segment(self.tree.size)

    def _may_sign(self) -> bool:
        """Return whether the tree has come as far as the last signed checkpoint. Raises Contradiction."""
        signed = self._signed
        if signed is None:
            return True
        if self.tree.size < signed.size:
            return False
        if self._checkpoint(signed.size) != signed:
            raise Contradiction(
                f"shard {self._shard}: the log leads to another root of {signed.size} leaves than the one signed"
            )
        self._signed = None  # from here on the tree only grows
        return True

    def _checkpoint(self, size: int) -> Checkpoint:
        origin = origin_of(self._log_id, self._shard)
        return Checkpoint(origin, size, root_hash(size, self.tree.node))


def _commitments(log_id: str, pack: Pack) -> list[bytes]:
    columns = Columns([pack])
    found = commitments(log_id, pack.election, columns.electors, columns.sections, columns.secrets)
    return [row.tobytes() for row in np.ascontiguousarray(found)]
