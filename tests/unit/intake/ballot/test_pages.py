"""The ballot without a script: every state is a page that says what to do, and a vote counts once."""

import re
from base64 import b64encode
from datetime import UTC, datetime
from hashlib import sha256
from html import unescape
from urllib.parse import urlencode

import httpx
import pytest
import segno

from services.intake.ballot.pages import HEADERS, QUIET, qr
from services.intake.settings import IntakeSettings
from services.proofs.receipts import Receipt
from shared.contract.elections import Candidate, CandidateOrder, Phase, Revote
from tests.support.budgets import town
from tests.unit.intake.ballot.place import (
    CODE,
    ELECTOR,
    LIFE,
    PICNIC,
    WRONG_CODE,
    Place,
    hidden,
    page_of,
    place,
)

pytestmark = pytest.mark.asyncio


async def test_a_vote_from_code_to_receipt() -> None:
    """Each step is a page; the id made at the first is the id recorded; the marks are as written."""
    async with place() as there:
        ballot = await there.post("start")
        kept = hidden(ballot)
        assert page_of(ballot) == "ballot"
        assert kept["code"] == CODE
        marks = {"_0_0": "2", "_0_3": "1", "_1_1": "1"}
        review = await there.post("review", ballot=kept["ballot"], **marks)
        assert page_of(review) == "review"
        assert (
            "Your vote goes to <bdi>Damson</bdi>. If <bdi>Damson</bdi> is eliminated, it goes to"
            in review.text
        )
        sent = hidden(review)
        assert sent == {"code": CODE, "ballot": kept["ballot"], "0.0": "2", "0.3": "1", "1.1": "1"}
        receipt = await there.post("cast", ballot=kept["ballot"], **marks)

        assert page_of(receipt) == "receipt"
        (recorded,) = there.log.ballots
        assert (recorded.ballot_id.hex(), recorded.elector, recorded.rankings) == (
            kept["ballot"],
            ELECTOR,
            ("3>0", "1"),
        )


async def test_a_receipt_shows_nothing_of_the_vote() -> None:
    """Not on the page, not in what is copied, downloaded or photographed."""
    async with place() as there:
        one = await there.post("cast", _0_0="1")
    async with place() as elsewhere:
        other = await elsewhere.post("cast", _0_3="1", _1_0="1")

    assert one.text == other.text
    (shown,) = re.findall(r'data-copy="([^"]+)"', one.text)
    receipt = Receipt.model_validate_json(unescape(shown))
    assert (receipt.election, receipt.proof) == ("picnic", None)
    assert "Apple" not in one.text
    assert CODE not in one.text


async def test_other_rankings_under_a_ballot_id_that_was_cast_are_not_said_to_be_in() -> None:
    """Nothing more is written: the first stands, and the page does not show a receipt for what was dropped."""
    async with place() as there:
        assert page_of(await there.post("cast", _0_0="1")) == "receipt"
        again = await there.post("cast", _0_3="1")

        assert (again.status_code, page_of(again)) == (409, "trouble")
        assert "that ballot stands" in unescape(again.text)
        assert len(there.log.ballots) == 1


async def test_casting_again_gives_the_same_receipt() -> None:
    """A reload or a second click is the same ballot."""
    async with place() as there:
        answers = [await there.post("cast", _0_0="1") for _ in range(2)]

    assert answers[0].text == answers[1].text
    assert len({ballot.ballot_id for ballot in there.log.ballots}) == 1


@pytest.mark.parametrize("step", ["mark", "review", "cast"])
@pytest.mark.parametrize("phase", [Phase.OPEN, Phase.PAUSED, Phase.CLOSED])
async def test_whatever_step_is_sent_again_after_casting_the_receipt_comes_again(
    step: str, phase: Phase
) -> None:
    """Back and reload without a script: also after the close, nothing more is written, and nothing of the vote is shown."""
    async with place() as there:
        receipt = await there.post("cast", _0_0="1")
        there.announce(phase)
        again = await there.post(step, _0_0="1")

    assert (again.status_code, again.text) == (200, receipt.text)
    assert len({ballot.ballot_id for ballot in there.log.ballots}) == 1
    assert "Apple" not in again.text


