"""Breaks what the plan says, and keeps a log: what, whom, when, and how long until all was well again.

A process that was killed is started again by its supervisor alone; the monkey only breaks. A victim has recovered when it is
ready by its own account (brokers: every replica in sync; Valkey: it holds every contest), and the feed when it shows all that
reached the log within WITNESS_S of the fault's beginning. Both times count from there.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from redis.asyncio import Redis

from tests.chaos.cluster import REPLICATION, Cluster
from tests.chaos.load import ChaosFailed
from tests.chaos.plan import Act, Kind

LOOK_S: Final = 0.1
WITNESS_S: Final = 1.0
RECOVERY_BOUND_S: Final = 240.0
MISSED_S: Final = 20.0
"""By then a broker that was killed has been missed; it may have been back before anybody looked."""
SIGNALS: Final = {
    Kind.KILL: signal.SIGKILL,
    Kind.BROKER: signal.SIGKILL,
    Kind.VALKEY: signal.SIGKILL,
    Kind.TERMINATE: signal.SIGTERM,
}

BAD: Final = {
    Kind.MUTE: {"loss": 1.0},
    Kind.LOSS: {"loss": 0.33},
    Kind.DELAY: {"delay_ms": 60.0, "jitter_ms": 58.0},
}


@dataclass(frozen=True)
class Done:
    """An act that was carried out. Seconds; `at_s` since the run began, the others since the fault began."""

    kind: Kind
    victim: str
    at_s: float
    lasted_s: float
    ready_s: float
    shown_s: float


@dataclass
class Monkey:
    """`log_length` says how many records the ballot log holds, `shown` how many the feed covers."""

    cluster: Cluster
    log_length: Callable[[], Awaitable[int]]
    shown: Callable[[], int]
    began_s: float
    log: list[Done] = field(default_factory=list)

    async def salvo(self, acts: Sequence[Act]) -> list[Done]:
        """Carry the acts out together and wait until all is well. Raises ChaosFailed if it does not come to be."""
        done = await asyncio.gather(*(self._carry_out(act) for act in acts))
        self.log += done
        return done

    async def _carry_out(self, act: Act) -> Done:
        await asyncio.sleep(act.delay_s)
        began_s = _now_s()
        (lasted_s, ready_s), shown_s = await asyncio.gather(
            self._until_ready(act, began_s), self._until_shown(act, began_s)
        )
        return Done(act.kind, act.victim, began_s - self.began_s, lasted_s, ready_s, shown_s)

    async def _until_ready(self, act: Act, began_s: float) -> tuple[float, float]:
        await self._break(act)
        lasted_s = _now_s() - began_s
        return lasted_s, await self._until(act, began_s, lambda: self.cluster.is_ready(act.victim))

    async def _until_shown(self, act: Act, began_s: float) -> float:
        await asyncio.sleep(WITNESS_S)
        length = await self.log_length()

        async def shows() -> bool:
            return self.shown() >= length

        return await self._until(act, began_s, shows)

    async def _until(self, act: Act, began_s: float, condition: Callable[[], Awaitable[bool]]) -> float:
        while not await condition():
            if _now_s() - began_s > RECOVERY_BOUND_S:
                raise ChaosFailed(
                    f"{act.kind}, {act.victim}: not well again after {RECOVERY_BOUND_S:g} s; "
                    f"the feed shows {self.shown()} records of {await self.log_length()}"
                )
            await asyncio.sleep(LOOK_S)
        return _now_s() - began_s

    async def _break(self, act: Act) -> None:
        match act.kind:
            case Kind.PAUSE | Kind.LONG_PAUSE:
                await self._pause(act)
            case Kind.FLUSH:
                async with Redis.from_url(self.cluster.valkey.url) as redis:
                    await redis.flushall()
            case Kind.CUT:
                way = self.cluster.ways[act.victim]
                way.losing = True
                await asyncio.sleep(act.lasts_s)
                way.losing = False
            case Kind.PARTITION | Kind.MUTE | Kind.LOSS | Kind.DELAY:
                await self._spoil(act)
            case Kind.DISK:
                disk = self.cluster.disks[act.victim]
                await asyncio.to_thread(disk.fill)
                await asyncio.sleep(act.lasts_s)
                disk.empty()
            case _:
                await self._end(act)

    async def _end(self, act: Act) -> None:
        """Send the signal that ends the process, and see it end."""
        child = self.cluster.child(act.victim)
        async with asyncio.timeout(RECOVERY_BOUND_S):
            while not child.running:  # hit before, and not started again yet
                await asyncio.sleep(LOOK_S / 5)
        pid = child.pid
        child.send(SIGNALS[act.kind])
        async with asyncio.timeout(RECOVERY_BOUND_S):
            while child.running and child.pid == pid:
                await asyncio.sleep(LOOK_S / 5)
            if act.kind is Kind.BROKER:  # what the others say is true once they have missed it
                missed_by_s = _now_s() + MISSED_S
                while await self.cluster.replicas_in_sync() in (None, REPLICATION) and _now_s() < missed_by_s:
                    await asyncio.sleep(LOOK_S)

    async def _spoil(self, act: Act) -> None:
        """Let the network be bad for one host: in one direction, but for a host that is cut off."""
        net = self.cluster.net
        assert net is not None, f"{act.kind} needs hosts of their own"
        if act.kind is Kind.PARTITION:
            await net.cut(act.victim, act.lasts_s)
        else:
            await net.spoil(act.victim, act.lasts_s, seed=len(self.log), **BAD[act.kind])

    async def _pause(self, act: Act) -> None:
        child = self.cluster.child(act.victim)
        child.send(signal.SIGSTOP)
        try:
            await asyncio.sleep(act.lasts_s)
        finally:
            child.send(signal.SIGCONT)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
