"""What an announcement leaves on its way does not arrive after a later one; nothing is ordered before all is read."""

import asyncio
from collections.abc import Sequence
from random import Random

import pytest

from services.operator.book import ControlBook
from services.operator.controls import QUIET_S, ControlLog
from services.operator.orders import Order
from services.operator.own_log import RETRY_S, OwnLog
from services.operator.proposals import Proposal
from services.operator.refusals import NotReady
from services.operator.service import OperatorService
from shared.contract.elections import Phase
from shared.contract.lifecycle import Command
from shared.contract.recounts import Recount
from shared.runtime.kafka.founding import founding_record
from shared.runtime.log import Outgoing, Reader, Sink
from tests.simulation.broker import Broker, Rates
from tests.simulation.invariants import ANNOUNCED, CAST, CONTROLS, NAMESPACE
from tests.simulation.loop import VirtualLoop
from tests.simulation.ports import open_reader
from tests.simulation.sink import open_sink
from tests.support.elections import LOG_ID, OFFICER, OFFICER_KEY, ROOT, ROOT_KEY, Life, election

ORDER = Order(by="ada", reason="", at="2026-01-01T00:00:00Z", control_id="0" * 32)


class Place:
    """A log of one shard, on virtual time."""

    def __init__(self) -> None:
        self.loop = VirtualLoop(Random(1))  # type: ignore[abstract]
        self.sent_at: list[float] = []
        self.broker = Broker(self.loop, Random(2), lambda topic, *_: self._note(topic))
        for topic in (CAST, ANNOUNCED, CONTROLS):
            self.broker.create(topic, 1)
        self.book = ControlBook()
        self.log = ControlLog(self._sink, self._reader, self._read, NAMESPACE, self.book)

    def _note(self, topic: str) -> None:
        if topic == ANNOUNCED:
            self.sent_at.append(self.loop.time())

    async def _sink(self) -> Sink:
        return await open_sink(self.broker, self.loop.world)

    async def _reader(self, topic: str) -> Reader:
        return await open_reader(self.broker, self.loop.world, topic)

    async def _read(self, topic: str, shard: int, offset: int) -> bytes:
        return self.broker.partition(topic, shard).records[offset].value


def test_nothing_is_announced_for_a_while_after_a_start_and_after_a_failure() -> None:
    """What was on its way has arrived by then."""
    place = Place()
    life = Life(election())

    async def announcing() -> None:
        await place.log.start()
        await place.log.announce(life.announced(1, Phase.CONFIGURED))
        await place.log.announce(life.announced(1, Phase.OPEN))
        place.broker.rates = Rates(lost_request=1.0)
        with pytest.raises(Exception, match="not acknowledged"):
            await place.log.announce(life.announced(1, Phase.PAUSED))
        failed_at = place.loop.time()
        place.broker.rates = Rates()
        await place.log.announce(life.announced(1, Phase.CLOSED))
        first, second, after = place.sent_at
        assert first >= QUIET_S
        assert second - first < QUIET_S
        assert after - failed_at >= QUIET_S
        await place.log.stop()

    place.loop.run(announcing())


def test_no_order_is_proposed_before_everything_has_been_read() -> None:
    """An election that runs would be taken for a new one, and announced as not open."""
    place = Place()

    async def recount(_election: str, _watermark: Sequence[int]) -> Recount:
        raise AssertionError("nobody certifies here")

    async def ordering() -> None:
        service = OperatorService(place.log, place.book, {}, recount, LOG_ID, ROOT_KEY, 1)
        place.broker.rates = Rates(away=1.0)
        await place.log.start()
        with pytest.raises(NotReady, match="still being read"):
            await service.configure(election(), ORDER)
        with pytest.raises(NotReady):
            await service.order("picnic", Command.OPEN, ORDER)
        place.broker.rates = Rates()
        await asyncio.sleep(3)
        proposal = await service.configure(election(), ORDER)
        assert isinstance(proposal, Proposal)
        assert proposal.keys == {ROOT_KEY: "root"}
        await place.log.stop()

    place.loop.run(ordering())


def test_no_order_is_proposed_on_an_account_that_is_behind_another_process() -> None:
    """Its announcement is here before the verdicts it speaks of: who may sign, and what comes last, is not known yet."""
    place = Place()

    async def recount(_election: str, _watermark: Sequence[int]) -> Recount:
        raise AssertionError("nobody certifies here")

    async def ordering() -> None:
        service = OperatorService(place.log, place.book, {}, recount, LOG_ID, ROOT_KEY, 1)
        await place.log.start()
        announced = Life(election()).announced(1, Phase.CONFIGURED).model_copy(update={"verdicts": 1})
        await place.log.announce(announced)
        with pytest.raises(NotReady, match="not read here yet"):
            await service.order("picnic", Command.VOID, ORDER, elector=3)
        with pytest.raises(NotReady, match="not read here yet"):
            service.controls("picnic")
        await place.log.stop()

    place.loop.run(ordering())


@pytest.mark.parametrize("kind", ["another log", "another root key", "no founding record"])
def test_nothing_is_ordered_or_announced_in_a_log_that_the_settings_do_not_name(kind: str) -> None:
    """Intake would take the announcement's log for its own codes, and refuse genuine ones. Once the log is right orders go on."""
    place = Place()
    others = {
        "another log": founding_record("cd" * 16, 0, 1, ROOT_KEY, ROOT),
        "another root key": founding_record(LOG_ID, 0, 1, OFFICER_KEY, OFFICER),
        "no founding record": b"garbage",
    }

    async def recount(_election: str, _watermark: Sequence[int]) -> Recount:
        raise AssertionError("nobody certifies here")

    async def ordering() -> None:
        service = OperatorService(place.log, place.book, {}, recount, LOG_ID, ROOT_KEY, 1)
        own_log = OwnLog(service)
        sink = await open_sink(place.broker, place.loop.world)
        await sink.send([Outgoing(CAST, 0, None, others[kind])])
        await place.log.start()
        await asyncio.sleep(3)
        assert own_log.readiness() == (False, "the founding records of the log are still being read")
        await own_log.start()
        await asyncio.sleep(1)
        assert own_log.readiness()[0] is False
        with pytest.raises(NotReady, match="shard 0"):
            await service.configure(election(), ORDER)
        assert place.sent_at == []
        place.broker.partition(CAST, 0).records.clear()
        await sink.send([Outgoing(CAST, 0, None, Life(election()).founded())])
        await asyncio.sleep(RETRY_S + 1)
        assert own_log.readiness() == (True, "")
        assert isinstance(await service.configure(election(), ORDER), Proposal)
        await own_log.stop()
        await place.log.stop()

    place.loop.run(ordering())
