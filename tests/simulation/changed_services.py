"""What mutants put in the place of the services' own functions."""

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import msgspec

from services.counting import tally
from services.counting.contest import ContestCount
from services.counting.ledger import ShardLedger
from services.intake.log import BallotLog
from services.operator import book, controls
from services.operator.monitor import ShardFigures
from services.operator.orders import Order
from services.operator.proposals import Proposal
from services.operator.service import OperatorService
from services.results.feed import Frame
from services.results.hub import Projector
from services.validation import box, judge, rules
from services.validation import controls as validation_controls
from services.validation.controls import carry_out
from shared.contract.codec import decode_cast
from shared.contract.elections import Phase
from shared.contract.events import Control, ElectionCertified, LogFounded, SignedRecord, VersionAdmitted
from shared.contract.packs import Columns
from shared.contract.recounts import Recount
from shared.contract.tallies import TallyChanged
from shared.contract.verdict_ranges import Verdicts
from shared.contract.verdicts import ControlJudged, Reason


async def write_to_few(self: controls.ControlLog, value: bytes, shards: Iterable[int]) -> None:
    """Write a control into no shard but the first."""
    await _REAL_WRITE(self, value, [shard for shard in shards if shard == 0])


_REAL_WRITE = controls.ControlLog.write_bytes


async def verdict_of_the_first(
    self: book.ControlBook,
    control: Control,
    signers: Collection[str],
    _shards: Collection[int],
    refused: Mapping[int, int],
    bound_s: float,
) -> book.Entry:
    """Wait for the verdict of the first shard only."""
    return await _REAL_WAIT(self, control, signers, {0}, refused, bound_s)


_REAL_WAIT = book.ControlBook.wait


def first_verdict_stays(self: book.Entry, verdict: ControlJudged) -> None:
    """Take the first verdict under an order's id for the order's, whoever signed what it is about."""
    self.verdicts.setdefault(verdict.shard, verdict)


def lacks_only_silent_shards(self: book.Entry, shard: int) -> bool:
    """Take a shard that judged a copy for one that judged the order."""
    return shard not in self.verdicts


def phases_of_the_first(self: book.Account, shards: int) -> list[Any]:
    """Take the first shard's phase for everybody's."""
    return _REAL_PHASES(self, shards)[:1] * shards


_REAL_PHASES = book.Account.phases


def judge_controls_first(self: judge.Judge, values: Sequence[bytes]) -> None:
    """Let what was ordered by the side be known as soon as it is fetched."""
    for value in values:
        record = decode_cast(value)
        content = record.content() if isinstance(record, SignedRecord) else None
        if content is not None and not isinstance(content, LogFounded | VersionAdmitted):
            assert isinstance(record, SignedRecord)
            carry_out(record, content, self._shard, 0)
    _REAL_APPLY(self, values)


_REAL_APPLY = judge.Judge.apply


def any_log(*_: Any, **__: Any) -> None:
    """Take any founding record for this log's."""


def no_verdict_before(_self: judge.Judge, _newest: Sequence[bytes]) -> int:
    """Begin as if nothing had been published yet."""
    return 0


def judge_by_the_clock(columns: Columns, polling: rules.Polling) -> rules.Judged:
    """Refuse what comes after a certain time."""
    before = polling.phase
    if asyncio.get_running_loop().time() > CLOSES_AT_S and before is Phase.OPEN:
        polling.phase = Phase.CLOSED
    judged = _REAL_JUDGE(columns, polling)
    polling.phase = before
    return judged


CLOSES_AT_S = 4.0
_REAL_JUDGE = rules.judge_columns


def judge_by_mark(columns: Columns, polling: rules.Polling) -> rules.Judged:
    """Refuse what is marked as seen in a place that outlives the run, as in Redis."""
    loop: Any = asyncio.get_running_loop()
    seen = loop.__dict__.setdefault("seen", set())
    secrets = columns.secrets.copy()
    for row in range(len(columns)):
        if columns.ids[row].tobytes() in seen:
            secrets[row] = 0
    columns.secrets = secrets
    judged = _REAL_JUDGE(columns, polling)
    for row in range(len(columns)):
        if rules.ENTRIES[judged.codes[row]]:
            seen.add(columns.ids[row].tobytes())
    return judged


