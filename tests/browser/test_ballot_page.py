"""The ballot in a real browser: however a vote is cast, and whatever happens on the way, it is in the log once, as marked."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Route, expect
from typer.testing import CliRunner

from services.cli import app
from services.intake.ballot.files import NAMES
from services.intake.ballot.follow import follow
from services.intake.ballot.pages import contest_data
from shared.contract.codec import decode_cast, decode_judged
from shared.contract.elections import CandidateOrder, Contest, Phase, Revote
from shared.contract.packs import Ballot, Pack
from shared.contract.topics import BALLOTS_CAST, BALLOTS_JUDGED
from shared.contract.verdict_ranges import Verdicts
from shared.runtime.kafka.reader import read_topic
from tests.support.elections import Life, contest, election
from tests.support.pipeline import Pipeline

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

SERVICES = ("intake", "validation", "counting", "results")
SHARDS = 2
NOT_OPEN = (Phase.CONFIGURED, Phase.PAUSED, Phase.CLOSED)
"""For each there is an election that is named after it."""
PICNIC = Life(election(electors=80), SHARDS)
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
        self.origin = f"http://127.0.0.1:{pipeline.port('intake')}"

    def url(self, path: str = "/vote/picnic") -> str:
        """Return an address of the service."""
        return self.origin + path

    def announce(self, life: Life, phase: Phase) -> None:
        """Announce an election and its roll."""
        finish(self.pipeline.commit_roll(life))
        finish(self.pipeline.announce(life, phase))

    def ballots(self, elector: int, name: str = "picnic") -> list[Ballot]:
        """Return the different ballots of an elector in the log; the same one sent again is one."""
        found = [ballot for of, ballot in finish(self.log()) if (of, ballot.elector) == (name, elector)]
        return list(dict.fromkeys(found))

    async def log(self) -> list[tuple[str, Ballot]]:
        """Return every ballot in the log, with its election."""
        shards = await read_topic(self.pipeline.kafka, BALLOTS_CAST.name(self.pipeline.namespace))
        packs = [decode_cast(value) for shard in shards for value in shard]
        return [(pack.election, ballot) for pack in packs if isinstance(pack, Pack) for ballot in pack.each()]


@pytest.fixture(scope="module")
def place(kafka: Any, valkey: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Intake, validation, counting and results on a namespace of their own, with the picnic open."""
    folder = tmp_path_factory.mktemp("ballot")
    pipeline = Pipeline(kafka.bootstrap, folder, shards=SHARDS, redis=valkey.url)
    finish(pipeline.create())
    finish(pipeline.begin(PICNIC))
    for phase in NOT_OPEN:
        finish(pipeline.announce(Life(election(phase), SHARDS), phase))
    finish(pipeline.announce(PICNIC, Phase.OPEN))
    for service in SERVICES:
        pipeline.start(service)
    for service in SERVICES:
        pipeline.wait_ready(service)
    yield Place(pipeline)
    pipeline.stop()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser of an elector's own. Whatever its pages complain of, fails the test."""
    made = browser.new_context(viewport={"width": 1280, "height": 900})
    with watched(made):
        yield made
    made.close()


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


def test_by_tapping_in_order(context: BrowserContext, place: Place) -> None:
    """From a personal link to the log; the code leaves the address at once, and nothing of the vote stays."""
    elector, code = new_elector()
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    enter(page, place, code)
    assert page.url == place.url()
    tap(page, "Damson", "Apple")
    expect(page.locator(".contest:visible .line")).to_have_text(
        "Your vote goes to Damson. If Damson is eliminated, it goes to Apple. If Apple is eliminated too, it stops there."
    )
    page.locator("[data-do=next]").click()
    tap(page, "Juice")
    to_review(page)
    cast(page)

    (ballot,) = place.ballots(elector)
    assert ballot.rankings == ("3>0", "1")
    assert kept(page) == {}
    assert not [url for url in asked if code in url or "code" in url]
    assert page.evaluate("JSON.stringify(history.state)").count("Damson") == 0
    page.go_back()
    expect(page.locator("body")).not_to_contain_text("Damson is eliminated")
    assert page.evaluate("caches.keys()") == []


