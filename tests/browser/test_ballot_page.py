"""The ballot in a real browser: however a vote is cast, it is in the log once, as marked."""

import random
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect
from typer.testing import CliRunner

from services.cli import app
from services.intake.ballot.files import NAMES
from services.intake.ballot.follow import follow
from services.intake.ballot.pages import contest_data
from shared.contract.codec import decode_judged
from shared.contract.elections import CandidateOrder, Contest, Phase, Revote
from shared.contract.topics import BALLOTS_JUDGED
from shared.contract.verdict_ranges import Verdicts
from tests.browser.polling_place import (
    ELECTORS,
    PICNIC,
    SHARDS,
    Place,
    arrive,
    cast,
    enter,
    expect_receipt,
    finish,
    kept,
    new_elector,
    tap,
    to_review,
    watched,
)
from tests.support.budgets import town
from tests.support.elections import Life, contest, election
from tests.support.pipeline import Pipeline
from tests.support.topics import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.browser]


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

    assert place.marks(elector) == [("1>>0=2", "")]


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

    assert place.marks(elector) == [("2>3", "0")]


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

    assert place.marks(elector) == [("2>0", "")]


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

    assert place.marks(elector) == [("0>1", "")]


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
        page.get_by_label("Water").press("Enter")
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

    assert place.marks(elector) == [("2>0", "0")]


def test_without_a_script_from_code_to_receipt_to_look_up(browser: Browser, place: Place) -> None:
    """A button of the receipt leads to what became of the ballot: judged, proved, counted; neither code nor marks are sent there."""
    elector, code = new_elector()
    made = browser.new_context(java_script_enabled=False, viewport={"width": 320, "height": 640})
    with watched(made):
        page = made.new_page()
        cast_by_forms(page, place, code)
        for _ in range(50):
            with made.expect_page() as opening:
                page.get_by_role("button", name="See what becomes of this ballot").click()
            looked_up = opening.value
            sent = looked_up.evaluate("document.forms[0].elements.receipt.value")
            if "Counted: Fruit" in looked_up.locator("#answer").inner_text():
                break
            looked_up.close()
        answer = looked_up.locator("#answer")
        expect(answer).to_contain_text("The ballot is in the log and was accepted.")
        expect(answer).to_contain_text("under a root that the log has signed")
        expect(answer).to_contain_text("in standing")
        expect(answer).to_contain_text("your browser has checked nothing")
        assert looked_up.evaluate("document.documentElement.scrollWidth") == 320
        assert looked_up.url == f"{place.pipeline.url('proofs')}/receipt"
        assert code not in sent
        digits = page.locator(".receipt .code").inner_text()
        looked_up.get_by_label("Your receipt").fill(digits)
        looked_up.get_by_role("button", name="Check").click()
        expect(answer).to_contain_text("The ballot is in the log and was accepted.")
    made.close()

    assert place.marks(elector) == [("2", "")]


def cast_by_forms(page: Page, place: Place, code: str) -> None:
    """Cast Cherry without a script."""
    page.goto(place.url())
    page.get_by_label("Your voting code").fill(code)
    page.get_by_role("button", name="Start voting").click()
    page.get_by_label("Cherry").fill("1")
    page.get_by_role("button", name="Check my ballot").click()
    page.get_by_role("button", name="Cast my ballot").click()
    expect_receipt(page)


def test_without_a_script_back_and_reload_say_that_the_ballot_is_in(browser: Browser, place: Place) -> None:
    """The browser asks whether to send the page before again; whoever says yes sees the receipt, and never the vote."""
    elector, code = new_elector()
    made = browser.new_context(java_script_enabled=False)
    with watched(made):
        page = made.new_page()
        cast_by_forms(page, place, code)
        receipt = page.locator(".receipt .code").inner_text()
        page.reload()
        expect(page.locator(".receipt .code")).to_have_text(receipt)
        for go in (page.go_back, page.go_forward):
            with pytest.raises(Error, match="ERR_CACHE_MISS"):
                go()
            expect(page).to_have_url("chrome-error://chromewebdata/")
            page.reload()
            expect_receipt(page)
            expect(page.locator(".receipt .code")).to_have_text(receipt)
            expect(page.locator("body")).not_to_contain_text("Cherry")
        expect(page.get_by_text("this receipt comes again")).to_be_visible()
        assert page.url == place.url()
        assert made.cookies() == []
    made.close()

    assert place.marks(elector) == [("2", "")]


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

    # On a busy machine the page's icon comes late; it is the same for everybody.
    assert [url for url in asked if url != place.url(NAMES["icon.svg"])] == []
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
    assert place.marks(elector) == [("1", "")]


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

    assert place.marks(elector) == [("3>0", "")]