@pytest.mark.parametrize("step", ["mark", "review", "cast"])
@pytest.mark.parametrize("phase", [Phase.OPEN, Phase.CLOSED])
async def test_going_back_to_change_a_cast_ballot_says_that_it_stands(step: str, phase: Phase) -> None:
    """Before a second one is cast in vain, and after the close."""
    async with place() as there:
        await there.post("cast", _0_0="1")
        there.announce(phase)
        changed = await there.post(step, _0_3="1")

    assert (changed.status_code, page_of(changed)) == (409, "trouble")
    assert "that ballot stands" in unescape(changed.text)
    assert [ballot.rankings for ballot in there.log.ballots] == [("0", "")]


@pytest.mark.parametrize("phase", [Phase.PAUSED, Phase.CLOSED])
async def test_a_ballot_that_this_process_does_not_remember_is_not_denied(phase: Phase) -> None:
    """After a restart nobody here knows whether it was cast: the page says whose word counts."""
    async with place(phase) as there:
        late = await there.post("cast", _0_0="1")

    assert (late.status_code, page_of(late)) == (409, phase.value)
    assert "If you were shown a receipt for this ballot before, it was recorded then" in late.text


@pytest.mark.parametrize("change", [{"code": WRONG_CODE}, {"ballot": f"{8:032x}"}, {"_0_0": "x"}])
async def test_only_the_same_ballot_of_the_same_elector_is_recalled(change: dict[str, str]) -> None:
    """With another code, another id or what is no number, a step is a step like any other."""
    async with place() as there:
        await there.post("cast", _0_0="1")
        review = await there.post("review", **{"_0_0": "1", **change})

    assert page_of(review) in ("review", "ballot")


@pytest.mark.parametrize(
    ("phase", "words"),
    [
        (Phase.CONFIGURED, "Voting has not begun yet"),
        (Phase.PAUSED, "Voting is paused"),
        (Phase.CLOSED, "Voting has closed"),
    ],
)
async def test_an_election_that_is_not_open_says_so(phase: Phase, words: str) -> None:
    """On arrival and in the middle of a vote; in the middle it also says that nothing was recorded."""
    async with place(phase) as there:
        arrival, late = await there.get(), await there.post("cast", _0_0="1")

    assert (arrival.status_code, late.status_code) == (200, 409)
    assert words in arrival.text
    assert "not" in re.findall(r'role="alert" data-sure>([^<]+)<', late.text)[0]
    assert there.log.ballots == []


async def test_a_pause_keeps_what_is_written() -> None:
    """The page carries the ballot, so that it can be sent when voting goes on."""
    async with place(Phase.PAUSED) as there:
        paused = await there.post("cast", _0_0="1", _0_2="2")
        there.announce(Phase.OPEN)
        receipt = await there.post(
            "cast", **{f"_{k.replace('.', '_')}": v for k, v in hidden(paused).items()}
        )

    assert page_of(receipt) == "receipt"
    assert [ballot.rankings for ballot in there.log.ballots] == [("0>2", "")]


async def test_an_unknown_election_says_what_to_compare() -> None:
    """404, with a way to the elections there are."""
    async with place() as there:
        answer, front = await there.get("/vote/nowhere"), await there.get("/vote")

    assert (answer.status_code, page_of(answer)) == (404, "missing")
    assert 'href="/vote/picnic"' in front.text
    assert "Voting is open" in front.text


async def test_while_elections_are_being_read_nothing_is_called_unknown() -> None:
    """503, and a page that asks to try again."""
    async with place(caught_up=False) as there:
        answer = await there.get()

    assert (answer.status_code, page_of(answer), answer.headers["retry-after"]) == (503, "busy", "5")


