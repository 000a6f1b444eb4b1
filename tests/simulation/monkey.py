"""What goes wrong, and how often: drawn anew for each run, so that some runs are calm and some are not."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from functools import partial

from tests.simulation.broker import Rates
from tests.simulation.group import Group
from tests.simulation.nodes import FOLLOWED, Member, Node, Site
from tests.simulation.process import Process

RESTART_S = 2.0
SESSION_S = 1.5
PAUSE_S = 4.0
CAPACITIES = (*[sys.maxsize] * 5, 500, 20_000)
"""Bytes that the disk of a machine may hold."""


class Monkey:
    """Kills, pauses, moves, fills and flushes, until it is asked to stop."""

    def __init__(self, site: Site, nodes: Sequence[Node], groups: dict[str, Group]) -> None:
        self._site = site
        self._random = site.random
        self._nodes = nodes
        self._groups = groups
        self._fierce = site.random.choice((0.0, 0.5, 1.0, 1.0, 2.0))
        self._healed = False
        site.loop.on_death = self._crash

    def unleash(self) -> None:
        """Begin."""
        fierce = self._fierce
        self._site.broker.rates = Rates(
            lost_request=self._some(0.03) * fierce,
            lost_ack=self._some(0.03) * fierce,
            retried=self._some(0.2),
            late_append=self._some(0.03) * fierce,
            away=self._some(0.02) * fierce,
            slow_s=self._random.choice((0.005, 0.05, 0.3)),
        )
        for node in self._nodes:
            node.machine.full_rate = self._some(0.2) * fierce
            node.machine.handles_rate = self._some(0.1) * fierce
            node.machine.capacity = self._random.choice(CAPACITIES) if fierce else sys.maxsize

    async def work(self) -> None:
        """Do harm until the end."""
        acts: tuple[Callable[[], None], ...] = (
            self._kill,
            self._kill,
            self._die_soon,
            self._die_on_disk,
            self._power,
            self._pause,
            self._move,
        )
        acts += (self._rot, self._redis, self._cut_off)
        while not self._healed:
            await asyncio.sleep(self._random.random() * 2.0 / max(self._fierce, 0.2))
            if self._fierce and not self._healed:
                self._random.choice(acts)()

    def heal(self) -> None:
        """Stop all faults; wake and start everything."""
        self._healed = True
        self._site.broker.rates = Rates(slow_s=0.005)
        self._site.redis.away = False
        self._site.broker.cut_off.clear()
        for node in self._nodes:
            node.machine.full_rate = node.machine.handles_rate = 0.0
            node.machine.capacity = sys.maxsize
            node.process.dies_at_step = -1
            if node.alive:
                node.disk.dies_at_call = -1
                self._site.loop.pause(node.process, paused=False)
            else:
                self.start(node)

    def start(self, node: Node) -> None:
        """Start a node, unless it runs."""
        if node.alive:
            return
        node.start()
        node.disk.die = partial(self._crash, node.process)
        for service, member in node.members.items():
            self._groups[service].join(member)

    def replace(self, node: Node) -> None:
        """Put a newcomer in the place of a process, with nothing but the log to go by."""
        self._site.loop.kill(node.process)
        self._site.redis.go()
        self._site.redis.flush()
        self._site.redis.away = False
        self.start(node)

    def start_again(self, node: Node) -> None:
        """End a process and start another in its place; its group knows at once."""
        self._site.loop.kill(node.process)
        for service, member in node.members.items():
            self._groups[service].leave(member)
        self.start(node)

    def _some(self, most: float) -> float:
        return self._random.choice((0.0, 0.3, 1.0)) * most

    def _victim(self) -> Node | None:
        alive = [node for node in self._nodes if node.alive and not node.process.paused]
        return self._random.choice(alive) if alive else None

    def _kill(self) -> None:
        if node := self._victim():
            self._crash(node.process)

    def _die_soon(self) -> None:
        if node := self._victim():
            node.process.dies_at_step = node.process.steps + self._random.randint(1, 60)

    def _die_on_disk(self) -> None:
        if node := self._victim():
            node.disk.dies_at_call = node.disk.calls + self._random.randint(1, 12)

    def _power(self) -> None:
        if node := self._victim():
            self._count("power lost")
            for other in self._nodes:
                if other.machine is node.machine and other.alive:
                    self._crash(other.process)
            node.machine.lose_power()

    def _pause(self) -> None:
        if node := self._victim():
            self._count("paused")
            self._site.loop.pause(node.process, paused=True)
            self._later(self._random.random() * PAUSE_S, partial(self._resume, node.process))
            for service, member in node.members.items():
                self._later(SESSION_S, partial(self._expel, self._groups[service], member))

    def _resume(self, process: Process) -> None:
        if process.alive:
            self._site.loop.pause(process, paused=False)

    def _expel(self, group: Group, member: Member) -> None:
        """Take a paused member for dead; when it wakes it joins again."""
        if member.process.paused and member in group.members and len(group.members) > 1:
            group.leave(member)
            self._later(PAUSE_S, lambda: group.join(member) if member.process.alive else None)

    def _move(self) -> None:
        self._random.choice(list(self._groups.values())).rebalance()

    def _cut_off(self) -> None:
        """A reader hears nothing of a shard, and can say so: a line between two hosts is down, another is not."""
        if (node := self._victim()) and node.members:
            broker, for_s = self._site.broker, self._random.choice((1.0, 4.0, 8.0))
            self._count("reader cut off")
            for service in node.members:
                topic = FOLLOWED[service]
                number = self._random.randrange(len(broker.partitions(topic)))
                broker.cut_reader_off(node.process.name, topic, number, for_s)

    def _rot(self) -> None:
        if node := self._victim():
            node.machine.rot()

    def _redis(self) -> None:
        redis = self._site.redis
        if self._random.random() < 0.5:
            self._count("redis flushed")
            redis.flush()
        else:
            self._count("redis away")
            redis.go()
            self._later(self._random.random() * 3.0, lambda: setattr(redis, "away", False))

    def _crash(self, process: Process) -> None:
        node = next(node for node in self._nodes if node.process is process)
        self._count("killed")
        self._site.loop.kill(process)
        for service, member in node.members.items():
            self._later(self._random.random() * SESSION_S, partial(self._groups[service].leave, member))
        self._later(self._random.random() * RESTART_S, partial(self.start, node))

    def _later(self, delay_s: float, what: Callable[[], None]) -> None:
        loop = self._site.loop
        loop.call_later(delay_s, what, context=loop.world.context)

    def _count(self, fault: str) -> None:
        self._site.broker.occurred[fault] += 1
