"""One rehearsal: an election held from its configuration to its close, in a deployment that is up.

Rule 1: every wait has a bound, and says what it waited for when it is over.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from math import inf

import httpx

from services.cli.demo.casting import Casting, CastingFailed
from services.cli.demo.forms import CodesRefused, issue_codes
from services.cli.rehearsal.deployment import Deployment
from services.cli.rehearsal.forms import ballot_forms
from services.cli.rehearsal.operator import Operator, RehearsalFailed
from services.cli.rehearsal.script import Order, Scene
from services.cli.rehearsal.subject import Subject
from services.cli.rehearsal.verdicts import Box
from shared.contract.codec import decode_as
from shared.contract.standings import Standing, Status
from shared.contract.topics import BALLOTS_CAST, BALLOTS_JUDGED
from shared.runtime.kafka.reader import KafkaReader, open_reader
from shared.runtime.log import LogError

COUNT_BOUND_S = 120.0
LOOK_EVERY_S = 0.1
RETRY_S = 2.0
"""Between two tries of a casting that intake does not answer: with the tries it has, two minutes."""
CLERKS = 8
"""Orders of a scene that are given at once; the operator carries them out one by one."""

Seen = Callable[[int, int, int], None]
"""Is told how many ballots are cast, how many are counted, and how many there are."""


class Rehearsal:
    """One election, of this id, in a deployment."""

    def __init__(self, where: Deployment, subject: Subject, election: str, seen: Seen) -> None:
        self._where = where
        self._subject = subject
        self._election = election
        self._seen = seen
        self._operator = Operator(where.client, where.at["operator"], where.token)
        self._ballots = 0
        self._casts: list[Casting] = []
        self._codes: Sequence[str] = ()
        self.standing: Standing | None = None
        """The newest published."""

    @property
    def recorded(self) -> int:
        """How many ballots intake has said to be in the log."""
        return sum(casting.recorded for casting in self._casts)

    @property
    def retries(self) -> int:
        """How many requests to intake had to be sent again."""
        return sum(casting.retries for casting in self._casts)

    async def open(self) -> None:
        """Configure the election, issue its codes, open it. Raises RehearsalFailed."""
        definition = self._subject.election(self._election)
        await self._operator.post("/v1/elections", definition.model_dump_json().encode())
        url = f"{self._operator.url}/v1/elections/{self._election}/codes"
        try:
            self._codes = await issue_codes(self._where.client, url, self._operator.headers)
        except (CodesRefused, httpx.HTTPError) as fault:
            raise RehearsalFailed(f"no voting codes: {fault!r}") from fault
        await self._operator.order(self._election, "open", {})

    async def cast(self, scenes: Sequence[Scene]) -> None:
        """Play the scenes, one after another. Raises RehearsalFailed."""
        self._ballots = sum(len(scene.ballots) for scene in scenes)
        watching = asyncio.create_task(self._watch())
        try:
            for scene in scenes:
                await self._play(scene)
        finally:
            watching.cancel()

    async def close(self) -> Standing:
        """Close the election and return its last standing. Raises RehearsalFailed."""
        await self._operator.order(self._election, "close", {})
        try:
            async with asyncio.timeout(COUNT_BOUND_S):
                while self.standing is None or self.standing.status is not Status.COMPLETE:
                    await asyncio.sleep(LOOK_EVERY_S)
                    await self._look()
        except TimeoutError:
            found = "none" if self.standing is None else f"{self.standing.status}, {self.standing.balance}"
            raise RehearsalFailed(
                f"waited {COUNT_BOUND_S:g} s for the last standing; found {found}"
            ) from None
        return self.standing

    async def read_back(self, upto: Sequence[int]) -> Box:
        """Return what stands in the logs up to a watermark. Raises RehearsalFailed, and as `Box.read` does."""
        try:
            return await self._read_back(upto)
        except LogError as fault:
            raise RehearsalFailed(str(fault)) from fault

    async def _read_back(self, upto: Sequence[int]) -> Box:
        box, where = Box(self._election), self._where
        async with (
            await open_reader(where.kafka, BALLOTS_CAST.name(where.namespace), where.shards) as cast,
            await open_reader(where.kafka, BALLOTS_JUDGED.name(where.namespace), where.shards) as judged,
        ):
            ends = await judged.ends()
            for shard, end in enumerate(upto):
                box.read(shard, await _records(cast, shard, end), await _records(judged, shard, ends[shard]))
        return box

    async def _play(self, scene: Scene) -> None:
        try:
            async with asyncio.TaskGroup() as acts:
                for victim in scene.kills:
                    acts.create_task(self._where.kill(victim))
                orders = iter(scene.orders)
                for _ in range(CLERKS):
                    acts.create_task(self._give(orders))
                acts.create_task(self._cast_all(scene))
        except* (CastingFailed, RehearsalFailed) as group:
            raise RehearsalFailed(str(group.exceptions[0])) from group

    async def _give(self, orders: Iterator[Order]) -> None:
        for order in orders:
            await self._operator.order(self._election, order.command, order.about)

    async def _cast_all(self, scene: Scene) -> None:
        """Cast a scene's ballots; the very first alone, for intake may not have heard of the opening yet."""
        casting = Casting(
            self._where.client,
            f"{self._where.at['intake']}/v1/elections/{self._election}/ballots",
            ballot_forms(self._subject.contest, scene.ballots, self._codes),
            rate=inf,
            retry_s=RETRY_S,
            one_by_one=0 if self.recorded else 1,
        )
        self._casts.append(casting)
        await casting.run()

    async def _watch(self) -> None:
        while True:
            await self._look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self) -> None:
        """Read the newest standing. What cannot be read now is left as it was."""
        contest = self._subject.contest.id
        url = f"{self._where.at['results']}/v1/elections/{self._election}/contests/{contest}/standing"
        with suppress(httpx.TransportError):
            answer = await self._where.client.get(url)
            if answer.status_code == 200:
                self.standing = decode_as(Standing, answer.content)
                self._seen(self.recorded, self.standing.balance.cast, self._ballots)


async def _records(log: KafkaReader, shard: int, upto: int) -> list[bytes]:
    return [value async for batch in log.records(shard, upto) for value in batch]
