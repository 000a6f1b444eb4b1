"""One shard's verdicts, held against the auditor's own, byte by byte. Pure.

Rule 1: what must stand in `ballots.judged` is made of `ballots.cast` alone; the next one expected is compared first.
Rule 2: a verdict told before may be told again, as restarts do, but only in the same bytes.
Rule 3: nothing is kept of a record but 48 bytes: its head, and a digest of its verdict. Verdicts due are a batch.
"""

from collections import deque
from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from services.audit.ledger import ShardCount, ShardLedger
from shared.contract.chain import HEAD_BYTES, START
from shared.contract.codec import HotVerdict, UnknownVersion, decode_judged, encode_judged

DIGEST_BYTES: Final = 16
SHOWN_BYTES: Final = 300


class Difference(Exception):
    """The first thing found otherwise than it must be. `shard` and `offset` (of the cast record) where they apply."""

    def __init__(self, where: str, said: str, shard: int | None = None, offset: int | None = None) -> None:
        super().__init__(f"{where}: {said}")
        self.shard = shard
        self.offset = offset


class CannotJudge(RuntimeError):
    """The auditor cannot go on at a record, and why."""


class ShardCheck:
    """The auditor's ledger of a shard beside what validation said. Counts are copied at the offsets `marks`."""

    def __init__(self, ledger: ShardLedger, election: str, marks: Collection[int]) -> None:
        self.shard = ledger.shard
        self.counts: dict[int, ShardCount] = {}
        self.position = 0
        self.repeats = 0
        self._ledger = ledger
        self._election = election
        self._marks = marks
        self._due: deque[bytes] = deque()
        self._heads = bytearray(START)
        self._told = bytearray()
        self._read = 0

    def take_cast(self, values: Sequence[bytes]) -> None:
        """Judge the next cast records; their verdicts are due. Raises CannotJudge."""
        self._due.extend(self._judge(value) for value in values)

    def take_unjudged(self, values: Sequence[bytes]) -> None:
        """Judge records that validation has not come to yet. Raises CannotJudge."""
        for value in values:
            self._judge(value)

    def take_judged(self, values: Sequence[bytes]) -> int:
        """Take the next judged records as far as verdicts are due; return how many. Raises Difference."""
        for taken, value in enumerate(values):
            if self._due and value == self._due[0]:
                self._told += _digest(self._due.popleft())
                self.position += 1
            elif self._is_repeat(value):
                self.repeats += 1
            elif self._due:
                raise self._difference(self.position, _told_apart(self._due[0], value))
            else:
                return taken
            self._read += 1
        return len(values)

    def beyond(self, value: bytes) -> Difference:
        """Return that this is a verdict on a record that is not in the log."""
        return self._difference(self.position, f"expected no more, for the log ends; found {_shown(value)}")

    def head_at(self, watermark: int) -> str | None:
        """Return the head after so many records; None if there are fewer."""
        head = self._heads[HEAD_BYTES * watermark : HEAD_BYTES * (watermark + 1)]
        return head.hex() or None

    def mark(self) -> None:
        """Copy the counts if the ledger stands at a mark."""
        if self._ledger.position in self._marks:
            self.counts[self._ledger.position] = self._ledger.count_of(self._election)

    def _judge(self, value: bytes) -> bytes:
        try:
            judged = self._ledger.take(value)
        except (UnknownVersion, RuntimeError) as fault:
            raise CannotJudge(f"shard {self.shard}, offset {self._ledger.position}: {fault}") from fault
        self._heads += bytes.fromhex(judged.head)
        self.mark()
        return encode_judged(judged)

    def _is_repeat(self, value: bytes) -> bool:
        source = _source(value)
        if source is None or source >= self.position:
            return False
        start = DIGEST_BYTES * source
        if self._told[start : start + DIGEST_BYTES] != _digest(value):
            raise self._difference(source, f"expected the verdict as first told, found {_shown(value)}")
        return True

    def _difference(self, offset: int, said: str) -> Difference:
        where = f"shard {self.shard}, offset {offset}, record {self._read} of ballots.judged"
        return Difference(where, said, self.shard, offset)


def _source(value: bytes) -> int | None:
    try:
        return decode_judged(value).source
    except (UnknownVersion, ValueError):
        return None


def _digest(value: bytes) -> bytes:
    return blake2b(value, digest_size=DIGEST_BYTES).digest()


def _told_apart(expected: bytes, found: bytes) -> str:
    try:
        ours, theirs = _fields(expected), _fields(found)
    except (UnknownVersion, ValueError):
        return f"expected {_shown(expected)}, found {_shown(found)}"
    for name in ours:
        if ours[name] != theirs.get(name):
            return f"{name}: expected {ours[name]}, found {theirs.get(name)}"
    return f"expected {_shown(expected)}, found it spelt otherwise: {_shown(found)}"


def _fields(value: bytes) -> dict[str, Any]:
    record = decode_judged(value)
    return (
        msgspec.structs.asdict(record) if isinstance(record, HotVerdict) else record.model_dump(mode="json")
    )


def _shown(value: bytes) -> str:
    return value[:SHOWN_BYTES].decode(errors="backslashreplace")
