"""The tree of one shard: a leaf for each ballot with its verdict, and for each other record with its outcome.

A state machine of the harness, on pairs of a record of `ballots.judged` and the cast records that it judges. What it sends are
files (see files.py): tiles that are full, rows that are, and with each checkpoint the tiles that are not full yet.

Rule 1: the tree is a pure function of the shard's cast records and their verdicts.
Rule 2: a root that was signed is never contradicted. The tree must come to the last signed root at its size before
        another is signed; if it does not, the shard stops and says so.
Rule 3: what is no verdict, and what does not join, is passed over and reported, until what was missing is written again. A
        verdict that joins and does not fit its records stops the shard.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any, Final

import msgspec
import numpy as np

from services.proofs.notes import Checkpoint, origin_of
from services.proofs.rows import PLACE_BYTES, SEGMENT, Row, Segment, codes_of, places_of
from services.proofs.superseded import Superseded
from services.proofs.tiles import TiledTree, TileStore
from services.proofs.tree import root_hash
from shared.contract.codec import UnknownVersion, decode_cast, decode_judged
from shared.contract.leaves import pack_leaves, record_leaf, what_digests, who_digests
from shared.contract.packs import Columns, Pack
from shared.contract.verdict_ranges import Run, Verdicts
from shared.contract.verdicts import ControlJudged, Reason
from shared.runtime.log import LogAway, Outgoing
from shared.runtime.watermark import Gap, joins

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
        self._missing = ""
        self.tree = TiledTree(self)
        self.superseded = Superseded()

    def read(self, path: str) -> bytes | None:
        """Return a full tile, which may be on its way to the disk."""
        return self._pending.get(path) or self._tiles.read(path)

    def write(self, path: str, content: bytes) -> None:
        """Take a tile that is full: it is sent with the next `drain`."""
        self._pending[path] = content

    def apply(self, values: Sequence[bytes]) -> None:
        """Add the leaves of the next pairs. Raises Mismatch, LogAway if cast records are missing that have a verdict."""
        for value in values:
            judged, cast = msgspec.msgpack.decode(value)
            try:
                record = decode_judged(judged)
                is_next = joins(
                    f"verdicts of shard {self._shard}", self._watermark, record.since, record.upto
                )
            except Gap as gap:
                self._missing = str(gap)
                continue
            except (ValueError, UnknownVersion):  # counted and logged where it was read
                continue
            if is_next:
                if not cast:
                    raise LogAway(
                        f"shard {self._shard}: no cast record {record.upto - 1}, which has a verdict"
                    )
                self._missing = ""
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

    def covered(self) -> dict[str, list[int]]:
        """Nothing: it counts no election."""
        return {}

    def trouble(self) -> str:
        """Return which verdicts are missing; nothing if none are."""
        return self._missing

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
            "missing": self._missing,
            "superseded": self.superseded.save(),
        }
        return msgspec.msgpack.encode(state)

    def restore(self, state: bytes) -> None:
        """Become the tree that was saved."""
        plain: dict[str, Any] = msgspec.msgpack.decode(state)
        partial = {int(level): row for level, row in plain["partial"].items()}
        self._watermark = plain["watermark"]
        self._missing = plain.get("missing", "")
        self.tree = TiledTree(self, partial, plain["size"])
        self._rows = Segment(plain["first"], plain["rows"])
        self.superseded.restore(plain["superseded"])

    def find(self, who: bytes) -> Iterator[Row]:
        """Yield the ballots with this key that are in no file yet, or are just being written."""
        for segment in (*self._handed, *self._full, self._rows):
            yield from segment.find(who)

    def _add(self, record: Verdicts | ControlJudged, cast: Sequence[bytes]) -> None:
        if isinstance(record, ControlJudged):
            self.superseded.note_control(record)
            self._add_record(cast[0], record.why or record.effect)
            return
        verdicts = record.after(self._watermark)
        unknown = {reason for reason, _ in verdicts.outcomes} - _REASONS
        if unknown:
            raise Mismatch(
                f"shard {self._shard}, offset {self._watermark}: no such reasons: {sorted(unknown)}"
            )
        if not verdicts.election:
            for value, reason in zip(cast, _each(verdicts.outcomes), strict=True):
                self._add_record(value, reason)
            return
        packs = [self._pack(value, offset) for offset, value in enumerate(cast, self._watermark)]
        sizes = verdicts.ballots_of()
        if [pack.ballots for pack in packs] != sizes:
            raise Mismatch(
                f"shard {self._shard}, offset {self._watermark}: verdicts on other numbers of ballots"
            )
        self._add_packs(packs, sizes, verdicts.outcomes)

    def _add_record(self, value: bytes, outcome: str) -> None:
        self._rows.add_record(self._watermark)
        self.tree.extend([record_leaf(value, outcome)])
        self._watermark += 1
        self._close_rows()

    def _pack(self, value: bytes, offset: int) -> Pack:
        pack = decode_cast(value)
        if not isinstance(pack, Pack):
            raise Mismatch(
                f"shard {self._shard}, offset {offset}: verdicts on ballots, found {type(pack).__name__}"
            )
        return pack

    def _add_packs(self, packs: Sequence[Pack], sizes: Sequence[int], outcomes: Sequence[Run]) -> None:
        """Add packs of one election: what can be done for all ballots at once is."""
        election = packs[0].election
        joint = [(alike, Columns(alike)) for alike in _alike(packs)]
        whos = np.concatenate([who_digests(self._log_id, election, of) for _, of in joint])
        whats = np.concatenate([what_digests(alike, of) for alike, of in joint])
        if self.superseded.follows(election):
            electors = np.concatenate([of.electors for _, of in joint]).tolist()
            self.superseded.note_ballots(election, electors, _each(outcomes), self.tree.size)
        self.tree.extend(pack_leaves(whos, whats, outcomes))
        places, reasons = places_of(self._watermark, sizes), codes_of(outcomes)
        at = 0
        while at < len(whos):
            upto = at + self._rows.room
            found = places[PLACE_BYTES * at : PLACE_BYTES * upto]
            self._rows.add(whos[at:upto], whats[at:upto], reasons[at:upto], found)
            self._close_rows()
            at = upto
        self._watermark += len(packs)

    def _close_rows(self) -> None:
        if not self._rows.room:
            self._full.append(self._rows)
            self._rows = Segment(self._rows.first + SEGMENT)

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


def _each(outcomes: Sequence[Run]) -> list[str]:
    """Return the reason of each ballot."""
    return [reason for reason, ballots in outcomes for _ in range(ballots)]


def _alike(packs: Sequence[Pack]) -> Iterator[list[Pack]]:
    """Yield packs that follow one another and rank equally many contests."""
    return (list(alike) for _, alike in groupby(packs, lambda pack: len(pack.marks)))
