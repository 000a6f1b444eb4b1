"""What a phone shows first of a contest: who leads, who goes first and where those votes would go, by every method; then the way on."""

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from shared.contract.elections import Contest, Method, Phase
from shared.contract.standings import Standing
from shared.rcv.contract_rounds import what_if_of
from shared.rcv.count.profile import Profile, RankingCounts
from shared.rcv.scenarios import what_if
from tests.support.budgets import spent
from tests.support.elections import Life, contest, election
from tests.support.gateway import Gateway, gateway
from tests.support.standings import COLLEGE, PROFILE, SURPLUS, standing_by

pytestmark = pytest.mark.browser

PHONE: Final[Any] = {"width": 360, "height": 740}
CANDIDATES: Final = (
    "apple",
    "banana",
    "cherry",
    "damson",
    "elderberry",
    "fig",
    "grape",
    "hazel",
    "iris",
    "juniper",
    "kiwi",
    "lemon",
    "mango",
    "nettle",
    "olive",
    "peach",
    "quince",
    "rowan",
    "sloe",
    "thyme",
)
LOOKS: Final[dict[str, Any]] = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "forced colours": {"forced_colors": "active"},
    "high contrast": {"contrast": "more"},
}


def fruit(method: Method = "irv", many: int = 4, seats: int = 1, **more: object) -> Contest:
    """Return a contest of so many candidates."""
    return contest(candidates=CANDIDATES[:many]).model_copy(update={"method": method, "seats": seats, **more})


def many(count: int) -> RankingCounts:
    """Return a profile in which each of so many candidates is somebody's first choice, and each second choice somebody else's."""
    return {(place % 2, f"{place}>{(place * 3 + 1) % count}"): 20 + place for place in range(count)}


def asked(of: Contest, profile: RankingCounts, name: str, sections: tuple[str, ...]) -> Standing:
    """Return an open contest's standing with its what-ifs."""
    counted = Profile.of(of, len(sections), [(*ranking, ballots) for ranking, ballots in profile.items()])
    answers = what_if_of(what_if(counted, of, with_two=True), of)
    return standing_by(of, profile, Phase.OPEN, name, sections).model_copy(update={"what_if": answers})


TWO, THREE = ("Adults", "Children"), ("Board", "Members", "Friends")
KINDS: Final = {
    "irv": (fruit(), PROFILE, TWO),
    "irv-13": (fruit(many=13), many(13), TWO),
    "irv-20": (fruit(many=20), many(20), TWO),
    "scottish": (fruit("scottish-stv", 5, 2), SURPLUS, TWO),
    "meek": (fruit("meek", 5, 2), SURPLUS, TWO),
    "bottoms-up": (fruit("bottoms-up", 5, 2), SURPLUS, TWO),
    "sequential": (fruit("sequential-irv", 5, 2), many(5), TWO),
    "college": (fruit("electoral-college", 3, section_shares=(50, 30, 20)), COLLEGE, THREE),
}
BUDGET: Final = "harbour"