@pytest.mark.parametrize(
    ("text", "status", "words"),
    [
        ("", 422, "Please type your voting code"),
        ("hello", 422, "Something is missing or mistyped"),
        ('"\\<script>', 422, "Something is missing or mistyped"),
        (WRONG_CODE, 403, "does not belong to this election"),
    ],
)
@pytest.mark.parametrize("step", ["start", "cast"])
async def test_a_wrong_code_says_what_to_do(step: str, text: str, status: int, words: str) -> None:
    """The page of the code again, with the reason beside the field."""
    async with place() as there:
        answer = await there.post(step, code=text)

    assert (answer.status_code, page_of(answer)) == (status, "start")
    assert words in answer.text
    assert "<script>" not in answer.text.replace('<script type="', "")
    assert there.log.ballots == []


async def test_many_wrong_codes_are_asked_to_wait_and_a_good_one_is_not() -> None:
    """429 with Retry-After; whoever shares the connection can vote all the same."""
    async with place() as there:
        wrong = [
            await there.post("start", code=WRONG_CODE)
            for _ in range(IntakeSettings().max_wrong_codes_per_minute + 1)
        ]
        good = await there.post("start")

    assert {answer.status_code for answer in wrong[:-1]} == {403}
    assert (wrong[-1].status_code, wrong[-1].headers["retry-after"]) == (429, "60")
    assert "wait a minute" in wrong[-1].text
    assert all(WRONG_CODE in answer.text for answer in wrong), "the field keeps what was typed"
    assert page_of(good) == "ballot"


async def test_one_code_cannot_fill_the_log() -> None:
    """429, with the ballot carried along to be sent again."""
    async with place() as there:
        answers = [
            await there.post("cast", ballot=f"{n:032x}", _0_0="1")
            for n in range(IntakeSettings().max_casts_per_minute + 1)
        ]

    assert len(there.log.ballots) == IntakeSettings().max_casts_per_minute
    assert (answers[-1].status_code, page_of(answers[-1])) == (429, "busy")
    assert hidden(answers[-1])["0.0"] == "1"


async def test_a_log_that_is_away_is_not_a_vote_that_is_lost() -> None:
    """503: the page says that nothing is confirmed and carries the ballot; sent again it is in, once."""
    async with place() as there:
        there.log.away = True
        busy = await there.post("cast", _0_1="1")
        there.log.away = False
        receipt = await there.post("cast", **{f"_{k.replace('.', '_')}": v for k, v in hidden(busy).items()})

    assert (busy.status_code, busy.headers["retry-after"]) == (503, "5")
    assert "cannot confirm yet" in busy.text
    assert page_of(receipt) == "receipt"
    assert [ballot.rankings for ballot in there.log.ballots] == [("1", "")]


async def test_a_number_that_cannot_be_read_is_shown_where_it_is() -> None:
    """Nothing is dropped in silence, and nothing is recorded."""
    async with place() as there:
        answers = [await there.post(step, _0_0="x", _0_1="9", _0_2="1") for step in ("review", "cast")]

    for answer in answers:
        assert (answer.status_code, page_of(answer)) == (422, "ballot")
        assert len(re.findall('aria-invalid="true"', answer.text)) == 2
        assert 'name="0.0" value="x"' in answer.text
    assert there.log.ballots == []


async def test_skipped_and_shared_numbers_are_explained_and_recorded_as_they_are() -> None:
    """The rules of the contest decide what they amount to; the elector learns before casting."""
    async with place() as there:
        review = await there.post("review", _0_0="1", _0_1="3", _0_2="3")
        await there.post("cast", _0_0="1", _0_1="3", _0_2="3")

    assert "No candidate has number 2. That is passed over" in review.text
    assert "<bdi>Banana</bdi> and <bdi>Cherry</bdi> share number 3" in review.text
    assert there.log.ballots[0].rankings == ("0>>1=2", "")


async def test_what_is_no_form_of_this_election_is_refused() -> None:
    """An unknown field, candidate or step; a field twice; bytes that are no form; more bytes than a form can have."""
    async with place() as there:
        answers = [await there.post("cast", **{name: "1"}) for name in ("_7_0", "_0_9", "_0_01", "more")]
        answers.append(await there.post("leap"))
        bodies = (b"step=cast&step=cast", b"\xff", b"step=cast&" + b"0.0=1" * 40_000)
        answers += [await there.client.post("/vote/picnic", content=body) for body in bodies]

    assert {(answer.status_code, page_of(answer)) for answer in answers} == {(400, "trouble")}
    assert there.log.ballots == []


