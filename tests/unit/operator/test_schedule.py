"""Orders that are signed ahead: kept through a restart, never early, not written once another order took their place."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.operator.book import ControlBook, as_listed
from services.operator.console.view import left_words, parse_due, when_words
from services.operator.controls import ControlLog
from services.operator.orders import Order
from services.operator.proposals import Proposal
from services.operator.refusals import OrderRefused, UnknownEntry
from services.operator.schedule import Schedule
from services.operator.service import OperatorService
from shared.contract.codec import encode
from shared.contract.events import PAYLOAD, Control, SignedRecord, signed
from shared.contract.lifecycle import Command
from shared.contract.signing import sign
from shared.contract.verdicts import ControlJudged
from shared.runtime.disk import LocalDisk
from tests.support.elections import LOG_ID, OFFICER, OFFICER_KEY, ROOT_KEY, Life, election
from tests.unit.operator.test_console import announced

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class OneShard(ControlLog):
    """A log of one shard whose controls are judged as soon as they are written, each as applied."""

    def __init__(self, book: ControlBook) -> None:
        unused: Any = None
        super().__init__(unused, unused, unused, "test", book)
        self.written: list[Control] = []
        self._records = 0
        self._book = book
        for part in (self.elections, self.judged):
            part.caught_up = True

    async def write_bytes(self, value: bytes, shards: Any) -> None:
        """Judge a control at once."""
        if list(shards):
            self.judge(SignedRecord.model_validate_json(value).content())

    async def read(self, _shard: int, _offset: int) -> bytes:
        """Return the first control, signed by nobody: what is announced is not looked at here."""
        return encode(signed(self.written[0]))

    def judge(self, control: Any) -> None:
        """Add the verdict that a control is applied."""
        self.written.append(control)
        self._records += 1
        self._book.add(
            encode(
                ControlJudged(
                    shard=0,
                    source=self._records,
                    control=as_listed(control),
                    signers=(),
                    effect="applied",
                    head="0" * 64,
                )
            )
        )

    async def announce(self, announced: Any) -> None:
        """Know it at once."""
        self.elections.newest[announced.definition.id] = announced


class Office:
    """Ada's operator, whose clock is moved by hand, and which can be started again."""

    def __init__(self, folder: Path) -> None:
        self.now = NOON
        self.folder = folder
        self.number = 100
        book = ControlBook()
        self.log = OneShard(book)
        self.log.elections.newest["picnic"] = announced().model_copy(update={"shards": 1, "withdrawn": ()})
        self.log.judge(PAYLOAD.validate_json(_payload(Life(election()).configured())))
        self.service = self.started(book)

    def started(self, book: ControlBook) -> OperatorService:
        """Start the operator, again or for the first time."""
        unused: Any = None
        schedule = Schedule(LocalDisk(), self.folder, lambda: self.now)
        return OperatorService(self.log, book, {}, unused, LOG_ID, ROOT_KEY, 1, schedule=schedule)

    async def close(self, due: datetime | None = None) -> Any:
        """Propose the close and sign it."""
        return await self.order(Command.CLOSE, due=due)

    async def order(self, command: Command, **about: Any) -> Any:
        """Propose an order and sign it."""
        self.number += 1
        by = Order("ada", "", NOON.isoformat(), f"{self.number:032x}")
        proposal = await self.service.order("picnic", command, by, **about)
        return await self.service.sign(
            proposal.control.control_id, OFFICER_KEY, sign(OFFICER, proposal.record.payload.encode())
        )

    def kinds(self) -> list[str]:
        """What was written after the definition was frozen."""
        return [of.type.partition("/")[0] for of in self.log.written[1:]]


def _payload(record: bytes) -> str:
    return SignedRecord.model_validate_json(record).payload


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """An operator whose picnic is open."""
    made = Office(tmp_path / "scheduled")
    account = made.service.book.accounts["picnic"]
    opened = Life(election())
    opened.configured()
    made.log.judge(PAYLOAD.validate_json(_payload(opened.opened())))
    assert [str(phase) for phase in account.phases(1)] == ["open"]
    made.log.written = made.log.written[:1]
    return made


