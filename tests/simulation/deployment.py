"""A deployment: a broker, a Redis, machines, and the processes on them. A seed decides how many and where."""

from collections.abc import Callable
from math import inf
from random import Random

from shared.runtime.follower import Limits
from shared.runtime.kafka.founding import founding_record
from shared.runtime.log import Outgoing
from tests.simulation.apis import IntakeNode, OperatorNode
from tests.simulation.auditor import Auditor
from tests.simulation.broker import Broker, Record
from tests.simulation.cache import SimRedis
from tests.simulation.disk import Machine
from tests.simulation.gateway import ResultsNode
from tests.simulation.group import Group
from tests.simulation.invariants import ANNOUNCED, CAST, CONTROLS, HISTORY, JUDGED, PUBLISHED, ROLLS, TALLIES
from tests.simulation.loop import VirtualLoop
from tests.simulation.nodes import CountingNode, Node, Site, ValidationNode
from tests.support.elections import LOG_ID, ROOT, ROOT_KEY


class Deployment:
    """One of intake, operator and results, one or two of validation and counting."""

    def __init__(
        self,
        loop: VirtualLoop,
        random: Random,
        auditor: Auditor,
        on_append: Callable[[str, int, Record], None],
    ) -> None:
        shards, partitions = auditor.shards, random.choice((1, 1, 2))
        broker = Broker(loop, random, on_append)
        for topic, number in (
            (CAST, shards),
            (JUDGED, shards),
            (ROLLS, shards),
            (TALLIES, partitions),
            (PUBLISHED, partitions),
            (HISTORY, partitions),
        ):
            broker.create(topic, number)
        for topic in (ANNOUNCED, CONTROLS):
            broker.create(topic, 1)
        for shard in range(shards):
            founding = founding_record(LOG_ID, shard, shards, ROOT_KEY, ROOT)
            broker.append(CAST, shard, [Outgoing(CAST, shard, None, founding)])
        self.site = Site(loop, random, broker, auditor, SimRedis(), shards, partitions, _limits(random))
        machines = [self._machine() for _ in range(4)]
        self.results = ResultsNode(self.site, "results", self._machine())
        self.intake = IntakeNode(self.site, "intake", self._machine())
        self.operators = [
            OperatorNode(self.site, f"operator-{number}", self._machine())
            for number in range(random.choice((1, 1, 2)))
        ]
        self.nodes: list[Node] = [self.results, self.intake, *self.operators, *self._workers(machines)]
        numbers = {"validation": shards, "counting.tally": shards, "counting.rounds": partitions}
        self.groups = {service: Group(loop, random, service, number) for service, number in numbers.items()}

    def _workers(self, machines: list[Machine]) -> list[Node]:
        """Put workers on machines of their own, or on one for each service: then they share its folder."""
        site, apart = self.site, self.site.random.random() < 0.7
        nodes: list[Node] = []
        for number in range(site.random.choice((1, 2, 2))):
            nodes.append(ValidationNode(site, f"validation-{number}", machines[number if apart else 0]))
            nodes.append(CountingNode(site, f"counting-{number}", machines[2 + number if apart else 2]))
        return nodes

    def _machine(self) -> Machine:
        return Machine(self.site.random, self.site.broker.occurs)


def _limits(random: Random) -> dict[str, Limits]:
    def some(tick_ms: tuple[int, ...], republish_every_s: float = inf) -> Limits:
        return Limits(
            batch_records=random.choice((2, 5, 1000)),
            wait_ms=random.choice((300, 2_000)),
            tick_ms=random.choice(tick_ms),
            snapshot_every_s=random.choice((0.0, 0.5, 2.0)),
            republish_every_s=republish_every_s,
        )

    return {
        "validation": some((0,)),
        "counting.tally": some((0, 100, 500)),
        "counting.rounds": some((200, 1000), random.choice((5.0, 20.0))),
    }
