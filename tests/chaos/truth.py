"""Compares what came out with what must be true: nothing lost, nothing doubled, no standing wrong. Pure.

The log is judged again by the audit, every outcome to the last field, and by the books: each elector's first ballot, as the
client meant it, in the order of the log. A verdict counts where it comes next (`==`); a repeated one must be the same. Every
standing that a viewer saw must equal a recount of the log up to its watermark.

The moves from phase to phase stand here once more: what judges the services must not share their table.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from services.audit.ledger import Judged, ShardLedger
from services.audit.recount import recount_of
from services.audit.tabulate import results, tabulate
from shared.contract.batches import each_of
from shared.contract.codec import decode_cast, decode_judged
from shared.contract.elections import Phase
from shared.contract.events import (
    ElectionClosed,
    ElectionOpened,
    ElectionPaused,
    ElectionResumed,
    ElectorRestored,
    ElectorVoided,
    SignedRecord,
)
from shared.contract.packs import Pack
from shared.contract.recounts import Recount
from shared.contract.standings import result_hash
from shared.contract.verdict_ranges import Verdict, Verdicts
from shared.contract.verdicts import ControlJudged, Reason
from tests.chaos.books import CONTESTS, ELECTION, Books
from tests.chaos.feed import Seen
from tests.support.elections import OFFICER_KEY
from tests.support.evidence import IDENTITY

Say = Callable[[str], None]

_PHASE = {
    ElectionOpened: {Phase.CONFIGURED: Phase.OPEN},
    ElectionPaused: {Phase.OPEN: Phase.PAUSED},
    ElectionResumed: {Phase.PAUSED: Phase.OPEN},
    ElectionClosed: {Phase.OPEN: Phase.CLOSED, Phase.PAUSED: Phase.CLOSED},
}
_ORDERS = (*_PHASE, ElectorVoided, ElectorRestored)


@dataclass
class Truth:
    """What was found. `differences` names each fault and its place; empty means that all was right."""

    records: int = 0
    packs: int = 0
    repeated_verdicts: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    wrong_verdicts: list[str] = field(default_factory=list)
    standings: int = 0
    wrong_standings: list[str] = field(default_factory=list)

    @property
    def differences(self) -> list[str]:
        """Everything that is not as it must be."""
        return [*self.lost, *self.doubled, *self.wrong_verdicts, *self.wrong_standings]


def truth_of(books: Books, cast: Sequence[Sequence[bytes]], judged: Sequence[Sequence[bytes]]) -> Truth:
    """Return what becomes of every acknowledged ballot and every record."""
    truth = Truth(records=sum(map(len, cast)), acknowledged=int((books.acknowledged > 0).sum()))
    found: set[int] = set()
    accepted: Counter[int] = Counter()
    for shard, records in enumerate(cast):
        ledger = ShardLedger(shard, len(cast), IDENTITY)
        for pack, verdicts in _judged_packs(truth, ledger, records, judged[shard]):
            truth.packs += 1
            for ballot, verdict in zip(pack.each(), verdicts, strict=False):
                number = books.number(ballot.ballot_id)
                if number is not None:
                    found.add(number)
                if verdict.reason == Reason.ACCEPTED:
                    accepted[ballot.elector] += 1
    truth.lost = [
        f"ballot {number} was acknowledged and has no verdict"
        for number in (books.acknowledged > 0).nonzero()[0].tolist()
        if number not in found
    ]
    truth.doubled = [f"elector {elector} was accepted {n} times" for elector, n in accepted.items() if n > 1]
    return truth


def _judged_packs(
    truth: Truth, ledger: ShardLedger, records: Sequence[bytes], judged: Sequence[bytes]
) -> Iterator[tuple[Pack, tuple[Verdict, ...]]]:
    """Yield a shard's packs with the verdicts on their ballots; note every outcome that is not the audit's."""
    shard = ledger.shard
    outcomes, heads = _effective(judged, shard, truth)
    if len(outcomes) != len(records):
        truth.wrong_verdicts.append(f"shard {shard}: {len(outcomes)} judged of {len(records)} records")
    for value, outcome in zip(records, outcomes, strict=False):
        where = f"shard {shard} offset {ledger.position}"
        expected = ledger.judge(value)
        if outcome != expected:
            truth.wrong_verdicts.append(f"{where}: {outcome}, not {expected}")
        if heads.get(ledger.position, ledger.head) != ledger.head:
            truth.wrong_verdicts.append(f"{where}: another head than the audit's")
        if isinstance(outcome, ControlJudged):
            continue
        for verdict in outcome:
            truth.reasons[verdict.reason] = truth.reasons.get(verdict.reason, 0) + 1
        record = decode_cast(value)
        if isinstance(record, Pack):
            yield record, outcome


def _effective(judged: Sequence[bytes], shard: int, truth: Truth) -> tuple[list[Judged], dict[int, bytes]]:
    """Return what counts of each cast record, and the heads by position; note what is repeated."""
    effective: list[Judged] = []
    heads: dict[int, bytes] = {}
    for value in judged:
        record = decode_judged(value)
        if record.since > len(effective):
            truth.wrong_verdicts.append(
                f"shard {shard}: verdict {record.since} where {len(effective)} is next"
            )
            continue
        for offset, verdict in enumerate(_each_record(record), record.since):
            if offset == len(effective):
                effective.append(verdict)
                continue
            truth.repeated_verdicts += 1
            if verdict != effective[offset]:
                truth.wrong_verdicts.append(f"shard {shard} offset {offset}: repeated otherwise: {verdict}")
        head = record.head if isinstance(record, Verdicts) else bytes.fromhex(record.head)
        if heads.setdefault(record.upto, head) != head:
            truth.wrong_verdicts.append(f"shard {shard} offset {record.upto - 1}: repeated with another head")
    return effective, heads


def _each_record(record: Verdicts | ControlJudged) -> Iterator[Judged]:
    """Yield what is judged of each cast record."""
    if isinstance(record, ControlJudged):
        yield record
        return
    verdicts = record.each()
    for ballots in record.ballots_of():
        yield tuple(islice(verdicts, ballots))


def expected_hashes(books: Books, cast: Iterable[Iterable[bytes]]) -> dict[str, str]:
    """Return each contest's result hash by the books: ballots as clients meant them, never as the log has them."""
    counted: Counter[tuple[int, tuple[str, ...]]] = Counter()
    for records in cast:
        for number in _standing_ballots(books, records):
            counted[books.section(int(books.elector[number])), books.marks(number)] += 1
    found = {}
    for place, contest in enumerate(CONTESTS):
        profile: Counter[tuple[int, str]] = Counter()
        for (section, rankings), ballots in counted.items():
            profile[section, rankings[place]] += ballots
        found[contest.id] = result_hash(results(tabulate(profile, contest)))
    return found


