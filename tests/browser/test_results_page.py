"""The results page in a real browser: it moves by itself, reads without a script, and is open to everybody."""

import json
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from redis import Redis

from shared.contract.codec import encode
from shared.contract.elections import Election, Phase
from shared.contract.standings import Standing
from shared.contract.topics import COUNTS_PUBLISHED
from tests.browser.polling_place import finish
from tests.support.elections import Life, contest, election
from tests.support.pipeline import Pipeline
from tests.support.standings import college, standing, surplus

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

PATH = "/elections/picnic/contests/fruit"


@contextmanager
def results(kafka: Any, valkey: Any, folder: Path, *standings: Standing) -> Iterator[Pipeline]:
    """Run results on a namespace of its own, in which these standings are published."""
    running = Pipeline(kafka.bootstrap, folder, redis=valkey.url)
    finish(running.create())
    publish(running, *standings)
    running.start("results")
    running.wait_ready("results")
    yield running
    running.stop()


@pytest.fixture
def pipeline(kafka: Any, valkey: Any, tmp_path: Path) -> Iterator[Pipeline]:
    """Results for one test alone, with one live standing."""
    with results(kafka, valkey, tmp_path, standing(3, Phase.OPEN)) as running:
        yield running


@pytest.fixture(scope="module")
def shown(kafka: Any, valkey: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """Results for those tests that only read: the same live standing, and two closed contests of several seats and sections."""
    folder = tmp_path_factory.mktemp("results")
    with results(kafka, valkey, folder, standing(3, Phase.OPEN), surplus(), college()) as running:
        yield running


def publish(pipeline: Pipeline, *standings: Standing) -> None:
    """Publish standings as counting does."""
    finish(pipeline.publish(COUNTS_PUBLISHED, [(0, of.key.encode(), encode(of)) for of in standings]))


def url(pipeline: Pipeline, path: str = PATH) -> str:
    """Return an address of the service."""
    return f"http://127.0.0.1:{pipeline.port('results')}{path}"


def opened(browser: Browser, pipeline: Pipeline, path: str = PATH, **options: Any) -> Page:
    """Return the contest's page, ready."""
    page = browser.new_page(**options)
    page.goto(url(pipeline, path))
    expect(page.locator("#headline")).to_contain_text("elected", timeout=10_000)
    return page


def arrived(
    browser: Browser, pipeline: Pipeline, election: str, *, width: int, scheme: Any = "light"
) -> Page:
    """Return the page of an election's contest between fruit, as soon as there is one."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    deadline = time.monotonic() + 10
    while page.goto(url(pipeline, f"/elections/{election}/contests/fruit")).status != 200:  # type: ignore[union-attr]
        assert time.monotonic() < deadline, "the standing did not arrive"
    return page


def test_the_page_moves_by_itself_and_never_back(browser: Browser, pipeline: Pipeline) -> None:
    """A new standing changes the page without a reload; an older one does not."""
    page = opened(browser, pipeline)
    page.evaluate("window.same = true")
    expect(page.locator(".status")).to_contain_text("provisional")
    publish(pipeline, standing(5, Phase.CLOSED), standing(4, Phase.OPEN))

    expect(page.locator(".status")).to_contain_text(
        "Every ballot is counted; not yet certified", timeout=10_000
    )
    expect(page.locator(".balance")).to_contain_text("122 cast = 120 accepted + 2 duplicate")
    assert page.evaluate("window.same")


def test_updates_can_be_paused(browser: Browser, pipeline: Pipeline) -> None:
    """What is read stays still until it is resumed, and then is the newest."""
    page = opened(browser, pipeline)
    page.get_by_role("button", name="Pause updates").click()
    publish(pipeline, standing(5, Phase.CLOSED))
    deadline = time.monotonic() + 10
    while (
        json.load(urllib.request.urlopen(url(pipeline, f"/v1{PATH}/standing")))["status"]
        != "unofficial-complete"
    ):
        assert time.monotonic() < deadline
    expect(page.locator(".status")).to_contain_text("provisional")

    page.get_by_role("button", name="Resume updates").click()
    expect(page.locator(".status")).to_contain_text("Complete", timeout=10_000)


def test_a_feed_that_went_silent_is_not_called_live(browser: Browser, pipeline: Pipeline) -> None:
    """A service that stands still keeps its connections: without a word for 40 s the page says so, and connects again."""
    page = browser.new_page()
    page.clock.install()
    page.goto(url(pipeline))
    expect(page.locator("#livetext")).to_contain_text("Live", timeout=10_000)
    pipeline.signal("results", signal.SIGSTOP)
    page.clock.fast_forward(30_000)
    expect(page.locator("#livetext")).to_contain_text("Live")
    page.clock.fast_forward(15_000)
    expect(page.locator("#livetext")).to_contain_text("Reconnecting", timeout=10_000)
    pipeline.signal("results", signal.SIGCONT)
    expect(page.locator("#livetext")).to_contain_text("Live", timeout=10_000)


def test_it_reads_without_a_script(browser: Browser, shown: Pipeline) -> None:
    """Everything is in the page that the server sends."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url(shown))

    for heading in (
        "Latest round: round 3",
        "Round by round",
        "Whose votes go where",
        "All transfers",
        "By section",
        "Turnout",
    ):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.get_by_text("Damson is last at present").first).to_be_visible()
    page.get_by_role("link", name="Round 2").click()
    expect(page.get_by_role("heading", name="Round 2", exact=True).first).to_be_visible()
    expect(page.get_by_text("TEST DATA")).to_be_visible()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_stands_in_anybody_s_way(browser: Browser, shown: Pipeline, width: int, scheme: Any) -> None:
    """The axe rules (WCAG 2.2 A and AA among them) find nothing, at either width, by day and by night."""
    page = opened(browser, shown, viewport={"width": width, "height": 900}, color_scheme=scheme)
    found = Axe().run(page)

    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_seats_quotas_and_scores_stand_in_nobody_s_way_either(
    browser: Browser, shown: Pipeline, width: int, scheme: Any
) -> None:
    """A single transferable vote for two seats, and an electoral college: no violation, no overflow down to 320."""
    for name, words in (
        ("council", "Apple and Banana are elected"),
        ("party", "of the electoral college"),
    ):
        page = arrived(browser, shown, name, width=width, scheme=scheme)
        expect(page.locator("#headline")).to_contain_text(words)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        page.screenshot(path=shown.folder / f"{name}-{width}-{scheme}.png", full_page=True)
        for narrow in (width, 320):
            page.set_viewport_size({"width": narrow, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") == narrow


def test_the_seats_fill_while_people_look(browser: Browser, pipeline: Pipeline) -> None:
    """A contest by the Scottish rules: ahead while ballots come, elected at the close, with every decimal."""
    publish(pipeline, surplus(Phase.OPEN))
    page = arrived(browser, pipeline, "council", width=1280)
    expect(page.get_by_role("heading", name="2 of 2 seats filled, if it ended now")).to_be_visible()
    expect(page.locator(".seats .tag")).to_have_text(["Ahead", "Ahead"])
    closed = surplus()
    publish(
        pipeline,
        closed.model_copy(update={"sequence": closed.sequence + 1, "watermark": (closed.sequence + 1,)}),
    )

    expect(page.locator(".seats .tag")).to_have_text(["Elected", "Elected"], timeout=10_000)
    expect(page.locator(".seats li").first).to_contain_text("Apple")
    rounds = page.get_by_role("table", name="Every round")
    expect(rounds.get_by_role("row", name="Apple")).to_contain_text("18.00000")
    expect(rounds.get_by_role("row", name="Elderberry")).to_contain_text("withdrawn")
    moved = page.get_by_role("table", name="Whose votes go to whom")
    expect(moved.get_by_role("row", name="Round 1: of the surplus of Apple")).to_contain_text("4.28")


def test_what_a_reader_has_open_selected_and_in_focus_stays(browser: Browser, pipeline: Pipeline) -> None:
    """A new standing changes numbers in place: nothing is replaced that is still right."""
    page = opened(browser, pipeline, viewport={"width": 260, "height": 700})
    expect(page.locator("#livetext")).to_contain_text("standing", timeout=10_000)
    fold = page.locator("details[id^=sections]").nth(1)
    fold.locator("summary").click()
    fold.locator("summary").focus()
    region = page.get_by_role("region", name="All rounds")
    assert region.evaluate("e => { e.scrollLeft = 60; return e.scrollLeft }") == 60
    page.evaluate("getSelection().selectAllChildren(document.querySelector('h1'))")
    fold.evaluate("e => e.scrollIntoView()")
    before = fold.evaluate("e => e.getBoundingClientRect().top")
    publish(pipeline, standing(5, Phase.CLOSED))
    expect(page.locator(".status").first).to_contain_text("Complete", timeout=10_000)

    assert fold.evaluate("e => e.open && e.contains(document.activeElement)")
    assert region.evaluate("e => e.scrollLeft") == 60
    assert page.evaluate("String(getSelection())") == "Fruit"
    assert fold.evaluate("e => e.getBoundingClientRect().top") == pytest.approx(before, abs=2)


def test_the_rounds_can_be_played_and_each_has_an_address(browser: Browser, shown: Pipeline) -> None:
    """A round's address shows it large; the player goes through all of them and stops at the last."""
    page = opened(browser, shown, f"{PATH}?round=1")
    expect(page.locator("#shown")).to_have_text("Round 1")
    expect(page.locator(".steps [aria-current]")).to_have_text("1")
    page.get_by_role("button", name="Play the rounds").click()
    expect(page.locator("#shown")).to_have_text("Round 2", timeout=10_000)
    expect(page.locator("#shown")).to_have_text("Latest round: round 3", timeout=10_000)
    expect(page.get_by_role("button", name="Play the rounds")).to_be_visible(timeout=10_000)
    assert "round" not in page.url


def test_names_stay_in_view_while_a_wide_table_scrolls(browser: Browser, shown: Pipeline) -> None:
    """On a phone the table of all rounds scrolls beneath the names."""
    page = arrived(browser, shown, "council", width=360)
    expect(page.locator("#livetext")).to_contain_text(
        "standing", timeout=10_000
    )  # the feed's first word is shown
    region = page.get_by_role("region", name="All rounds")
    name = region.get_by_role("rowheader", name="Apple")
    before = name.bounding_box()
    assert region.evaluate("e => { e.scrollLeft = 30; return e.scrollLeft }") == 30

    assert before is not None
    assert name.bounding_box() == before


@pytest.mark.parametrize("width", [1280, 320])
def test_all_contests_are_at_a_glance_and_move(browser: Browser, pipeline: Pipeline, width: int) -> None:
    """The election's page shows who is ahead, changes by itself, is narrowed down by words, and no axe rule is broken."""
    many = Election.model_validate(
        election().model_dump() | {"contests": [contest(), *(contest(f"ward-{n}") for n in range(9))]}
    )
    finish(pipeline.announce(Life(many), Phase.OPEN))
    page = browser.new_page(viewport={"width": width, "height": 900})
    deadline = time.monotonic() + 10
    while page.goto(url(pipeline, "/elections/picnic")).status != 200:  # type: ignore[union-attr]
        assert time.monotonic() < deadline
    card = page.locator("#card-fruit")
    expect(card).to_contain_text("Banana would be elected if it ended now")
    expect(card.locator(".mini")).to_have_count(2)
    publish(pipeline, standing(5, Phase.CLOSED))
    expect(card).to_contain_text("Banana is elected in round 3", timeout=10_000)
    page.get_by_role("searchbox", name="Find").fill("ward-3")
    expect(page.locator(".cards > li:visible")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_no_page_is_wider_than_a_narrow_phone(browser: Browser, shown: Pipeline) -> None:
    """Tables scroll within themselves at 320 pixels."""
    page = opened(browser, shown, viewport={"width": 320, "height": 700})

    assert page.evaluate("document.documentElement.scrollWidth") == 320


def test_a_flushed_cache_heals_itself(pipeline: Pipeline, valkey: Any) -> None:
    """Redis decides nothing: what it lost is written again from the log."""
    redis = Redis.from_url(valkey.url)
    key = f"{pipeline.namespace}:standing:picnic/fruit"
    assert redis.exists(key)
    redis.flushall()
    deadline = time.monotonic() + 5
    while not redis.exists(key):
        assert time.monotonic() < deadline, "not healed within 5 s"
    publish(pipeline, standing(5, Phase.CLOSED))
    while (
        json.load(urllib.request.urlopen(url(pipeline, f"/v1{PATH}/standing")))["status"]
        != "unofficial-complete"
    ):
        assert time.monotonic() < deadline + 5, "the feed did not go on"
    redis.close()


def test_a_standing_has_a_strong_tag(shown: Pipeline) -> None:
    """Asked again with the tag, nothing is sent."""
    with urllib.request.urlopen(url(shown, f"/v1{PATH}/standing")) as answer:
        tag, body = answer.headers["ETag"], answer.read()
    again = urllib.request.Request(url(shown, f"/v1{PATH}/standing"), headers={"If-None-Match": tag})

    assert body == encode(standing(3, Phase.OPEN))
    with pytest.raises(urllib.error.HTTPError, match="304") as unchanged:
        urllib.request.urlopen(again)
    unchanged.value.close()


def test_the_feed_begins_with_the_newest_resumes_and_says_goodbye(pipeline: Pipeline) -> None:
    """A client that has the newest is not sent it again; a stopping server ends the stream in words."""
    sequence = standing(3, Phase.OPEN).sequence
    with urllib.request.urlopen(url(pipeline, f"/v1{PATH}/stream"), timeout=10) as stream:
        head = [stream.readline().decode().strip() for _ in range(2)]
    assert head == [f"id: {sequence}", "event: standing"]

    known = urllib.request.Request(
        url(pipeline, f"/v1{PATH}/stream"), headers={"Last-Event-ID": str(sequence)}
    )
    with urllib.request.urlopen(known, timeout=10) as stream:
        publish(pipeline, standing(5, Phase.CLOSED))
        assert stream.readline().decode().strip() == f"id: {standing(5, Phase.CLOSED).sequence}"
        began = time.monotonic()
        pipeline.signal("results", signal.SIGTERM)
        assert "event: bye" in stream.read().decode()
        assert time.monotonic() - began < 3
