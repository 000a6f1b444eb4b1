"""The producer of one process: idempotent, in order, dead when the process is.

Rule 1: what it gave up may still arrive, so much later.
"""

import asyncio
from collections.abc import Sequence

from shared.runtime.log import LogAway, Outgoing, SendFailed
from tests.simulation.broker import Broker, Place
from tests.simulation.process import Process

LATE_S = 4.0


async def open_sink(
    broker: Broker, process: Process, late_s: float = LATE_S, late_often: float = 1.0
) -> "SimSink":
    """Return a producer of its own; what it gave up may arrive so much later, so many times as often. Raises LogAway."""
    process.check()
    await reach(broker)
    process.check()
    return SimSink(broker, process, late_s, late_often)


async def reach(broker: Broker) -> None:
    """Take the time a call takes. Raises LogAway if the broker does not answer."""
    await asyncio.sleep(broker.delay_s())
    if broker.occurs("log away", broker.rates.away):
        raise LogAway("the broker does not answer")


class SimSink:
    """A producer of one process. Keeps the promises of `shared.runtime.log.Sink`."""

    def __init__(self, broker: Broker, process: Process, late_s: float, late_often: float) -> None:
        self._broker = broker
        self._process = process
        self._late_s = late_s
        self._late_often = late_often
        self._session = broker.open_session()
        self._numbers: dict[Place, int] = {}
        self._arrives: dict[Place, float] = {}
        self._spent = False

    async def send(self, items: Sequence[Outgoing]) -> None:
        """Send in order, each partition's apart, and wait for all acknowledgements. Raises SendFailed."""
        self._process.check()
        if self._spent:
            raise SendFailed("the sink is spent")
        acks = [
            self._launch(place, batch)
            for place, group in _by_partition(items).items()
            for batch in self._cut(group)
        ]
        for ack in acks:
            await ack
            if not ack.result():
                self._spent = True
        self._process.check()
        if self._spent:
            raise SendFailed("not acknowledged")

    async def stop(self) -> None:
        """Nothing is held; what is on its way stays on its way."""

    def _cut(self, group: Sequence[Outgoing]) -> list[Sequence[Outgoing]]:
        random = self._broker.random
        if len(group) < 2 or random.random() < 0.7:
            return [group]
        place = random.randrange(1, len(group))
        return [group[:place], group[place:]]

    def _launch(self, place: Place, batch: Sequence[Outgoing]) -> "asyncio.Future[bool]":
        """Send a batch on its way; the future says whether its acknowledgement came back."""
        broker, loop = self._broker, self._broker.loop
        number = self._numbers.get(place, 0)
        self._numbers[place] = number + 1
        ack: asyncio.Future[bool] = loop.create_future()

        def append() -> bool:
            return broker.append(*place, batch, self._session, number)

        def arrive() -> None:
            here = append()
            if here and broker.occurs("lost ack, sent again", broker.rates.retried):
                append()
            lost = broker.occurs("lost ack, in the log", broker.rates.lost_ack)
            loop.call_later(broker.delay_s(), _settle, ack, here and not lost, context=loop.world.context)

        delay_s = self._delay_after(place)
        if broker.occurs("lost request", broker.rates.lost_request):
            loop.call_later(delay_s, _settle, ack, False, context=loop.world.context)
        elif broker.occurs("late append", broker.rates.late_append * self._late_often):
            loop.call_later(delay_s, _settle, ack, False, context=loop.world.context)
            loop.call_later(
                delay_s + broker.random.random() * self._late_s, append, context=loop.world.context
            )
        else:
            loop.call_later(delay_s, arrive, context=loop.world.context)
        return ack

    def _delay_after(self, place: Place) -> float:
        """Draw how long a batch is on its way: it does not overtake the one before it."""
        now = self._broker.loop.time()
        arrives = max(self._arrives.get(place, 0.0), now + self._broker.delay_s())
        self._arrives[place] = arrives
        return arrives - now


def _settle(ack: "asyncio.Future[bool]", acknowledged: bool) -> None:  # noqa: FBT001  a timer calls it
    if not ack.done():
        ack.set_result(acknowledged)


def _by_partition(items: Sequence[Outgoing]) -> dict[Place, list[Outgoing]]:
    groups: dict[Place, list[Outgoing]] = {}
    for item in items:
        groups.setdefault((item.topic, item.partition), []).append(item)
    return groups
