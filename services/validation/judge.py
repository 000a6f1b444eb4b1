"""The judge: a verdict for each record of one shard, in order.

Rule 1: a verdict is a pure function of the shard's records up to that one.
Rule 2: verdicts are written in ranges (see range), with the head of the chain after the last of them.
Rule 3: any bytes have a verdict, but for a version this program does not know: then the shard stops.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from services.validation.box import BallotBox
from services.validation.controls import carry_out, new_polling
from services.validation.range import Range
from services.validation.rules import Polling, objection
from shared.contract.chain import START, link
from shared.contract.codec import HotBallot, Unreadable, decode_cast, encode
from shared.contract.elections import Election, Phase
from shared.contract.events import Control
from shared.contract.verdict_ranges import HotAnonymousBallot
from shared.contract.verdicts import ControlJudged, Reason
from shared.runtime.log import Outgoing


class Judge:
    """State machine of validation: follows `ballots.cast`, writes `ballots.judged`, shard by shard."""

    def __init__(self, shard: int, shards: int, judged: str, key_of: Callable[[str], bytes]) -> None:
        self._shard = shard
        self._shards = shards
        self._judged = judged
        self._key_of = key_of
        self._next = 0
        self._head = START
        self._pollings: dict[str, Polling] = {}
        self._range: Range | None = None
        self._outgoing: list[Outgoing] = []

    def apply(self, values: Sequence[bytes]) -> None:
        """Judge the next records."""
        for value in values:
            record = decode_cast(value)
            if isinstance(record, HotBallot):
                self._judge_ballot(record, value)
            elif isinstance(record, Unreadable):
                self._end("", Reason.MALFORMED, None, value)
            else:
                self._judge_control(record, value)
            self._next += 1

    def drain(self) -> list[Outgoing]:
        """Return the verdicts since the last call."""
        self._close_range()
        outgoing, self._outgoing = self._outgoing, []
        return outgoing

    def watermark(self) -> int:
        """Return how many cast records the state covers."""
        return self._next

    def republish(self) -> None:
        """Nothing: readers keep every verdict."""

    def save(self) -> bytes:
        """Return the state."""
        pollings = {name: _plain(polling) for name, polling in sorted(self._pollings.items())}
        return msgspec.msgpack.encode({"next": self._next, "head": self._head, "pollings": pollings})

    def restore(self, state: bytes) -> None:
        """Become the judge that was saved."""
        plain = msgspec.msgpack.decode(state)
        self._next, self._head = plain["next"], plain["head"]
        self._pollings = {name: self._polling(saved) for name, saved in plain["pollings"].items()}

    def _judge_ballot(self, ballot: HotBallot, value: bytes) -> None:
        polling = self._pollings.get(ballot.election)
        if polling is None:
            self._end(ballot.election, Reason.UNKNOWN_ELECTION, None, value)
        elif (reason := objection(ballot, polling)) is not None:
            self._end(ballot.election, reason, None, value)
        else:
            polling.box.put(polling.place(ballot.elector), ballot.ballot_id, ballot.section, ballot.rankings)
            self._end(ballot.election, Reason.ACCEPTED, (ballot.section, ballot.rankings), value)

    def _end(self, election: str, reason: Reason, ballot: HotAnonymousBallot | None, value: bytes) -> None:
        """Add a ballot record's verdict to the range; end the range first where it cannot go on."""
        current = self._range
        if current is None or current.room <= 0 or current.election != election:
            self._close_range()
            current = self._range = Range(self._next, election)
        current.add(reason, ballot, len(value))
        self._head = link(self._head, reason, value)

    def _judge_control(self, control: Control, value: bytes) -> None:
        self._close_range()
        done = carry_out(control, self._pollings, self._found)
        self._head = link(self._head, done.why or done.effect, value)
        judged = ControlJudged(
            source=self._next,
            control=control,
            effect=done.effect,
            why=done.why,
            retracted=done.retracted,
            restored=done.restored,
            head=self._head.hex(),
        )
        self._write(encode(judged))

    def _close_range(self) -> None:
        if self._range is not None:
            self._write(self._range.encoded(self._head))
            self._range = None

    def _write(self, value: bytes) -> None:
        self._outgoing.append(Outgoing(self._judged, self._shard, None, value))

    def _found(self, definition: Election) -> Polling:
        return new_polling(definition, self._shard, self._shards, self._key_of(definition.id))

    def _polling(self, saved: dict[str, Any]) -> Polling:
        definition = Election.model_validate_json(saved["definition"])
        polling = self._found(definition)
        polling.box = BallotBox.restored(saved["box"])
        polling.phase = Phase(saved["phase"])
        polling.withdrawn = {(contest, candidate) for contest, candidate in saved["withdrawn"]}
        return polling


def _plain(polling: Polling) -> dict[str, Any]:
    return {
        "definition": polling.definition.model_dump_json(),
        "phase": str(polling.phase),
        "withdrawn": sorted(polling.withdrawn),
        "box": polling.box.save(),
    }
