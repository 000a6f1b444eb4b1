"""Results at every width, for readers anywhere: finals as a list on a phone, their own time beside UTC, 200 contests with parties."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from shared.contract.elections import Candidate, Phase
from shared.contract.events import Notice
from shared.contract.standings import Standing
from shared.rcv.contract_rounds import what_if_of
from shared.rcv.count.profile import Profile
from shared.rcv.scenarios import what_if
from tests.browser.test_results_page import PATH
from tests.support.elections import Life, contest, election
from tests.support.gateway import Gateway, gateway
from tests.support.standings import PROFILE, standing_by

pytestmark = pytest.mark.browser

NAMES = {
    "apple": "Maximiliana Konstantina von Hohenfels-Untergrubenbacher",
    "banana": "يعقوب بن عبد الله المنصوري",
    "cherry": "Wolfeschlegelsteinhausenbergerdorff",
    "damson": "Bo",
}
"""Long, from right to left, and one word that is longer than a line."""
FRUIT = contest().model_copy(
    update={"candidates": tuple(Candidate(id=of, name=NAMES[of], party="Hill") for of in NAMES)}
)
WARDS = 200


def asked() -> Standing:
    """Return a standing with its what-ifs."""
    profile = Profile.of(FRUIT, 2, [(*of, n) for of, n in PROFILE.items()])
    answers = what_if_of(what_if(profile, FRUIT, with_two=True), FRUIT)
    return standing_by(FRUIT, PROFILE, Phase.OPEN).model_copy(update={"what_if": answers})


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Results of a contest with names that are hard to lay out, and of an assembly of many wards."""
    with gateway(tmp_path_factory.mktemp("phone"), asked()) as running:
        picnic = Life(election()).announced(1, Phase.OPEN)
        gone = Notice(
            contest="fruit", candidate="damson", withdrawn=True, at="2026-09-21T14:00:00Z", reason="ill"
        )
        running.announce(picnic.model_copy(update={"notices": (gone,)}))
        wards = tuple(FRUIT.model_copy(update={"id": f"w-{n}", "title": f"Ward {n}"}) for n in range(WARDS))
        many = election("assembly").model_copy(update={"contests": wards})
        running.announce(picnic.model_copy(update={"definition": many}))
        for place, ward in enumerate(wards):
            phase = Phase.CLOSED if place % 2 else Phase.OPEN
            running.show(standing_by(ward, PROFILE, phase, "assembly"))
        yield running


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_every_possible_final_is_a_list_on_a_phone_and_a_table_elsewhere(
    browser: Browser, shown: Gateway, width: int
) -> None:
    """Whole names at each width, nothing beyond the edge, no finding of axe."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(shown.url + PATH)
    table, first = page.get_by_role("table", name="Of the ballots that prefer"), page.locator("#final-1")
    expect(first if width < 480 else table).to_be_visible()
    expect(table if width < 480 else first).to_be_hidden()
    if width < 480:
        expect(first).to_contain_text("wins 3 of 3")
        expect(first.get_by_text(NAMES["apple"])).to_be_visible()
        first.locator("summary").click()
        expect(first.get_by_text(NAMES["apple"])).to_be_hidden()
    page.locator("#two-banana summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert Axe().run(page).violations_count == 0
    page.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_two_who_drop_out_are_answered_without_a_script(browser: Browser, shown: Gateway, width: int) -> None:
    """A line for each candidate says what is elected most often; opened, it says so for each second one."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": width, "height": 900})
    page = context.new_page()
    page.goto(shown.url + PATH)
    line = page.locator("#two-banana")
    expect(line.locator("summary")).to_contain_text(f"{NAMES['apple']} in 2 of 3")
    expect(line.get_by_role("listitem").first).to_be_hidden()
    line.locator("summary").click()
    expect(line.get_by_role("listitem")).to_have_text(
        [
            f"and {NAMES['apple']} {NAMES['cherry']}",
            f"and {NAMES['cherry']} {NAMES['apple']}",
            f"and {NAMES['damson']} {NAMES['apple']}",
        ]
    )
    box = line.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= width
    context.close()


def test_the_reader_s_own_time_stands_beside_utc(browser: Browser, shown: Gateway) -> None:
    """Where they differ: of the standing, and of a withdrawal with its reason."""
    context = browser.new_context(timezone_id="Europe/Berlin", locale="de")
    page = context.new_page()
    page.goto(shown.url + PATH)
    expect(page.locator(".asof .local")).to_have_text(" (16:13 where you are)")
    expect(page.locator(".turns li")).to_contain_text("21 Sep 14:00:00 UTC (16:00 where you are)")
    expect(page.locator(".turns li")).to_contain_text(
        "Bo withdrew. Reason given: “\N{FIRST STRONG ISOLATE}ill"
    )
    context.close()


@pytest.mark.parametrize("width", [320, 768, 1280])
def test_two_hundred_contests_and_their_parties_fit(browser: Browser, shown: Gateway, width: int) -> None:
    """A line a contest below one table of seats; nothing is too wide."""
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(f"{shown.url}/elections/assembly")
    seats = page.get_by_role("table", name="Of 200 seats")
    expect(seats.get_by_role("row", name="Hill")).to_contain_text("100 not final")
    assert page.locator(".cards > li").count() == WARDS
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.close()
