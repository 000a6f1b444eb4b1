"""Group membership: who has which shard, and how a shard moves while its old owner still runs.

Rule 1: a member that is gone or silent loses its shards after a time; it may still run, as a zombie.
"""

import asyncio
from random import Random

from tests.simulation.loop import VirtualLoop
from tests.simulation.nodes import Member

POLITE_BOUND_S = 1.0


class Group:
    """The members of one service."""

    def __init__(self, loop: VirtualLoop, random: Random, service: str, shards: int) -> None:
        self.service = service
        self.shards = shards
        self.members: list[Member] = []
        self.zombies = 0
        self.moves = 0
        self._loop = loop
        self._random = random
        self._owner: list[Member | None] = [None] * shards
        self._turns = [0] * shards

    def join(self, member: Member) -> None:
        """Take a member in, and share the shards out anew."""
        self.members.append(member)
        self.rebalance()

    def leave(self, member: Member) -> None:
        """Do without a member, and share its shards out."""
        if member in self.members:
            self.members.remove(member)
            self.rebalance()

    def rebalance(self) -> None:
        """Give each shard to a member; most stay where they are."""
        for shard, owner in enumerate(self._owner):
            if owner not in self.members or self._random.random() < 0.3:
                self._give(shard, self._random.choice(self.members) if self.members else None)

    def _give(self, shard: int, member: Member | None) -> None:
        old = self._owner[shard]
        if old is member:
            return
        self._owner[shard] = member
        self._turns[shard] += 1
        self.moves += old is not None
        ended = old.assign(shard, begin=False) if old is not None and old.process.alive else None
        if member is None:
            return
        if ended is not None and self._random.random() < 0.5:
            self._loop.spawn(self._loop.world, self._begin_after(ended, shard, self._turns[shard]))
        else:
            self.zombies += ended is not None
            member.assign(shard, begin=True)

    async def _begin_after(self, ended: asyncio.Event, shard: int, turn: int) -> None:
        try:
            async with asyncio.timeout(POLITE_BOUND_S):
                await ended.wait()
        except TimeoutError:
            self.zombies += 1
        if self._turns[shard] == turn and (member := self._owner[shard]) is not None:
            member.assign(shard, begin=True)