@pytest.mark.parametrize("phase", [Phase.PAUSED, Phase.OPEN])
async def test_another_language_keeps_a_ballot_that_waits(phase: Phase) -> None:
    """While voting is paused, and while the log is away: the choice posts the ballot again, with its step."""
    async with place() as there:
        there.log.away = True
        there.announce(phase)
        waits = await there.post("cast", _0_0="1")

    assert page_of(waits) == ("paused" if phase is Phase.PAUSED else "busy")
    switch = '<button type="submit" form="ballot" name="step" value="cast" formaction="/vote/picnic?lang=cy" lang="cy">'
    assert switch in waits.text
    assert hidden(waits)["0.0"] == "1"


async def test_enter_in_a_field_checks_the_ballot_and_changes_no_language() -> None:
    """A browser works the form's first button in the page."""
    async with place() as there:
        ballot = await there.post("start")

    first = next(of for of in re.findall(r"<button[^>]*>", ballot.text) if 'form="ballot"' in of)
    assert 'name="step" value="review"' in first
    assert "formaction" not in first


@pytest.mark.parametrize(
    "typed",
    [
        f"https://vote.example/vote/picnic?lang=cy#code={CODE}",
        f"  {CODE.lower()}\r\n",
        CODE.replace("-", " \u2014 "),
        f"\ufeff\u200b{CODE}",
    ],
)
async def test_a_code_is_taken_as_it_was_pasted(typed: str) -> None:
    """With the whole personal link around it, other dashes, or marks that nobody sees."""
    async with place() as there:
        start, ballot = await there.get(), await there.post("start", code=typed)

    assert "you can paste the whole link" in start.text
    assert page_of(ballot) == "ballot"
    assert hidden(ballot)["code"].upper() == CODE


async def test_an_address_casts_nothing() -> None:
    """Whatever a browser fetches beforehand, a preview or a scanner of mail opens: GET and HEAD record nothing and show no code."""
    query = urlencode({"step": "cast", "code": CODE, "ballot": f"{7:032x}", "0.0": "1"})
    async with place() as there:
        asked = await there.get(f"/vote/picnic?{query}")
        head = await there.client.head(f"/vote/picnic?{query}")
        other = [
            await there.client.request(way, f"/vote/picnic?{query}") for way in ("PUT", "DELETE", "PATCH")
        ]

    assert (page_of(asked), head.status_code, head.text) == ("start", 200, "")
    assert CODE not in asked.text
    assert {answer.status_code for answer in other} == {405}
    assert there.log.ballots == []


async def test_a_form_of_another_site_casts_nothing() -> None:
    """Such a page could show an elector "your ballot is in" for a code of its own."""
    form = urlencode({"step": "cast", "code": CODE, "ballot": f"{7:032x}", "0.0": "1"})
    async with place() as there:
        answers = {
            site: await there.client.post("/vote/picnic", content=form, headers={"Sec-Fetch-Site": site})
            for site in ("cross-site", "same-origin")
        }

    assert (answers["cross-site"].status_code, page_of(answers["cross-site"])) == (400, "trouble")
    assert page_of(answers["same-origin"]) == "receipt"
    assert len(there.log.ballots) == 1


