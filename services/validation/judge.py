"""The judge: a verdict for each record of one shard, in order.

Rule 1: a verdict is a pure function of the shard's records up to that one.
Rule 2: every verdict carries the head of the chain after it.
Rule 3: any bytes have a verdict, but for a version this program does not know: then the shard stops.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from services.validation.box import BallotBox
from services.validation.controls import carry_out, new_polling
from services.validation.rules import Polling, objection
from shared.contract.chain import START, link
from shared.contract.codec import HotBallot, HotVerdict, Unreadable, decode_cast, encode, encode_verdict
from shared.contract.elections import Election, Phase
from shared.contract.events import Control
from shared.contract.verdicts import ControlJudged, Reason
from shared.runtime.log import Outgoing


class Judge:
    """State machine of validation: follows `ballots.cast`, speaks on `ballots.judged`, shard by shard."""

    def __init__(self, shard: int, shards: int, judged: str, key_of: Callable[[str], bytes]) -> None:
        self._shard = shard
        self._shards = shards
        self._judged = judged
        self._key_of = key_of
        self._next = 0
        self._head = START
        self._pollings: dict[str, Polling] = {}
        self._verdicts: list[Outgoing] = []

    def apply(self, values: Sequence[bytes]) -> None:
        """Judge the next records."""
        judged, shard = self._judged, self._shard
        for value in values:
            self._verdicts.append(Outgoing(judged, shard, None, self._judge(value)))
            self._next += 1

    def take(self) -> list[Outgoing]:
        """Hand over the verdicts since the last time."""
        verdicts, self._verdicts = self._verdicts, []
        return verdicts

    def repeat(self) -> None:
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

    def _judge(self, value: bytes) -> bytes:
        record = decode_cast(value)
        if isinstance(record, HotBallot):
            return self._judge_ballot(record, value)
        if isinstance(record, Unreadable):
            return self._verdict(value, Reason.MALFORMED, "")
        return self._judge_control(record, value)

    def _judge_ballot(self, ballot: HotBallot, value: bytes) -> bytes:
        polling = self._pollings.get(ballot.election)
        reason = Reason.UNKNOWN_ELECTION if polling is None else objection(ballot, polling)
        if polling is None or reason is not None:
            return self._verdict(value, reason or Reason.UNKNOWN_ELECTION, ballot.election)
        polling.box.put(polling.place(ballot.elector), ballot.ballot_id, ballot.section, ballot.papers)
        return self._verdict(value, Reason.ACCEPTED, ballot.election, ballot.section, ballot.papers)

    def _judge_control(self, control: Control, value: bytes) -> bytes:
        done = carry_out(control, self._pollings, self._found)
        return encode(
            ControlJudged(
                source=self._next,
                control=control,
                effect=done.effect,
                why=done.why,
                retracted=done.retracted,
                restored=done.restored,
                head=self._link(done.why or done.effect, value),
            )
        )

    def _verdict(
        self, value: bytes, reason: Reason, election: str, section: int = 0, papers: tuple[str, ...] = ()
    ) -> bytes:
        head = self._link(reason, value)
        return encode_verdict(HotVerdict(self._next, reason, election, section, papers, head))

    def _link(self, outcome: str, value: bytes) -> str:
        self._head = link(self._head, outcome, value)
        return self._head.hex()

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
