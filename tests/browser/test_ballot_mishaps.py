"""Whatever happens on the way, the ballot is in the log once, as marked, and the page says whether it is in."""

from collections.abc import Callable
from itertools import count

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from shared.contract.elections import Phase
from tests.browser.polling_place import (
    SHARDS,
    Place,
    arrive,
    cast,
    enter,
    expect_receipt,
    kept,
    new_elector,
    tap,
    to_review,
    until_phase,
)
from tests.support.elections import Life, election

pytestmark = [pytest.mark.kafka, pytest.mark.browser]

PAINTED = (
    "new Promise(done => new PerformanceObserver(() => done()).observe({ type: 'paint', buffered: true }))"
)
"""Comes true once the page has been painted."""


def test_a_script_that_arrives_late(context: BrowserContext, place: Place) -> None:
    """The page is painted before it; a vote that began with forms goes on with it; a reload keeps its marks and its id."""
    elector, code = new_elector()
    page, late = context.new_page(), list[Route]()
    page.route("**/*.js", lambda route: route.continue_() if late else late.append(route))
    with page.expect_request("**/*.js"):
        page.goto(place.url(), wait_until="commit")
    page.evaluate(PAINTED)
    late[0].abort()
    page.get_by_label("Your voting code").fill(code)
    page.get_by_role("button", name="Start voting").click()
    tap(page, "Cherry", "Apple")
    before = kept(page)
    page.reload()
    expect(page.locator(".contest:visible .side .order")).to_contain_text("2Apple")
    assert kept(page) == before
    to_review(page)
    cast(page)

    assert place.marks(elector) == [("2>0", "")]


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

    assert place.marks(elector) == [("1", "")]
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

    assert place.marks(elector) == [("2", "")]


def test_a_service_that_dies_before_it_answers(context: BrowserContext, place: Place) -> None:
    """The ballot is recorded, intake is killed and comes back without a memory of it: sent again it still counts once."""
    elector, code = new_elector()
    page = enter(context.new_page(), place, code)
    tap(page, "Banana", "Damson")
    to_review(page)
    page.route("**/vote/picnic", lose_answers(1))
    page.locator("#review [data-do=cast]").click()
    expect(page.locator("#sending .say")).to_contain_text("Your ballot may be in or not")
    place.kill_intake()
    page.get_by_role("button", name="Send it again now").click()
    expect(page.locator("#sending .say")).to_contain_text("There was no answer")
    place.start_intake()
    page.get_by_role("button", name="Send it again now").click()
    expect_receipt(page)

    assert place.marks(elector) == [("1>3", "")]


def test_a_slow_connection(context: BrowserContext, place: Place) -> None:
    """By slow 3G (400 kbit/s, 400 ms) a vote is cast as by any other line."""
    elector, code = new_elector()
    page = context.new_page()
    page.goto("about:blank")
    devtools = context.new_cdp_session(page)
    slow = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", slow)
    page.goto(place.url(f"/vote/picnic#code={code}"), wait_until="commit")
    expect(page.get_by_role("heading", name="Picnic", exact=True)).to_be_visible()
    page.locator("#code-came").wait_for()
    page.locator("#code-form .main").click()
    tap(page, "Apple")
    to_review(page)
    cast(page)

    assert place.marks(elector) == [("0", "")]


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

    assert place.marks(elector) == [("2", "")]


def test_impatience(context: BrowserContext, place: Place) -> None:
    """Two clicks at once are one ballot."""
    elector, code = new_elector()
    page = enter(context.new_page(), place, code)
    tap(page, "Damson")
    to_review(page)
    page.locator("#review [data-do=cast]").dblclick()
    expect_receipt(page)

    assert place.marks(elector) == [("3", "")]


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

    assert place.marks(elector) == [("3>1", "")]
    assert kept(page) == {}