def test_by_number_with_a_gap_and_a_tie(context: BrowserContext, place: Place) -> None:
    """What the numbers say is recorded as it is, and what the rules make of it is said before."""
    elector, code = new_elector()
    page = enter(context.new_page(), place, code)
    page.get_by_role("button", name="Write numbers instead").click()
    for name, number in (("Banana", "1"), ("Apple", "3"), ("Cherry", "3")):
        page.get_by_role("textbox", name=name).fill(number)
    page.get_by_role("textbox", name="Damson").fill("7")
    expect(page.locator(".row .fault:visible")).to_have_text("Please write a number from 1 to 4.")
    page.locator("[data-do=next]").click()
    page.locator("form [value=review]").click()
    expect(page.get_by_role("textbox", name="Damson")).to_be_focused()
    page.get_by_role("textbox", name="Damson").fill("")
    page.get_by_role("textbox", name="Banana").fill("\N{ARABIC-INDIC DIGIT ONE}")
    notes = page.locator(".contest:visible .notes")
    expect(notes).to_contain_text("No candidate has number 2. That is passed over: number 3 counts next.")
    expect(notes).to_contain_text(
        "Apple and Cherry share number 3. By the rules of this contest your vote ends there"
    )
    to_review(page)
    expect(page.locator("#review .order").first).to_contain_text("Apple = Cherry")
    cast(page)

    assert [ballot.rankings for ballot in place.ballots(elector)] == [("1>>0=2", "")]


def test_by_keyboard_alone(context: BrowserContext, place: Place) -> None:
    """Every control is reached with Tab and worked with Enter, Space or a digit; focus always shows and never gets lost."""
    elector, code = new_elector()
    page = context.new_page()
    page.goto(place.url(f"/vote/picnic#code={code}"))
    key = page.keyboard.press

    def to(name: str, role: str = "button") -> None:
        for _ in range(60):
            key("Tab")
            at = page.evaluate(
                "[document.activeElement.textContent.trim(), document.activeElement.ariaLabel ?? '']"
            )
            if any(said.startswith(name) for said in at):
                assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
                return
        raise AssertionError(f"no {role} {name!r} within reach of Tab")

    to("To the content", "link")
    key("Enter")
    to("Start voting")
    key("Enter")
    expect(page.get_by_role("heading", name="Your ballot", exact=True)).to_be_focused()
    to("Cherry")
    key("Space")
    to("Damson")
    key("1")
    expect(page.locator("#said")).to_have_text("Damson is your choice 1.")
    to("Move down: Damson")
    key("Enter")
    assert page.evaluate("document.activeElement.ariaLabel") == "Move down: Damson"
    to("Next contest")
    key("Enter")
    expect(page.get_by_role("heading", name="Drink")).to_be_focused()
    to("Water")
    key("Enter")
    to("Check my ballot")
    key("Enter")
    expect(page.get_by_role("heading", name="Check your ballot")).to_be_focused()
    to("Cast my ballot")
    key("Enter")
    expect(page.get_by_role("heading", name="Your ballot is in")).to_be_focused(timeout=15_000)

    assert [ballot.rankings for ballot in place.ballots(elector)] == [("2>3", "0")]


def test_by_dragging_moving_and_undoing(context: BrowserContext, place: Place) -> None:
    """The order can be changed in every way, and every change can be undone."""
    elector, code = new_elector()
    page = enter(context.new_page(), place, code)
    order = page.locator(".contest:visible .side .names")
    tap(page, "Apple", "Banana", "Cherry")
    order.nth(2).hover()
    page.mouse.down()
    box = order.first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 5, box["y"] + 2, steps=5)
    page.mouse.up()
    expect(order).to_have_text(["Cherry", "Apple", "Banana"])
    page.get_by_role("button", name="Move up: Banana").click()
    expect(order).to_have_text(["Cherry", "Banana", "Apple"])
    page.get_by_role("button", name="Remove: Cherry").click()
    page.locator(".contest:visible [data-do=clear]").click()
    expect(order).to_have_text([])
    for _ in range(2):
        page.locator(".contest:visible [data-do=undo]").click()
    expect(order).to_have_text(["Cherry", "Banana", "Apple"])
    tap(page, "Banana")
    expect(order).to_have_text(["Cherry", "Apple"])
    to_review(page)
    cast(page)

    assert [ballot.rankings for ballot in place.ballots(elector)] == [("2>0", "")]


def test_by_touch_on_a_narrow_phone(browser: Browser, place: Place) -> None:
    """A trembling finger ranks once; a drag begins after a short press."""
    elector, code = new_elector()
    made = browser.new_context(viewport={"width": 320, "height": 640}, has_touch=True, is_mobile=True)
    with watched(made):
        page = enter(made.new_page(), place, code)
        banana = page.locator(".contest:visible .tap", has_text="Banana")
        banana.tap()
        banana.tap()
        page.locator(".contest:visible .tap", has_text="Apple").tap()
        expect(banana).to_have_attribute("aria-pressed", "true")
        names = page.locator(".contest:visible .side .names")
        names.nth(1).scroll_into_view_if_needed()
        boxes = [names.nth(i).bounding_box() for i in (0, 1)]
        touch = made.new_cdp_session(page)
        assert boxes[0]
        assert boxes[1]
        at = {"x": boxes[1]["x"] + 20, "y": boxes[1]["y"] + 8}
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at]})
        page.wait_for_timeout(350)
        for part in (0.5, 1.0):
            y = at["y"] + part * (boxes[0]["y"] - boxes[1]["y"] - 10)
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{**at, "y": y}]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        expect(names.first).to_have_text("Apple")
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        to_review(page)
        cast(page)
    made.close()

    assert [ballot.rankings for ballot in place.ballots(elector)] == [("0>1", "")]


