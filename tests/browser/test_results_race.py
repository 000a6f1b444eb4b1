"""A contest's past on its page, in a real browser: the race over time, and the way back to any standing of it."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from shared.contract.elections import Phase
from tests.browser.polling_place import watched
from tests.browser.test_results_page import PATH
from tests.support.gateway import Gateway, gateway
from tests.support.standings import standing

pytestmark = pytest.mark.browser

PAST = [standing(times, Phase.OPEN) for times in range(1, 7)]
NEXT, CLOSED = standing(7, Phase.OPEN), standing(8, Phase.CLOSED)
BEGUN_MS = 1_790_000_000_000
LOOKS: dict[str, Any] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
}


CUT = """[...document.querySelectorAll(".whole span")].filter((name) => {
    const box = name.getBoundingClientRect(), bar = name.parentElement.getBoundingClientRect();
    return box.top < bar.bottom - 1 && (box.right > bar.right + 1 || box.bottom > bar.bottom + 1);
}).map((name) => name.textContent)"""
"""Names in the drawing of transfers that are seen in part."""


@pytest.fixture(scope="module")
def gone_by(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Results with a live contest of six kept standings, a minute apart."""
    with gateway(tmp_path_factory.mktemp("race")) as running:
        for minute, found in enumerate(PAST):
            running.keep(found, BEGUN_MS + 60_000 * minute)
        running.show(PAST[-1], BEGUN_MS + 60_000 * len(PAST))
        yield running


def opened(browser: Browser, gone_by: Gateway, **options: Any) -> Page:
    """Return the contest's page."""
    page = browser.new_page(**options)
    page.goto(gone_by.url + PATH)
    expect(page.get_by_role("heading", name="The race over time")).to_be_visible()
    return page


@pytest.mark.parametrize("look", LOOKS)
def test_the_race_stands_in_nobody_s_way(browser: Browser, gone_by: Gateway, look: str) -> None:
    """No violation of axe at 320 pixels, and nothing beyond the edge."""
    page = opened(browser, gone_by, viewport={"width": 320, "height": 900}, **LOOKS[look])
    assert Axe().run(page).violations_count == 0
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.locator(".race li").count() == 4
    assert page.evaluate(CUT) == []
    page.close()


def test_the_past_is_reached_without_a_script(browser: Browser, gone_by: Gateway) -> None:
    """A list of times and a button lead to that standing's own address; its race ends there."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(gone_by.url + PATH)
    page.get_by_role("combobox", name="As it was at").select_option(index=2)
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#past")).to_be_visible()
    assert page.url.endswith(f"?as_of={PAST[2].sequence}")
    expect(page.locator(".balance")).to_contain_text(f"{PAST[2].balance.cast} cast")
    expect(page.locator("#race + .lede")).to_contain_text("to 14:15:20 UTC")
    expect(page.get_by_role("combobox", name="As it was at")).to_have_value(str(PAST[2].sequence))
    context.close()


def test_a_slider_leads_to_the_past_by_keyboard(browser: Browser, gone_by: Gateway) -> None:
    """It stands where the list stood, says the time it stands at, and does not move the page."""
    page = opened(browser, gone_by)
    slider = page.get_by_role("slider", name="As it was at")
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    expect(slider).to_have_attribute("aria-valuetext", "14:14:20 UTC")
    page.get_by_role("button", name="Show").click()
    expect(page.locator("#past")).to_be_visible()
    assert page.url.endswith(f"?as_of={PAST[1].sequence}")
    page.close()


def test_the_rounds_of_a_past_standing_can_be_played(browser: Browser, gone_by: Gateway) -> None:
    """It stays that standing, has no live feed, and nothing to be paused."""
    page = opened(browser, gone_by)
    page.goto(f"{gone_by.url}{PATH}?as_of={PAST[2].sequence}")
    expect(page.locator("#livetext")).to_have_text("A past standing")
    expect(page.get_by_role("button", name="Pause updates")).to_be_hidden()
    page.get_by_role("button", name="Play the rounds").click()
    expect(page.locator("#shown")).to_have_text("Round 1")
    expect(page.locator("#shown")).to_have_text("Round 2")
    expect(page.locator(".balance")).to_contain_text(f"{PAST[2].balance.cast} cast")
    assert f"as_of={PAST[2].sequence}" in page.url
    page.close()


def test_the_race_goes_on_while_people_look_and_nothing_jumps(browser: Browser, gone_by: Gateway) -> None:
    """A new standing lengthens the lines in place; the close is named as a turn."""
    context = browser.new_context(viewport={"width": 360, "height": 900})
    page = context.new_page()
    with watched(context):
        page.goto(gone_by.url + PATH)
        before = page.locator(".race polyline").first.get_attribute("points")
        page.locator("#race").scroll_into_view_if_needed()
        page.evaluate("""() => { window.shifts = []; new PerformanceObserver((list) => window.shifts.push(
            ...list.getEntries().map((entry) => entry.value))).observe({ type: "layout-shift" }); }""")
        gone_by.show(NEXT, BEGUN_MS + 60_000 * 8)
        expect(page.locator(".race polyline").first).not_to_have_attribute("points", before or "")
        assert sum(page.evaluate("window.shifts")) == 0
        gone_by.keep(NEXT, BEGUN_MS + 60_000 * 8)
        gone_by.show(CLOSED, BEGUN_MS + 60_000 * 9)
        expect(page.locator(".turns li").first).to_contain_text("Voting closed. Ahead before and after: ")
    context.close()
