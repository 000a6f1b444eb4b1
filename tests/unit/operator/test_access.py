"""Who may do what: all that a stranger would try, at the pages and at the API, and the one table of rights."""

import html
import tracemalloc
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import httpx
import pytest

from services.operator.access import CHALLENGE_S, CODE_S, MAX_TRIED, Role, Session, Sessions, SignInRefused
from services.operator.api.app import create_api
from services.operator.app import new_order
from services.operator.monitor import MonitorFigures
from shared.contract.codec import encode
from shared.contract.elections import Official
from shared.contract.events import NO_CONTROL, ElectionConfigured, KeyReplaced
from shared.contract.lifecycle import Command
from shared.contract.signing import new_private_key, public_key, sign, sign_in_message
from shared.contract.verdicts import ControlJudged
from shared.runtime.process.health import Health
from tests.support.elections import AT, LOG_ID, OFFICER, OFFICER_KEY, ROOT, election
from tests.unit.operator.test_console import HERE, TOKEN, TriedConsole, announced

BOB = b"only for tests: another official"
BOB_KEY = public_key(BOB)


def configured(name: str, officials: tuple[Official, ...]) -> bytes:
    """The verdict that froze an election of these officials."""
    definition = election(name).model_copy(update={"officials": officials})
    control = ElectionConfigured(
        log=LOG_ID,
        election=name,
        control_id="1" * 32,
        follows=NO_CONTROL,
        by="root",
        at=AT,
        definition=definition,
    )
    return judged(control.model_copy(update={"control_id": name.encode().hex().ljust(32, "0")[:32]}))


def judged(control: Any) -> bytes:
    """A verdict of shard 0 that a control is applied."""
    return encode(
        ControlJudged(shard=0, source=1, control=control, signers=(), effect="applied", head="0" * 64)
    )


def two_elections() -> TriedConsole:
    """Ada's picnic and Bob's fair, at one operator."""
    fair = announced()
    fair = fair.model_copy(update={"definition": fair.definition.model_copy(update={"id": "fair"})})
    tried = TriedConsole(announced(), fair)
    tried.service.book.add(configured("picnic", (Official(name="ada", key=OFFICER_KEY),)))
    tried.service.book.add(configured("fair", (Official(name="bob", key=BOB_KEY),)))
    return tried


def enter(sessions: Sessions, private: bytes, log_id: str = LOG_ID) -> tuple[Session, str]:
    """Sign in by a key."""
    challenge = sessions.challenges.new()
    return sessions.enter(challenge, public_key(private), sign(private, sign_in_message(log_id, challenge)))


def test_who_asks_for_challenges_without_end_keeps_no_official_out_and_fills_no_memory() -> None:
    """Anybody may ask, and try: an official's challenge outlasts all of it, and one that was tried stays used."""
    sessions = two_elections().sessions
    before = sessions.challenges.new()
    used = sessions.challenges.new()
    signature = sign(OFFICER, sign_in_message(LOG_ID, used))
    sessions.enter(used, OFFICER_KEY, signature)
    tracemalloc.start()
    for _ in range(MAX_TRIED - 10):
        with suppress(SignInRefused):
            sessions.enter(sessions.challenges.new(), "", "")
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 25 << 20
    with pytest.raises(SignInRefused, match="used"):
        sessions.enter(used, OFFICER_KEY, signature)
    for _ in range(2 * MAX_TRIED):
        sessions.challenges.use(sessions.challenges.new())
    assert len(sessions.challenges._tried) <= MAX_TRIED
    assert sessions.enter(before, OFFICER_KEY, sign(OFFICER, sign_in_message(LOG_ID, before)))


@pytest.mark.parametrize("forged", ["", "0" * 64, "f" * 64, "é" * 64, "0" * 16 + "7" * 16 + "0" * 32])
def test_a_challenge_that_this_process_did_not_make_opens_nothing(forged: str) -> None:
    """However far its end seems to be; nor one whose end somebody has moved."""
    sessions = two_elections().sessions
    made = sessions.challenges.new()
    for challenge in (forged, made[:16] + "7" * 16 + made[32:], made[:-1], made + "0"):
        with pytest.raises(SignInRefused, match="unknown"):
            sessions.enter(challenge, OFFICER_KEY, sign(OFFICER, sign_in_message(LOG_ID, challenge)))


async def in_browser(tried: TriedConsole, private: bytes) -> Session:
    """Sign in by a key, and go on in the browser; return the browser's session."""
    code = enter(tried.sessions, private)[1]
    assert (await tried.http.post("/sign-in", data={"code": code}, headers=HERE)).status_code == 303
    session = tried.sessions.find(tried.http.cookies["livecount-console"])
    assert session is not None
    return session


