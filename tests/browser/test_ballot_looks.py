"""What the ballot looks and sounds like: in every state, at every size, in every light, to every reader."""

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from shared.contract.elections import Phase
from tests.browser.polling_place import (
    NOT_OPEN,
    SHARDS,
    Place,
    arrive,
    cast,
    enter,
    new_elector,
    tap,
    to_review,
    watched,
)
from tests.support.elections import Life, election

pytestmark = [pytest.mark.kafka, pytest.mark.browser]


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


MEETS = {
    "start": """
      - main:
        - heading "Picnic" [level=1]
        - paragraph: Your code came with your link. You can start right away.
        - textbox "Your voting code"
        - button "Start voting"
        - heading "What you can vote on" [level=2]
        - heading "How it works" [level=2]
        - paragraph:
          - link "Try it first with a practice ballot"
    """,
    "wrong code": """
      - alert: /Something is missing or mistyped/
      - textbox "Your voting code" [invalid]
      - button "Start voting"
    """,
    "numbers": """
      - list:
        - listitem:
          - textbox "Apple": "1"
        - listitem:
          - textbox "Banana": "3"
        - listitem:
          - textbox "Cherry": "3"
        - listitem:
          - textbox "Damson" [invalid]: "9"
          - paragraph: Please write a number from 1 to 4.
    """,
    "review": """
      - main:
        - heading "Check your ballot" [level=1]
        - heading "Fruit" [level=2]
        - list:
          - listitem: 1 Apple
          - listitem: 2 nobody
          - listitem: 3 Banana = Cherry
        - paragraph:
          - button "Change this Fruit"
        - heading "Drink" [level=2]
        - paragraph: /You have ranked nobody/
        - paragraph:
          - button "Change this Drink"
        - paragraph: Once it is cast, it cannot be changed.
        - button "Back"
        - button "Cast my ballot"
        - status
    """,
    "sending": """
      - main:
        - heading "Your ballot is on its way" [level=1]
        - status: /There is no connection at the moment/
        - paragraph:
          - button "Send it again now"
    """,
    "receipt": """
      - main:
        - heading "Your ballot is in" [level=1]
        - heading "Your receipt" [level=2]
        - paragraph:
          - button "Copy"
          - button "Print"
          - link "Download"
        - paragraph:
          - link "See what becomes of this ballot"
        - status
        - figure "The receipt, to be photographed"
        - heading "What the receipt shows" [level=2]
    """,
}
"""What is in the accessibility tree of a state, in this order, among other things."""


def test_what_a_screen_reader_meets_on_the_way(context: BrowserContext, place: Place) -> None:
    """Each state has one first heading, named controls, and what happens by itself in an alert or a status."""
    page, (elector, code) = context.new_page(), new_elector()
    for state in walk(page, place, code, ""):
        assert page.get_by_role("heading", level=1).count() == 1, state
        if state in MEETS:
            expect(page.locator("main")).to_match_aria_snapshot(MEETS[state])

    assert place.marks(elector) == [("0>>1=2", "")]


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
    """The axe rules (WCAG 2.2 A and AA among them) find nothing in any state, no page is wider than its window, and the vote is in."""
    made = browser.new_context(**LOOKS[look])
    page, (elector, code) = made.new_page(), new_elector()
    with watched(made):
        for state in walk(page, place, code, query):
            found = Axe().run(page)
            assert found.violations_count == 0, f"{state}\n{found.generate_report()}"
            wide, window = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
            assert wide <= window, state
    made.close()

    assert place.marks(elector) == [("0>>1=2", "")]


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


ODD = ("<script>alert(1)</script>", "محمد الأول", "👩\u200d🚀 Zoë “Rocket”", "X" * 200)


def test_names_of_every_kind(context: BrowserContext, place: Place) -> None:
    """Markup, any script, emoji and a name without a space are shown as they are, within the narrowest window."""
    plain = election("gathering")
    fruit, drink = plain.contests
    named = tuple(
        of.model_copy(update={"name": name, "statement": f"{name}<img src=x onerror=alert(2)>"})
        for of, name in zip(fruit.candidates, ODD, strict=True)
    )
    contests = (fruit.model_copy(update={"title": "</script><b>Bold", "candidates": named}), drink)
    gathering = Life(plain.model_copy(update={"title": "An <i>odd</i> one", "contests": contests}), SHARDS)
    place.announce(gathering, Phase.OPEN)
    page = context.new_page()
    page.set_viewport_size({"width": 320, "height": 640})
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    arrive(page, place.url("/vote/gathering"), "start")
    page.get_by_label("Your voting code").fill(gathering.code(3))
    page.locator("#code-form .main").click()
    tap(page, *ODD)
    assert page.locator(".contest:visible .order .names").all_text_contents() == list(ODD)
    page.locator(".contest:visible .about summary").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    to_review(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 320
    cast(page)

    assert place.marks(3, "gathering") == [("0>1>2>3", "")]


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
    assert place.marks(elector) == [("0", "")]
