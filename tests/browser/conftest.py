"""The browser of these tests and pictures, and the polling place that the ballot's tests share."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from shared.contract.elections import Phase
from tests.browser.polling_place import NOT_OPEN, PICNIC, SHARDS, Place, finish, watched
from tests.support.elections import ROOT, Life, election
from tests.support.pipeline import Pipeline

NAMES = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a Chromium: the one that is there, else Playwright's own."""
    there = next((path for name in NAMES if (path := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=there, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """A Chromium for the tests of this package: Playwright's loop runs in this thread as long as it is open."""
    with chromium() as running:
        yield running


@pytest.fixture(autouse=True)
def nothing_left_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close what a test has opened: a page that is left goes on asking for news."""
    running: Browser | None = (
        request.getfixturevalue("browser") if "browser" in request.fixturenames else None
    )
    yield
    for left in [] if running is None else running.contexts:
        left.close()


@pytest.fixture(scope="package")
def place(kafka: Any, valkey: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Every service that a vote meets, on a namespace of their own, with the picnic open."""
    folder = tmp_path_factory.mktemp("ballot")
    pipeline = Pipeline(kafka.bootstrap, folder, shards=SHARDS, redis=valkey.url)
    finish(pipeline.create())
    picnic = Life(PICNIC.definition, SHARDS)  # its controls follow one another in this place alone
    finish(pipeline.begin(picnic))
    for phase in NOT_OPEN:
        finish(pipeline.announce(Life(election(phase), SHARDS), phase))
    finish(pipeline.announce(picnic, Phase.OPEN))
    (key := folder / "checkpoint.key").write_text(ROOT.hex())
    try:
        pipeline.start("proofs", checkpoint_key_file=str(key), checkpoint_ms="100")
        for service in ("validation", "counting", "results"):
            pipeline.start(service)
        place = Place(pipeline)
        for service in ("validation", "counting", "results", "proofs"):
            pipeline.wait_ready(service)
        yield place
    finally:
        pipeline.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of an elector's own. Whatever its pages complain of, fails the test."""
    made = browser.new_context(viewport={"width": 1280, "height": 900})
    with watched(made):
        yield made
    made.close()
