"""The judge: a verdict for each ballot and control of one shard, in order.

Rule 1: a verdict is a pure function of the shard's records up to that one.
Rule 2: verdicts on ballots are written in ranges of whole records, with the head of the chain after the last of them.
Rule 3: any bytes have a verdict, but for a version that the log admits and this program does not know: then the shard
        stops, as it does where the log is not the one that the settings name.
Rule 4: a judge comes to the head that was last published for its shard, or stops: then the log is no longer the one that was
        judged, and other verdicts of it must not be published.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate, compress
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.validation.box import BallotBox
from services.validation.controls import Done, Shard, carry_out
from services.validation.range import Range, runs_of
from services.validation.rules import CODE_OF, ENTRIES, Polling, judge_columns
from shared.contract.chain import START, digest, link, links
from shared.contract.codec import ADMITTED, UnknownVersion, decode_cast, decode_judged, encode
from shared.contract.elections import Election, Phase, Revote
from shared.contract.events import (
    Control,
    ElectionCertified,
    LogFounded,
    RollCommitted,
    SignedRecord,
    VersionAdmitted,
    derived,
)
from shared.contract.packs import Columns, Pack
from shared.contract.verdict_ranges import outcome_words
from shared.contract.verdicts import ControlJudged, NoEffect, Reason
from shared.runtime.log import Outgoing

LOOK_EVERY: Final = 256
"""At each so many records it is looked whether there are rankings to forget, where electors may vote again."""
Codes = NDArray[np.uint8]
"""For each ballot, the place of its Reason in REASONS."""


class ForeignLog(Exception):
    """The shard is not of the log that the settings name, or not of the one that was judged before."""


class Outputs(msgspec.Struct, frozen=True):
    """Topics that the judge writes."""

    judged: str
    controls: str
    rolls: str


class Judge:
    """State machine of validation: follows `ballots.cast`, writes `ballots.judged`, shard by shard."""

    def __init__(self, log_id: str, root_key: str, shard: int, shards: int, outputs: Outputs) -> None:
        self._shard = Shard(log_id, root_key, shard, shards, frozenset(ADMITTED), {})
        self._outputs = outputs
        self._next = 0
        self._ballots = 0
        self._head = START
        self._range: Range | None = None
        self._must_reach = (0, START)
        self._outgoing: list[Outgoing] = []

    def apply(self, values: Sequence[bytes]) -> None:
        """Judge the next records. Raises ForeignLog, UnknownVersion."""
        packs: list[Pack] = []
        raw: list[bytes] = []
        for number, value in enumerate(values, self._next):
            if not number % LOOK_EVERY and self._has_revotes():
                self._judge_packs(packs, raw)
                packs, raw = [], []
                self._forget_unused()
            record = decode_cast(value, self._shard.admitted)
            if isinstance(record, Pack):
                if packs and not record.is_beside(packs[0]):
                    self._judge_packs(packs, raw)
                    packs, raw = [], []
                packs.append(record)
                raw.append(value)
                continue
            self._judge_packs(packs, raw)
            packs, raw = [], []
            if isinstance(record, SignedRecord):
                self._judge_signed(record, value)
            else:
                self._reject("", [1], Reason.MALFORMED, [value])
        self._judge_packs(packs, raw)

    def _has_revotes(self) -> bool:
        return any(of.definition.revote is Revote.LAST_COUNTS for of in self._shard.pollings.values())

    def _forget_unused(self) -> None:
        """Forget rankings that nobody has any more. Where that is done depends on the log alone: replicas number alike."""
        for polling in self._shard.pollings.values():
            if polling.box.may_forget:
                self._close_range()  # it refers to marks by number
                polling.box.forget_unused()

    def drain(self) -> list[Outgoing]:
        """Return the verdicts since the last call."""
        self._close_range()
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def ballots(self) -> int:
        """Return how many ballots have a verdict."""
        return self._ballots

    def covered(self) -> dict[str, list[int]]:
        """Return how many cast records an election's count must cover in this shard, by election."""
        return {name: [polling.upto] for name, polling in sorted(self._shard.pollings.items())}

    def trouble(self) -> str:
        """Nothing: a judge that cannot go on stops."""
        return ""

    def republish(self) -> None:
        """Nothing: readers keep every verdict."""

    def save(self) -> bytes:
        """Return the state."""
        pollings = {name: _plain(polling) for name, polling in sorted(self._shard.pollings.items())}
        admitted = sorted(self._shard.admitted)
        return msgspec.msgpack.encode(
            {
                "log": self._shard.log_id,
                "root_key": self._shard.root_key,
                "next": self._next,
                "ballots": self._ballots,
                "head": self._head,
                "admitted": admitted,
                "pollings": pollings,
            }
        )

    def restore(self, state: bytes) -> None:
        """Become the judge that was saved. Raises ForeignLog if that one judged a log other than the settings name."""
        plain = msgspec.msgpack.decode(state)
        if (plain["log"], plain["root_key"]) != (self._shard.log_id, self._shard.root_key):
            raise ForeignLog(
                f"shard {self._shard.number}: the snapshot is of log {plain['log']} under root key {plain['root_key']},"
                f" expected {self._shard.log_id} under {self._shard.root_key}"
            )
        self._next, self._ballots, self._head = plain["next"], plain["ballots"], plain["head"]
        self._shard.admitted = frozenset(plain["admitted"])
        self._shard.pollings = {name: self._polling(saved) for name, saved in plain["pollings"].items()}

    def must_reach(self, newest: Sequence[bytes]) -> int:
        """Note the furthest verdict of these records that joins another one; return how many records it covers.

        What another process sent before may stand anywhere among them, once more; what joins nothing is not believed.
        """
        found = []
        for value in newest:
            try:
                found.append(decode_judged(value))
            except (ValueError, UnknownVersion):
                continue  # it is nobody's verdict: readers pass it over, too
        first = min((of.since for of in found), default=0)
        joined = [
            of
            for of in found
            if of.since == first or any(other.since < of.since <= other.upto for other in found)
        ]
        if joined:
            last = max(joined, key=lambda of: of.upto)
            head = last.head
            self._must_reach = last.upto, bytes.fromhex(head) if isinstance(head, str) else head
        return self._must_reach[0]

    def _compare(self, upto: int, head: bytes) -> None:
        """Compare the head after a record with the one that was published for it. Raises ForeignLog."""
        if (upto, head) != self._must_reach and upto == self._must_reach[0]:
            raise ForeignLog(
                f"shard {self._shard.number}: record {upto - 1} or one before it is not the one that was judged: another log, "
                "or one that has lost records and was written on (see the runbook: another log)"
            )

    def _judge_packs(self, packs: Sequence[Pack], values: Sequence[bytes]) -> None:
        """Judge packs of one election that follow one another, all of one fetch; there may be none."""
        if not packs:
            return
        self._require_founded()
        election = packs[0].election
        polling = self._shard.pollings.get(election)
        if polling is None:
            self._reject(election, [pack.ballots for pack in packs], Reason.UNKNOWN_ELECTION, values)
            return
        columns = Columns(packs)
        judged = judge_columns(columns, polling)
        heads = self._link(polling, columns.sizes, judged.codes, values)
        self._add(election, columns.sizes, heads, judged.codes, judged.sections, judged.numbers)
        polling.upto = self._next

    def _link(
        self,
        polling: Polling,
        sizes: Sequence[int],
        codes: Codes,
        values: Sequence[bytes],
    ) -> list[bytes]:
        """Chain packs, and those with a ballot that counts among the election's effects too; return each one's head."""
        if codes.any():
            ends = list(accumulate(sizes))
            parts = [codes[end - size : end] for size, end in zip(sizes, ends, strict=True)]
            outcomes = [outcome_words(runs_of(part)).encode() for part in parts]
            has_effect = [bool(ENTRIES[part].any()) for part in parts]
        else:
            outcomes = [b"accepted %d" % size for size in sizes]
            has_effect = [True] * len(sizes)
        linked = [digest(value) + outcome for value, outcome in zip(values, outcomes, strict=True)]
        heads = links(self._head, linked)
        self._head = heads[-1]
        polling.effects = [polling.effects, *links(polling.effects, compress(linked, has_effect))][-1]
        published = self._must_reach[0] - self._next
        if 0 < published <= len(heads):
            self._compare(self._must_reach[0], heads[published - 1])
        return heads

    def _reject(self, election: str, sizes: Sequence[int], reason: Reason, values: Sequence[bytes]) -> None:
        """Give all ballots of these records one reason; a record that cannot be read is one ballot."""
        self._require_founded()
        for size, value in zip(sizes, values, strict=True):
            self._head = link(self._head, f"{reason} {size}", digest(value))
            self._compare(self._next + 1, self._head)
            self._add(
                election,
                [size],
                [self._head],
                np.full(size, CODE_OF[reason], np.uint8),
                np.zeros(0, np.uint16),
                [],
            )

    def _add(
        self,
        election: str,
        sizes: list[int],
        heads: list[bytes],
        codes: Codes,
        sections: NDArray[np.uint16],
        numbers: list[NDArray[np.int32]],
    ) -> None:
        """Add records' verdicts to ranges; a range ends with the record that fills it."""
        ends = list(accumulate(sizes))
        counted = np.concatenate([[0], np.cumsum(ENTRIES[codes])])
        first = ballot = 0
        while first < len(sizes):
            if self._range is None or self._range.election != election:
                self._close_range()
                self._range = Range(self._next, election)
            last = min(bisect_left(ends, ballot + self._range.room()), len(sizes) - 1)
            since, upto = int(counted[ballot]), int(counted[ends[last]])
            self._range.add(
                heads[last],
                sizes[first : last + 1],
                codes[ballot : ends[last]],
                sections[since:upto],
                [column[since:upto] for column in numbers],
            )
            self._next += last + 1 - first
            self._ballots += ends[last] - ballot
            first, ballot = last + 1, ends[last]
            if self._range.room() <= 0:
                self._close_range()

    def _close_range(self) -> None:
        if self._range is not None:
            polling = self._shard.pollings.get(self._range.election)
            marks = [] if polling is None else polling.box.marks
            self._write(self._outputs.judged, None, self._range.encoded(marks))
            self._range = None

    def _judge_signed(self, record: SignedRecord, value: bytes) -> None:
        content = record.content()
        if content is None:
            self._reject("", [1], Reason.MALFORMED, [value])
            return
        self._close_range()
        if isinstance(content, LogFounded | VersionAdmitted):
            self._judge_log(record, content, value)
        else:
            self._judge_control(record, content, value)

    def _judge_log(self, record: SignedRecord, content: LogFounded | VersionAdmitted, value: bytes) -> None:
        shard = self._shard
        why: NoEffect | None = None
        signers = tuple(record.signers([shard.root_key]))
        if isinstance(content, LogFounded):
            if self._next == 0:
                _require_own(content, shard, is_signed=bool(signers))
                shard.admitted = frozenset(content.admitted)
            else:
                why = NoEffect.NO_CHANGE
        elif content.log != shard.log_id or not signers:
            why = NoEffect.NOT_SIGNED
        else:
            shard.admitted |= {content.version}
        self._conclude(Done(why, signers), None, value)

    def _judge_control(self, record: SignedRecord, control: Control | RollCommitted, value: bytes) -> None:
        self._require_founded()
        done = carry_out(record, control, self._shard, self._next)
        polling = self._shard.pollings.get(control.election)
        is_roll = isinstance(control, RollCommitted)
        if (
            polling is not None
            and done.why is None
            and not is_roll
            and not isinstance(control, ElectionCertified)
        ):
            polling.effects = link(polling.effects, done.effect, digest(value))
        if done.known is not None:
            self._write(self._outputs.rolls, done.known.key.encode(), encode(done.known))
        if isinstance(control, RollCommitted):
            self._conclude(done, None, value, polling)
        else:
            self._conclude(done, derived(control), value, polling, control.reason)

    def _conclude(
        self,
        done: Done,
        control: Control | None,
        value: bytes,
        polling: Polling | None = None,
        reason: str = "",
    ) -> None:
        self._head = link(self._head, done.why or done.effect, digest(value))
        self._compare(self._next + 1, self._head)
        judged = ControlJudged(
            shard=self._shard.number,
            source=self._next,
            control=control,
            signers=done.signers,
            effect=done.effect,
            why=done.why,
            retracted=done.retracted,
            restored=done.restored,
            batch=done.batch,
            head=self._head.hex(),
            effects=None if polling is None else polling.effects.hex(),
        )
        self._write(self._outputs.judged, None, encode(judged))
        if control is not None:
            listed = encode(judged.listed(reason))
            self._outgoing.append(Outgoing(self._outputs.controls, 0, control.election.encode(), listed))
        self._next += 1
        if polling is not None and control is not None:
            polling.upto = self._next

    def _write(self, topic: str, key: bytes | None, value: bytes) -> None:
        self._outgoing.append(Outgoing(topic, self._shard.number, key, value))

    def _require_founded(self) -> None:
        if self._next == 0:
            raise ForeignLog(f"shard {self._shard.number}: its first record does not found a log")

    def _polling(self, saved: dict[str, Any]) -> Polling:
        shard = self._shard
        definition = Election.model_validate_json(saved["definition"])
        box = BallotBox.restored(saved["box"])
        polling = Polling(definition, shard.log_id, shard.number, shard.shards, box)
        polling.phase = Phase(saved["phase"])
        polling.withdrawn = {(contest, candidate) for contest, candidate in saved["withdrawn"]}
        polling.last_control, polling.effects = saved["last_control"], saved["effects"]
        polling.controls = set(saved["controls"])
        polling.committed, polling.keys, polling.upto = saved["committed"], saved["keys"], saved["upto"]
        return polling


def _require_own(content: LogFounded, shard: Shard, *, is_signed: bool) -> None:
    found = (content.log, content.shard, content.shards)
    expected = (shard.log_id, shard.number, shard.shards)
    if found != expected:
        raise ForeignLog(f"expected log, shard and shards {expected}, the first record founds {found}")
    if not is_signed:
        raise ForeignLog(
            f"shard {shard.number}: its founding record is not signed by the root key of the settings"
        )


def _plain(polling: Polling) -> dict[str, Any]:
    return {
        "definition": polling.definition.model_dump_json(),
        "phase": str(polling.phase),
        "withdrawn": sorted(polling.withdrawn),
        "last_control": polling.last_control,
        "controls": sorted(polling.controls),
        "effects": polling.effects,
        "committed": polling.committed,
        "keys": polling.keys,
        "upto": polling.upto,
        "box": polling.box.save(),
    }
