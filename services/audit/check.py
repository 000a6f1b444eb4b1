"""One shard's verdicts compared with the auditor's own, byte by byte. Pure.

What must stand in `ballots.judged` is made of `ballots.cast` alone: the bytes of a range, wherever it is cut. A verdict may be
published again, as restarts do, and cut elsewhere, but only unchanged. Of a record 48 bytes are kept: its head, and a digest
of its verdict. The verdicts that are due are a batch at most.
"""

from collections import deque
from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import Any, Final

import msgspec

from services.audit.ledger import ShardCount, ShardLedger
from shared.contract.chain import HEAD_BYTES, START
from shared.contract.codec import UnknownVersion, decode_judged, encode, encode_judged
from shared.contract.verdict_ranges import HotVerdicts, Verdict, each_verdict, verdict_range
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
        self._due: deque[Verdict | ControlJudged] = deque()
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

    def _judge(self, value: bytes) -> Verdict | ControlJudged:
        try:
            judged = self._ledger.take(value)
        except (UnknownVersion, RuntimeError) as fault:
            raise CannotJudge(f"shard {self.shard}, offset {self._ledger.position}: {fault}") from fault
        self._heads += self._ledger.head
        self.mark()
        return judged

    def _decoded(self, value: bytes) -> HotVerdicts | ControlJudged:
        try:
            return decode_judged(value)
        except (UnknownVersion, ValueError) as fault:
            raise self._difference(self.position, f"{fault}; found {_shown(value)}") from fault

    def _take(self, record: HotVerdicts | ControlJudged, value: bytes) -> None:
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

    def _published_before(
        self, record: HotVerdicts | ControlJudged, value: bytes
    ) -> list[Verdict | ControlJudged]:
        """Return the verdicts of a range that begins with repeated ones. Raises Difference if one of them has changed."""
        found = list(each_verdict(record))
        for offset, verdict in enumerate(found, record.since):
            start = DIGEST_BYTES * offset
            if self._digests[start : start + DIGEST_BYTES] != _digest(verdict):
                raise self._difference(
                    offset, f"expected the verdict as first published, found {_shown(value)}"
                )
        return found

    def _spelt(
        self, record: HotVerdicts | ControlJudged, verdicts: Sequence[Verdict | ControlJudged]
    ) -> bytes:
        """Return the bytes of these verdicts as one record; none if they cannot be one."""
        first = verdicts[0]
        if isinstance(first, ControlJudged):
            return encode_judged(first) if len(verdicts) == 1 else b""
        ballots = [verdict for verdict in verdicts if isinstance(verdict, Verdict)]
        if len(ballots) < len(verdicts) or any(verdict.election != first.election for verdict in ballots):
            return b""
        reasons = [verdict.reason for verdict in ballots]
        accepted = [verdict.ballot for verdict in ballots if verdict.ballot is not None]
        head = self.head_at(record.upto)
        assert head is not None, "no verdict is due before its record was judged"
        return encode_judged(verdict_range(record.since, first.election, reasons, accepted, head))

    def _difference_in(
        self,
        record: HotVerdicts | ControlJudged,
        value: bytes,
        expected: Sequence[Verdict | ControlJudged],
    ) -> Difference:
        """Return the first verdict that differs, or that the head or the spelling does."""
        for offset, (ours, theirs) in enumerate(
            zip(expected, each_verdict(record), strict=True), record.since
        ):
            if ours != theirs:
                return self._difference(offset, _fields_apart(ours, theirs))
        if record.head != (head := self.head_at(record.upto)):
            records = f" after the records {record.since} to {record.upto - 1}" if len(expected) > 1 else ""
            return self._difference(record.since, f"head{records}: expected {head}, found {record.head}")
        return self._difference(
            record.since, f"expected {expected[0]}, found it in other bytes: {_shown(value)}"
        )

    def _difference(self, offset: int, what: str) -> Difference:
        where = f"shard {self.shard}, offset {offset}, record {self._read} of ballots.judged"
        return Difference(where, what, self.shard, offset)


def _digest(verdict: Verdict | ControlJudged) -> bytes:
    record = encode(verdict) if isinstance(verdict, ControlJudged) else msgspec.msgpack.encode(verdict)
    return blake2b(record, digest_size=DIGEST_BYTES).digest()


def _fields_apart(ours: Verdict | ControlJudged, theirs: Verdict | ControlJudged) -> str:
    expected, found = _fields(ours), _fields(theirs)
    for name, value in expected.items():
        if value != found.get(name):
            return f"{name}: expected {value}, found {found.get(name)}"
    return f"expected {ours}, found {theirs}"


def _fields(verdict: Verdict | ControlJudged) -> dict[str, Any]:
    return verdict._asdict() if isinstance(verdict, Verdict) else verdict.model_dump(mode="json")


def _shown(value: bytes) -> str:
    return value[:SHOWN_BYTES].decode(errors="backslashreplace")
