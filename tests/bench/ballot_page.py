"""Electors who load the ballot page, rank and cast, at an even pace: most by HTTP, some in a real Chromium.

Run as `python -m tests.bench.ballot_page`: at most eight minutes. Goal: 10,000 electors within ten minutes, on two cores that
broker, services and load share; they come within six here, so that the goal is met with room or missed clearly.

Rule 1: an elector by HTTP does what a browser without a cache does: page, style, script and icon, then the ballot, then the
        cast, on a connection that nobody has used before.
Rule 2: an elector is late from when they were due, whatever the service does.
Rule 3: at the end each elector who has a receipt has exactly one ballot in the log, with the marks that they gave; nobody has two.
Rule 4: it ends: a minute after the last was due it is said how many have voted.
"""

import asyncio
import re
import shutil
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlencode

import httpx
import numpy as np
from playwright.async_api import Browser, async_playwright

from infra.local.kafka import EmbeddedKafka
from shared.contract.codec import decode_cast
from shared.contract.elections import Phase
from shared.contract.packs import Pack
from shared.contract.topics import BALLOTS_CAST
from tests.bench.goals import Figure, table
from tests.bench.processes import cpu_seconds
from tests.bench.report import arguments, begin, write
from tests.support.elections import Life, election
from tests.support.pipeline import Pipeline
from tests.support.topics import read_topic

SHARDS: Final = 2
ELECTORS: Final = 10_000
MINUTES: Final = 6.0
"""In which they all come; also the pace of fewer."""
GOAL_MINUTES: Final = 10.0
BOUND_S: Final = 60.0
MAX_CONNECTIONS: Final = 4_096
"""From the one address that all electors of this load have."""
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
_FILE: Final = re.compile(r"/static/[\w.]+")
_BALLOT: Final = re.compile(r'name="ballot" value="([0-9a-f]{32})"')


class Electors:
    """Everybody who votes, and how long each took."""

    def __init__(self, pipeline: Pipeline, life: Life, electors: int, browsers: int) -> None:
        self._life = life
        self._url = f"http://127.0.0.1:{pipeline.port('intake')}/vote/{life.definition.id}"
        self._electors = electors
        self._by_browser = set(np.linspace(0, electors - 1, browsers).astype(int).tolist())
        self.voted: set[int] = set()
        self.seconds: list[float] = []
        self.browser_seconds: list[float] = []
        self.bytes: list[int] = []
        self.again = 0

    async def vote(self, browser: Browser, pace_s: float) -> None:
        """Let everybody vote, one every `pace_s` seconds, and wait for at most BOUND_S. Raises ExceptionGroup if one could not."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._electors * pace_s + BOUND_S):
                await self._everybody(browser, pace_s)

    async def _everybody(self, browser: Browser, pace_s: float) -> None:
        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for elector in range(self._electors):
                due = began + elector * pace_s
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                if elector in self._by_browser:
                    group.create_task(self._in_browser(browser, elector, due))
                else:
                    group.create_task(self._by_http(elector, due))

    async def _by_http(self, elector: int, due: float) -> None:
        code = self._life.code(elector)
        async with httpx.AsyncClient(trust_env=False, timeout=BOUND_S, verify=False) as client:
            answers = [await self._ask(client, self._url)]
            names = files_of(answers[0].text)
            answers += [await self._ask(client, str(httpx.URL(self._url).join(name))) for name in names]
            answers.append(await self._ask(client, self._url, {"step": "start", "code": code}))
            found = _BALLOT.search(answers[-1].text)
            assert found, answers[-1].text
            form = {"step": "cast", "code": code, "ballot": found[1], **fields(elector)}
            answers.append(await self._ask(client, self._url, form))
        assert 'data-page="receipt"' in answers[-1].text, answers[-1].text
        received = sum(answer.num_bytes_downloaded for answer in answers)
        self.voted.add(elector)
        self.bytes.append(received)
        self.seconds.append(time.monotonic() - due)

    async def _ask(
        self, client: httpx.AsyncClient, url: str, form: dict[str, str] | None = None
    ) -> httpx.Response:
        """Ask until there is an answer, as the page does: again where an idle connection was closed, later after a 503.

        Raises httpx.HTTPError, TimeoutError.
        """
        body = None if form is None else urlencode(form)
        method = "GET" if form is None else "POST"
        async with asyncio.timeout(BOUND_S):
            while True:
                try:
                    answer = await client.request(method, url, content=body, headers=FORM)
                except (httpx.ReadError, httpx.RemoteProtocolError):
                    self.again += 1
                    continue
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    return answer
                self.again += 1
                await asyncio.sleep(float(answer.headers["Retry-After"]))

    async def _in_browser(self, browser: Browser, elector: int, due: float) -> None:
        context = await browser.new_context()
        page = await context.new_page()
        await page.goto(f"{self._url}#code={self._life.code(elector)}")
        await page.locator("#code-form .main").click()
        for place in order(elector):
            await page.locator(f".contest:visible [data-candidate='{place}'] .tap").click()
        await page.locator("[data-do=next]").click()
        await page.locator("form [value=review]").click()
        await page.locator("#review [data-do=cast]").click()
        await page.locator("main[data-page=receipt]").wait_for(timeout=1_000 * BOUND_S)
        await context.close()
        self.voted.add(elector)
        self.browser_seconds.append(time.monotonic() - due)


def files_of(page: str) -> list[str]:
    """Return the paths of a page's style, script and icon, each once."""
    return list(dict.fromkeys(_FILE.findall(page)))


