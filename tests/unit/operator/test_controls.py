"""What an order leaves on its way does not arrive after a later one."""

import asyncio
from collections.abc import Sequence
from random import Random

import pytest

from services.operator.controls import QUIET_S, ControlLog
from services.operator.orders import Order
from services.operator.service import NotReady, OperatorService
from shared.contract.events import ElectionPaused
from shared.contract.lifecycle import Command
from shared.contract.recounts import Recount
from shared.runtime.log import Reader, Sink
from tests.simulation.broker import Broker, Rates
from tests.simulation.invariants import ANNOUNCED, CAST, NAMESPACE
from tests.simulation.loop import VirtualLoop
from tests.simulation.ports import open_reader
from tests.simulation.sink import open_sink
from tests.support.elections import MASTER, election

ORDER = Order(by="ada", reason="", at="2026-01-01T00:00:00Z", control_id="0" * 32)


class Place:
    """A log of one shard, on virtual time."""

    def __init__(self) -> None:
        self.loop = VirtualLoop(Random(1))  # type: ignore[abstract]
        self.sent_at: list[float] = []
        self.broker = Broker(self.loop, Random(2), lambda topic, *_: self._note(topic))
        self.broker.create(CAST, 1)
        self.broker.create(ANNOUNCED, 1)
        self.log = ControlLog(self._sink, self._reader, NAMESPACE)

    def _note(self, topic: str) -> None:
        if topic == CAST:
            self.sent_at.append(self.loop.time())

    async def _sink(self) -> Sink:
        return await open_sink(self.broker, self.loop.world)

    async def _reader(self, topic: str) -> Reader:
        return await open_reader(self.broker, self.loop.world, topic)


def test_nothing_is_sent_for_a_while_after_a_start_and_after_a_failure() -> None:
    """What was on its way has arrived by then."""
    place = Place()
    pause = ElectionPaused(election="picnic", control_id="0" * 32, by="ada", at="now")

    async def life() -> None:
        await place.log.start()
        await place.log.write(pause, [0])
        await place.log.write(pause, [0])
        place.broker.rates = Rates(lost_request=1.0)
        with pytest.raises(Exception, match="not acknowledged"):
            await place.log.write(pause, [0])
        failed_at = place.loop.time()
        place.broker.rates = Rates()
        await place.log.write(pause, [0])
        first, second, after = place.sent_at
        assert first >= QUIET_S
        assert second - first < QUIET_S
        assert after - failed_at >= QUIET_S
        await place.log.stop()

    place.loop.run(life())


def test_no_order_is_taken_before_every_announcement_has_been_read() -> None:
    """An election that runs would be taken for a new one, and announced as not open."""
    place = Place()

    async def recount(_election: str, _watermark: Sequence[int]) -> Recount:
        raise AssertionError("nobody certifies here")

    async def life() -> None:
        service = OperatorService(place.log, {}, recount, MASTER, 1)
        place.broker.rates = Rates(away=1.0)
        await place.log.start()
        with pytest.raises(NotReady, match="still being read"):
            await service.configure(election(), ORDER)
        with pytest.raises(NotReady):
            await service.move("picnic", Command.OPEN, ORDER)
        place.broker.rates = Rates()
        await asyncio.sleep(3)
        assert (await service.configure(election(), ORDER)).phase == "configured"
        await place.log.stop()

    place.loop.run(life())
