"""Orders that were left half-way, or were written past the operator: carried to their end, and no other election waits for them."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.operator.book import ControlBook, Entry
from services.operator.controls import ControlLog
from services.operator.orders import Order
from services.operator.proposals import Proposal
from services.operator.refusals import OrderRefused
from services.operator.schedule import Schedule
from services.operator.service import OperatorService
from services.validation.judge import Judge
from shared.contract.codec import decode_as, encode
from shared.contract.elections import Election, Phase
from shared.contract.events import (
    MAX_NOTICES,
    NO_CONTROL,
    CandidateReinstated,
    CandidateWithdrawn,
    ElectionAnnounced,
    ElectionCancelled,
    ElectionClosed,
    ElectionConfigured,
    ElectionPaused,
    SignedRecord,
    signed,
)
from shared.contract.lifecycle import Command
from shared.contract.signing import sign
from shared.runtime.disk import LocalDisk
from shared.runtime.log import Outgoing, SendFailed
from tests.support.elections import AT, LOG_ID, OFFICER, OFFICER_KEY, ROOT, ROOT_KEY, Life, election
from tests.support.evidence import OUTPUTS

pytestmark = pytest.mark.asyncio

SHARDS = 3


class Log:
    """Shards in memory, with their judges: what is written has its verdict at once, unless the shard is stopped."""

    def __init__(self, book: ControlBook) -> None:
        self.book = book
        self.elections = SimpleNamespace(newest={}, alarm=None, caught_up=True)
        self.judged = SimpleNamespace(alarm=None, caught_up=True)
        self.stopped: set[str] = set()
        """Elections whose orders have no verdict in the last shard."""
        self._records: list[list[bytes]] = [[] for _ in range(SHARDS)]
        self._written: list[Outgoing] = []
        self._judges = [Judge(LOG_ID, ROOT_KEY, shard, SHARDS, OUTPUTS) for shard in range(SHARDS)]

    def begin(self, life: Life) -> None:
        """Write the beginning of an election's life, and announce it."""
        for shard, records in enumerate(life.begin()):
            for value in records if not self._records[shard] else records[1:]:
                self.append(shard, value)
        self.elections.newest[life.definition.id] = life.announced(SHARDS, Phase.OPEN)

    def append(self, shard: int, value: bytes) -> None:
        """Write a record, as whoever may write to Kafka can."""
        self._records[shard].append(value)
        self._judges[shard].apply([value])
        for out in self._judges[shard].drain():
            self._written.append(out)
            if out.topic == OUTPUTS.controls:
                self.book.add(out.value)

    def written(self, topic: str) -> list[bytes]:
        """Return what the judges have written to a topic."""
        return [out.value for out in self._written if out.topic == topic]

    async def write(self, record: SignedRecord, shards: Iterable[int]) -> None:
        """Write a signed record."""
        await self.write_bytes(encode(record), shards)

    async def write_bytes(self, value: bytes, shards: Iterable[int]) -> None:
        """Write a record; a stopped election's come to no verdict in the last shard."""
        for shard in shards:
            if shard < SHARDS - 1 or not any(name.encode() in value for name in self.stopped):
                self.append(shard, value)

    async def read(self, shard: int, offset: int) -> bytes:
        """Return a record."""
        return self._records[shard][offset]

    async def announce(self, announced: ElectionAnnounced) -> None:
        """Announce an election."""
        self.elections.newest[announced.definition.id] = announced


@pytest.fixture(autouse=True)
def _short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.operator.delivery.VERDICT_BOUND_S", 0.05)


def service_and_log() -> tuple[OperatorService, Log]:
    """Return an operator, and the log that it writes to."""

    async def recount(*_: Any) -> Any:
        raise AssertionError("nobody certifies here")

    book = ControlBook()
    log = Log(book)
    return OperatorService(cast("ControlLog", log), book, {}, recount, LOG_ID, ROOT_KEY, SHARDS), log


async def ordered(service: OperatorService, name: str, command: Command, number: int) -> list[str]:
    """Give an order and sign it; return what became of it, shard by shard."""
    proposal = await service.order(name, command, Order("ada", "", "2026-01-01T00:00:00Z", f"{number:032x}"))
    signature = sign(OFFICER, proposal.record.payload.encode())
    entry = await service.sign(proposal.control.control_id, OFFICER_KEY, signature)
    assert not isinstance(entry, Proposal)
    return [entry.verdicts[shard].why or "applied" for shard in range(SHARDS)]