@pytest.mark.parametrize("how", ["script off", "script does not arrive"])
def test_without_a_script(browser: Browser, place: Place, how: str) -> None:
    """From code to receipt by forms; going back changes marks; no address ever holds more than the election."""
    elector, code = new_elector()
    made = browser.new_context(java_script_enabled=how != "script off")
    with watched(made):
        page = made.new_page()
        page.route("**/*.js", lambda route: route.abort())
        page.goto(place.url())
        page.get_by_label("Your voting code").fill(code.lower())
        page.get_by_role("button", name="Start voting").click()
        page.get_by_label("Cherry").fill("1")
        page.get_by_label("Water").fill("one")
        page.get_by_role("button", name="Check my ballot").click()
        expect(page.locator(".row .fault:visible")).to_have_text("Please write a number from 1 to 2.")
        page.get_by_label("Water").fill("1")
        page.get_by_role("button", name="Check my ballot").click()
        expect(page.get_by_role("heading", name="Check your ballot")).to_be_visible()
        page.get_by_role("button", name="Back").click()
        page.get_by_label("Apple").fill("2")
        page.get_by_role("button", name="Cymraeg").click()
        expect(page.get_by_label("Apple")).to_have_value("2")
        page.get_by_role("button", name="Gwirio fy mhleidlais").click()
        page.get_by_role("button", name="Bwrw fy mhleidlais").click()
        expect(page.get_by_role("heading", name="Mae eich pleidlais wedi cyrraedd")).to_be_visible()
        assert page.url == place.url("/vote/picnic?lang=cy")
    made.close()

    assert [ballot.rankings for ballot in place.ballots(elector)] == [("2>0", "0")]


def test_a_script_that_arrives_late(context: BrowserContext, place: Place) -> None:
    """A vote that began with forms goes on with the script; a reload keeps its marks and its id."""
    elector, code = new_elector()
    page, late = context.new_page(), count()
    page.route("**/*.js", lambda route: route.abort() if next(late) == 0 else route.continue_())
    page.goto(place.url())
    page.get_by_label("Your voting code").fill(code)
    page.get_by_role("button", name="Start voting").click()
    tap(page, "Cherry", "Apple")
    before = kept(page)
    page.reload()
    expect(page.locator(".contest:visible .side .order")).to_contain_text("2Apple")
    assert kept(page) == before
    to_review(page)
    cast(page)

    assert [ballot.rankings for ballot in place.ballots(elector)] == [("2>0", "")]


def test_without_a_connection_in_the_middle(context: BrowserContext, place: Place) -> None:
    """Ranking and checking go on; casting says what is known, waits, and sends the ballot when it can."""
    elector, code = new_elector()
    page = enter(context.new_page(), place, code)
    context.set_offline(True)
    tap(page, "Banana")
    to_review(page)
    page.locator("#review [data-do=cast]").click()
    expect(page.locator("#sending .say")).to_contain_text(
        "There is no connection at the moment. Your ballot is not confirmed yet"
    )
    assert place.ballots(elector) == []
    context.set_offline(False)
    expect_receipt(page)

    assert [ballot.rankings for ballot in place.ballots(elector)] == [("1", "")]
    assert kept(page) == {}


def lose_answers(times: int) -> Callable[[Route], None]:
    """Return a handler that lets a posted ballot reach the service, and loses the first answers."""
    left = count(times, -1)

    def handle(route: Route) -> None:
        if "step=cast" not in (route.request.post_data or "") or next(left) <= 0:
            route.continue_()
            return
        route.fetch()
        route.abort()

    return handle


def test_an_answer_that_is_lost(context: BrowserContext, place: Place) -> None:
    """The ballot is in, but the elector cannot know: it is sent again with the same id, and is one ballot."""
    elector, code = new_elector()
    page = enter(context.new_page(), place, code)
    tap(page, "Cherry")
    to_review(page)
    page.route("**/vote/picnic", lose_answers(1))
    page.locator("#review [data-do=cast]").click()
    expect(page.locator("#sending .say")).to_contain_text("Your ballot may be in or not")
    page.get_by_role("button", name="Send it again now").click()
    expect_receipt(page)

    assert [ballot.rankings for ballot in place.ballots(elector)] == [("2", "")]