def order(elector: int) -> tuple[int, int]:
    """Return an elector's first and second choice."""
    return elector % 4, (elector + 1 + elector // 4 % 3) % 4


def fields(elector: int) -> dict[str, str]:
    """Return the numbers that an elector writes."""
    return {f"0.{place}": str(number) for number, place in enumerate(order(elector), 1)}


async def in_log(pipeline: Pipeline) -> list[tuple[int, str]]:
    """Return the elector and the marks of the first contest of every ballot in the log."""
    shards = await read_topic(pipeline.kafka, BALLOTS_CAST.name(pipeline.namespace))
    packs = [decode_cast(value) for shard in shards for value in shard]
    return [(of.elector, of.rankings[0]) for pack in packs if isinstance(pack, Pack) for of in pack.each()]


async def measure(pipeline: Pipeline, electors: int, minutes: float, browsers: int) -> list[Figure]:
    """Return the figures of so many electors in so many minutes."""
    life = Life(election("bench", electors=electors), SHARDS)
    await pipeline.create()
    await pipeline.begin(life)
    await pipeline.announce(life, Phase.OPEN)
    limits = {"intake": {"max_connections_per_address": str(MAX_CONNECTIONS)}}
    children = [pipeline.start(of, **limits.get(of, {})) for of in ("intake", "validation")]
    for service in ("intake", "validation"):
        pipeline.wait_ready(service)
    people = Electors(pipeline, life, electors, browsers)
    used, load, began = cpu_seconds(children[0].pid), time.process_time(), time.monotonic()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        await people.vote(browser, 60 * minutes / electors)
        await browser.close()
    took, load = time.monotonic() - began, time.process_time() - load
    cpu = cpu_seconds(children[0].pid) - used
    found = await in_log(pipeline)
    marks = dict(found)
    assert len(marks) == len(found), "expected one ballot of each elector"
    assert people.voted <= set(marks), "expected every ballot that has a receipt"
    assert all(said == ">".join(map(str, order(elector))) for elector, said in found), (
        "expected the marks given"
    )
    return figures(people, electors, took, (cpu, load), minutes)


def figures(
    people: Electors, electors: int, took_s: float, cpu_s: tuple[float, float], minutes: float
) -> list[Figure]:
    """Return what was seen; `cpu_s` is the CPU of intake and of the load."""
    name = f"{electors:,} electors within {minutes:g} min"
    intake_s, load_s = cpu_s
    goal = GOAL_MINUTES * electors / ELECTORS
    return [
        Figure(name, "have voted", 100 * len(people.voted) / electors, "%", goal=100, better="more"),
        Figure(name, "the last of them after", took_s / 60, "min", goal=goal),
        Figure(name, "an elector by HTTP, median", 1e3 * percentile(people.seconds, 50), "ms"),
        Figure(name, "an elector by HTTP, p99", 1e3 * percentile(people.seconds, 99), "ms", goal=1_000),
        Figure(name, "in a browser, all taps included, median", percentile(people.browser_seconds, 50), "s"),
        Figure(name, "requests that had to be sent again", people.again, ""),
        Figure(name, "bytes of a vote by HTTP", max(people.bytes) / 1e3, "kB", goal=60),
        Figure(name, "CPU of intake an elector", 1e3 * intake_s / len(people.voted), "ms"),
        Figure(name, "CPU of the load an elector, browsers left out", 1e3 * load_s / len(people.voted), "ms"),
    ]


def percentile(seconds: Sequence[float], of: float) -> float:
    """Return a percentile."""
    return float(np.percentile(np.array(seconds), of))


def main() -> None:
    """Measure, show and, unless quick, write results/ballot_page.json."""
    parser = arguments("ballot_page", __doc__ or "", "500 electors at the same pace; nothing is written")
    parser.add_argument("--browsers", type=int, help="electors in a real browser; default: one in 500")
    parser.add_argument("--electors", type=int, default=ELECTORS, help="fewer are written nowhere, too")
    asked = parser.parse_args()
    electors = 500 if asked.quick else asked.electors
    minutes = MINUTES * electors / ELECTORS
    browsers = electors // 500 if asked.browsers is None else asked.browsers
    console = begin()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="livecount-page-")))
        kafka = stack.enter_context(EmbeddedKafka(folder / "kafka"))
        pipeline = Pipeline(kafka.bootstrap, folder, shards=SHARDS)
        stack.callback(pipeline.stop)
        found = asyncio.run(measure(pipeline, electors, minutes, browsers))
    console.print(table(found, "The ballot page"))
    if electors >= ELECTORS:
        write("ballot_page", found)


if __name__ == "__main__":
    main()
