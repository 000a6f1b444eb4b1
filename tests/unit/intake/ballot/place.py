"""A polling place without Kafka: the pages, intake's own parts, and a log in memory that keeps a log's promises."""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import count
from urllib.parse import urlencode

import httpx
from starlette.applications import Starlette

from services.intake.ballot.intake import Intake
from services.intake.ballot.pages import Pages
from services.intake.ballot.routes import Ballot
from services.intake.desks import Desks
from services.intake.log import BallotLog
from services.intake.settings import IntakeSettings
from services.intake.taking import Taking
from shared.contract.codec import HotBallot, decode_cast
from shared.contract.codes import issue_code
from shared.contract.elections import Election, Phase
from shared.runtime.log import Outgoing, SendFailed
from tests.support.elections import MASTER, Life, election

PICNIC = election()
LIFE = Life(PICNIC)


def code(elector: int = 5) -> str:
    """Return an elector's genuine code."""
    return issue_code(LIFE.key, elector, 0)


class MemoryLog:
    """A sink that remembers; while it is `away` nothing is acknowledged."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []
        self.away = False

    async def send(self, items: Sequence[Outgoing]) -> None:
        """Remember the records. Raises SendFailed."""
        if self.away:
            raise SendFailed("the log is away")
        self.sent += items

    async def stop(self) -> None:
        """Nothing is held."""

    @property
    def ballots(self) -> list[HotBallot]:
        """Every ballot in the log."""
        found = [decode_cast(item.value) for item in self.sent]
        return [ballot for ballot in found if isinstance(ballot, HotBallot)]


class Place:
    """The picnic's pages as a browser without a script meets them."""

    def __init__(self, client: httpx.AsyncClient, log: MemoryLog, desks: dict[str, object]) -> None:
        self.client = client
        self.log = log
        self._announced = desks

    def announce(self, phase: Phase, definition: Election = PICNIC) -> None:
        """Announce an election in a phase."""
        self._announced[definition.id] = Life(definition).announced(2, phase)

    async def get(self, path: str = "/vote/picnic") -> httpx.Response:
        """Ask for a page."""
        return await self.client.get(path)

    async def post(self, step: str, path: str = "/vote/picnic", **fields: str) -> httpx.Response:
        """Post a step; a field `_0_3` is candidate 3 of contest 0."""
        named = {name.strip("_").replace("_", "."): value for name, value in fields.items()}
        form = {"step": step, "code": code(), "ballot": f"{7:032x}", **named}
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return await self.client.post(path, content=urlencode(form), headers=headers)


@asynccontextmanager
async def place(phase: Phase = Phase.OPEN, *, caught_up: bool = True) -> AsyncIterator[Place]:
    """Open a polling place with the picnic announced."""
    announced = {"picnic": LIFE.announced(2, phase)}
    memory, numbers = MemoryLog(), count(1)

    async def open_sink() -> MemoryLog:
        return memory

    log = BallotLog(open_sink, "ballots", 100)
    taking = Taking(IntakeSettings(), Desks(announced, MASTER, lambda: caught_up), log)
    intake = Intake(taking, announced, lambda: caught_up)
    ballot = Ballot(intake, lambda: f"{next(numbers):032x}", Pages())
    await log.start()
    transport = httpx.ASGITransport(Starlette(routes=ballot.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield Place(client, memory, announced)  # type: ignore[arg-type]  # a plain dictionary of announcements
    await log.stop()


def page_of(answer: httpx.Response) -> str:
    """Return which page an answer is."""
    found = re.search(r'data-page="([a-z]+)"', answer.text)
    assert found, answer.text
    return found[1]


def hidden(answer: httpx.Response) -> dict[str, str]:
    """Return the hidden fields of a page."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', answer.text))