def test_a_service_that_is_busy(context: BrowserContext, place: Place) -> None:
    """503 with Retry-After: the elector learns how long, and the ballot goes by itself."""
    elector, code = new_elector()
    page = enter(context.new_page(), place, code)
    tap(page, "Cherry")
    to_review(page)
    left = count(2, -1)
    page.route(
        "**/vote/picnic",
        lambda route: (
            route.fulfill(status=503, headers={"Retry-After": "2"}) if next(left) > 0 else route.continue_()
        ),
    )
    page.locator("#review [data-do=cast]").click()
    expect(page.locator("#sending .say")).to_contain_text("it is sent again by itself in 2 seconds")
    expect_receipt(page)

    assert len(place.ballots(elector)) == 1


def test_impatience(context: BrowserContext, place: Place) -> None:
    """Two clicks at once are one ballot."""
    elector, code = new_elector()
    page = enter(context.new_page(), place, code)
    tap(page, "Damson")
    to_review(page)
    page.locator("#review [data-do=cast]").dblclick()
    expect_receipt(page)

    assert [ballot.rankings for ballot in place.ballots(elector)] == [("3", "")]


def test_a_reload_in_the_middle_and_one_while_sending(context: BrowserContext, place: Place) -> None:
    """The marks are there again; a ballot that was on its way is sent again as the same."""
    elector, code = new_elector()
    page = enter(context.new_page(), place, code)
    tap(page, "Damson", "Banana")
    page.reload()
    expect(page.locator(".contest:visible .side .order")).to_contain_text("2Banana")
    to_review(page)
    page.route("**/vote/picnic", lose_answers(1))
    page.locator("#review [data-do=cast]").click()
    expect(page.locator("#sending .say")).to_contain_text("Your ballot may be in or not")
    page.on("dialog", lambda dialog: dialog.accept())
    page.reload()
    expect_receipt(page)

    assert [ballot.rankings for ballot in place.ballots(elector)] == [("3>1", "")]
    assert kept(page) == {}


def test_the_back_button(context: BrowserContext, place: Place) -> None:
    """It goes from the review to the contest to the start; the ballot waits there until it is continued or deleted."""
    elector, code = new_elector()
    page = enter(context.new_page(), place, code)
    tap(page, "Apple")
    to_review(page)
    page.go_back()
    expect(page.get_by_role("heading", name="Drink")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("heading", name="Fruit")).to_be_visible()
    page.go_back()
    page.get_by_role("button", name="Continue with it").click()
    expect(page.locator(".contest:visible .side .order")).to_contain_text("1Apple")
    to_review(page)
    cast(page)
    for _ in range(2):
        page.go_back()
        expect(page.locator("body")).not_to_contain_text("Apple is eliminated")

    assert [ballot.rankings for ballot in place.ballots(elector)] == [("0", "")]


def test_an_unfinished_ballot_can_be_deleted(context: BrowserContext, place: Place) -> None:
    """And another person's link in the same window never shows it."""
    elector, code = new_elector()
    page = enter(context.new_page(), place, code)
    tap(page, "Apple")
    page.goto("about:blank")
    page.goto(place.url())
    page.get_by_role("button", name="Delete it").click()
    assert kept(page) == {}
    enter(page, place, code)
    tap(page, "Banana")
    page.goto("about:blank")
    enter(page, place, new_elector()[1])
    expect(page.locator(".contest:visible .side .order")).to_be_empty()

    assert place.ballots(elector) == []


def test_two_windows(context: BrowserContext, place: Place) -> None:
    """When one has cast, the other says so and cannot."""
    elector, code = new_elector()
    one, other = (enter(context.new_page(), place, code) for _ in range(2))
    tap(one, "Apple")
    tap(other, "Banana")
    to_review(one)
    cast(one)
    expect(other.get_by_role("heading", name="You have voted in another window")).to_be_visible()

    assert kept(other) == {}
    assert [ballot.rankings for ballot in place.ballots(elector)] == [("0", "")]


def test_a_wrong_code(context: BrowserContext, place: Place) -> None:
    """The field keeps what was typed, has the focus and says what to do."""
    elector, code = new_elector()
    page = context.new_page()
    page.goto(place.url())
    field = page.get_by_label("Your voting code")
    wrong = code[:-1] + ("0" if code[-1] != "0" else "1")
    field.fill(wrong)
    field.press("Enter")
    expect(page.get_by_role("alert").first).to_contain_text("does not belong to this election")
    expect(field).to_be_focused()
    expect(field).to_have_value(wrong)
    field.fill(code)
    field.press("Enter")
    tap(page, "Apple")
    to_review(page)
    cast(page)

    assert len(place.ballots(elector)) == 1


