"""The receipt page without a script: what the service answers to a posted receipt, and that it is what the API answers."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from html import unescape
from urllib.parse import quote_plus, unquote, urlencode

import httpx
import pytest
from starlette.applications import Starlette

from services.proofs.lookup import Contest, Covered
from services.proofs.receipts import Receipt, check_receipt
from services.proofs.routes import Api
from services.proofs.settings import ProofsSettings
from services.proofs.shard import ShardTree
from services.proofs.typed import MAX_FORM_BYTES, Typed, receipt_of
from shared.contract.elections import Revote
from shared.contract.packs import Ballot
from shared.contract.receipts import receipt_link, receipt_text
from tests.support.elections import LOG_ID, ROOT_KEY, Life, election
from tests.support.evidence import judged
from tests.support.proofs import grown, pairs, signer
from tests.unit.proofs.test_shard import who_of

AGAIN = {"revote": Revote.LAST_COUNTS, "live_tallies": False}
LIFE = Life(election().model_copy(update=AGAIN), 1)
FIRST, LAST = (LIFE.cast(4, "0", "1", ballot=number) for number in (41, 42))
LATE, NEWEST, NOBODY = (LIFE.cast(elector) for elector in (7, 8, 9))
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def kept(ballot: Ballot) -> tuple[str, str, str, int, str]:
    """Return the parts of a receipt."""
    return LOG_ID, "picnic", ballot.ballot_id.hex(), 0, who_of(ballot).hex()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Api:
    """Two ballots of an elector who may vote again, one that came late, and a newest one that no checkpoint covers."""
    cast = [*LIFE.begin()[0], *map(LIFE.pack, (FIRST, LAST)), LIFE.closed(), *map(LIFE.pack, (LATE, NEWEST))]
    values = pairs(cast, judged(0, cast, 1))
    files = grown(values[:-1], tmp_path_factory.mktemp("tree"))
    live = ShardTree(LOG_ID, 0, files, None)
    live.apply(values)
    standing = Covered("picnic", Contest("fruit", "Fruit & veg"), 31, "unofficial-complete", (len(cast),))
    settings = ProofsSettings(log_id=LOG_ID, shards=1, max_lookups=2)
    return Api(settings, ROOT_KEY, [files], {0: live}, {"picnic/fruit": standing})


@asynccontextmanager
async def client_of(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a browser without a script."""
    transport = httpx.ASGITransport(Starlette(routes=api.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def posted(
    api: Api, receipt: str, query: str = "", headers: dict[str, str] | None = None
) -> httpx.Response:
    """Return the answer to the page's form."""
    async with client_of(api) as client:
        body = urlencode({"receipt": receipt})
        return await client.post(f"/receipt{query}", content=body, headers=FORM | (headers or {}))


def said(answer: httpx.Response) -> str:
    """Return the answer's sentence and facts."""
    found = re.search(r'<section id="answer".*?</section>', answer.text, re.DOTALL)
    assert found
    return unescape(re.sub(r"<[^>]+>", " ", found[0]))


@pytest.mark.asyncio
async def test_a_ballot_that_counts_is_said_to_be_recorded_judged_proved_and_counted(api: Api) -> None:
    """With the proof as a file and as text; both hold, and neither says what is on the ballot."""
    answer = await posted(api, receipt_text(*kept(LAST)))

    assert answer.status_code == 200
    words = said(answer)
    for part in (
        "The ballot is in the log and was accepted.",
        "shard 0, record 5, ballot 1 in it",
        "accepted: counts in place of an earlier ballot of this elector",
        "under a root that the log has signed",
        "Counted: Fruit & veg",
        "in standing 31 and each later one (voting has closed)",
        "you have its word for it: your browser has checked nothing",
    ):
        assert part in words, words
    (link,) = re.findall(
        r'href="data:application/json;charset=utf-8,([^"]+)" download="picnic-receipt-proved.json"',
        answer.text,
    )
    (shown,) = re.findall(r"<pre[^>]*>(.*?)</pre>", answer.text, re.DOTALL)
    assert unquote(link) == unescape(shown)
    proved = Receipt.model_validate_json(unescape(shown))
    assert "your ballot is record" in check_receipt(proved, signer(0), LIFE.code(4))


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("ballot", "words", "kind"),
    [
        (FIRST, "A later ballot of the same elector has superseded it", "wait"),
        (LATE, "was not accepted: recorded after the close", "wait"),
        (NEWEST, "comes with the next signed root: ask again", "wait"),
        (LAST, "was accepted", "good"),
    ],
)
async def test_each_verdict_is_in_words_and_is_that_of_the_api(
    api: Api, ballot: Ballot, words: str, kind: str
) -> None:
    """Only a ballot that counts is counted in a standing."""
    answer = await posted(api, receipt_text(*kept(ballot)))
    async with client_of(api) as client:
        found = (await client.get(f"/v1/elections/picnic/receipts/{who_of(ballot).hex()}")).json()

    assert answer.status_code == 200
    assert words in said(answer)
    assert f'<p class="answer {kind}">' in answer.text
    assert found["in_words"] in said(answer)
    assert ("Counted" in said(answer)) == (ballot is LAST) == bool(found["standings"] and kind == "good")
    assert ("download=" in answer.text.partition("<form")[0]) == (found["proof"] is not None)


@pytest.mark.asyncio
async def test_a_receipt_is_taken_as_an_elector_has_it(api: Api) -> None:
    """The text of the file, before and after it is proved; the link; the digits as the ballot's page shows them."""
    plain = receipt_text(*kept(LAST))
    proved = unescape(re.findall(r"<pre[^>]*>(.*?)</pre>", (await posted(api, plain)).text, re.DOTALL)[0])
    who = who_of(LAST).hex()
    groups = " ".join(who[at : at + 8] for at in range(0, 64, 8))
    link = receipt_link("https://proofs.example/receipt?lang=cy", *kept(LAST))
    for text in (
        plain,
        f"\ufeff\r\n{plain}\n ",
        proved,
        link,
        f"My receipt: {link}",
        groups,
        groups.upper().replace(" ", "\u2011"),
    ):
        answer = await posted(api, text)
        assert answer.status_code == 200, text
        assert "was accepted" in said(answer)
        digits_alone = link not in text and "{" not in text
        assert ("Digits alone do not say" in said(answer)) == digits_alone
        assert ("in standing 31" in said(answer)) == (not digits_alone)


MALFORMED = [
    "",
    "my receipt",
    "{",
    "[" * 20_000,
    receipt_text(*kept(LAST))[:-9],
    "who_of",
    "\u0665" * 64,
    "a" * 63,
    "a" * 65,
    "“" + receipt_text(*kept(LAST)).replace('"', "”"),
    "null",
    '{"type": "receipt/1"}',
    receipt_text(*kept(LAST)).replace("receipt/1", "receipt/2"),
    receipt_text(*kept(LAST)).replace('"picnic"', '"../../x"'),
    receipt_text(*kept(LAST)).replace('"picnic"', '"picnic\\n"'),
    "<script>alert(1)</script>",
    "#a.b.c.d.e",
]


@pytest.mark.asyncio
@pytest.mark.parametrize("text", MALFORMED, ids=range(len(MALFORMED)))
async def test_what_is_no_receipt_is_said_to_be_none(api: Api, text: str) -> None:
    """422; the field keeps what was typed, as text."""
    answer = await posted(api, text)

    assert answer.status_code == 422
    assert "This is no receipt" in said(answer)
    (shown,) = re.findall(r"<textarea[^>]*>\n(.*?)</textarea>", answer.text, re.DOTALL)
    assert "<script" not in shown
    assert unescape(shown) == text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"receipt",
        b"\xff",
        b"receipt=%FF",
        b"text=x",
        b"receipt=x&code=" + LIFE.code(4).encode(),
        b"receipt=x&receipt=y",
        b"receipt=" + b"x" * MAX_FORM_BYTES,
    ],
)
async def test_what_is_no_form_of_the_page_is_refused(api: Api, body: bytes) -> None:
    """422; a voting code that was sent is neither read nor shown again."""
    async with client_of(api) as client:
        answer = await client.post("/receipt", content=body, headers=FORM)

    assert answer.status_code == 422
    assert "That could not be read" in said(answer)
    assert LIFE.code(4) not in answer.text


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "text",
    [
        LIFE.code(4),
        f" {LIFE.code(4).lower()}\n",
        LIFE.code(4).replace("-", " \u2013 "),
        f"https://vote.example/vote/picnic?lang=cy#code={LIFE.code(4)}",
    ],
)
async def test_a_voting_code_in_the_receipt_s_place_is_not_shown_again(api: Api, text: str) -> None:
    """422, and the elector learns what it is for."""
    answer = await posted(api, text)

    assert answer.status_code == 422
    assert "This is a voting code, not a receipt" in said(answer)
    assert LIFE.code(4)[-9:].lower() not in answer.text.lower()