@pytest.mark.parametrize(
    "number",
    [
        "\u00b2",
        "\u2460",
        "1.",
        "1st",
        "0",
        "-1",
        "1e0",
        "9" * 5_000,
        "1\u200b",
        "\u0661\u0661\u0661\u0661\u0661",
        "\x00",
    ],
)
@pytest.mark.parametrize("step", ["review", "cast"])
async def test_what_looks_like_a_number_and_is_none_is_shown_where_it_is(step: str, number: str) -> None:
    """Never read as another number, never dropped, never a fault of ours."""
    async with place() as there:
        answer = await there.post(step, _0_0=number)

    assert (answer.status_code, page_of(answer)) == (422, "ballot")
    assert len(re.findall('aria-invalid="true"', answer.text)) == 1
    assert there.log.ballots == []


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("application/json", b'{"step": "cast", "code": "x"}'),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="step"\r\n\r\ncast\r\n--b--',
        ),
        ("application/x-www-form-urlencoded", b"step=cast&code=%ED%A0%80"),
        ("application/x-www-form-urlencoded", "step=cast&code=x".encode("utf-16")),
        ("application/x-www-form-urlencoded", b"step=cast&code=x&ballot=" + b"9" * 200_000),
    ],
)
async def test_what_is_posted_otherwise_is_refused_in_words(media: str, body: bytes) -> None:
    """Other media, half of a character, another encoding, more than a form can hold."""
    async with place() as there:
        answer = await there.client.post("/vote/picnic", content=body, headers={"Content-Type": media})

    assert (answer.status_code, page_of(answer)) == (400, "trouble")
    assert there.log.ballots == []


@pytest.mark.parametrize("ballot_id", ["", "x", "A" * 32, "\u0661" * 32, "1" * 60_000])
async def test_a_ballot_id_that_is_none_casts_nothing(ballot_id: str) -> None:
    """A form that was changed on its way."""
    async with place() as there:
        answer = await there.post("cast", ballot=ballot_id, _0_0="1")

    assert (answer.status_code, page_of(answer)) == (422, "trouble")
    assert there.log.ballots == []


async def test_two_windows_without_a_script_are_two_ballots_and_each_receipt_is_its_own() -> None:
    """With other rankings each has an id of its own: both are recorded, and the judge counts one."""
    async with place() as there:
        one, other = [hidden(await there.post("start"))["ballot"] for _ in range(2)]
        receipts = [
            await there.post("cast", ballot=one, _0_0="1"),
            await there.post("cast", ballot=other, _0_3="1"),
        ]

    assert [page_of(receipt) for receipt in receipts] == ["receipt", "receipt"]
    assert receipts[0].text != receipts[1].text
    assert "the first that was recorded" in receipts[1].text
    assert [ballot.rankings for ballot in there.log.ballots] == [("0", ""), ("3", "")]


async def test_neither_code_nor_marks_are_in_an_address() -> None:
    """No link, action or download of any page holds the code; only posted bodies do."""
    async with place() as there:
        pages = [await there.get(), await there.post("start")]
        pages += [await there.post(step, _0_0="1") for step in ("mark", "review", "cast")]
        there.announce(Phase.PAUSED)
        pages.append(await there.post("cast", _0_0="1"))

    for answer in pages:
        for address in re.findall(r'(?:href|action|src)="([^"]*)"', answer.text):
            assert CODE not in address
            assert "0.0" not in address


async def test_pages_are_kept_nowhere_and_run_nothing_from_elsewhere() -> None:
    """Every page of every status is sent with the same policy, where no receipt is looked up; no page has a script or a style of its own."""
    async with place() as there:
        answers = [await there.get(), await there.get("/vote"), await there.get("/vote/nowhere")]
        answers += [
            await there.get("/vote/picnic/practice"),
            await there.post("start"),
            await there.post("cast"),
        ]

    for answer in answers:
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert answer.headers["cache-control"] == "no-store"
        assert not re.search(
            r'style="|\son[a-z]+="|https?://', answer.text.replace("http://www.w3.org/2000/svg", "")
        )
        scripts = re.findall(r"<script[^>]*>", answer.text)
        assert all("src=" in script or 'type="application/json"' in script for script in scripts)


async def test_a_practice_ballot_has_nowhere_to_go() -> None:
    """No code, no id, no address to be posted to, and TEST over it, whatever the phase."""
    async with place(Phase.CONFIGURED) as there:
        answer = await there.get("/vote/picnic/practice")

    assert page_of(answer) == "practice"
    assert hidden(answer) == {}
    assert "action=" not in answer.text.replace("formaction", "")
    assert "TEST" in answer.text