def test_closed_while_ranking(context: BrowserContext, place: Place) -> None:
    """The page says that the ballot was not recorded, and nothing of it stays."""
    fete = Life(election("fete"), SHARDS)
    place.announce(fete, Phase.OPEN)
    page = context.new_page()
    arrive(page, place.url("/vote/fete"), "start")
    page.get_by_label("Your voting code").fill(fete.code(3))
    page.locator("#code-form .main").click()
    tap(page, "Apple")
    to_review(page)
    place.announce(fete, Phase.CLOSED)
    until_phase(page, place, "fete", "Voting has closed")
    page.locator("#review [data-do=cast]").click()
    expect(page.get_by_text("Your ballot did not arrive in time and was not recorded.")).to_be_visible()

    assert kept(page) == {}
    assert place.ballots(3, "fete") == []


def test_paused_while_ranking(context: BrowserContext, place: Place) -> None:
    """The ballot is kept, the page looks again by itself, and the vote goes on where it was."""
    gala = Life(election("gala"), SHARDS)
    place.announce(gala, Phase.CONFIGURED)
    page = context.new_page()
    page.clock.install()
    arrive(page, place.url("/vote/gala"), "configured")
    expect(page.get_by_text("This page looks again by itself.")).to_be_visible()
    place.announce(gala, Phase.OPEN)
    until_phase(page, place, "gala", "Voting is open")
    page.clock.run_for(16_000)
    page.get_by_label("Your voting code").fill(gala.code(3))
    page.locator("#code-form .main").click()
    tap(page, "Apple", "Damson")
    to_review(page)
    place.announce(gala, Phase.PAUSED)
    until_phase(page, place, "gala", "Voting is paused")
    page.locator("#review [data-do=cast]").click()
    expect(page.get_by_text("Your ballot has not been recorded yet.")).to_be_visible()
    place.announce(gala, Phase.OPEN)
    until_phase(page, place, "gala", "Voting is open")
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("button", name="Continue with it").click()
    expect(page.locator(".contest:visible .side .order")).to_contain_text("2Damson")
    to_review(page)
    cast(page)

    assert [ballot.rankings for ballot in place.ballots(3, "gala")] == [("0>3", "")]


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


def test_a_practice_ballot_is_never_sent(context: BrowserContext, place: Place) -> None:
    """It can be ranked and checked; no request is made of it, and nothing is kept."""
    page = context.new_page()
    page.goto(place.url())
    page.get_by_role("link", name="Try it first with a practice ballot").click()
    expect(page.get_by_text("TEST · Practice ballot: it is never sent")).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    tap(page, "Apple", "Banana")
    to_review(page)
    expect(page.locator("#review .order").first).to_have_text("1Apple2Banana")
    assert page.get_by_role("button", name="Cast my ballot").count() == 0

    assert asked == []
    assert kept(page) == {}


def test_a_kiosk_starts_anew_for_each_elector(context: BrowserContext, place: Place) -> None:
    """Nothing is stored while ranking; an idle screen asks, then starts anew; so does a receipt."""
    elector, code = new_elector()
    page = context.new_page()
    page.clock.install()
    enter(page, place, code, "?kiosk")
    tap(page, "Apple")
    assert kept(page) == {"kiosk": "?kiosk"}
    page.clock.run_for(121_000)
    page.get_by_role("button", name="I am still here").click()
    expect(page.locator(".contest:visible .side .order")).to_contain_text("1Apple")
    page.clock.run_for(152_000)
    expect(page.get_by_label("Your voting code")).to_have_value("")
    assert place.ballots(elector) == []

    enter(page, place, code, "?kiosk")
    tap(page, "Banana")
    to_review(page)
    page.locator("#review [data-do=cast]").click()
    page.clock.run_for(1_000)
    expect_receipt(page)
    page.clock.run_for(1_000)
    expect(page.locator("[data-countdown]")).to_be_visible()
    page.get_by_role("button", name="More time").click()
    page.clock.run_for(70_000)
    expect_receipt(page)
    page.get_by_role("link", name="Finish").click()
    expect(page.get_by_label("Your voting code")).to_have_value("")
    assert [ballot.rankings for ballot in place.ballots(elector)] == [("1", "")]