def test_impatience_without_a_script(browser: Browser, place: Place) -> None:
    """Two clicks at once post the same form twice: one ballot, and the page says that it is in."""
    elector, code = new_elector()
    made = browser.new_context(java_script_enabled=False)
    page = made.new_page()
    page.goto(place.url())
    page.get_by_label("Your voting code").fill(code)
    page.get_by_role("button", name="Start voting").click()
    page.get_by_label("Damson").fill("1")
    page.get_by_role("button", name="Check my ballot").click()
    page.get_by_role("button", name="Cast my ballot").dblclick()
    expect_receipt(page)
    made.close()

    assert place.marks(elector) == [("3", "")]


def test_without_a_script_a_receipt_that_is_reloaded_after_the_close(browser: Browser, place: Place) -> None:
    """The form is posted again, and the ballot is in as it was before; a form that was never cast comes too late."""
    gymkhana = Life(election("gymkhana"), SHARDS)
    place.announce(gymkhana, Phase.OPEN)
    made = browser.new_context(java_script_enabled=False)
    pages = []
    for elector in (3, 4):
        page = made.new_page()
        arrive(page, place.url("/vote/gymkhana"), "start")
        page.get_by_label("Your voting code").fill(gymkhana.code(elector))
        page.get_by_role("button", name="Start voting").click()
        page.get_by_label("Damson").fill("1")
        page.get_by_role("button", name="Check my ballot").click()
        pages.append(page)
    cast, stale = pages
    cast.get_by_role("button", name="Cast my ballot").click()
    expect_receipt(cast)
    place.announce(gymkhana, Phase.CLOSED)
    until_phase(cast, place, "gymkhana", "Voting has closed")
    cast.reload()
    expect_receipt(cast)
    stale.get_by_role("button", name="Cast my ballot").click()
    expect(stale.get_by_text("Your ballot did not arrive in time and was not recorded.")).to_be_visible()
    made.close()

    assert place.marks(3, "gymkhana") == [("3", "")]
    assert place.marks(4, "gymkhana") == []


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

    assert place.marks(elector) == [("0", "")]


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
    assert place.marks(elector) == [("0", "")]


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

    assert place.marks(elector) == [("0", "")]


def reviewed(context: BrowserContext, place: Place, life: Life, choice: str) -> Page:
    """Open an election; return the page of its elector 3, who has chosen somebody and reviews the ballot."""
    place.announce(life, Phase.OPEN)
    page = context.new_page()
    arrive(page, place.url(f"/vote/{life.definition.id}"), "start")
    page.get_by_label("Your voting code").fill(life.code(3))
    page.locator("#code-form .main").click()
    tap(page, choice)
    to_review(page)
    return page


def test_closed_while_ranking(context: BrowserContext, place: Place) -> None:
    """The page says that the ballot was not recorded, and nothing of it stays."""
    fete = Life(election("fete"), SHARDS)
    page = reviewed(context, place, fete, "Apple")
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

    assert place.marks(3, "gala") == [("0>3", "")]


def test_another_language_while_paused(context: BrowserContext, place: Place) -> None:
    """The ballot that waits is there in the other language, and is cast when voting goes on."""
    fair = Life(election("fair"), SHARDS)
    page = reviewed(context, place, fair, "Cherry")
    place.announce(fair, Phase.PAUSED)
    until_phase(page, place, "fair", "Voting is paused")
    page.locator("#review [data-do=cast]").click()
    expect(page.get_by_text("Your ballot has not been recorded yet.")).to_be_visible()
    page.get_by_role("button", name="Cymraeg").click()
    expect(page.get_by_text("Mae'r pleidleisio wedi'i oedi")).to_be_visible()
    place.announce(fair, Phase.OPEN)
    until_phase(page, place, "fair", "Voting is open")
    page.get_by_role("link", name="Edrych eto").click()
    page.get_by_role("button", name="Parhau â hi").click()
    page.locator("[data-do=next]").click()
    page.locator("form [value=review]").click()
    page.get_by_role("button", name="Bwrw fy mhleidlais").click()
    expect(page.get_by_role("heading", name="Mae eich pleidlais wedi cyrraedd")).to_be_visible(timeout=15_000)

    assert place.marks(3, "fair") == [("2", "")]
