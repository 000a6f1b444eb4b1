"""A polling place without Kafka: the pages, intake's own parts, and a log in memory that keeps a log's promises."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from urllib.parse import urlencode

import httpx
from starlette.applications import Starlette

from services.intake.admission import Admissions
from services.intake.ballot.intake import Intake
from services.intake.ballot.pages import Pages
from services.intake.ballot.routes import BallotRoutes
from services.intake.ends import LogEnds
from services.intake.log import BallotLog
from services.intake.roll import KnownRolls
from services.intake.service import IntakeService
from services.intake.settings import IntakeSettings
from shared.contract import packs
from shared.contract.codec import decode_cast
from shared.contract.codes import VotingCode
from shared.contract.elections import Phase
from shared.contract.events import ElectionAnnounced
from shared.runtime.log import Outgoing, SendFailed
from tests.support.elections import Life, election

PICNIC = election()
NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)
SHARDS = 2
LIFE = Life(PICNIC, SHARDS)
ELECTOR = 5
CODE = LIFE.code(ELECTOR)
WRONG_CODE = str(VotingCode(ELECTOR, 0, b"0" * 10))


class MemoryLog:
    """A sink that remembers; while it is `away` nothing is acknowledged, and while it `may_go_on` is not set it takes its time."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.away = False
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()
        self.lost = 0
        """Of the records of each shard, so many are gone."""

    async def open_ends(self) -> "MemoryLog":
        """Return what its ends are asked of."""
        return self

    async def ends(self) -> list[int]:
        """Return how many records each shard holds, the one that founds it included."""
        return [1 + sum(item.partition == shard for item in self.sent) - self.lost for shard in range(SHARDS)]

    async def send(self, items: Sequence[Outgoing]) -> None:
        """Remember the records. Raises SendFailed."""
        await self.may_go_on.wait()
        if self.away:
            raise SendFailed("the log is away")
        self.sent += items

    async def stop(self) -> None:
        """Nothing is held."""

    @property
    def ballots(self) -> list[packs.Ballot]:
        """Every ballot in the log."""
        found = [decode_cast(item.value) for item in self.sent]
        return [ballot for pack in found if isinstance(pack, packs.Pack) for ballot in pack.each()]


class Place:
    """The picnic's pages as a browser without a script meets them."""

    def __init__(
        self, client: httpx.AsyncClient, log: MemoryLog, announced: dict[str, ElectionAnnounced]
    ) -> None:
        self.client = client
        self.log = log
        self.announced = announced

    def announce(self, phase: Phase, *withdrawn: tuple[str, str]) -> None:
        """Announce the picnic in a phase, some candidates withdrawn."""
        announced = LIFE.announced(SHARDS, phase)
        self.announced["picnic"] = announced.model_copy(update={"withdrawn": tuple(sorted(withdrawn))})

    async def get(self, path: str = "/vote/picnic") -> httpx.Response:
        """Ask for a page."""
        return await self.client.get(path)

    async def post(self, step: str, path: str = "/vote/picnic", **fields: str) -> httpx.Response:
        """Post a step; a field `_0_3` is candidate 3 of contest 0."""
        named = {name.strip("_").replace("_", "."): value for name, value in fields.items()}
        form = {"step": step, "code": CODE, "ballot": f"{7:032x}", **named}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.client.post(path, content=urlencode(form), headers=headers)


@asynccontextmanager
async def place(
    phase: Phase = Phase.OPEN, *, caught_up: bool = True, receipts: str = ""
) -> AsyncIterator[Place]:
    """Open a polling place with the picnic announced; `receipts` is where a receipt is looked up."""
    announced = {"picnic": LIFE.announced(SHARDS, phase)}
    memory, numbers, rolls = MemoryLog(), count(1), KnownRolls()
    for shard in range(SHARDS):
        rolls.add(LIFE.known(shard))

    async def open_sink() -> MemoryLog:
        return memory

    log = BallotLog(open_sink, "ballots", 100, LogEnds(memory.open_ends, rolls.judged))
    admissions = Admissions(announced, rolls.rolls, lambda: caught_up)
    intake = Intake(IntakeService(IntakeSettings(), admissions, log), announced, lambda: caught_up)
    ballot = BallotRoutes(intake, lambda: f"{next(numbers):032x}", Pages(lambda: NOW, receipts))
    await log.start()
    transport = httpx.ASGITransport(Starlette(routes=ballot.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield Place(client, memory, announced)
    await log.stop()


def page_of(answer: httpx.Response) -> str:
    """Return which page an answer is."""
    found = re.search(r'data-page="([a-z]+)"', answer.text)
    assert found, answer.text
    return found[1]


def hidden(answer: httpx.Response) -> dict[str, str]:
    """Return the hidden fields of a page."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.text))
