"""One shard's verdicts compared with the auditor's own, byte by byte. Pure.

What must stand in `ballots.judged` is made of `ballots.cast` alone: the bytes of a range, wherever it is cut. A verdict may be
published again, as restarts do, and cut elsewhere, but only unchanged. Of a record 48 bytes are kept: its head, and a digest
of its verdict. The verdicts that are due are a batch at most.
"""

from collections import deque
from collections.abc import Collection, Sequence
from hashlib import blake2b
from itertools import islice
from typing import Any, Final

import msgspec

from services.audit.ledger import Judged, ShardCount, ShardLedger
from shared.contract.chain import HEAD_BYTES, START
from shared.contract.codec import UnknownVersion, decode_judged, encode, encode_judged
from shared.contract.verdict_ranges import Verdicts, verdict_range
from shared.contract.verdicts import ControlJudged

DIGEST_BYTES: Final = 16
SHOWN_BYTES: Final = 300


class Difference(Exception):
    """The first thing that is not as it must be. `shard` and `offset` (of the cast record) where they apply."""

    def __init__(self, where: str, what: str, shard: int | None = None, offset: int | None = None) -> None:
        super().__init__(f"{where}: {what}")
        self.shard = shard
        self.offset = offset


class CannotJudge(RuntimeError):
    """The auditor cannot go on at a record, and why."""


class ShardCheck:
    """The auditor's ledger of a shard beside the verdicts of validation. Counts are copied at the offsets `marks`."""

    def __init__(self, ledger: ShardLedger, election: str, marks: Collection[int]) -> None:
        self.shard = ledger.shard
        self.counts: dict[int, ShardCount] = {}
        self.position = 0
        self.repeats = 0
        self._ledger = ledger
        self._election = election
        self._marks = marks
        self._due: deque[Judged] = deque()
        self._heads = bytearray(START)
        self._digests = bytearray()
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
            record = self._decoded(value)
            if record.since <= self.position and record.upto > self.position + len(self._due):
                return taken
            self._take(record, value)
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

    def _judge(self, value: bytes) -> Judged:
        try:
            judged = self._ledger.judge(value)
        except (UnknownVersion, RuntimeError) as fault:
            raise CannotJudge(f"shard {self.shard}, offset {self._ledger.position}: {fault}") from fault
        self._heads += self._ledger.head
        self.mark()
        return judged

    def _decoded(self, value: bytes) -> Verdicts | ControlJudged:
        try:
            return decode_judged(value)
        except (UnknownVersion, ValueError) as fault:
            raise self._difference(self.position, f"{fault}; found {_shown(value)}") from fault

    def _take(self, record: Verdicts | ControlJudged, value: bytes) -> None:
        if record.since > self.position:
            raise self._difference(self.position, f"expected its verdict next, found {_shown(value)}")
        begins = record.since == self.position
        due = [self._due.popleft() for _ in range(self.position, record.upto)]
        self._digests += b"".join(map(_digest, due))
        expected = due if begins else self._published_before(record, value)
        if value != self._spelt(record, expected):
            raise self._difference_in(record, value, expected)
        self.repeats += record.upto - record.since - len(due)
        self.position += len(due)

    def _published_before(self, record: Verdicts | ControlJudged, value: bytes) -> list[Judged]:
        """Return the verdicts of a range that begins with repeated ones. Raises Difference if one of them has changed."""
        found = _by_record(record)
        for offset, judged in enumerate(found, record.since):
            start = DIGEST_BYTES * offset
            if self._digests[start : start + DIGEST_BYTES] != _digest(judged):
                raise self._difference(
                    offset, f"expected the verdict as first published, found {_shown(value)}"
                )
        return found

    def _spelt(self, record: Verdicts | ControlJudged, judged: Sequence[Judged]) -> bytes:
        """Return the bytes of what became of these records as one record; none if they cannot be one."""
        if isinstance(judged[0], ControlJudged):
            return encode_judged(judged[0]) if len(judged) == 1 else b""
        packs = [of for of in judged if not isinstance(of, ControlJudged)]
        election = packs[0][0].election
        verdicts = [verdict for pack in packs for verdict in pack]
        if len(packs) < len(judged) or any(verdict.election != election for verdict in verdicts):
            return b""
        head = self._heads[HEAD_BYTES * record.upto : HEAD_BYTES * (record.upto + 1)]
        return encode_judged(
            verdict_range(record.since, election, [len(pack) for pack in packs], verdicts, bytes(head))
        )

    def _difference_in(
        self, record: Verdicts | ControlJudged, value: bytes, expected: Sequence[Judged]
    ) -> Difference:
        """Return the first verdict that differs, or that the head or the spelling does."""
        found = _by_record(record)
        for offset, (ours, theirs) in enumerate(zip(expected, found, strict=True), record.since):
            if ours != theirs:
                return self._difference(offset, _difference_between(ours, theirs))
        head = record.head if isinstance(record.head, str) else record.head.hex()
        if head != (ours_head := self.head_at(record.upto)):
            records = f" after the records {record.since} to {record.upto - 1}" if len(expected) > 1 else ""
            return self._difference(record.since, f"head{records}: expected {ours_head}, found {head}")
        return self._difference(
            record.since, f"expected {expected[0]}, found it in other bytes: {_shown(value)}"
        )

    def _difference(self, offset: int, what: str) -> Difference:
        where = f"shard {self.shard}, offset {offset}, record {self._read} of ballots.judged"
        return Difference(where, what, self.shard, offset)


def _by_record(record: Verdicts | ControlJudged) -> list[Judged]:
    """Return what a record of `ballots.judged` holds of each cast record."""
    if isinstance(record, ControlJudged):
        return [record]
    verdicts = record.each()
    return [tuple(islice(verdicts, ballots)) for ballots in record.ballots_of()]


def _digest(judged: Judged) -> bytes:
    record = encode(judged) if isinstance(judged, ControlJudged) else msgspec.msgpack.encode(judged)
    return blake2b(record, digest_size=DIGEST_BYTES).digest()


def _difference_between(ours: Judged, theirs: Judged) -> str:
    if isinstance(ours, ControlJudged) or isinstance(theirs, ControlJudged):
        if isinstance(ours, ControlJudged) and isinstance(theirs, ControlJudged):
            return _fields_apart(ours.model_dump(mode="json"), theirs.model_dump(mode="json"))
        return f"expected {ours}, found {theirs}"
    for index, (our, their) in enumerate(zip(ours, theirs, strict=False)):
        if our != their:
            ballot = f"ballot {index}, " if len(ours) > 1 else ""
            return ballot + _fields_apart(our._asdict(), their._asdict())
    return f"expected {len(ours)} verdicts, found {len(theirs)}"


def _fields_apart(expected: dict[str, Any], found: dict[str, Any]) -> str:
    for name, value in expected.items():
        if value != found.get(name):
            return f"{name}: expected {value}, found {found.get(name)}"
    return f"expected {expected}, found {found}"


def _shown(value: bytes) -> str:
    return value[:SHOWN_BYTES].decode(errors="backslashreplace")
