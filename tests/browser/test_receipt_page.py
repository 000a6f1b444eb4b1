"""The receipt page in a real browser: it looks a receipt up, checks the proof by itself, and does so saved and offline too."""

import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from starlette.applications import Starlette

from services.proofs.lookup import Contest, Covered
from services.proofs.routes import Api
from services.proofs.settings import ProofsSettings
from services.proofs.shard import ShardTree
from shared.contract.receipts import receipt_link, receipt_text
from tests.support.elections import LOG_ID, ROOT_KEY, Life, election
from tests.support.evidence import judged
from tests.support.proofs import grown, pairs
from tests.unit.proofs.test_shard import who_of

pytestmark = pytest.mark.browser

ELECTORS = 700
LIFE = Life(election(electors=ELECTORS), 1)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The service's own routes over the files of a tree of 700 ballots and one that came late."""
    cast = [*LIFE.begin()[0], *(LIFE.ballot(elector) for elector in range(1, ELECTORS)), LIFE.closed()]
    cast.append(LIFE.ballot(0))
    values = pairs(cast, judged(0, cast, 1, 9))
    files = grown(values, tmp_path_factory.mktemp("tree"))
    live = ShardTree(LOG_ID, 0, files, None)
    live.apply(values)
    standing = Covered("picnic", Contest("fruit", "Fruit"), len(cast), "unofficial-complete", (len(cast),))
    settings = ProofsSettings(log_id=LOG_ID, shards=1)
    api = Api(settings, ROOT_KEY, [files], {0: live}, {"picnic/fruit": standing})
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(Starlette(routes=api.routes()), log_level="warning"))
        serving = threading.Thread(target=server.run, args=([listening],), daemon=True)
        serving.start()
        deadline = time.monotonic() + 20
        while not server.started:
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        serving.join(20)


def receipt_of(elector: int) -> str:
    """Return a receipt as intake gives it."""
    ballot = LIFE.cast(elector)
    return receipt_text(LOG_ID, "picnic", ballot.ballot_id.hex(), 0, who_of(ballot).hex())


def checked(page: Page, receipt: str, code: str = "") -> str:
    """Give the page a receipt; return the class of its answer."""
    page.locator("#answer").evaluate("of => of.replaceChildren()")
    page.get_by_label("Your receipt").fill(receipt)
    page.get_by_label("Your voting code").fill(code)
    page.get_by_role("button", name="Check").click()
    answer = page.locator("#answer .answer")
    expect(answer).to_be_visible(timeout=10_000)
    return str(answer.get_attribute("class")).removeprefix("answer ")


def test_a_receipt_is_looked_up_and_proved_in_the_browser(browser: Browser, url: str) -> None:
    """Whose it is stays in the page: no request holds the voting code."""
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.post_data}"))
    page.goto(f"{url}/receipt")
    code = LIFE.code(333)

    assert checked(page, receipt_of(333), code) == "good"
    said = page.locator("#answer").inner_text()
    assert "Your ballot is in the log and was accepted." in said
    assert "leaf 337 of 705" in said
    assert "in standing 705 and each later one (voting has closed)" in said
    assert checked(page, receipt_of(333), LIFE.code(334)) == "bad"
    assert "not of a ballot that was cast with this voting code" in page.locator("#answer").inner_text()
    assert checked(page, receipt_of(0)) == "wait"
    late = page.locator("#answer").inner_text()
    assert "was not accepted: recorded after the close" in late
    assert "Counted" not in late
    assert checked(page, receipt_of(0).replace("picnic", "feast").replace("a", "b")) == "wait"
    assert checked(page, "my receipt") == "bad"
    assert len(asked) >= 5
    assert not any(code in request or "333-" in request for request in asked)
    page.close()


def test_saved_it_checks_a_proof_without_a_network(browser: Browser, url: str, tmp_path: Path) -> None:
    """The file that was downloaded proves; changed in one digit it does not."""
    page = browser.new_page()
    page.goto(f"{url}/receipt")
    assert checked(page, receipt_of(77), LIFE.code(77)) == "good"
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download the receipt with its proof").click()
    proved, saved = tmp_path / "proved.json", tmp_path / "check-a-receipt.html"
    downloading.value.save_as(proved)
    with page.expect_download() as saving:
        page.get_by_role("link", name="save it").click()
    saving.value.save_as(saved)
    page.close()

    context = browser.new_context(offline=True)
    page = context.new_page()
    page.goto(saved.as_uri())
    expect(page.get_by_role("navigation")).to_be_hidden()
    page.get_by_label("Receipt file").set_input_files(proved)
    expect(page.get_by_label("Your receipt")).not_to_be_empty()
    assert checked(page, proved.read_text(), LIFE.code(77)) == "good"
    wrong = json.loads(proved.read_text())
    wrong["proof"]["leaf_index"] += 1
    assert checked(page, json.dumps(wrong)) == "bad"
    assert "Not proved" in page.locator("#answer").inner_text()
    assert checked(page, receipt_of(77)) == "wait"
    context.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_everybody_can_use_it(browser: Browser, url: str, width: int) -> None:
    """No violation that axe finds, nothing to scroll sideways, in light and dark; the keyboard is enough."""
    for scheme in ("light", "dark"):
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.goto(f"{url}/receipt")
        assert checked(page, receipt_of(5), LIFE.code(5)) == "good"
        assert Axe().run(page).response["violations"] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_label("Your voting code").press("Enter")
        expect(page.locator("#answer .good")).to_be_visible()
        page.close()


