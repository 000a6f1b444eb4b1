"""A polling place for the browser tests: real services on real Kafka, a look into the log, and the steps of a vote."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, expect

from shared.contract.codec import decode_cast
from shared.contract.elections import Phase
from shared.contract.packs import Ballot, Pack
from shared.contract.topics import BALLOTS_CAST
from tests.support.elections import Life, election
from tests.support.pipeline import Pipeline
from tests.support.topics import read_topic

SHARDS = 2
NOT_OPEN = (Phase.CONFIGURED, Phase.PAUSED, Phase.CLOSED)
"""For each there is an election that is named after it."""
PICNIC = Life(election(electors=120), SHARDS)
"""Gives the codes; each place has a life of its own to begin, for the places of one run may be several."""
ELECTORS = count(1)
"""Each test has electors of its own."""


def finish(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a thread of its own: Playwright's loop already runs in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


class Place:
    """A polling place: intake on real Kafka, and a look into its log."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.start_intake()
        self.origin = f"http://127.0.0.1:{pipeline.port('intake')}"

    def url(self, path: str = "/vote/picnic") -> str:
        """Return an address of the service."""
        return self.origin + path

    def start_intake(self) -> None:
        """Start intake, which knows where receipts are looked up, and wait until it is ready."""
        self.pipeline.start("intake", receipts_url=f"{self.pipeline.url('proofs')}/receipt")
        self.pipeline.wait_ready("intake")

    def kill_intake(self) -> None:
        """End intake as a crash would."""
        self.pipeline.kill("intake")

    def announce(self, life: Life, phase: Phase) -> None:
        """Announce an election and its roll."""
        finish(self.pipeline.commit_roll(life))
        finish(self.pipeline.announce(life, phase))

    def marks(self, elector: int, name: str = "picnic") -> list[tuple[str, ...]]:
        """Return the marks of each different ballot of an elector in the log."""
        return [ballot.rankings for ballot in self.ballots(elector, name)]

    def ballots(self, elector: int, name: str = "picnic") -> list[Ballot]:
        """Return the different ballots of an elector in the log; the same one sent again is one."""
        found = [ballot for of, ballot in finish(self.log()) if (of, ballot.elector) == (name, elector)]
        return list(dict.fromkeys(found))

    async def log(self) -> list[tuple[str, Ballot]]:
        """Return every ballot in the log, with its election."""
        shards = await read_topic(self.pipeline.kafka, BALLOTS_CAST.name(self.pipeline.namespace))
        packs = [decode_cast(value) for shard in shards for value in shard]
        return [(pack.election, ballot) for pack in packs if isinstance(pack, Pack) for ballot in pack.each()]


@contextmanager
def watched(made: BrowserContext) -> Iterator[None]:
    """Fail if a page of the context raises, breaks its policy, or asks for anything from elsewhere."""
    faults: list[str] = []
    made.on("weberror", lambda fault: faults.append(str(fault.error)))

    def listen(said: ConsoleMessage) -> None:
        if "Content Security" in said.text:
            faults.append(said.text)

    def look(asked: Request) -> None:
        if not asked.url.startswith(("http://127.0.0.1", "data:", "blob:")):
            faults.append(asked.url)

    made.on("console", listen)
    made.on("request", look)
    yield
    assert faults == []


def new_elector() -> tuple[int, str]:
    """Return an elector's number and code."""
    elector = next(ELECTORS)
    return elector, PICNIC.code(elector)


def enter(page: Page, place: Place, code: str, query: str = "") -> Page:
    """Arrive by a personal link and start."""
    page.goto(place.url(f"/vote/picnic{query}#code={code}"))
    page.locator("#code-form .main").click()
    expect(page.locator("form#ballot")).to_be_visible()
    return page


def tap(page: Page, *names: str) -> None:
    """Tap candidates in order."""
    for name in names:
        page.locator(".contest:visible .tap", has_text=name).click()


def to_review(page: Page) -> None:
    """Go on to the last contest and to the review."""
    following = page.locator("[data-do=next]")
    if following.is_visible():
        following.click()
    page.locator("form [value=review]").click()
    expect(page.locator("#review")).to_be_visible()


def cast(page: Page) -> None:
    """Cast from the review."""
    page.locator("#review [data-do=cast]").click()
    expect_receipt(page)


def expect_receipt(page: Page) -> None:
    """Wait for the receipt."""
    expect(page.get_by_role("heading", name="Your ballot is in")).to_be_visible(timeout=15_000)


def kept(page: Page) -> dict[str, str]:
    """Return all that the page's storages hold."""
    found: dict[str, str] = page.evaluate("({ ...sessionStorage, ...localStorage })")
    return found


def arrive(page: Page, url: str, name: str) -> None:
    """Ask for a page until it is the one expected: intake hears of an announcement a moment later."""
    for _ in range(100):
        page.goto(url)
        if page.locator(f"main[data-page={name}]").count():
            return
    raise AssertionError(f"{url} never was {name}")


def until_phase(page: Page, place: Place, name: str, words: str) -> None:
    """Wait until intake has heard of a phase, without touching the page."""
    for _ in range(200):
        if words in page.request.get(place.url(f"/vote/{name}")).text():
            return
    raise AssertionError(f"{name} never said {words!r}")