def test_another_language_in_the_middle(context: BrowserContext, place: Place) -> None:
    """The marks stay, the words change, and only the code is sent for it."""
    elector, code = new_elector()
    page = enter(context.new_page(), place, code)
    tap(page, "Damson", "Apple")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    page.get_by_role("button", name="Cymraeg").click()
    expect(page.locator(".contest:visible .line")).to_contain_text("Mae eich pleidlais yn mynd i Damson.")
    assert [body for body in sent if "0.3" in body] == []
    page.locator("[data-do=next]").click()
    page.locator("form [value=review]").click()
    page.get_by_role("button", name="Bwrw fy mhleidlais").click()
    expect(page.get_by_role("heading", name="Mae eich pleidlais wedi cyrraedd")).to_be_visible(timeout=15_000)

    assert [ballot.rankings for ballot in place.ballots(elector)] == [("3>0", "")]


def test_what_a_screen_reader_meets(context: BrowserContext, place: Place) -> None:
    """Names, roles and states in the accessibility tree; what is done is said in a live region."""
    page = enter(context.new_page(), place, new_elector()[1])
    tap(page, "Banana")
    expect(page.locator("main")).to_match_aria_snapshot("""
      - main:
        - heading "Your ballot" [level=1]
        - button "Show all contests together"
        - region "Fruit":
          - paragraph: Contest 1 of 2
          - heading "Fruit" [level=2]
          - paragraph: One candidate will be elected. Tap your first choice first, then your second, and so on. Rank as many or as few as you like.
          - paragraph:
            - button "Write numbers instead"
          - list:
            - listitem:
              - button "Apple (not ranked)"
            - listitem:
              - button "Banana (choice 1)" [pressed]
            - listitem:
              - button "Cherry (not ranked)"
            - listitem:
              - button "Damson (not ranked)"
          - paragraph: The candidates stand in the same order on every ballot.
          - heading "Your order" [level=3]
          - list:
            - listitem:
              - text: 1 Banana
              - 'button "Move up: Banana" [disabled]'
              - 'button "Move down: Banana" [disabled]'
              - 'button "Remove: Banana"'
          - paragraph:
            - button "Undo"
            - button "Clear"
          - heading "What this means" [level=3]
          - paragraph: Your vote goes to Banana. If Banana is eliminated, it stops there.
          - list:
            - listitem: You have ranked 1 of 4. That is allowed; the more you rank, the longer your vote counts.
        - paragraph: Until you cast your ballot, nothing of it leaves this device.
        - button "Next contest"
        - status: Banana is your choice 1.
    """)
    tap(page, "Banana")
    page.locator(".contest:visible [data-do=undo]").click()
    expect(page.get_by_role("status")).to_have_text("Undone.")


def walk(page: Page, place: Place, code: str, query: str) -> Iterator[str]:
    """Go through every state of a vote, stopping at each."""
    page.goto(place.url(f"/vote{query}"))
    yield "elections"
    page.goto(place.url(f"/vote/picnic{query}#code={code}"))
    yield "start"
    page.locator("#code").fill(code[:-2])
    page.locator("#code-form .main").click()
    expect(page.locator("#code-fault")).to_be_visible()
    yield "wrong code"
    page.locator("#code").fill(code)
    page.locator("#code-form .main").click()
    expect(page.locator("form#ballot")).to_be_visible()
    yield "empty ballot"
    tap(page, "Apple", "Damson")
    yield "ballot"
    page.locator("[data-do=mode]").first.click()
    for place_, number in enumerate(("1", "3", "3", "9")):
        page.locator(f"#r0-{place_}").fill(number)
    yield "numbers"
    page.locator("#r0-3").fill("")
    page.locator("[data-do=together]").click()
    yield "together"
    to_review(page)
    yield "review"
    page.context.set_offline(True)
    page.locator("#review [data-do=cast]").click()
    expect(page.locator("#sending .say")).not_to_be_empty()
    yield "sending"
    page.context.set_offline(False)
    expect(page.locator("main[data-page=receipt]")).to_be_visible(timeout=15_000)
    yield "receipt"
    page.goto(place.url(f"/vote/picnic/practice{query}"))
    tap(page, "Apple")
    yield "practice"
    for name in (*NOT_OPEN, "nowhere"):
        page.goto(place.url(f"/vote/{name}{query}"))
        yield name


LOOKS: dict[str, dict[str, Any]] = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 640}},
    "narrow, dark": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"},
    "400%": {"viewport": {"width": 320, "height": 256}},
    "forced colours": {"forced_colors": "active"},
    "more contrast": {"contrast": "more", "reduced_motion": "reduce"},
}


