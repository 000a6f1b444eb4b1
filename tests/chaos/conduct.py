"""The conduct of a run: an election is held while it is being broken.

Ballots arrive for as long as the faults last: each salvo lets the next share of them through. Orders are given in the middle
of it all: voids, a withdrawal, two pauses, and the close with ballots in flight.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final, cast

import httpx

from services.cli.clients.operator import OperatorClient, OperatorRefused, Patience
from shared.contract.elections import Frozen
from shared.contract.lifecycle import Command
from shared.contract.standings import Status
from tests.chaos import log
from tests.chaos.books import ELECTION, SHARDS, Books
from tests.chaos.cluster import Cluster
from tests.chaos.feed import Viewer
from tests.chaos.load import ChaosFailed, Gate
from tests.chaos.monkey import Monkey
from tests.chaos.plan import Act

FINAL_BOUND_S: Final = 300.0
ORDER_BOUND_S: Final = 300.0
CERTIFY_BOUND_S: Final = 600.0
PATIENCE: Final = Patience(tries=600)
STEP_S: Final = 4.0
LAST_SHARE: Final = 0.05
"""Of the requests: they are sent while and after the election is closed."""
VOIDED: Final = 20


Order = Callable[[], Coroutine[Any, Any, None]]


@dataclass
class Run:
    """The parts of a run, and its conduct."""

    cluster: Cluster
    books: Books
    operator: OperatorClient
    viewers: list[Viewer]
    monkey: Monkey
    ends: log.Ends
    gate: Gate
    say: Callable[[str], None]
    bound_s: float = inf
    faults: list[str] = field(default_factory=list)
    lost_proposals: int = 0

    def __post_init__(self) -> None:
        self._orders: list[tuple[float, Order]] = [
            (0.10, self._void),
            (0.20, self._withdraw),
            (0.25, self._forge),
            (0.30, self._pause),
            (0.50, self._restore),
            (0.60, self._reinstate),
            (0.70, self._forge),
            (0.75, self._pause),
        ]

    async def conduct(self, plan: list[list[Act]]) -> None:
        """Break and order, step by step, the close at the last one. Raises ChaosFailed.

        Once the bound is over, the faults that are left are left out, but for the last.
        """
        for step, acts in enumerate(plan, 1):
            last = step == len(plan)
            so_far_s = asyncio.get_running_loop().time() - self.monkey.began_s
            if so_far_s > self.bound_s and not last:
                continue
            progress = 1.0 if last else max(step / len(plan), so_far_s / self.bound_s)
            pace_s = (STEP_S + so_far_s) / step
            await self.gate.raise_to(int(len(self.books.order) * (1 - LAST_SHARE) * progress), pace_s)
            orders = list(self._due(progress))
            if last:
                await _give(orders)
                await self._wait_for_answers()
                orders = [self._close]
            async with asyncio.TaskGroup() as together:
                broken = together.create_task(self.monkey.salvo(acts))
                together.create_task(_give(orders))
            seen = ", ".join(
                f"{a.kind} {a.victim} {max(a.ready_s, a.shown_s):.1f} s" for a in broken.result()
            )
            self.say(f"{step}/{len(plan)}  {self.books.recorded:,} recorded, {self._shown():,} shown  {seen}")

    async def _wait_for_answers(self) -> None:
        """Let all but the last requests come to a clear answer; the last ones are for the close."""
        total = len(self.books.order)
        while self.books.answered < int(total * (1 - LAST_SHARE) * 0.999):
            self.say(f"{self.books.answered:,} of {total:,} requests answered")
            await asyncio.sleep(STEP_S)
        await self.gate.raise_to(total, STEP_S)

    async def end(self) -> None:
        """See the count become final and certified."""
        await self._until(Status.COMPLETE)
        async with asyncio.timeout(CERTIFY_BOUND_S):
            await self.operator.certify(ELECTION, until_final_s=FINAL_BOUND_S)
        await self._until(Status.CERTIFIED)

    def _due(self, share: float) -> Iterator[Order]:
        while self._orders and self._orders[0][0] <= share:
            yield self._orders.pop(0)[1]

    def _shown(self) -> int:
        return min(viewer.sequence for viewer in self.viewers)

    async def _until(self, status: Status) -> None:
        try:
            async with asyncio.timeout(FINAL_BOUND_S):
                while not all(v.newest and v.newest.status is status for v in self.viewers):
                    await asyncio.sleep(0.1)
                while self._shown() < await self.ends.length():
                    await asyncio.sleep(0.1)
        except TimeoutError:
            found = [(v.contest, v.newest and v.newest.status, v.sequence) for v in self.viewers]
            raise ChaosFailed(
                f"waited {FINAL_BOUND_S:g} s for {status} of {self.ends.known} records: {found}"
            ) from None

    async def _void(self) -> None:
        for elector in self._suspects():
            await self._order(Command.VOID, elector=elector)

    async def _restore(self) -> None:
        for elector in self._suspects()[::2]:
            await self._order(Command.RESTORE, elector=elector)

    async def _withdraw(self) -> None:
        await self._order(Command.WITHDRAW, contest="mayor", candidate="elm")

    async def _reinstate(self) -> None:
        await self._order(Command.REINSTATE, contest="mayor", candidate="elm")

    async def _pause(self) -> None:
        await self._order(Command.PAUSE)
        await asyncio.sleep(STEP_S / 2)
        await self._order(Command.RESUME)

    async def _forge(self) -> None:
        await log.write(self.cluster, log.forged(self.books))

    async def _close(self) -> None:
        """Close while ballots are in flight; then try to undo it, by mistake and past the operator."""
        await asyncio.sleep(STEP_S / 4)
        await self._order(Command.CLOSE)
        if not await self._is_refused(Command.OPEN, roll=self._roll_parts()):
            self.faults.append("the opening of a closed election was not refused")
        if not await self._is_refused(Command.RESUME):
            self.faults.append("a closed election could be resumed")
        last_control = (await self._carried_out(Command.CLOSE))[-1]
        await log.write(self.cluster, log.too_late(self.books, last_control))

    def _roll_parts(self) -> list[dict[str, Any]]:
        return [part.model_dump(mode="json") for part in self.books.life.whole_roll().parts(SHARDS)]

    async def _order(self, command: Command, **about: object) -> None:
        """Give an order until it is clear that it was carried out. Raises OperatorError, ChaosFailed.

        An operator that was killed has forgotten the order that it had proposed, so it is given once more. If the first one came
        through after all, the second is refused, and the list of controls shows it.
        """
        before = await self._carried_out(command)
        try:
            async with asyncio.timeout(ORDER_BOUND_S):
                while True:
                    try:
                        await self.operator.order(ELECTION, command, **about)
                    except OperatorRefused as refused:
                        if await self._carried_out(command) != before:
                            return
                        if "no proposal" not in str(refused):
                            raise
                        self.lost_proposals += 1
                    else:
                        return
        except TimeoutError:
            raise ChaosFailed(f"{command} was not carried out in {ORDER_BOUND_S:g} s") from None

    async def _carried_out(self, command: Command) -> list[str]:
        """Return the ids of the orders of a kind that had an effect, in order."""
        kind = cast("type[Frozen]", command.control).model_fields["type"].default
        return [
            control["control_id"]
            for control in await self.operator.controls(ELECTION)
            if control["type"] == kind and "applied" in control["verdicts"].values()
        ]

    async def _is_refused(self, command: Command, **about: object) -> bool:
        """Return whether an order is refused as impossible in the present phase."""
        try:
            await self._order(command, **about)
        except OperatorRefused as refused:
            return refused.status == httpx.codes.CONFLICT
        return False

    def _suspects(self) -> list[int]:
        return list(range(0, self.books.present, max(1, self.books.present // VOIDED)))


async def _give(orders: Iterable[Order]) -> None:
    for order in orders:
        await order()