def judge_last_first(columns: Columns, polling: rules.Polling) -> rules.Judged:
    """Judge the ballots of electors who come twice before the others' numbers are given, last one first."""
    marks = [set(column) for column in columns.marks]
    for contest, different in enumerate(marks):
        for text in sorted(different, reverse=True):
            if contest < len(polling.box.marks) and rules._fits(text, polling.definition.contests[contest]):
                polling.box.number(contest, text)
    return _REAL_JUDGE(columns, polling)


def all_come_in(self: Verdicts) -> Any:
    """Take a superseded ballot for one more that counts."""
    return abs(_REAL_SIGNS(self))


_REAL_SIGNS = Verdicts.signs


def objection_but_to_the_late(ballot: Any, polling: rules.Polling, here: Any) -> Any:
    """Let a ballot take the place of another after the close, too."""
    reason = _REAL_OBJECTION(ballot, polling, here)
    if reason is not Reason.CLOSED or polling.box.ballot_at(polling.place(ballot.elector)) is None:
        return reason
    polling.phase = Phase.OPEN
    reason = _REAL_OBJECTION(ballot, polling, here)
    polling.phase = Phase.CLOSED
    return reason


_REAL_OBJECTION = rules.objection


def nothing_is_superseded(_self: box.BallotBox, _place: int, _ballot_id: bytes) -> bool:
    """Forget that a ballot had its turn."""
    return False


def box_without_superseded(state: dict[str, Any]) -> box.BallotBox:
    """Forget which ballots had their turn."""
    return _REAL_RESTORED({**state, "superseded": []})


def touched_by_the_box_only(self: box.BallotBox, places: Any) -> Any:
    """Forget that an elector may come twice in what is read together."""
    voted = self._columns[0][places] != box.NO_BALLOT
    return voted | [place in self._void for place in places.tolist()]


def one_link_a_fetch(
    self: judge.Judge, polling: rules.Polling, sizes: Any, codes: Any, values: Sequence[bytes]
) -> list[bytes]:
    """Chain what was read together as one."""
    joined = [b"".join(values)]
    heads = _REAL_LINK(self, polling, [sum(sizes)], codes, joined)
    return heads * len(sizes)


_REAL_LINK = judge.Judge._link


def carry_out_superseded(
    record: SignedRecord, control: Any, shard: validation_controls.Shard, source: int
) -> validation_controls.Done:
    """Apply a certificate whatever head of effects it names."""
    polling = shard.pollings.get(control.election)
    if isinstance(control, ElectionCertified) and polling is not None:
        effects = (polling.effects.hex(),) * shard.shards
        control = control.model_copy(update={"effects": effects})
    return _REAL_CARRY_OUT(record, control, shard, source)


def carry_out_unsigned(
    record: SignedRecord, control: Any, shard: validation_controls.Shard, source: int
) -> validation_controls.Done:
    """Take everybody's word for an official's."""
    polling = shard.pollings.get(control.election)
    keys = [shard.root_key, *([] if polling is None else polling.keys)]
    trusted = _Trusted(payload=record.payload, signatures=())
    trusted.__dict__["everybody"] = set(keys)
    return _REAL_CARRY_OUT(trusted, control, shard, source)


class _Trusted(SignedRecord):
    def signers(self, _: Any) -> set[str]:
        return set(self.__dict__["everybody"])


_REAL_CARRY_OUT = validation_controls.carry_out


def no_certificate_falls(
    found: Sequence[Control], contest: str, certificate: tuple[str, str] | None
) -> tuple[str, str] | None:
    """Keep a certificate whatever comes after it."""
    for control in found:
        if isinstance(control, ElectionCertified):
            certificate = control.control_id, control.result_hashes.get(contest, "")
    return certificate


def certified_by_the_first(shards: Sequence[ShardLedger], _result: str) -> str | None:
    """Call a result certified as soon as the first shard holds a certificate."""
    return None if shards[0].certificate is None else shards[0].certificate[0]