@pytest.mark.parametrize(
    ("look", "query"),
    [
        *((look, "") for look in LOOKS),
        ("narrow", "?lang=cy"),
        ("narrow", "?size=largest"),
        ("light", "?lang=cy&size=large"),
    ],
)
def test_nothing_stands_in_anybody_s_way(browser: Browser, place: Place, look: str, query: str) -> None:
    """The axe rules (WCAG 2.2 A and AA among them) find nothing in any state, and no page is wider than its window."""
    made = browser.new_context(**LOOKS[look])
    page, (_, code) = made.new_page(), new_elector()
    with watched(made):
        for state in walk(page, place, code, query):
            found = Axe().run(page)
            assert found.violations_count == 0, f"{state}\n{found.generate_report()}"
            wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert wide <= window, state
    made.close()


def test_from_right_to_left(browser: Browser, place: Place) -> None:
    """Turned round, every state still fits, and numbers stand on the other side of the names."""
    made = browser.new_context(viewport={"width": 320, "height": 640})
    page, (_, code) = made.new_page(), new_elector()
    for state in walk(page, place, code, ""):
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert page.evaluate("document.documentElement.scrollWidth") == 320, state
        if state == "ballot":
            row = page.locator(".contest:visible .tap").first
            number, name = row.locator(".number").bounding_box(), row.locator(".name").bounding_box()
            assert number
            assert name
            assert number["x"] > name["x"]
    made.close()


def test_motion_is_kept_from_those_who_do_not_want_it(browser: Browser, place: Place) -> None:
    """No element of the ballot moves or fades."""
    made = browser.new_context(reduced_motion="reduce")
    page = enter(made.new_page(), place, new_elector()[1])
    tap(page, "Apple")
    moving = "[...document.querySelectorAll('*')].filter(e => parseFloat(getComputedStyle(e).transitionDuration) > 0).length"
    assert page.evaluate(moving) == 0
    made.close()


def test_all_of_it_is_at_most_sixty_kilobytes(context: BrowserContext, place: Place) -> None:
    """What goes over the wire from the first address to the receipt."""
    elector, code = new_elector()
    page = context.new_page()
    sizes: list[int] = []

    def add(request: Any) -> None:
        size = request.sizes()
        sizes.append(size["responseBodySize"] + size["responseHeadersSize"])

    page.on("requestfinished", add)
    enter(page, place, code)
    tap(page, "Apple")
    to_review(page)
    cast(page)

    assert sum(sizes) <= 60_000, sizes
    assert len(place.ballots(elector)) == 1


def some_contest(seed: random.Random) -> Contest:
    """Return a contest of any method and rules."""
    names = [f"c{n}" for n in range(seed.randint(2, 7))]
    rules: Any = {
        "overvote": seed.choice(["exhaust", "skip", "exhaust-if-several-continue"]),
        "max_skipped_ranks": seed.choice([None, 0, 1]),
        "max_ranks": seed.choice([None, 1, 3]),
    }
    method = seed.choice(
        ["plurality", "supplementary", "irv", "sequential-irv", "stv-wigm", "scottish-stv", "meek"]
    )
    return contest(candidates=tuple(names), **rules).model_copy(
        update={"method": method, "seats": seed.choice([1, 2])}
    )


def test_the_script_says_of_a_ranking_what_the_server_says(context: BrowserContext, place: Place) -> None:
    """The same sentences with the same names, for rankings with gaps and ties under all kinds of rules."""
    seed, cases = random.Random(17), []
    for _ in range(3_000):
        of = some_contest(seed)
        places = range(len(of.candidates))
        numbers = {c: seed.randint(1, len(places)) for c in places if seed.random() < 0.7}
        ranks = [
            [c for c in places if numbers.get(c) == rank]
            for rank in range(1, max(numbers.values(), default=0) + 1)
        ]
        out = frozenset(c for c in places if seed.random() < 0.15)
        cases.append((of, out, ranks))
    page = context.new_page()
    page.goto(place.url())
    found = page.evaluate(
        "async ([script, cases]) => { const { follow } = await import(script);"
        " return cases.map(([contest, ranks]) => follow(contest, ranks)) }",
        [place.url(NAMES["ballot.js"]), [[contest_data(of, out), ranks] for of, out, ranks in cases]],
    )
    for (of, out, ranks), said in zip(cases, found, strict=True):
        here = follow(of, out, [tuple(rank) for rank in ranks])
        expected = {
            part: [[s.key, _plain(s.values)] for s in getattr(here, part)] for part in ("line", "notes")
        }
        assert said == expected, (of, out, ranks)


def _plain(values: Any) -> dict[str, Any]:
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


