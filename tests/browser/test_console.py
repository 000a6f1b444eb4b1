"""The console in a real browser: signed in and read with the keyboard alone, open to everybody, and nothing from elsewhere."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from infra.local import ports
from services.cli.clients.keys import KeyRing
from services.cli.clients.operator import Officer, OperatorClient, Patience
from shared.contract.lifecycle import Command
from tests.support.elections import OFFICER, ROOT, Life, election
from tests.support.pipeline import Pipeline

pytestmark = [pytest.mark.kafka, pytest.mark.browser, pytest.mark.timeout(240)]
TOKEN = "a-token-only-for-tests"


@pytest.fixture
def console(kafka: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where a running operator is, whose one election is open and has lost a candidate."""
    monkeypatch.setenv("LIVECOUNT_OPERATOR_TOKEN", TOKEN)
    monkeypatch.setenv("LIVECOUNT_MONITOR_PORT", str(ports.free_ports(1)[0]))
    pipeline = Pipeline(kafka.bootstrap, tmp_path)
    with ThreadPoolExecutor(1) as pool:  # Playwright's loop already runs in this thread
        pool.submit(asyncio.run, pipeline.create()).result()
        try:
            for service in ("validation", "operator"):
                pipeline.start(service)
            for service in ("validation", "operator"):
                pipeline.wait_ready(service)
            url = f"http://127.0.0.1:{pipeline.port('operator')}"
            pool.submit(asyncio.run, begin(url)).result()
            yield url
        finally:
            pipeline.stop()


async def begin(url: str) -> None:
    """Open the election; withdraw a candidate."""
    life = Life(election(), 2)
    async with httpx.AsyncClient(trust_env=False) as http:
        about = Officer(KeyRing.of(ROOT, OFFICER), "ada", "as agreed")
        ada = OperatorClient(http, url, TOKEN, about, Patience(tries=20))
        await ada.configure(life.definition)
        await ada.open("picnic", life.whole_roll())
        await ada.order("picnic", Command.WITHDRAW, contest="fruit", candidate="apple")


def check(page: Page) -> None:
    """No axe rule is broken, and nothing sticks out, at either width."""
    for width in (320, 1100):
        page.set_viewport_size({"width": width, "height": 800})
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_an_officer_signs_in_and_reads_where_the_election_is(
    browser: Browser, console: str, scheme: Any
) -> None:
    """By keys: the form, the election with its orders and what officers did, the monitor, and out again."""
    page = browser.new_page(color_scheme=scheme)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{console}/elections/picnic")
    check(page)
    page.get_by_label("token").focus()
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("not this operator's token")
    check(page)
    page.get_by_label("token").focus()
    page.keyboard.type(TOKEN)
    page.keyboard.press("Enter")
    link = page.get_by_role("link", name=election().title)
    expect(link).to_be_visible()
    check(page)
    link.press("Enter")
    expect(page.get_by_text("livecount close picnic")).to_be_visible()
    expect(page.get_by_text("candidate-withdrawn/2")).to_be_visible()
    expect(page.get_by_text("Not known").first).to_be_visible()  # nobody counts here
    check(page)
    page.get_by_role("link", name="Look for a ballot").press("Enter")
    page.get_by_label("Ballot's id").fill("5f" * 16)
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text(
        "Not in the log", timeout=60_000
    )  # the audit has read it
    check(page)
    page.get_by_role("link", name="Monitor").press("Enter")
    expect(page.get_by_role("heading", name="Monitor")).to_be_visible()
    check(page)
    page.get_by_role("button", name="Sign out").press("Enter")
    page.goto(f"{console}/")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert {url.startswith(console) for url in asked} == {True}