async def test_a_withdrawn_candidate_is_shown_as_such() -> None:
    """Nobody can be ranked who gets no votes; one ranked before is passed over, and that is said."""
    async with place() as there:
        there.announce(Phase.OPEN, ("fruit", "cherry"))
        ballot, review = await there.post("start"), await there.post("review", _0_2="1", _0_0="2")

    assert "withdrawn" in ballot.text
    assert re.search(r'name="0\.2"[^>]* disabled', ballot.text)
    assert "<bdi>Cherry</bdi> has withdrawn" in review.text
    assert "Your vote goes to <bdi>Apple</bdi>" in review.text


async def test_whether_a_second_ballot_counts_is_said_before_and_after() -> None:
    """On the way in where it does, before casting, and with the receipt."""
    said = {}
    for policy in Revote:
        async with place() as there:
            redefine(there, revote=policy, live_tallies=False)
            pages = (
                await there.get(),
                await there.post("review", _0_0="1"),
                await there.post("cast", _0_0="1"),
            )
            said[policy] = [page.text for page in pages]
    last, first = said[Revote.LAST_COUNTS], said[Revote.FIRST_IS_FINAL]

    assert ["You can vote again" in page for page in last] == [True, True, False]
    assert "the last that was recorded before the close" in last[2]
    assert ["You can vote again" in page for page in first] == [False] * 3
    assert "it cannot be changed" in first[1]
    assert "the first that was recorded" in first[2]


async def test_the_times_are_shown_as_the_definition_has_them() -> None:
    """In the reader's language; what opens and closes voting is the officer's order."""
    times = {"opens": datetime(2026, 5, 1, 9, tzinfo=UTC), "closes": datetime(2026, 5, 8, 18, 30, tzinfo=UTC)}
    async with place(Phase.CONFIGURED) as there:
        redefine(there, **times)
        english, welsh = await there.get(), await there.get("/vote/picnic?lang=cy")

    assert "Voting is to open on <time" in english.text
    assert "8 May 2026, 18:30 (UTC)</time>" in english.text
    assert "8 Mai 2026, 18:30 (UTC)</time>" in welsh.text
    assert 'datetime="2026-05-08T18:30:00+00:00"' in welsh.text


async def test_the_order_of_candidates_is_the_rule_s_and_stays_with_the_elector() -> None:
    """Marks name the same candidates wherever these stand."""
    async with place() as there:
        fruit, *others = PICNIC.contests
        drawn = fruit.model_copy(update={"candidate_order": CandidateOrder.BY_BALLOT})
        redefine(there, contests=(drawn, *others))
        codes = [LIFE.code(elector) for elector in range(8)]
        orders = [names_in_order(await there.post("start", code=code)) for code in codes]
        again = [names_in_order(await there.post("mark", code=code, _0_0="1")) for code in codes]
        await there.post("cast", _0_0="1")

    assert orders == again
    assert len({tuple(order) for order in orders}) > 3
    assert {tuple(sorted(order)) for order in orders} == {("0", "1", "2", "3")}
    assert there.log.ballots[0].rankings == ("0", "")


async def test_a_candidate_s_statement_and_link_are_text_and_a_link() -> None:
    """What a candidate wrote is never HTML, and nothing is fetched from elsewhere."""
    async with place() as there:
        fruit, *others = PICNIC.contests
        apple, *rest = fruit.candidates
        described = apple.model_copy(
            update={"statement": "<b>Crisp</b> & sweet", "link": "https://apple.example/"}
        )
        redefine(there, contests=(fruit.model_copy(update={"candidates": (described, *rest)}), *others))
        pages = await there.get(), await there.post("start")

    for page in pages:
        assert "&lt;b&gt;Crisp&lt;/b&gt; &amp; sweet" in page.text
        assert '<a href="https://apple.example/" target="_blank" rel="noopener noreferrer"' in page.text
        assert page.text.count('<details class="about">') == 1
    with pytest.raises(ValueError, match="pattern"):
        Candidate(id="a", name="A", link="javascript:alert(1)")