def path(kind: str) -> str:
    """Return the address of a contest."""
    return f"/elections/{kind}/contests/{'town' if kind == BUDGET else 'fruit'}"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Results of an open contest by each method, of 13 candidates and of 20, and of a budget."""
    standings = [asked(of, profile, kind, sections) for kind, (of, profile, sections) in KINDS.items()]
    with gateway(tmp_path_factory.mktemp("first"), *standings, spent(Phase.OPEN)) as running:
        running.hub.stale = False
        yield running


def opened(browser: Browser, shown: Gateway, kind: str, **options: Any) -> Page:
    """Return a contest's page, with the feed's first word on it."""
    page = browser.new_page(**({"viewport": PHONE} | options))
    page.goto(shown.url + path(kind))
    expect(page.locator("#livetext")).to_contain_text("standing")
    return page


def ends(part: Locator) -> float:
    """Return where a part of the page ends, in pixels from the top."""
    box = part.bounding_box()
    assert box is not None
    return box["y"] + box["height"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_screen_says_who_leads_who_goes_first_and_where_those_votes_go(
    browser: Browser, shown: Gateway, kind: str
) -> None:
    """Without scrolling, on a phone: in words, and as one bar with its parts named."""
    page = opened(browser, shown, kind)
    expect(page.locator("#headline")).to_contain_text("elected if it ended now")
    first_out = page.get_by_role("region", name="Out first")
    expect(first_out).to_contain_text("at present")
    receivers = first_out.locator("li")
    shares = [float(text.rstrip("%")) for text in receivers.locator(".n").all_inner_texts()]
    assert sum(shares) == pytest.approx(100, abs=0.3)
    assert first_out.locator("rect").count() == receivers.count()
    assert ends(first_out) <= PHONE["height"]
    expect(page.locator(".asof")).to_contain_text("of the electors")
    page.close()


def test_the_first_screen_of_a_budget_says_what_is_funded_and_what_is_nearest(
    browser: Browser, shown: Gateway
) -> None:
    """Without scrolling, on a phone."""
    page = opened(browser, shown, BUDGET)
    expect(page.locator("#headline")).to_contain_text("3 of 5 projects are funded if it ended now")
    assert ends(page.locator("#spending ~ .flows")) <= PHONE["height"]
    nearest = page.get_by_role("region", name="Nearest of those that are not funded")
    expect(nearest).to_contain_text("A new library (£30,000): its 120 supporters together have")
    assert ends(nearest.get_by_role("heading")) <= PHONE["height"]
    page.close()


@pytest.mark.parametrize("kind", [*KINDS, BUDGET])
def test_every_part_of_a_page_is_one_click_away(browser: Browser, shown: Gateway, kind: str) -> None:
    """Each link of the list of parts leads to a heading, and nothing of the page is missing in it but what is above."""
    page = opened(browser, shown, kind)
    links = page.get_by_role("navigation", name="Parts of this page").get_by_role("link")
    hrefs = [link.get_attribute("href") or "" for link in links.all()]
    headings = [
        heading.get_attribute("id") or ""
        for heading in page.locator("nav.contents ~ section h2, #two, #finals").all()
    ]
    listed = [href.lstrip("#") for href in hrefs]
    assert sorted(listed) == sorted({*headings} - {"transfers"})
    links.last.click()
    expect(page.get_by_role("heading", name="Every ballot accounted for")).to_be_in_viewport()
    page.close()


@pytest.mark.parametrize(
    ("kind", "look"),
    [*product(KINDS, ["light"]), *product(["irv-13", BUDGET], LOOKS)],
)
def test_no_look_of_any_method_stands_in_anybody_s_way(
    browser: Browser, shown: Gateway, kind: str, look: str
) -> None:
    """No finding of axe at 320 pixels, and nothing beyond the edge."""
    page = opened(browser, shown, kind, viewport={"width": 320, "height": 700}, **LOOKS[look])
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    page.close()


def test_a_candidate_s_name_leads_to_what_would_follow_without_the_candidate(
    browser: Browser, shown: Gateway
) -> None:
    """It has an address, is marked, and stays so when the page moves on."""
    page = opened(browser, shown, "irv")
    page.get_by_role("table", name="Votes in round").get_by_role("link", name="Apple").click()
    answer = page.locator("#if-apple")
    expect(answer).to_be_in_viewport()
    expect(answer.get_by_role("cell").first).to_have_text("Banana")
    assert page.url.endswith("#if-apple")
    page.close()


def test_decimals_are_there_for_who_asks(browser: Browser, shown: Gateway) -> None:
    """The grid has two of them at first, and every one on demand; a contest without divided votes has no such switch."""
    page = opened(browser, shown, "scottish")
    row = page.get_by_role("table", name="Every round").get_by_role("row", name="Banana")
    expect(row.get_by_text("8.88", exact=True).first).to_be_visible()
    expect(row.get_by_text("8.88234", exact=True).first).to_be_hidden()
    page.get_by_role("checkbox", name="Every decimal").check()
    expect(row.get_by_text("8.88234", exact=True).first).to_be_visible()
    expect(row.get_by_text("8.88", exact=True).first).to_be_hidden()
    page.goto(shown.url + path("irv"))
    expect(page.get_by_role("checkbox", name="Every decimal")).to_have_count(0)
    page.close()


def test_the_grid_has_bars_of_one_scale(browser: Browser, shown: Gateway) -> None:
    """A candidate who holds half of the most has a bar of half the length, in whichever round."""
    page = opened(browser, shown, "irv", viewport={"width": 1280, "height": 900})
    table = page.get_by_role("table", name="Every round")
    found = table.evaluate("""(table) => [...table.querySelectorAll("tbody tr")].flatMap((row) =>
        [...row.querySelectorAll("td:has(.thin)")].map((cell) => [
            Number(cell.firstChild.textContent.replace(/,/g, "")), Number(cell.querySelector("rect").getAttribute("width"))]))""")
    votes, width = max(found)
    assert len(found) > 6
    assert all(shorter == pytest.approx(width * fewer / votes, abs=0.1) for fewer, shorter in found)
    page.close()


def test_the_arrows_go_from_round_to_round(browser: Browser, shown: Gateway) -> None:
    """Where the focus is on the rounds or on the player: it stays, and no other key is taken away."""
    page = opened(browser, shown, "irv")
    page.get_by_role("link", name="Round 3").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#shown")).to_have_text("Round 2")
    expect(page.get_by_role("link", name="Round 2")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#shown")).to_have_text("Round 1")
    assert page.url.endswith("?round=1")
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Play the rounds").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#shown")).to_have_text("Round 2")
    expect(page.get_by_role("button", name="Play the rounds")).to_be_focused()
    page.locator("h1").click()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#shown")).to_have_text("Round 2")
    page.close()


def test_nothing_moves_while_figures_change(browser: Browser, shown: Gateway) -> None:
    """A new standing of the same order shifts nothing, at the top of the page and in the middle."""
    page = opened(browser, shown, "irv")
    page.evaluate("""() => { window.shifts = []; new PerformanceObserver((list) => window.shifts.push(
        ...list.getEntries().map((entry) => entry.value))).observe({ type: "layout-shift" }); }""")
    of, profile, sections = KINDS["irv"]
    for times, part in ((2, "h1"), (3, "#whatif"), (4, "#story")):
        page.locator(part).scroll_into_view_if_needed()
        found = asked(of, {ranking: times * n for ranking, n in profile.items()}, "irv", sections)
        shown.show(found)
        expect(page.locator(".balance")).to_contain_text(f"{found.balance.cast} cast")
    assert sum(page.evaluate("window.shifts")) == 0
    page.close()


def test_a_new_leader_is_announced_once_in_twenty_seconds(browser: Browser, tmp_path: Path) -> None:
    """Not every change while ballots come, never figures alone, and the last leader in the end."""
    of = fruit(many=2)

    def led_by(place: int, ballots: int) -> Standing:
        return standing_by(of, {(0, str(place)): ballots, (1, str(1 - place)): 1}, Phase.OPEN)

    with gateway(tmp_path, led_by(0, 10)) as running:
        running.hub.stale = False
        page = browser.new_page()
        page.clock.install()
        page.goto(running.url + path("picnic"))
        said = page.locator("#announce")
        expect(said).to_contain_text("Apple would be elected")
        first = said.inner_text()
        for ballots, place in ((20, 0), (30, 1), (40, 0), (50, 1)):
            found = led_by(place, ballots)
            running.show(found)
            page.clock.run_for(1_000)
            expect(page.locator(".balance")).to_contain_text(f"{found.balance.cast} cast")
        assert said.inner_text() == first
        page.clock.run_for(20_000)
        expect(said).to_contain_text("Banana would be elected")
        page.close()


@pytest.mark.parametrize("look", LOOKS)
def test_the_index_shows_each_election_s_leader_and_moves(
    browser: Browser, tmp_path: Path, look: str
) -> None:
    """Who is ahead, how far counted and the status, at 320 pixels; no finding of axe; a new standing comes by itself."""
    with gateway(tmp_path) as running:
        one = election().model_copy(update={"contests": (fruit(),)})
        running.announce(Life(election()).announced(1, Phase.OPEN).model_copy(update={"definition": one}))
        page = browser.new_page(viewport={"width": 320, "height": 700}, **LOOKS[look])
        page.goto(running.url)
        card = page.locator("#card-picnic")
        expect(card).to_contain_text("1 contest")
        expect(card.locator(".mini")).to_have_count(0)
        running.show(standing_by(fruit(), PROFILE, Phase.OPEN))
        expect(card).to_contain_text("Banana would be elected if it ended now", timeout=10_000)
        expect(card).to_contain_text("24 ballots")
        expect(card.locator(".badge")).to_have_text("Provisional")
        assert Axe().run(page).violations_count == 0
        assert page.evaluate("document.documentElement.scrollWidth") == 320
        page.close()