@pytest.mark.asyncio
async def test_a_signed_close_waits_for_its_time_through_a_restart(office: Office) -> None:
    """Written when due and not before, once, by whichever process is there; its date is the time it was due."""
    kept = await office.close(NOON + HOUR)
    assert isinstance(kept, Proposal)
    await office.service.carry_out_due()
    assert office.kinds() == []
    office.service = office.started(office.service.book)
    office.now = NOON + HOUR - timedelta(seconds=1)
    await office.service.carry_out_due()
    assert office.kinds() == []
    assert [office.service.fits(of) for of in office.service.scheduled("picnic")] == [True]
    office.now = NOON + HOUR
    await office.service.carry_out_due()
    await office.service.carry_out_due()
    assert office.kinds() == ["election-closed"]
    assert office.log.written[-1].at == (NOON + HOUR).isoformat()
    assert office.service.scheduled("picnic") == []
    assert office.started(office.service.book).scheduled("picnic") == []


@pytest.mark.asyncio
async def test_another_order_takes_its_place_away(office: Office) -> None:
    """It is not written, and says so; taken out, it can be given anew."""
    kept = await office.close(NOON + HOUR)
    await office.order(Command.VOID, elector=3)
    assert [office.service.fits(of) for of in office.service.scheduled("picnic")] == [False]
    office.now = NOON + 2 * HOUR
    await office.service.carry_out_due()
    assert office.kinds() == ["elector-voided"]
    with pytest.raises(OrderRefused, match="take it out first"):
        await office.close(NOON + 3 * HOUR)
    with pytest.raises(UnknownEntry):
        await office.service.take_out("picnic", "0" * 32)
    await office.service.take_out("picnic", kept.control.control_id)
    await office.close(NOON + 3 * HOUR)
    office.now = NOON + 3 * HOUR
    await office.service.carry_out_due()
    assert office.kinds() == ["elector-voided", "election-closed"]


@pytest.mark.asyncio
async def test_a_process_that_died_behind_the_write_writes_the_same_again(office: Office) -> None:
    """The file outlives it; the control that is in the log already has its effect once."""
    kept = await office.close(NOON + HOUR)
    office.log.judge(kept.control)
    office.now = NOON + HOUR
    office.service = office.started(office.service.book)
    await office.service.carry_out_due()
    assert office.kinds().count("election-closed") >= 1
    assert len(office.service.book.accounts["picnic"].entries) == 3
    assert office.service.scheduled("picnic") == []


@pytest.mark.asyncio
async def test_what_cannot_be_scheduled_is_refused(office: Office) -> None:
    """A time that is past, another order, a second close after the first."""
    with pytest.raises(OrderRefused, match="is past"):
        await office.close(NOON)
    with pytest.raises(OrderRefused, match="cannot be scheduled"):
        await office.order(Command.PAUSE, due=NOON + HOUR)
    await office.close(NOON + HOUR)
    with pytest.raises(OrderRefused, match="cannot close"):
        await office.close(NOON + 2 * HOUR)


def test_times_are_of_a_zone_and_exist() -> None:
    """A countdown says how long, a time says where."""
    berlin = parse_due("2026-12-01T09:00", "Europe/Berlin")
    assert berlin is not None
    assert berlin.astimezone(UTC).hour == 8
    assert when_words(berlin) == "2026-12-01 09:00 UTC+0100"
    assert parse_due(" ", "Europe/Berlin") is None
    for text, zone in (
        ("2026-03-29T02:30", "Europe/Berlin"),
        ("soon", "UTC"),
        ("2026-12-01T09:00", "Nowhere/Else"),
        ("2026-12-01T09:00", "../x"),
    ):
        with pytest.raises(ValueError, match=r"expected|exist"):
            parse_due(text, zone)
    assert [left_words(of) for of in (-1, 0.2, 59, 3_700, 90_061)] == [
        "now",
        "in 1 s",
        "in 59 s",
        "in 1 h 1 min",
        "in 1 d 1 h",
    ]