async def test_a_candidate_s_party_stands_beside_the_name() -> None:
    """On the page that begins and on the ballot, in an isolate, as text."""
    async with place() as there:
        fruit, *others = PICNIC.contests
        apple, *rest = fruit.candidates
        of_party = apple.model_copy(update={"party": "Hill & <b>Dale"})
        redefine(there, contests=(fruit.model_copy(update={"candidates": (of_party, *rest)}), *others))
        pages = await there.get(), await there.post("start")

    for page in pages:
        party = '<span class="party"><bdi>Hill &amp; &lt;b&gt;Dale</bdi></span>'
        assert f"<bdi>{apple.name}</bdi> {party}" in page.text
        assert page.text.count('class="party"') == 1


def redefine(there: Place, **terms: object) -> None:
    """Announce the picnic with other terms."""
    announced = there.announced["picnic"]
    definition = announced.definition.model_copy(update=terms)
    there.announced["picnic"] = announced.model_copy(update={"definition": definition})


def names_in_order(page: httpx.Response) -> list[str]:
    """Return the places of the first contest's candidates as they stand on a page."""
    return re.findall(r'name="0\.(\d)" value="[^"]*" inputmode', page.text)


async def test_the_whole_ballot_is_small_and_its_files_are_kept() -> None:
    """At most 60 kB from the address to the receipt; style and script have names of their own content, and the page their hashes."""
    async with place() as there:
        start, ballot, receipt = (
            await there.get(),
            await there.post("start"),
            await there.post("cast", _0_0="1"),
        )
        files = [await there.get(path) for path in sorted(set(re.findall(r'"(/static/[^"]+)"', start.text)))]
        missing = await there.get("/static/ballot.000000000000.css")

    sent = [len(answer.content) for answer in (start, ballot, receipt)]
    packed = [answer.num_bytes_downloaded for answer in files]
    assert sum(sent) + sum(packed) <= 60_000
    assert len(files) == 3
    hashes = [f"sha256-{b64encode(sha256(answer.content).digest()).decode()}" for answer in files]
    assert [hashed in start.text for hashed in hashes] == [True, True, False], "the icon is a picture"
    assert all("immutable" in answer.headers["cache-control"] for answer in files)
    assert missing.status_code == 404


async def test_language_size_and_kiosk_travel_in_the_query_and_nothing_else_does() -> None:
    """A page keeps how it is seen; an unknown wish is left out."""
    async with place() as there:
        answer = await there.get("/vote/picnic?lang=cy&size=large&kiosk&code=secret&size=huge")
        plain = await there.get("/vote/picnic?size=huge&lang=xx")

    assert '<html lang="cy" dir="ltr" class="normal" data-kiosk>' in answer.text
    assert 'action="/vote/picnic?lang=cy&amp;kiosk=1"' in answer.text
    assert "secret" not in answer.text
    assert 'action="/vote/picnic"' in plain.text


async def test_a_receipt_leads_to_where_it_is_looked_up() -> None:
    """By a link whose fragment holds it, which is also in the QR code; not on a screen that others use, nor where nobody looks."""
    proofs = "https://proofs.example/receipt"
    link = re.compile(rf'href="{proofs}#([0-9a-f]{{32}})\.picnic\.{7:032x}\.(\d)\.([0-9a-f]{{64}})"')
    async with place(receipts=proofs) as there:
        one = await there.post("cast", _0_0="1")
        kiosk = await there.post("cast", "/vote/picnic?kiosk", _0_0="1")
        closed = await there.get()
        welsh = await there.post("cast", "/vote/picnic?lang=cy&size=large", _0_0="1")
    async with place() as elsewhere:
        nowhere = await elsewhere.post("cast", _0_0="1")
    found = link.search(one.text)
    assert found, one.text
    kept = Receipt.model_validate_json(unescape(re.findall(r'data-copy="([^"]+)"', one.text)[0]))

    assert found.groups() == (kept.log, str(kept.shard), kept.who)
    assert f'href="{proofs}"' in closed.text
    assert f'href="{proofs}?lang=cy#' in welsh.text
    assert proofs not in kiosk.text + nowhere.text
    assert "download=" in one.text
    assert "download=" not in kiosk.text
    assert len(kiosk.text.partition("<svg")[2]) < len(nowhere.text.partition("<svg")[2])


