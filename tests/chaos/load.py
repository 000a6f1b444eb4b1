"""The electors and scanners: they send what the books hold over HTTP, and send it again until the answer is clear.

A ballot is acknowledged only by a 202 or a line that is "recorded", with the ballot's own receipt. No answer, 429, 503 and a
pause mean the same ballot again; any answer that the books do not foresee is a fault.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import httpx

from services.cli.clients.ballots import Answer, BallotClient
from tests.chaos.books import ELECTION, REFUSALS, Books

STREAMS: Final = 6
ELECTORS: Final = 4
CHUNKS: Final = 200
CHUNK_LINES: Final = (250, 1_000)
SINGLES: Final = 25
RETRY_S: Final = 0.25
TRIES: Final = 1_200
GIVE_UP_S: Final = 300.0
CLOSED: Final = "is closed"
LATER: Final = (404, 409, 429, 503)
"""404: intake hears of the election a moment after the operator; 409: it is not open yet, or paused."""


class ChaosFailed(Exception):
    """The run cannot go on, and why."""


class Gate:
    """Lets requests through at a pace, up to a ceiling; both are set as the faults go on.

    Whoever finds it open takes a whole chunk, so a ceiling that is hardly above what was taken is no reason to wait for long.
    """

    def __init__(self) -> None:
        self._interval_s = 0.0
        self._free_at_s = 0.0
        self._taken = 0
        self._ceiling = 0
        self._raised = asyncio.Condition()

    async def raise_to(self, ceiling: int, within_s: float) -> None:
        """Let so many through in all, those that are left evenly within so many seconds."""
        async with self._raised:
            self._ceiling = ceiling
            self._interval_s = within_s / max(CHUNK_LINES[1], ceiling - self._taken)
            self._free_at_s = asyncio.get_running_loop().time()
            self._raised.notify_all()

    async def take(self, requests: int) -> None:
        """Return when so many more may be sent."""
        async with self._raised:
            await self._raised.wait_for(lambda: self._taken < self._ceiling)
            self._taken += requests
        now = asyncio.get_running_loop().time()
        self._free_at_s = max(self._free_at_s, now) + requests * self._interval_s
        await asyncio.sleep(self._free_at_s - now)


@dataclass
class Load:
    """Sends all of `books.order`."""

    client: httpx.AsyncClient
    url: str
    books: Books
    gate: Gate
    _ballots: BallotClient = field(init=False)
    _left: Iterator[Sequence[int]] = field(init=False)

    def __post_init__(self) -> None:
        url = f"{self.url}/v1/elections/{ELECTION}/ballots"
        self._ballots = BallotClient(self.client, url, tries=TRIES, retry_s=RETRY_S)
        order: list[int] = self.books.order.tolist()
        size = min(max(len(order) // CHUNKS, CHUNK_LINES[0]), CHUNK_LINES[1])
        self._left = iter([order[start : start + size] for start in range(0, len(order), size)])

    async def run(self) -> None:
        """Send until every request has a clear answer. Raises ChaosFailed."""
        try:
            async with asyncio.TaskGroup() as clients:
                for _ in range(STREAMS):
                    clients.create_task(self._scanner())
        finally:
            self.books.retries = self._ballots.retries

    async def _scanner(self) -> None:
        """Send chunk after chunk: a few ballots one by one, as electors do, the others as a stream."""
        for chunk in self._left:
            await self.gate.take(len(chunk))
            singles, lines = chunk[:SINGLES], chunk[SINGLES:]
            electors = iter(singles)
            async with asyncio.TaskGroup() as all_at_once:
                all_at_once.create_task(self._until_clear(lines, bulk=True))
                for _ in range(ELECTORS):
                    all_at_once.create_task(self._elector(electors))

    async def _elector(self, items: Iterator[int]) -> None:
        for item in items:
            await self._until_clear([item], bulk=False)

    async def _until_clear(self, items: Sequence[int], *, bulk: bool) -> None:
        try:
            async with asyncio.timeout(GIVE_UP_S):
                await self._ballots.cast(
                    [self.books.body(item) for item in items],
                    lambda place, answer: self._is_clear(items[place], answer),
                    bulk=bulk,
                )
        except TimeoutError:
            raise ChaosFailed(f"requests without a clear answer after {GIVE_UP_S:g} s") from None

    def _is_clear(self, item: int, answer: Answer) -> bool:
        """Enter an answer in the books; return False if the request must be sent again. Raises ChaosFailed."""
        books = self.books
        if answer.status == "recorded" and item >= 0:
            if answer.receipt != books.receipt(item):
                raise ChaosFailed(f"ballot {item} got another ballot's receipt: {answer.receipt}")
            books.acknowledged[item] = min(255, int(books.acknowledged[item]) + 1)
            books.recorded += 1
            return True
        status, detail = answer.problem.get("status"), str(answer.problem.get("detail"))
        if status == 409 and detail.endswith(CLOSED):
            books.late += 1
            return True
        if item < 0 and status == REFUSALS[item]:
            books.refused += 1
            return True
        if status in LATER:
            return False
        raise ChaosFailed(f"request {item} was answered {answer}")