def test_a_link_brings_the_receipt_in_its_fragment(browser: Browser, url: str) -> None:
    """It is not sent, and goes from the address."""
    page = browser.new_page()
    page.goto(f"{url}/receipt#{httpx.QueryParams({'receipt': receipt_of(9)})}")
    expect(page.get_by_label("Your receipt")).to_have_value(receipt_of(9))
    assert page.url == f"{url}/receipt"
    page.close()


@pytest.mark.parametrize("width", [320, 1280])
def test_without_a_script_the_service_answers(browser: Browser, url: str, width: int) -> None:
    """By keyboard and at any width: pasted, sent, answered; the proof comes as a file; axe finds nothing in any answer."""
    for scheme in ("light", "dark"):
        made = browser.new_context(
            java_script_enabled=False, viewport={"width": width, "height": 800}, color_scheme=scheme
        )
        page = made.new_page()
        answer = page.locator("#answer")
        page.goto(f"{url}/receipt")
        expect(page.get_by_label("Your voting code")).to_be_hidden()
        expect(page.get_by_text("this server answers, and you have its word for it")).to_be_visible()
        page.get_by_label("Your receipt").press("Tab")
        expect(page.get_by_role("button", name="Check")).to_be_focused()
        for receipt, kind, words in (
            (receipt_of(333), "good", "was accepted"),
            (receipt_of(0), "wait", "recorded after the close"),
            (receipt_of(9).replace('"who": "', '"who": "0')[:-3] + '"}', "wait", "not in the log"),
            ("my receipt", "bad", "This is no receipt"),
        ):
            page.get_by_label("Your receipt").fill(receipt)
            page.get_by_label("Your receipt").press("Tab")
            page.keyboard.press("Enter")
            expect(answer.locator(f".answer.{kind}")).to_contain_text(words)
            expect(page.get_by_label("Your receipt")).to_have_value(receipt)
            seen_by_axe(page, browser)
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.get_by_label("Your receipt").fill(receipt_of(333))
        page.get_by_role("button", name="Check").click()
        with page.expect_download() as downloading:
            page.get_by_role("link", name="Download the receipt with its proof").click()
        assert downloading.value.suggested_filename == "picnic-receipt-proved.json"
        page.get_by_role("button", name="Cymraeg").click()
        expect(answer).to_contain_text("Mae'r bleidlais yn y log ac fe'i derbyniwyd.")
        assert page.url == f"{url}/receipt?lang=cy"
        made.close()


def seen_by_axe(page: Page, browser: Browser) -> None:
    """Look at a page without its script: axe itself is one, so it looks at the same page where scripts run."""
    shown = browser.new_page(viewport=page.viewport_size)
    shown.set_content(page.content())
    assert Axe().run(shown).response["violations"] == []
    shown.close()


def test_a_link_and_digits_can_be_pasted_too(browser: Browser, url: str) -> None:
    """The script checks a link's receipt by itself; digits alone it leaves to the service, which says so."""
    page = browser.new_page()
    page.goto(f"{url}/receipt")
    ballot = LIFE.cast(77)
    who = who_of(ballot).hex()
    link = receipt_link("https://proofs.example/receipt", LOG_ID, "picnic", ballot.ballot_id.hex(), 0, who)
    assert checked(page, link, LIFE.code(77)) == "good"
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.post_data or ""))
    page.get_by_label("Your receipt").fill(f"{who[:32]} {who[32:]}")
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("your browser has checked nothing")).to_be_visible()
    assert sent[0].startswith("receipt=")
    assert not any(LIFE.code(77) in body for body in sent)
    page.get_by_label("Your receipt").fill(receipt_of(77))
    page.get_by_label("Your voting code").fill(LIFE.code(77))
    page.get_by_label("Your voting code").press("Enter")
    expect(page.get_by_text("Your ballot is in the log and was accepted.")).to_be_visible()
    expect(page.get_by_text("your browser has checked nothing")).to_be_hidden()
    assert len(sent) == 2, "the page was posted once, and the receipt looked up once"
    page.close()


def test_it_answers_in_welsh_and_a_change_of_language_keeps_the_receipt(browser: Browser, url: str) -> None:
    """Asked for by the browser or by the elector; every answer, and what is read aloud, is in that language."""
    context = browser.new_context(locale="cy-GB", viewport={"width": 320, "height": 640})
    page = context.new_page()
    answer = page.locator("#answer")
    page.goto(f"{url}/receipt#{httpx.QueryParams({'receipt': receipt_of(0)})}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Gwirio derbynneb")
    expect(answer).to_contain_text("ni chafodd ei derbyn: cofnodwyd ar ôl y cau.")
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") == 320

    page.get_by_role("link", name="English").click()
    expect(page).to_have_url(f"{url}/receipt?lang=en")
    expect(answer).to_contain_text("was not accepted: recorded after the close.")
    page.get_by_role("link", name="Cymraeg").click()
    page.locator("#receipt").fill(receipt_of(77))
    page.locator("#code").fill(LIFE.code(78))
    page.get_by_role("button", name="Gwirio").click()
    expect(answer).to_contain_text("Heb ei brofi: nid yw'r dderbynneb hon yn perthyn i bleidlais")
    page.locator("#code").fill(LIFE.code(77))
    page.get_by_role("button", name="Gwirio").click()
    expect(answer).to_contain_text("Mae eich pleidlais yn y log ac fe'i derbyniwyd.")
    expect(answer).to_contain_text(
        "yng nghyfrif cyhoeddedig 705 a phob un wedyn (mae'r pleidleisio wedi cau)"
    )
    context.close()