async def test_without_a_script_the_receipt_is_posted_to_where_it_is_looked_up() -> None:
    """The one page whose policy lets a form go elsewhere: to that service alone, in the elector's language, without the code."""
    async with place(receipts="https://proofs.example:8106/receipt") as there:
        others = [await there.get(), await there.post("start"), await there.post("review", _0_0="1")]
        receipt = await there.post("cast", "/vote/picnic?lang=cy", _0_0="1")
        others.append(await there.post("cast", "/vote/picnic?kiosk", _0_0="1"))
    (form,) = re.findall(r"<form data-plain.*?</form>", receipt.text, re.DOTALL)
    (action,) = re.findall(r'action="([^"]+)"', form)
    (shown,) = re.findall(r'data-copy="([^"]+)"', receipt.text)

    assert action == "https://proofs.example:8106/receipt?lang=cy"
    assert re.findall(r'name="([^"]+)" value="([^"]+)"', form) == [("receipt", shown)]
    assert CODE not in form
    policy = HEADERS["Content-Security-Policy"]
    allowed = policy.replace("form-action 'self'", "form-action 'self' https://proofs.example:8106")
    assert receipt.headers["content-security-policy"] == allowed
    assert {page.headers["content-security-policy"] for page in others} == {policy}


async def test_a_qr_code_is_drawn_module_by_module() -> None:
    """The path goes over exactly the dark ones."""
    text = "https://proofs.example/receipt#" + "ab" * 40
    matrix = segno.make(text, error="l", boost_error=False, micro=False, mask=2).matrix
    dark = {(x, y) for y, row in enumerate(matrix, QUIET) for x, module in enumerate(row, QUIET) if module}
    drawn = set()
    for y, commands in re.findall(r"M2 (\d+)\.5([^M\"]+)", qr(text)):
        x = QUIET
        for over, length in re.findall(r"([hm])(\d+)", commands):
            drawn |= {(x + step, int(y)) for step in range(int(length)) if over == "h"}
            x += int(length)

    assert drawn == dark


async def test_projects_are_ticked_without_a_script_and_cast_as_approvals() -> None:
    """Each has its cost; what is ticked stands on the page that is checked, and one rank holds it all in the log."""
    async with place() as there:
        redefine(there, contests=(town(), PICNIC.contests[1]))
        start = await there.post("start")
        assert start.text.count('type="checkbox"') == 5
        assert '<span class="cost">£4,500.50</span>' in start.text
        assert "There is a budget of £50,050." in start.text
        ballot = hidden(start)["ballot"]
        back = await there.post("mark", ballot=ballot, _0_1="1", _0_3="1")
        assert re.findall(r'name="0\.(\d)" value="1" checked', back.text) == ["1", "3"]
        review = await there.post("review", ballot=ballot, _0_1="1", _0_3="1")
        assert "can help to pay for <bdi>Cycle lanes</bdi> and <bdi>Trees in the square</bdi>." in review.text
        assert '<b class="number">' not in review.text.partition("Drink")[0]
        assert page_of(await there.post("cast", ballot=ballot, _0_1="1", _0_3="1")) == "receipt"
        assert there.log.ballots[0].rankings == ("1=3", "")


async def test_projects_are_ranked_where_the_definition_says_so() -> None:
    """As candidates are, with costs beside their names."""
    async with place() as there:
        redefine(there, contests=(town("ranked", out=(4,)), PICNIC.contests[1]))
        start = await there.post("start")
        assert 'type="checkbox"' not in start.text
        assert '<span class="cost">£18,000</span>' in start.text
        review = await there.post("review", _0_1="2", _0_3="1", _0_4="3")
        assert "the higher a project stands, the more it counts" in review.text
        assert "<bdi>A longer pier</bdi> has been withdrawn and cannot be funded." in review.text
        await there.post("cast", _0_1="2", _0_3="1")
        assert there.log.ballots[0].rankings == ("3>1", "")