def test_projects_are_ticked_with_costs_beside_them(context: BrowserContext, place: Place) -> None:
    """By mouse and by key; a reload keeps what is ticked; axe finds nothing, and the log has one rank of it all."""
    harbour = Life(
        election("harbour", electors=10).model_copy(update={"contests": (town(out=(4,)),)}), SHARDS
    )
    finish(place.pipeline.begin(harbour))
    place.announce(harbour, Phase.OPEN)
    page = context.new_page()
    page.goto(place.url(f"/vote/harbour#code={harbour.code(4)}"))
    page.locator("#code-form .main").click()
    page.get_by_label("Trees in the square £4,500.50").check()
    page.get_by_label("Cycle lanes £18,000").focus()
    page.keyboard.press("Space")
    said = "Your share of the budget can help to pay for Cycle lanes and Trees in the square."
    expect(page.locator(".contest .line")).to_have_text(said)
    expect(page.get_by_label("A longer pier")).to_be_disabled()
    assert Axe().run(page).violations_count == 0
    page.reload()
    expect(page.get_by_label("Cycle lanes")).to_be_checked()
    page.get_by_label("A new library").check()
    page.get_by_label("A new library").uncheck()
    to_review(page)
    expect(page.locator("#review .order li")).to_have_text(
        ["Cycle lanes £18,000", "Trees in the square £4,500.50"]
    )
    expect(page.locator("#review .line")).to_have_text(said)
    cast(page)
    assert place.marks(4, "harbour") == [("1=3",)]


def some_contest(seed: random.Random) -> Contest:
    """Return a contest of any method and rules, or one that spends a budget."""
    if seed.random() < 0.1:
        return town(seed.choice(["approvals", "ranked"]))
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
    """Where the last ballot counts: both are in the log, candidates in the elector's own order, and each receipt says what it came to."""
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
    page, receipts = context.new_page(), list[Page]()
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
        with context.expect_page() as opening:
            page.get_by_role("link", name="See what becomes of this ballot").click()
        receipts.append(opening.value)
    said = [looked_up(receipts[0], "superseded"), looked_up(receipts[1], "accepted")]

    assert "The ballot is in the log and was accepted. A later ballot" in said[0]
    assert "Counted" not in said[0]
    assert re.search("in place of an earlier ballot.*Counted: Fruit", said[1], re.DOTALL)
    assert place.marks(4, "bazaar") == [("0", ""), ("3>0", "")]
    reasons = finish(reasons_of(place.pipeline, "bazaar"))
    assert reasons == ["accepted", "superseding"]


def looked_up(receipt: Page, words: str) -> str:
    """Ask the page that looks a receipt up until it says so; return all that it says."""
    for _ in range(80):
        receipt.get_by_role("button", name="Check").click()
        expect(receipt.locator("#answer .answer")).to_be_visible()
        said = receipt.locator("#answer").inner_text()
        if words in said and ("Counted" in said or words == "superseded"):
            return said
        receipt.wait_for_timeout(100)
    raise AssertionError(said)


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

    assert place.marks(elector) == [("3", "")]


def test_the_count_holds_each_vote_once(context: BrowserContext, place: Place) -> None:
    """Whatever was sent twice on the way: one accepted ballot for each elector who voted here."""
    page = enter(context.new_page(), place, new_elector()[1])
    to_review(page)
    cast(page)
    electors = {ballot.elector for name, ballot in finish(place.log()) if name == "picnic"}
    standings = finish(place.pipeline.standings(0, "fruit"))
    accepted = 0
    for _ in range(40):
        accepted = standings[-1].balance.accepted
        if accepted == len(electors):
            break
        standings = finish(place.pipeline.standings(standings[-1].sequence + 1, "fruit"))

    assert accepted == len(electors) > 0


def test_no_log_holds_a_voting_code(place: Place) -> None:
    """Of nobody who voted here, in whichever form they sent it."""
    logs = {path.name: path.read_text().upper() for path in place.pipeline.folder.glob("*.log")}

    assert {"intake-1.log", "validation-1.log", "proofs-1.log"} <= set(logs)
    assert any(logs.values())
    secrets = [PICNIC.code(elector)[-9:] for elector in range(1, next(ELECTORS))]
    assert [(name, secret) for name, log in logs.items() for secret in secrets if secret in log] == []