@pytest.mark.parametrize("kinds", [[ElectionPaused], [ElectionPaused, ElectionClosed]])
@pytest.mark.parametrize("shard", [1, 2])
async def test_an_order_that_an_official_wrote_into_another_shard_first_stops_no_shard(
    shard: int, kinds: list[type]
) -> None:
    """It is signed, so it is carried into every shard: the next order follows it everywhere."""
    service, log = service_and_log()
    life = Life(election(), SHARDS)
    log.begin(life)
    for kind in kinds:
        log.append(shard, life.ordered(kind))

    if kinds == [ElectionPaused]:
        assert await ordered(service, "picnic", Command.RESUME, 900) == ["applied"] * SHARDS
        assert service.election("picnic").phase is Phase.OPEN
    else:
        with pytest.raises(OrderRefused, match="cannot resume an election that is closed"):
            await ordered(service, "picnic", Command.RESUME, 900)
        assert service.election("picnic").phase is Phase.CLOSED


async def test_an_order_without_the_signatures_it_needs_is_carried_nowhere() -> None:
    """Whoever writes to Kafka alone stops nothing."""
    service, log = service_and_log()
    life = Life(election(), SHARDS)
    log.begin(life)
    last = life.last_control
    log.append(1, encode(signed(life.control(ElectionPaused), (ROOT_KEY, ROOT))))
    life.last_control = last

    assert await ordered(service, "picnic", Command.CLOSE, 900) == ["applied"] * SHARDS


async def test_a_definition_that_stands_in_one_shard_only_is_not_shown_as_frozen() -> None:
    """Another one came first in another shard: it is the one that holds, everywhere, and is announced."""
    service, log = service_and_log()
    for shard in range(SHARDS):
        log.append(shard, Life(election(), SHARDS).founded(shard))
    first = Life(election().model_copy(update={"title": "Picnic (typo)"}), SHARDS)
    order = Order("ada", "", "2026-01-01T00:00:00Z", "9" * 32)

    proposal = await service.configure(election(), order)
    assert isinstance(proposal, Proposal)
    log.append(2, first.configured())
    with pytest.raises(OrderRefused):
        await service.sign("9" * 32, ROOT_KEY, sign(ROOT, proposal.record.payload.encode()))

    assert service.election("picnic").definition.title == "Picnic (typo)"
    with pytest.raises(OrderRefused, match="with another definition"):
        await service.configure(election(), order)


async def test_a_definition_that_half_of_the_shards_took_is_no_success() -> None:
    """As where somebody with the root key writes another one into a shard in the very moment. The way out is another id."""
    service, log = service_and_log()
    for shard in range(SHARDS):
        log.append(shard, Life(election(), SHARDS).founded(shard))
    configured = Life(election(), SHARDS).configured()
    other = encode(
        signed(
            ElectionConfigured(
                log=LOG_ID,
                election="picnic",
                control_id="8" * 32,
                follows=NO_CONTROL,
                by="ada",
                at="2026-01-01T00:00:00Z",
                definition=Election.model_validate({**election().model_dump(), "title": "Another"}),
            ),
            (ROOT_KEY, ROOT),
        )
    )
    log.append(0, configured)
    log.append(1, configured)
    log.append(2, other)
    account = service.book.accounts["picnic"]
    control = next(iter(account.entries.values())).control

    assert not account.is_whole(control, SHARDS)
    again = await service.configure(election("picnic-2"), Order("ada", "", "2026-01-01T00:00:00Z", "7" * 32))
    assert isinstance(again, Proposal)
    await service.sign("7" * 32, ROOT_KEY, sign(ROOT, again.record.payload.encode()))
    assert service.election("picnic-2").phase is Phase.CONFIGURED


async def test_what_is_announced_carries_the_root_key_s_signature_over_the_definition() -> None:
    """Also of an election that was announced without it, by an earlier version: as soon as the operator has started."""
    service, log = service_and_log()
    log.begin(Life(election(), SHARDS))
    before = service.election("picnic").model_copy(update={"configured": None})
    log.elections.newest["picnic"] = before
    assert not before.is_frozen_by(ROOT_KEY)
    await service.begin()
    assert service.election("picnic").is_frozen_by(ROOT_KEY)
    assert await ordered(service, "picnic", Command.PAUSE, 900) == ["applied"] * SHARDS
    assert service.election("picnic").is_frozen_by(ROOT_KEY)


