"""Results in other places: embedded in a newsroom's page, shared as a picture, written as files for any web server."""

import io
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, expect

from services.results.pages import STATIC
from shared.contract.elections import Phase
from shared.contract.events import ElectionAnnounced
from tests.browser.polling_place import watched
from tests.browser.test_results_page import PATH
from tests.support.elections import Life, election
from tests.support.gateway import Gateway, gateway, serving
from tests.support.standings import standing

pytestmark = pytest.mark.browser

LIVE, CLOSED = standing(3, Phase.OPEN), standing(5, Phase.CLOSED)


@pytest.fixture
def abroad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """Results that sign, with one live standing."""
    with gateway(tmp_path_factory.mktemp("abroad"), LIVE) as running:
        yield running


def test_three_embeds_in_a_newsroom_s_page_move(browser: Browser, abroad: Gateway, tmp_path: Path) -> None:
    """As an element, in the newsroom's colours, and framed as high as it is; nothing jumps, and only embeds may be framed."""
    newsroom = httpx.get(abroad.url + f"/feed/newsroom?contest={PATH}").text
    (tmp_path / "index.html").write_text(newsroom)
    (tmp_path / "thief.html").write_text(f'<iframe src="{abroad.url}{PATH}"></iframe>')
    with serving(tmp_path) as site:
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        with watched(context):
            page.goto(site)
            own, ours = page.locator("livecount-result").all()
            framed = page.frame_locator("iframe").locator("main")
            for embed in (own, ours, framed):
                expect(embed.locator("#headline")).to_contain_text("if it ended now", timeout=10_000)
                expect(embed.locator(".next")).to_contain_text("Damson is last at present")
            assert (
                ours.locator("article").evaluate("e => getComputedStyle(e).backgroundColor")
                == "rgb(16, 28, 44)"
            )
            page.wait_for_function("document.querySelector('iframe').style.height > '300px'")
            assert page.locator("iframe").evaluate("e => e.clientHeight") >= framed.evaluate(
                "e => e.scrollHeight"
            )
            found = Axe().run(page)
            assert found.response["violations"] == []
            page.screenshot(path=tmp_path / "newsroom.png", full_page=True)
            page.evaluate(MOVES)
            abroad.show(standing(4, Phase.OPEN))
            for embed in (own, ours, framed):
                expect(embed.locator(".soft").last).to_contain_text("96 ballots", timeout=10_000)
            assert page.evaluate("window.moved") == 0
            assert own.get_by_role("link", name="The whole result").get_attribute("href") == abroad.url + PATH
        page.goto(f"{site}/thief.html")
        expect(page.frame_locator("iframe").locator("#headline")).to_have_count(0)
        context.close()
    for path in (PATH, "/", "/elections/picnic", f"{PATH}/declaration", "/feed"):
        assert "frame-ancestors 'none'" in httpx.get(abroad.url + path).headers["content-security-policy"]


MOVES = """window.moved = 0; new PerformanceObserver(list => list.getEntries().forEach(e => window.moved += e.value))
    .observe({ type: "layout-shift" })"""


def test_a_shared_link_has_a_picture_and_says_how_to_embed(abroad: Gateway) -> None:
    """OpenGraph's picture is of this contest and newest standing; oEmbed's frame is the embed, and of other sites' pages there is none."""
    page = httpx.get(abroad.url + PATH).text
    picture, oembed = (
        re.search(pattern, page)[1]  # type: ignore[index]
        for pattern in (r'og:image" content="([^"]+)"', r'json\+oembed" href="([^"]+)"')
    )
    drawn = httpx.get(picture)
    assert drawn.headers["content-type"] == "image/png"
    image = Image.open(io.BytesIO(drawn.content)).convert("RGB")
    assert image.size == (1200, 630)
    colours = {colour for _, colour in image.getcolors(1 << 20) or []}
    assert {(0x00, 0x72, 0xB2), (0xC0, 0x5A, 0x00)} <= colours, "the bars of the two who are left"
    rich = httpx.get(f"{oembed}&maxwidth=400").json()
    assert (rich["type"], rich["width"], rich["title"]) == ("rich", 400, "Fruit")
    source = re.search(r'src="([^"]+)"', rich["html"])[1]  # type: ignore[index]
    assert "frame-ancestors *" in httpx.get(source).headers["content-security-policy"]
    for other in (
        "https://elsewhere.example" + PATH,
        abroad.url + "/elections/picnic",
        abroad.url + PATH + "x",
        "",
    ):
        assert httpx.get(abroad.url + "/oembed", params={"url": other}).status_code == 404
    assert (
        httpx.get(abroad.url + "/oembed", params={"url": abroad.url + PATH, "format": "xml"}).status_code
        == 501
    )