def test_a_challenge_opens_a_session_once_for_the_right_key_and_log() -> None:
    """No other key, log, time or second attempt does."""
    tried = two_elections()
    sessions = tried.sessions
    for private, log_id in ((new_private_key(), LOG_ID), (OFFICER, "cd" * 16)):
        with pytest.raises(SignInRefused):
            enter(sessions, private, log_id)
    challenge = sessions.challenges.new()
    signature = sign(OFFICER, sign_in_message(LOG_ID, challenge))
    with pytest.raises(SignInRefused):
        sessions.enter(challenge, BOB_KEY, signature)
    with pytest.raises(SignInRefused, match="used"):
        sessions.enter(challenge, OFFICER_KEY, signature)  # the attempt before has used it up
    challenge = sessions.challenges.new()
    signature = sign(OFFICER, sign_in_message(LOG_ID, challenge))
    tried.now_s += CHALLENGE_S
    with pytest.raises(SignInRefused, match="older"):
        sessions.enter(challenge, OFFICER_KEY, signature)
    session, code = enter(sessions, OFFICER)
    assert sessions.name_of(session.key) == "ada"
    assert sessions.redeem(code) is not None
    assert sessions.redeem(code) is None
    late = enter(sessions, OFFICER)[1]
    tried.now_s += CODE_S
    assert sessions.redeem(late) is None
    assert sessions.name_of(enter(sessions, ROOT)[0].key) == "root"


def test_a_replaced_key_ends_its_sessions() -> None:
    """At once, without a sign-out."""
    tried = two_elections()
    session = enter(tried.sessions, OFFICER)[0]
    assert tried.sessions.find(session.secret) == session
    new = Official(name="ada", key=public_key(new_private_key()))
    tried.service.book.add(
        judged(
            KeyReplaced(
                log=LOG_ID,
                election="picnic",
                control_id="2" * 32,
                follows="1" * 32,
                by="bob",
                at=AT,
                old=OFFICER_KEY,
                new=new,
            )
        )
    )
    assert tried.sessions.find(session.secret) is None


ADA, BOBS, AUDITOR, VIEWER = "ada of picnic", "bob of fair", "auditor", "viewer of picnic"
PICNIC = "elections/picnic"
RIGHTS: list[tuple[str, str, set[str]]] = [
    # method, path below / and /v1/       who may
    ("GET", "", {ADA, BOBS, AUDITOR}),
    ("GET", "elections", {ADA, BOBS, AUDITOR}),
    ("GET", "monitor", {ADA, BOBS, AUDITOR}),
    ("GET", "proposals", {ADA, BOBS, AUDITOR}),
    ("GET", PICNIC, {ADA, BOBS, AUDITOR, VIEWER}),
    ("GET", f"{PICNIC}/controls", {ADA, BOBS, AUDITOR, VIEWER}),
    ("GET", f"{PICNIC}/close", {ADA, BOBS, AUDITOR}),
    ("GET", "elections/fair", {ADA, BOBS, AUDITOR}),
    *[("POST", f"{PICNIC}/{command}", {ADA}) for command in Command],
    ("POST", f"{PICNIC}/roll", {ADA}),
    ("POST", PICNIC, {ADA}),
    ("POST", "elections/nowhere/close", set()),
    ("POST", "monitor", set()),
    ("GET", "new", {ADA, BOBS, AUDITOR}),
    ("POST", "new", {ADA, BOBS}),
    ("DELETE", PICNIC, {ADA}),  # there is no such route: 405
]


@pytest.mark.parametrize(("method", "path", "who"), RIGHTS)
def test_rights_are_one_table_for_pages_and_api(method: str, path: str, who: set[str]) -> None:
    """Both spellings of a path have the same answer."""
    sessions = two_elections().sessions
    of: Mapping[str, Session | None] = {
        ADA: enter(sessions, OFFICER)[0],
        BOBS: enter(sessions, BOB)[0],
        AUDITOR: sessions.with_token(TOKEN),
        VIEWER: sessions.observe("picnic", sessions.observers_word("picnic")),
    }
    for prefix in ("/", "/v1/"):
        found = {
            name
            for name, session in of.items()
            if session and sessions.allows(session, method, prefix + path)
        }
        assert found == who


def test_an_observers_link_is_of_one_election_and_one_token() -> None:
    """No other word opens it."""
    sessions = two_elections().sessions
    word = sessions.observers_word("picnic")
    assert sessions.observe("fair", word) is None
    assert sessions.observe("picnic", word[:-1]) is None
    found = sessions.observe("picnic", word)
    assert found is not None
    assert found.role is Role.VIEWER