async def test_an_order_that_comes_to_no_end_holds_up_its_own_election_only() -> None:
    """A verdict that is missing for one election is no reason to refuse the orders about every other."""
    service, log = service_and_log()
    for name in ("picnic", "fair"):
        log.begin(Life(election(name), SHARDS))
    log.stopped.add("picnic")
    with pytest.raises(SendFailed):
        await ordered(service, "picnic", Command.PAUSE, 900)

    assert await ordered(service, "fair", Command.PAUSE, 901) == ["applied"] * SHARDS
    with pytest.raises(SendFailed):
        await ordered(service, "picnic", Command.CLOSE, 902)
    log.stopped.clear()
    with pytest.raises(OrderRefused, match="cannot pause an election that is paused"):
        await ordered(service, "picnic", Command.PAUSE, 903)
    assert await ordered(service, "picnic", Command.CLOSE, 904) == ["applied"] * SHARDS


async def test_a_due_order_that_comes_to_no_end_holds_up_no_other_election_and_none_behind_it(
    tmp_path: Path,
) -> None:
    """The close of the other election is written on time; of its own, what is due later waits and is not lost."""
    service, log = service_and_log()
    for name in ("picnic", "fair"):
        log.begin(Life(election(name), SHARDS))
    now = [datetime(2026, 6, 1, 12, tzinfo=UTC)]
    service.schedule = Schedule(LocalDisk(), tmp_path / "scheduled", lambda: now[0])
    for number, name in enumerate(("picnic", "fair"), start=900):
        order = Order("ada", "", "2026-01-01T00:00:00Z", f"{number:032x}")
        due = now[0] + timedelta(minutes=number - 899)
        proposal = await service.order(name, Command.CLOSE, order, due=due)
        payload = proposal.record.payload.encode()
        await service.sign(proposal.control.control_id, OFFICER_KEY, sign(OFFICER, payload))
    now[0] += timedelta(hours=1)
    log.stopped.add("picnic")
    await service.carry_out_due()
    assert service.election("fair").phase is Phase.CLOSED
    assert [len(service.schedule.of(name)) for name in ("picnic", "fair")] == [1, 0]

    log.stopped.clear()
    await service.carry_out_due()
    assert service.election("picnic").phase is Phase.CLOSED
    assert service.schedule.kept == {}


async def test_different_orders_that_came_first_in_two_shards_stop_no_election() -> None:
    """Officials who write to Kafka at once: the next order follows, in each shard, what stands there, and leads all on alike."""
    service, log = service_and_log()
    life = Life(election(), SHARDS)
    log.begin(life)
    before = life.last_control
    log.append(0, life.ordered(ElectionPaused))
    life.last_control = before
    log.append(2, life.ordered(ElectionClosed))

    assert await ordered(service, "picnic", Command.CLOSE, 900) == ["applied", "applied", "out-of-phase"]
    assert service.election("picnic").phase is Phase.CLOSED
    assert service.book.accounts["picnic"].phases(SHARDS) == [Phase.CLOSED] * SHARDS
    assert len(set(service.book.accounts["picnic"].last_controls(SHARDS))) == 1


def forged(control: Any, kind: type = ElectionCancelled) -> bytes:
    """Return a record of another kind under a control's id, signed by nobody."""
    said = {name: getattr(control, name) for name in ("log", "election", "control_id", "follows", "by", "at")}
    return encode(signed(kind(**said)))


@pytest.mark.parametrize("kind", [ElectionCancelled, ElectionPaused])
@pytest.mark.parametrize("shards", [[0], [1], [0, 1, 2]])
async def test_what_nobody_signed_takes_no_order_s_place_under_its_id(kind: type, shards: list[int]) -> None:
    """Whoever writes to Kafka and has seen the proposal: neither another order nor a copy without signatures is taken for it."""
    service, log = service_and_log()
    log.begin(Life(election(), SHARDS))
    proposal = await service.order(
        "picnic", Command.PAUSE, Order("ada", "", "2026-01-01T00:00:00Z", f"{900:032x}")
    )
    for shard in shards:
        log.append(shard, forged(proposal.control, kind))
    assert service.became(proposal.control.control_id) is None
    signature = sign(OFFICER, proposal.record.payload.encode())
    entry = await service.sign(proposal.control.control_id, OFFICER_KEY, signature)

    assert isinstance(entry, Entry)
    assert [entry.verdicts[shard].effect for shard in range(SHARDS)] == ["applied"] * SHARDS
    assert entry.signers == (OFFICER_KEY,)
    assert service.election("picnic").phase is Phase.PAUSED
    for shard in shards:
        log.append(shard, forged(proposal.control, kind))
    assert await ordered(service, "picnic", Command.RESUME, 901) == ["applied"] * SHARDS
    assert service.election("picnic").phase is Phase.OPEN