def test_a_result_is_written_as_files_that_any_server_serves(
    browser: Browser, abroad: Gateway, tmp_path: Path
) -> None:
    """Every link leads somewhere, no script is needed, hashes and signature hold, and it is the page that was published."""
    abroad.show(CLOSED)
    abroad.announce(with_parties())
    out = tmp_path / "public"
    livecount(
        "publish", "picnic", "--out", str(out), "--results", abroad.url, "--url", "https://example.org/2026"
    )
    subprocess.run(["sha256sum", "--check", "--quiet", "SHA256SUMS"], cwd=out, check=True)
    assert (
        'content="https://example.org/2026/contests/fruit/picture.png"'
        in (out / "contests/fruit/index.html").read_text()
    )
    assert (out / "seats.csv").read_text().startswith("party,seats,final,ahead")
    with serving(tmp_path) as site:
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        with watched(context):
            page.goto(f"{site}/public/index.html")
            page.get_by_role("link", name="Fruit").click()
            expect(page.locator("#headline")).to_contain_text("Banana is elected in round 3")
            page.get_by_role("link", name="Round 1").click()
            expect(page.locator("#shown")).to_have_text("Round 1")
            page.get_by_role("link", name="Declaration, to print").click()
            expect(page.get_by_role("heading", name="Declaration of the result")).to_be_visible()
            for file in out.rglob("*.html"):
                page.goto(f"{site}/{file.relative_to(tmp_path)}")
                links = page.locator("[href]").evaluate_all("all => all.map(e => e.href)")
                for link in {link.partition("#")[0] for link in links if link.startswith(site)}:
                    urllib.request.urlopen(link).close()
        context.close()
    with serving(out) as site:
        said = livecount("signature", f"{site}/contests/fruit/standing.json")
        assert f"Standing {CLOSED.sequence}," in said
        (out / "contests/fruit/standing.json").write_bytes(b"{}")
        with pytest.raises(subprocess.CalledProcessError):
            livecount("signature", f"{site}/contests/fruit/standing.json")


def with_parties() -> ElectionAnnounced:
    """Return the picnic, where each candidate of the first contest has a party."""
    announced = Life(election()).announced(1, Phase.CLOSED)
    fruit, *others = announced.definition.contests
    candidates = tuple(of.model_copy(update={"party": f"{of.name} Party"}) for of in fruit.candidates)
    contests = (fruit.model_copy(update={"candidates": candidates}), *others)
    definition = announced.definition.model_copy(update={"contests": contests})
    return announced.model_copy(update={"definition": definition})


def livecount(*words: str) -> str:
    """Run the command line; return what it prints."""
    argv = [sys.executable, "-m", "services.cli", *words]
    return subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.parametrize(("width", "scheme"), [(320, "dark"), (1280, "light")])
@pytest.mark.parametrize("path", ["/feed", f"/embed{PATH}", PATH])
def test_nothing_jumps_is_too_wide_or_stands_in_anybody_s_way(
    browser: Browser, abroad: Gateway, path: str, width: int, scheme: Any
) -> None:
    """No finding of axe, nothing beyond the edge, and a new standing moves nothing that a reader looks at."""
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    heard = (
        page.expect_response(lambda answer: "fragment=1" in answer.url) if path != "/feed" else nullcontext()
    )
    with heard:
        page.goto(abroad.url + path)
    page.wait_for_timeout(100)
    page.evaluate(MOVES)
    abroad.show(standing(4, Phase.OPEN))
    if path != "/feed":
        expect(page.get_by_text("96 ballots")).to_be_visible(timeout=10_000)
    page.wait_for_timeout(500)
    assert page.evaluate("window.moved") == 0
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert Axe().run(page).response["violations"] == []
    page.close()


def test_all_scripts_together_are_small() -> None:
    """Under 60 kB, as they are served: there is no build step."""
    assert sum(script.stat().st_size for script in STATIC.glob("*.js")) < 60_000