def certified_by_phase(shards: Sequence[ShardLedger], _result: str) -> str | None:
    """Call a result certified as soon as every shard is closed."""
    return "0" * 32 if all(shard.phase is Phase.CLOSED for shard in shards) else None


def whole(self: Verdicts, _watermark: int) -> Verdicts:
    """Take all of a range, whatever was applied before."""
    return self


def save_without_watermark(self: tally.Tally) -> bytes:
    """Save the counts with a watermark that is one behind."""
    plain = msgspec.msgpack.decode(_REAL_TALLY_SAVE(self))
    return msgspec.msgpack.encode({**plain, "watermark": max(0, plain["watermark"] - 1)})


_REAL_TALLY_SAVE = tally.Tally.save


def box_without_void(state: dict[str, Any]) -> box.BallotBox:
    """Forget who is void."""
    return _REAL_RESTORED({**state, "void": []})


_REAL_RESTORED = box.BallotBox.restored


def publish_upto_now(self: tally.Tally, ledger: tally.Ledger) -> None:
    """End a range at the moment of publishing."""
    ledger.upto = self._watermark
    _REAL_PUBLISH(self, ledger)


_REAL_PUBLISH = tally.Tally._publish


def apply_unjoined(self: ContestCount, change: TallyChanged) -> None:
    """Add new counts to the earlier ones, as if they were a difference."""
    counts = self.counts[change.shard]
    rankings = zip(change.sections, change.marks, change.ballots, strict=True)
    added = [ballots + counts.get((section, marks), 0) for section, marks, ballots in rankings]
    _REAL_COUNT(self, msgspec.structs.replace(change, ballots=added))


_REAL_COUNT = ContestCount.apply


def settle_early(self: ContestCount) -> None:
    """Let a candidate be out as soon as one shard holds the withdrawal."""
    before = list(self.shards)
    any_of = frozenset[str]().union(*(shard.withdrawn for shard in before))
    self.shards = [replace(shard, withdrawn=any_of) for shard in before]
    _REAL_SETTLE(self)
    self.shards = before


_REAL_SETTLE = ContestCount.settle_candidates


def receipt_at_once(self: BallotLog, ballots: Sequence[Any]) -> asyncio.Future[None]:
    """Promise before the log has acknowledged."""
    _REAL_APPEND(self, ballots).add_done_callback(lambda done: done.cancelled() or done.exception())
    promised = asyncio.get_running_loop().create_future()
    promised.set_result(None)
    return promised


_REAL_APPEND = BallotLog.append


async def certify_unbound(self: OperatorService, name: str, order: Order) -> Proposal:
    """Certify what the newest standing shows, whichever orders have come since."""
    real = self.recount

    async def recount(election: str, watermark: Sequence[int]) -> Recount:
        report = await real(election, watermark)
        account = self.book.accounts[election]
        newest: dict[int, Any] = {}
        for entry in account.entries.values():
            for shard, verdict in entry.verdicts.items():
                if shard not in newest or verdict.source > newest[shard].source:
                    newest[shard] = verdict
        effects = tuple(newest[shard].effects for shard in sorted(newest))
        last = account.last_controls(self.shards)
        return report.model_copy(update={"last_controls": last, "effects": effects})

    self.recount = recount
    try:
        return await _REAL_CERTIFY(self, name, order)
    finally:
        self.recount = real


_REAL_CERTIFY = OperatorService.certify


@asynccontextmanager
async def in_turn_at_once(self: OperatorService, _name: str) -> AsyncIterator[None]:
    """Take orders before every announcement has been read."""
    async with self._turn:
        yield


def show_at_once(self: Projector, offered: Frame) -> None:
    """Show what the log gives before its end is reached."""
    self._hub.offer(offered)


def age_of_the_report(shard: ShardFigures) -> float:
    """How old the report is, whenever the log last said where it ends."""
    return shard.heard_s_ago


def no_troubles(*_: object, **__: object) -> tuple[list[str], list[str]]:
    """Nobody is unwell."""
    return [], []


def nothing_against(*_: object, **__: object) -> list[str]:
    """Nothing is against a standing."""
    return []