@pytest.mark.asyncio
async def test_an_order_is_proposed_by_its_own_form_and_official_alone() -> None:
    """The wrong role, another election's key, another origin, another session's token, no typed id: each is refused."""
    tried = two_elections()
    session = await in_browser(tried, OFFICER)
    path, form = (
        "/elections/picnic/close",
        {"token": session.form_token, "typed": "picnic", "reason": "as agreed"},
    )

    async def answer(headers: Mapping[str, str] = HERE, to: str = path, **changed: str) -> int:
        return (await tried.http.post(to, data=form | changed, headers=headers)).status_code

    assert await answer() == 503  # all is right but for the log, which this operator has not read
    assert await answer({"Origin": "http://elsewhere"}) == 403
    assert await answer({}) == 403
    assert await answer(token="") == 403  # a form's token, and none
    assert await answer(token=tried.sessions.observers_word("picnic")) == 403
    assert await answer(typed="fair") == 422
    assert await answer(to="/elections/fair/close", typed="fair") == 403
    assert await answer(to="/elections/picnic/destroy") == 404
    for elector in ("", "-1", "one", "1e3", "9" * 40):
        assert await answer(to="/elections/picnic/void", elector=elector) == 422
    await in_browser(tried, BOB)
    assert await answer() == 403
    await tried.sign_in()
    assert await answer() == 403
    word = tried.sessions.observers_word("picnic")
    assert (await tried.http.get(f"/observers/picnic/{word[::-1]}")).status_code == 404
    await tried.http.get(f"/observers/picnic/{word}")
    assert (await tried.http.get("/monitor")).status_code == 200  # a link takes no other session's place
    await tried.http.post("/sign-out", headers=HERE)
    seen = await tried.http.get(f"/observers/picnic/{word}", follow_redirects=True)
    assert (seen.status_code, seen.url.path) == (200, "/elections/picnic")
    assert "livecount close" not in seen.text
    assert await answer() == 403
    for hidden in ("/monitor", "/elections/fair", path, "/proposals/" + "0" * 32):
        assert (await tried.http.get(hidden)).status_code == 403


@pytest.mark.asyncio
async def test_the_api_takes_a_session_for_what_its_role_may_do() -> None:
    """401 without one, 403 beyond its role; signing in needs no token."""
    tried = two_elections()
    api = create_api(tried.service, lambda: MonitorFigures(shards=[]), Health(), tried.sessions, new_order)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://operator") as http:
        asked = (await http.post("/v1/challenges", json={})).json()
        signature = sign(OFFICER, sign_in_message(asked["log"], asked["challenge"]))
        form = {"challenge": asked["challenge"], "key": OFFICER_KEY, "signature": signature}
        stranger = await http.post("/v1/sessions", json={**form, "signer": "http://evil.example/" + "x" * 32})
        assert stranger.status_code == 422
        entered = await http.post("/v1/sessions", json=form)
        assert (entered.status_code, entered.json()["name"], entered.json()["role"]) == (
            201,
            "ada",
            "officer",
        )
        assert (await http.post("/v1/sessions", json=form)).status_code == 403
        auditor = tried.sessions.with_token(TOKEN)
        assert auditor is not None
        statuses = {}
        for name, secret in (
            ("ada", entered.json()["session"]),
            ("auditor", auditor.secret),
            ("nobody", "x"),
        ):
            bearer = {"Authorization": f"Bearer {secret}"}
            order = await http.post("/v1/elections/picnic/pause", json={"by": "ada"}, headers=bearer)
            other = await http.post("/v1/elections/fair/pause", json={"by": "ada"}, headers=bearer)
            read = await http.get("/v1/elections", headers=bearer)
            statuses[name] = (order.status_code, other.status_code, read.status_code)
    assert statuses == {"ada": (503, 403, 200), "auditor": (403, 403, 200), "nobody": (401, 401, 401)}


@pytest.mark.asyncio
async def test_a_new_election_is_written_checked_and_proposed_in_one_page() -> None:
    """From a template; every mistake at once by its line; officials are whoever is there, if none are named."""
    tried = two_elections()
    session = await in_browser(tried, OFFICER)
    page = await tried.http.get("/new?id=club-2026&template=committee")
    text = html.unescape(page.text.split("<textarea", 1)[1].split(">", 1)[1].split("</textarea>")[0])
    assert "club-2026" in text

    async def sent(definition: str, do: str = "check", token: str = session.form_token) -> httpx.Response:
        form = {"definition": definition, "do": do, "token": token, "reason": ""}
        return await tried.http.post("/new", data=form, headers=HERE)

    fine = await sent(text)
    for drawn in ("Made-up result", "<bdi>Ada Lovelace</bdi>", "Round 1"):
        assert drawn in fine.text, drawn
    assert (fine.status_code, "It can be frozen" in fine.text, "Officials: ada" in fine.text) == (
        200,
        True,
        True,
    )
    wrong = await sent(text.replace("method: irv", "method: ivr").replace("epoch: test", "epoch: tset"))
    assert wrong.status_code == 422
    assert wrong.text.count("<li>Line ") == 2
    assert "irv" in wrong.text
    assert (await sent("{")).status_code == 422
    assert (await sent(text, token="none")).status_code == 403  # a form's token
    assert (
        await sent(text, "propose")
    ).status_code == 503  # all is right but for the log, which has not been read
    assert (await sent("x" * 700_000)).status_code == 403
    await tried.sign_in()
    assert (await sent(text)).status_code == 403