def _standing_ballots(books: Books, records: Iterable[bytes]) -> Iterable[int]:
    """Return the numbers of the ballots that stand at the end of a shard."""
    phase, first, void, orders = Phase.CONFIGURED, dict[int, int](), set[int | None](), set[str]()
    for value in records:
        record = decode_cast(value)
        if isinstance(record, Pack):
            for ballot in record.each():
                number = books.number(ballot.ballot_id)
                if number is not None and phase is Phase.OPEN and ballot.elector not in void:
                    first.setdefault(ballot.elector, number)
        elif isinstance(record, SignedRecord) and record.signers([OFFICER_KEY]):
            order = record.content()
            if not isinstance(order, _ORDERS) or order.control_id in orders:
                continue
            orders.add(order.control_id)
            if isinstance(order, ElectorVoided):
                void |= {order.elector, *each_of(order.electors or ())}
            elif isinstance(order, ElectorRestored):
                void -= {order.elector, *each_of(order.electors or ())}
            else:
                phase = _PHASE[type(order)].get(phase, phase)
    return [number for elector, number in first.items() if elector not in void]


def check_standings(truth: Truth, seen: Sequence[Seen], cast: Sequence[Sequence[bytes]], say: Say) -> None:
    """Recount the log at the watermark of every standing that was seen, and note those that differ."""
    left = sorted(seen, key=lambda standing: standing.sequence)
    while left:
        left = _check_in_one_pass(truth, left, cast)
        say(f"{truth.standings:,} of {len(seen):,} standings recounted")


def _check_in_one_pass(truth: Truth, seen: Sequence[Seen], cast: Sequence[Sequence[bytes]]) -> list[Seen]:
    """Check the standings whose watermarks follow one another; return the others."""
    ledgers = [ShardLedger(shard, len(cast), IDENTITY) for shard in range(len(cast))]
    recount: Recount | None = None
    left = []
    for standing in seen:
        if any(upto < at.position for upto, at in zip(standing.watermark, ledgers, strict=True)):
            left.append(standing)
            continue
        if recount is None or standing.watermark != recount.watermark:
            for ledger, upto in zip(ledgers, standing.watermark, strict=True):
                for value in cast[ledger.shard][ledger.position : upto]:
                    ledger.judge(value)
            recount = recount_of(ELECTION, [ledger.count_of(ELECTION) for ledger in ledgers])
        truth.standings += 1
        truth.wrong_standings += [
            f"{standing.contest} at {standing.watermark}: its {what} is not the recount's"
            for what, shown, counted in (
                ("result", standing.result_hash, recount.contests[standing.contest].result_hash),
                ("balance", standing.balance, recount.balance),
                ("chain", standing.heads, recount.heads),
            )
            if shown != counted
        ]
    return left