@pytest.mark.asyncio
@pytest.mark.parametrize("media", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
async def test_another_content_type_is_no_form(api: Api, media: str) -> None:
    """A form of the page is urlencoded; nothing else is read."""
    answer = await posted(api, receipt_text(*kept(LAST)), headers={"Content-Type": media})

    assert (answer.status_code, "That could not be read" in said(answer)) == (422, True)


@pytest.mark.asyncio
async def test_a_receipt_that_is_not_known_is_404_and_may_be_asked_for_again(api: Api) -> None:
    """It may not be judged yet."""
    answer = await posted(api, receipt_text(*kept(NOBODY)))

    assert (answer.status_code, answer.headers["retry-after"]) == (404, "2")
    assert "not in the log, or was not judged yet" in said(answer)
    assert "What this answer is worth" not in answer.text


@pytest.mark.asyncio
async def test_while_a_tree_is_being_read_nothing_is_called_unknown(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with Retry-After, on the page and from the API: the newest ballots are in the tree alone."""
    monkeypatch.setattr(api, "_live", {})
    unknown = await posted(api, receipt_text(*kept(LAST)))
    async with client_of(api) as client:
        asked = await client.get(f"/v1/elections/picnic/receipts/{who_of(LAST).hex()}")

    assert (unknown.status_code, unknown.headers["retry-after"]) == (503, "2")
    assert "The log does not answer at present" in said(unknown)
    assert (asked.status_code, asked.headers["retry-after"]) == (503, "2")


@pytest.mark.asyncio
async def test_too_many_at_once_are_put_off_as_by_the_api(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bound for both; nothing is looked up beyond it."""
    monkeypatch.setattr(api, "_looking", 2)
    answer = await posted(api, receipt_text(*kept(LAST)))

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


@pytest.mark.asyncio
async def test_it_is_kept_nowhere_posts_to_itself_and_never_the_code(api: Api) -> None:
    """The policy names itself alone; the only field with a name is the receipt's."""
    answer = await posted(api, receipt_text(*kept(LAST)))
    async with client_of(api) as client:
        page = await client.get("/receipt")

    assert answer.headers["cache-control"] == "no-store"
    for of in (page, answer):
        assert "form-action 'self'" in of.headers["content-security-policy"]
        form = of.text.partition("<form")[2].partition("</form>")[0]
        assert re.findall(r' name="([^"]+)"', form) == ["receipt"]
        assert who_of(LAST).hex() not in " ".join(re.findall(r'(?:action|href)="(?!data:)([^"]+)"', of.text))


@pytest.mark.asyncio
async def test_it_answers_in_welsh_and_another_language_posts_the_receipt_again(api: Api) -> None:
    """Asked for by the form or by the browser."""
    by_form = await posted(api, receipt_text(*kept(LATE)), "?lang=cy")
    by_browser = await posted(api, receipt_text(*kept(LATE)), headers={"Accept-Language": "cy-GB"})

    assert by_form.text == by_browser.text
    assert '<html lang="cy"' in by_form.text
    assert "ni chafodd ei derbyn: cofnodwyd ar ôl y cau." in said(by_form)
    assert "Beth yw gwerth yr ateb hwn" in said(by_form)
    assert '<button form="form" formaction="/receipt?lang=en" lang="en">English</button>' in by_form.text


def spelt(receipt: str) -> Iterator[str]:
    """Yield ways in which a form spells a text."""
    yield quote_plus(receipt)
    yield "".join(f"%{byte:02X}" for byte in receipt.encode())


@pytest.mark.asyncio
async def test_the_longest_receipt_fits_however_it_is_spelt(api: Api) -> None:
    """A proof has at most 64 hashes and 4,000 characters of checkpoint."""
    plain = receipt_text(*kept(LAST))
    hashes = ", ".join(f'"{"a" * 64}"' for _ in range(64))
    longest = f'{plain[:-1]}, "proof": {{"hashes": [{hashes}], "checkpoint": "{"c" * 4_000}", "what": "{"b" * 64}"}}}}'
    assert receipt_of(longest) == Typed(who_of(LAST).hex(), "picnic", LAST.ballot_id.hex())
    async with client_of(api) as client:
        for body in spelt(longest):
            answer = await client.post("/receipt", content=f"receipt={body}", headers=FORM)
            assert answer.status_code == 200