async def test_a_copy_that_is_judged_first_is_not_what_became_of_an_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It comes while the order is being written: the answer waits for the verdict on what the officials signed."""
    service, log = service_and_log()
    log.begin(Life(election(), SHARDS))
    proposal = await service.order(
        "picnic", Command.PAUSE, Order("ada", "", "2026-01-01T00:00:00Z", f"{900:032x}")
    )

    async def write(value: bytes, shards: Iterable[int]) -> None:
        for shard in shards:
            log.append(shard, forged(proposal.control, ElectionPaused))
            asyncio.get_running_loop().call_later(0.01, log.append, shard, value)

    monkeypatch.setattr(service.log, "write_bytes", write)
    signature = sign(OFFICER, proposal.record.payload.encode())
    entry = await service.sign(proposal.control.control_id, OFFICER_KEY, signature)

    assert isinstance(entry, Entry)
    assert entry.applied
    assert service.election("picnic").phase is Phase.PAUSED


async def test_a_copy_without_signatures_keeps_an_order_out_of_no_shard() -> None:
    """An official wrote the order into one shard; the copies before it, in the others, are not taken for it."""
    service, log = service_and_log()
    life = Life(election(), SHARDS)
    log.begin(life)
    order = life.control(ElectionPaused)
    for shard in (0, 2):
        log.append(shard, forged(order, ElectionPaused))
    log.append(1, encode(signed(order, (OFFICER_KEY, OFFICER))))

    assert await ordered(service, "picnic", Command.RESUME, 900) == ["applied"] * SHARDS


async def test_orders_that_nobody_signed_fill_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest are listed, after what was taken; elections that were never configured have no account."""
    monkeypatch.setattr("services.operator.book.MAX_REFUSED", 10)
    service, log = service_and_log()
    life = Life(election(), SHARDS)
    log.begin(life)
    taken, verdicts = len(service.controls("picnic")), service.book.accounts["picnic"].verdicts
    for number in range(30):
        control = life.control(ElectionPaused)
        log.append(number % SHARDS, encode(signed(control)))
        other = control.model_copy(update={"election": f"picnic-{number}"})
        log.append(number % SHARDS, encode(signed(other)))

    assert set(service.book.accounts) == {"picnic"}
    listed = service.controls("picnic")
    assert [of.is_taken for of in listed] == [True] * taken + [False] * 5
    assert listed[-1].control == control
    assert service.book.accounts["picnic"].verdicts == verdicts + 30


async def test_an_announcement_says_who_withdrew_when_and_why() -> None:
    """The newest forty, oldest first, each once whatever the shards; without any the record is as it was before."""
    service, log = service_and_log()
    life = Life(election(), SHARDS)
    log.begin(life)
    before = log.book.accounts["picnic"].announcement(LOG_ID, SHARDS, None)
    assert before is not None
    assert b"notices" not in encode(before)
    about = {"contest": "fruit", "candidate": "apple"}
    for number in range(MAX_NOTICES // 2 + 1):
        kinds = {CandidateWithdrawn: f"letter {number}", CandidateReinstated: ""}
        for kind, reason in kinds.items():
            record = life.ordered(kind, **about, reason=reason)
            for shard in range(SHARDS):
                log.append(shard, record)
    found = service.book.accounts["picnic"].announcement(LOG_ID, SHARDS, before)
    assert found is not None
    assert len(found.notices) == MAX_NOTICES
    assert [(of.withdrawn, of.reason) for of in found.notices[:2]] == [(True, "letter 1"), (False, "")]
    assert found.notices[0].at == AT
    assert decode_as(ElectionAnnounced, encode(found)) == found


async def test_verdicts_from_before_the_definition_count_as_they_did() -> None:
    """An announcement says how many it rests on: whoever counts fewer would wait for the missing ones for ever."""
    service, log = service_and_log()
    life = Life(election(), SHARDS)
    for shard in range(SHARDS):
        log.append(shard, life.founded(shard))
        log.append(shard, encode(signed(Life(election(), SHARDS).control(ElectionPaused))))
    configured = life.configured()
    for shard in range(SHARDS):
        log.append(shard, configured)

    assert service.book.accounts["picnic"].verdicts == 2 * SHARDS