def test_a_second_vote_takes_the_place_of_the_first(context: BrowserContext, place: Place) -> None:
    """Where the last ballot counts: both are in the log, candidates in the elector's own order, and the later one counts."""
    fruit, drink = election().contests
    first, *rest = fruit.candidates
    stated = first.model_copy(update={"statement": "Crisp.", "link": "https://apple.example/"})
    own = fruit.model_copy(
        update={"candidate_order": CandidateOrder.BY_BALLOT, "candidates": (stated, *rest)}
    )
    terms = {"revote": Revote.LAST_COUNTS, "live_tallies": False, "contests": (own, drink)}
    closes = {"closes": datetime(2026, 5, 1, 12, 5, tzinfo=UTC)}
    bazaar = Life(election("bazaar").model_copy(update={**terms, **closes}), SHARDS)
    finish(place.pipeline.begin(bazaar))
    place.announce(bazaar, Phase.OPEN)
    page = context.new_page()
    page.clock.set_fixed_time(datetime(2026, 5, 1, 9, tzinfo=UTC))
    arrive(page, place.url("/vote/bazaar"), "start")
    expect(page.locator(".when")).to_contain_text("(in 3 hours)")
    for names in (("Apple",), ("Damson", "Apple")):
        page.goto("about:blank")
        page.goto(place.url(f"/vote/bazaar#code={bazaar.code(4)}"))
        page.locator("#code-form .main").click()
        page.locator(".contest:visible .about summary").click()
        expect(page.get_by_text("Crisp.")).to_be_visible()
        tap(page, *names)
        to_review(page)
        expect(page.locator("#review")).to_contain_text("You can vote again until voting closes")
        cast(page)

    assert [ballot.rankings for ballot in place.ballots(4, "bazaar")] == [("0", ""), ("3>0", "")]
    reasons = finish(reasons_of(place.pipeline, "bazaar"))
    assert reasons == ["accepted", "superseding"]


async def reasons_of(pipeline: Pipeline, name: str) -> list[str]:
    """Return the verdicts on an election's ballots, once there are two."""
    for _ in range(100):
        shards = await read_topic(pipeline.kafka, BALLOTS_JUDGED.name(pipeline.namespace))
        ranges = [
            record
            for shard in shards
            for value in shard
            if isinstance(record := decode_judged(value), Verdicts)
        ]
        found = [verdict.reason for of in ranges if of.election == name for verdict in of.each()]
        if len(found) > 1:
            return found
    raise AssertionError(f"{name}: {found}")


def test_paper_ballots_that_two_tellers_typed_alike(place: Place, tmp_path: Path) -> None:
    """They are cast once, with the marks that were typed, however often the command is given."""
    electors = [next(ELECTORS) for _ in range(2)]
    (tmp_path / "picnic.json").write_text(PICNIC.definition.model_dump_json())
    rows = [f"{elector},adults,{PICNIC.code(elector)}" for elector in electors]
    (tmp_path / "codes.csv").write_text("\n".join(["elector,section,code", *rows]))
    for teller in ("ada", "ben"):
        lines = ["number,fruit,drink", f"{electors[0]},C=A - B,", f"{electors[1]},D,B A"]
        (tmp_path / f"{teller}.csv").write_text("\n".join(lines))
    files = [str(tmp_path / name) for name in ("picnic.json", "ada.csv", "ben.csv")]
    options = ["--cast", "--codes", str(tmp_path / "codes.csv"), "--intake", place.origin]
    for _ in range(2):
        with ThreadPoolExecutor(1) as pool:
            found = pool.submit(CliRunner().invoke, app, ["compare", *files, *options]).result()
        assert found.exit_code == 0, found.output

    assert [[of.rankings for of in place.ballots(elector)] for elector in electors] == [
        [("0=2>>1", "")],
        [("3", "1>0")],
    ]


def test_a_vote_moves_the_results_page(context: BrowserContext, place: Place) -> None:
    """Whoever looks at the result sees the ballot arrive."""
    elector, code = new_elector()
    result = context.new_page()
    port = place.pipeline.port("results")
    result.goto(f"http://127.0.0.1:{port}/elections/picnic/contests/fruit")
    balance = result.locator(".balance")
    before = int(balance.inner_text().split()[0])
    page = enter(context.new_page(), place, code)
    tap(page, "Damson")
    to_review(page)
    cast(page)
    expect(balance).to_contain_text(f"{before + 1} cast", timeout=15_000)

    assert len(place.ballots(elector)) == 1


def test_the_count_holds_each_vote_once(place: Place) -> None:
    """Whatever was sent twice on the way: one accepted ballot for each elector who voted here."""
    electors = {ballot.elector for name, ballot in finish(place.log()) if name == "picnic"}
    standings = finish(place.pipeline.standings(0, "fruit"))
    accepted = 0
    for _ in range(40):
        accepted = standings[-1].balance.accepted
        if accepted == len(electors):
            break
        standings = finish(place.pipeline.standings(standings[-1].sequence + 1, "fruit"))

    assert accepted == len(electors) > 0
