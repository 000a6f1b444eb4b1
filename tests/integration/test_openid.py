"""Sign-in by a real OpenID provider (Django OAuth Toolkit): who gets in, as what, and all that must not open anything."""

import asyncio
import base64
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit, urlunsplit

import httpx
import jwt
import pytest
import pytest_asyncio
from pydantic import ValidationError

from services.operator.access import PROVIDER_SESSION_S, Role, Session, SignInRefused
from services.operator.console.entrance import ATTEMPT_COOKIE, COOKIE
from services.operator.openid import (
    AGAIN_S,
    ATTEMPT_S,
    BACK,
    PATH,
    Client,
    Provider,
    check_id_token,
    parse_grants,
)
from services.operator.settings import OperatorSettings, read_client_secret
from tests.integration.test_operator import deployment, officer, url_of
from tests.support.elections import OFFICER_KEY, Life, election
from tests.support.openid import CLIENT, OTHER, SECRET, OpenIdProvider, log_in, running_provider
from tests.support.pipeline import Pipeline
from tests.unit.operator.test_access import two_elections
from tests.unit.operator.test_console import TriedConsole, announced

__all__ = ["deployment"]
pytestmark = pytest.mark.timeout(120)
ORIGIN = "http://127.0.0.1:8102"
HERE = {"Origin": ORIGIN}
ROLES = "officers=officer,fair-officers=officer/fair,auditors=auditor,press=viewer/picnic"


@pytest.fixture(scope="module")
def provider() -> Iterator[OpenIdProvider]:
    """A provider for this file's tests."""
    with (
        TemporaryDirectory(prefix="livecount-openid-") as folder,
        running_provider(Path(folder), ORIGIN + BACK) as running,
    ):
        yield running


class Console:
    """A console that trusts the provider, and one browser at it."""

    def __init__(self, issuer: str, **changed: Any) -> None:
        grants = parse_grants(ROLES)
        client = Client(issuer, CLIENT, SECRET, ORIGIN, "groups", grants)
        self.now_s = 0.0
        self.provider = Provider(replace(client, **changed), lambda: self.now_s)
        tried = two_elections()
        self.tried = TriedConsole(
            *tried.service.log.elections.newest.values(), origin=ORIGIN, provider=self.provider
        )
        self.tried.service.book = tried.service.book
        self.http = self.tried.http

    async def begin(self) -> str:
        """Return where the console leads the browser."""
        answer = await self.http.get(PATH)
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    async def back_of(self, name: str) -> str:
        """Sign somebody in at the provider, and return where it leads back to."""
        return await asyncio.to_thread(log_in, await self.begin(), name)

    async def sign_in(self, name: str) -> httpx.Response:
        """The whole way."""
        return await self.http.get(await self.back_of(name))

    @property
    def session(self) -> Session | None:
        """The browser's session at the console."""
        return self.tried.sessions.find(self.http.cookies.get(COOKIE) or "")

    def is_refused(self, answer: httpx.Response, status: int, why: str) -> bool:
        """Return whether nothing was opened, and the page says why."""
        assert (answer.status_code, COOKIE in answer.headers.get("set-cookie", "")) == (status, False)
        assert why in answer.text, answer.text
        return self.session is None


@pytest_asyncio.fixture
async def console(provider: OpenIdProvider) -> AsyncIterator[Console]:
    """A console and its browser."""
    made = Console(provider.issuer)
    async with made.http:
        yield made


def changed(address: str, **query: str) -> str:
    """Return an address with other parts of its query."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(query=urlencode(dict(parse_qsl(parts.query)) | query)))


@pytest.mark.parametrize(
    ("name", "role", "of", "shown"),
    [
        ("ada", Role.OFFICER, "", "Ada Lovelace (by localhost)"),
        ("finn", Role.OFFICER, "fair", "finn (by localhost)"),  # the name he chose turns the writing round
        ("olga", Role.AUDITOR, "", "olga (by localhost)"),
        ("vera", Role.VIEWER, "picnic", "vera (by localhost)"),
    ],
)
@pytest.mark.asyncio
async def test_whoever_the_provider_knows_looks_as_what_the_setting_says(
    console: Console, name: str, role: Role, of: str, shown: str
) -> None:
    """The page leads on by itself, to the console and nowhere else; the session ends sooner than that of a key."""
    answer = await console.sign_in(name)
    assert (answer.status_code, answer.headers["refresh"]) == (200, "0; url=/")
    session = console.session
    assert session is not None
    assert (session.role, session.election, session.name, session.key) == (role, of, shown, "")
    page = await console.http.get("/", follow_redirects=True)
    assert (page.status_code, shown in page.text) == (200, True)
    assert ATTEMPT_COOKIE not in console.http.cookies
    console.tried.now_s = PROVIDER_SESSION_S + 1
    assert (await console.http.get("/")).headers["location"] == "/sign-in"


@pytest.mark.asyncio
async def test_what_they_may_is_their_role_s_and_signing_is_nobody_s(console: Console) -> None:
    """An officer proposes for the elections of the setting, with no key that could sign; a viewer sees one election."""
    tried = console.tried

    async def posted(path: str, typed: str) -> int:
        session = console.session
        assert session is not None
        form = {"token": session.form_token, "typed": typed}
        return (await console.http.post(path, data=form, headers=HERE)).status_code

    await console.sign_in("ada")
    assert (
        await posted("/elections/picnic/close", "picnic") == 503
    )  # all is right but for the log, not read here
    await console.sign_in("finn")
    assert await posted("/elections/fair/close", "fair") == 503
    assert await posted("/elections/picnic/close", "picnic") == 403
    assert await posted("/new", "") == 403
    for name in ("olga", "vera"):
        await console.sign_in(name)
        assert await posted("/elections/picnic/close", "picnic") == 403
    assert (await console.http.get("/elections/picnic")).status_code == 200
    assert (await console.http.get("/elections/fair")).status_code == 403
    held = console.http.cookies[COOKIE]
    await console.http.post("/sign-out", headers=HERE)
    assert tried.sessions.find(held) is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("eve", "gives access here"),
        ("nobody", "gives access here"),
        ("nested", "gives access here"),
        ("wrong-audience", "Audience"),
        ("two-audiences", "another client"),
        ("another-party", "another client"),
        ("expired", "expired"),
        ("early", "not yet valid"),
        ("no-expiry", "exp"),
        ("another-issuer", "issuer"),
        ("another-nonce", "another sign-in"),
    ],
)
@pytest.mark.asyncio
async def test_a_token_that_is_wrong_in_one_point_opens_nothing(
    console: Console, name: str, why: str
) -> None:
    """Each is signed by the provider's own key."""
    assert console.is_refused(await console.sign_in(name), 403, why)


@pytest.mark.asyncio
async def test_a_role_may_stand_inside_another_claim(provider: OpenIdProvider) -> None:
    """As some providers write it: realm.roles."""
    console = Console(provider.issuer, claim="realm.roles")
    await console.sign_in("nested")
    assert console.session is not None
    assert console.session.role is Role.OFFICER
    for name in ("nobody", "ada"):
        console.http.cookies.clear()
        assert console.is_refused(await console.sign_in(name), 403, "gives access here")


@pytest.mark.asyncio
async def test_an_answer_is_taken_once_from_the_browser_that_asked(
    console: Console, provider: OpenIdProvider
) -> None:
    """Replayed, with another state, in another browser, after its time, from another issuer: nothing opens."""
    back = await console.back_of("ada")
    attempt = console.http.cookies[ATTEMPT_COOKIE]

    async def given(cookie: str, address: str, status: int, why: str) -> None:
        console.http.cookies.clear()
        console.http.cookies.set(ATTEMPT_COOKIE, cookie, domain="127.0.0.1", path="/")
        assert console.is_refused(await console.http.get(address), status, why)

    state = parse_qs(urlsplit(back).query)["state"][0]
    for forged in ("", "0" * 64, state[:-1], state.upper()):
        await given(attempt, changed(back, state=forged), 403, "not begun in this browser")
    for cookie in ("", "0" * 64, attempt[:-1] + ("0" if attempt[-1] != "0" else "1")):
        await given(cookie, back, 403, "not begun in this browser")
    console.http.cookies.clear()
    console.http.cookies.set(ATTEMPT_COOKIE, attempt, domain="127.0.0.1", path="/")
    assert (await console.http.get(back)).status_code == 200
    await given(attempt, back, 403, "used")
    assert ATTEMPT_COOKIE not in console.http.cookies

    # The code in a sign-in of one's own: the provider has taken it once; another's it holds against PKCE's verifier.
    await console.begin()
    attempt = console.http.cookies[ATTEMPT_COOKIE]
    own = console.provider.attempts.derive(attempt, "state")
    await given(attempt, changed(back, state=own), 403, "invalid_grant")
    stolen = await console.back_of("ada")
    await console.begin()
    attempt = console.http.cookies[ATTEMPT_COOKIE]
    own = console.provider.attempts.derive(attempt, "state")
    await given(attempt, changed(stolen, state=own), 403, "invalid_grant")

    back = await console.back_of("ada")
    attempt = console.http.cookies[ATTEMPT_COOKIE]
    await given(attempt, changed(back, iss="https://elsewhere.example"), 403, "Another provider")
    back = await console.back_of("ada")
    attempt = console.http.cookies[ATTEMPT_COOKIE]
    console.now_s += ATTEMPT_S
    await given(attempt, back, 403, "too old")


@pytest.mark.asyncio
async def test_a_code_of_another_client_opens_nothing(console: Console, provider: OpenIdProvider) -> None:
    """Of the same provider, with the same address to come back to; and a wrong secret is refused."""
    other = Console(provider.issuer, client_id=OTHER)
    back = await other.back_of("ada")
    await console.begin()
    own = console.provider.attempts.derive(console.http.cookies[ATTEMPT_COOKIE], "state")
    assert console.is_refused(await console.http.get(changed(back, state=own)), 403, "invalid_grant")
    unknown = Console(provider.issuer, secret="another secret, which is not its own")
    assert unknown.is_refused(await unknown.sign_in("ada"), 403, "invalid_client")


@pytest.mark.asyncio
async def test_what_a_provider_refuses_is_said_and_shown_as_text(console: Console) -> None:
    """Its words come through the browser, so anybody may have written them."""
    await console.begin()
    state = console.provider.attempts.derive(console.http.cookies[ATTEMPT_COOKIE], "state")
    refused = await console.http.get(BACK, params={"state": state, "error": "<b>access_denied"})
    assert console.is_refused(refused, 403, "&lt;b&gt;access_denied")


@pytest.mark.asyncio
async def test_the_way_back_leads_to_the_console_whatever_is_asked(console: Console) -> None:
    """No part of the address says where to."""
    asked = {"next": "//evil.example", "redirect_uri": "//evil.example", "url": "//evil.example"}
    begun = await console.http.get(PATH, params=asked, headers={"Host": "evil.example"})
    sent = parse_qs(urlsplit(begun.headers["location"]).query)
    assert sent["redirect_uri"] == [ORIGIN + BACK]
    assert (sent["code_challenge_method"], sent["scope"]) == (["S256"], ["openid profile email"])
    assert "evil.example" not in begun.headers["location"]
    console.http.cookies.clear()
    back = changed(await console.back_of("ada"), **asked)
    answer = await console.http.get(back)
    assert (answer.status_code, answer.headers["refresh"]) == (200, "0; url=/")
    assert "evil.example" not in answer.text


@pytest.mark.asyncio
async def test_cookies_are_for_tls_where_the_console_is(provider: OpenIdProvider) -> None:
    """The attempt's is Lax, since the provider leads back from another site; the session's is Strict."""
    console = Console(provider.issuer, origin="https://operator.example")
    secure = TriedConsole(announced(), origin="https://operator.example", provider=console.provider)
    begun = (await secure.http.get(PATH)).headers["set-cookie"].lower()
    assert all(of in begun for of in ("httponly", "samesite=lax", "; secure", "path=/"))
    entered = await secure.sign_in(headers={"Origin": "https://operator.example"})
    assert all(
        of in entered.headers["set-cookie"].lower() for of in ("httponly", "samesite=strict", "; secure")
    )
    for elsewhere in (
        "http://operator.example",
        "https://operator.example:8443",
        "https://evil.example",
        "null",
    ):
        refused = await secure.sign_in(headers={"Origin": elsewhere, "Host": urlsplit(elsewhere).netloc})
        assert refused.status_code == 403


@pytest.mark.asyncio
async def test_only_the_provider_s_key_signs_and_only_what_it_signed(provider: OpenIdProvider) -> None:
    """A real id token, changed in each way that a stranger would try."""
    console = Console(provider.issuer)
    back = await console.back_of("ada")
    attempt = console.http.cookies[ATTEMPT_COOKIE]
    at, derive = console.provider, console.provider.attempts.derive
    found = await at._discover()
    code = parse_qs(urlsplit(back).query)["code"][0]
    token = await at._redeem(found, code, derive(attempt, "verifier"))
    keys = await at._fetch("GET", found["jwks_uri"])
    nonce = derive(attempt, "nonce")
    assert check_id_token(token, keys, at.client, nonce)["name"] == "Ada Lovelace"

    head, body, signature = token.split(".")
    claims = json.loads(_decoded(body))
    kid = keys["keys"][0]["kid"]
    start = f"{_coded({'alg': 'HS256', 'kid': kid})}.{body}"
    with_public_key = hmac.digest(json.dumps(keys["keys"][0]).encode(), start.encode(), "sha256")
    forged = [
        f"{head}.{_coded(claims | {'groups': ['officers', 'root']})}.{signature}",
        f"{_coded({'alg': 'none'})}.{body}.",
        f"{_coded({'alg': 'none', 'kid': kid})}.{body}.{signature}",
        jwt.encode(claims, SECRET, "HS256"),
        f"{start}.{base64.urlsafe_b64encode(with_public_key).rstrip(b'=').decode()}",
        f"{_coded({'alg': 'PS256', 'kid': kid})}.{body}.{signature}",
        f"{_coded({'alg': 'RS256', 'kid': 'another'})}.{body}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        "",
    ]
    for one in forged:
        with pytest.raises(SignInRefused):
            check_id_token(one, keys, at.client, nonce)
    twice = [keys["keys"][0]] * 2
    sets: list[dict[str, Any]] = [{}, {"keys": []}, {"keys": [None, {}]}, {"keys": twice}]
    for wrong in sets:
        with pytest.raises(SignInRefused):
            check_id_token(token, wrong, at.client, nonce)


def _coded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.mark.asyncio
async def test_while_the_provider_is_away_keys_and_token_go_on(tmp_path: Path) -> None:
    """It is said, before the way there and on the way back; once it is back, signing in works without a restart."""
    with running_provider(tmp_path, ORIGIN + BACK) as provider:
        console = Console(provider.issuer)
        back = await console.back_of("ada")
        provider.child.kill()
        assert console.is_refused(await console.http.get(back), 503, "cannot be reached")
        console.now_s += 1000.0
        away = await console.http.get(PATH)
        assert console.is_refused(away, 503, "cannot be reached")
        assert "cannot be reached" in (await console.http.get(PATH)).text  # and it was not asked again
        assert (await console.tried.sign_in(headers=HERE)).status_code == 303
        console.http.cookies.clear()
        await asyncio.to_thread(provider.start)
        console.now_s += AGAIN_S
        await console.sign_in("ada")
        assert console.session is not None


@pytest.mark.asyncio
async def test_another_that_answers_under_the_provider_s_address_is_not_believed(
    provider: OpenIdProvider,
) -> None:
    """What calls itself otherwise than the setting does is none."""
    console = Console(provider.issuer.replace("localhost", "127.0.0.1"))
    assert console.is_refused(await console.http.get(PATH), 503, "expected http://127.0.0.1")


@pytest.mark.asyncio
async def test_without_the_setting_there_is_no_such_way() -> None:
    """As before: keys and token."""
    tried = TriedConsole(announced())
    assert (await tried.http.get(PATH)).status_code == 404
    assert (await tried.http.get(BACK)).status_code == 404
    assert PATH not in (await tried.http.get("/sign-in")).text


WHOLE: dict[str, Any] = {
    "oidc_issuer": "https://id.example/realm",
    "oidc_client_id": "livecount",
    "oidc_roles": "officers=officer",
    "console_url": "https://operator.example",
}


@pytest.mark.parametrize("missing", WHOLE)
def test_half_of_a_provider_is_refused_at_the_start(missing: str, tmp_path: Path) -> None:
    """The sentence names what is missing; so does that about a secret's file without one."""
    with pytest.raises(ValidationError, match=f"LIVECOUNT_{missing.upper()}: not set"):
        OperatorSettings(**{name: value for name, value in WHOLE.items() if name != missing})
    with pytest.raises(ValidationError, match=r"LIVECOUNT_OIDC_ISSUER, .*LIVECOUNT_CONSOLE_URL: not set"):
        OperatorSettings(oidc_client_secret=tmp_path)
    with pytest.raises(ValueError, match="no secret; LIVECOUNT_OIDC_CLIENT_SECRET"):
        read_client_secret(OperatorSettings(**WHOLE, oidc_client_secret=tmp_path / "none"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("oidc_issuer", "http://id.example"),
        ("oidc_issuer", "https://id.example?x"),
        ("console_url", "http://operator.example"),
        ("console_url", "https://operator.example/"),
        ("oidc_roles", "officers"),
        ("oidc_roles", "officers=root"),
        ("oidc_roles", "press=viewer"),
        ("oidc_roles", "a=auditor/picnic"),
        ("oidc_roles", "=officer"),
        ("oidc_claim", ""),
    ],
)
def test_a_wrong_setting_is_refused_at_the_start(name: str, value: str) -> None:
    """In plain to another machine; a role that is none; a viewer of nothing."""
    with pytest.raises(ValidationError, match=name):
        OperatorSettings(**(WHOLE | {name: value}))


@pytest.mark.kafka
@pytest.mark.asyncio
async def test_an_order_that_was_proposed_so_waits_for_the_officials_keys(
    deployment: Pipeline, provider: OpenIdProvider, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The whole operator on a real log: the session proposes, signs nothing, and the key's signature carries the order out."""
    secret = tmp_path / "secret"
    secret.write_text(SECRET + "\n")
    deployment.start("validation")
    deployment.start(
        "operator",
        console_url=ORIGIN,
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT,
        oidc_client_secret=str(secret),
        oidc_roles=ROLES,
    )
    for service in ("validation", "operator"):
        deployment.wait_ready(service)
    life = Life(election(), 2)
    async with (
        officer(deployment) as ada,
        httpx.AsyncClient(base_url=url_of(deployment), trust_env=False) as http,
    ):
        await ada.configure(life.definition)
        await ada.open("picnic", life.whole_roll())
        begun = await http.get(PATH)
        back = await asyncio.to_thread(log_in, begun.headers["location"], "ada")
        entered = await http.get(back.removeprefix(ORIGIN))
        assert entered.status_code == 200, entered.text
        page = (await http.get("/elections/picnic/close")).text
        token = page.split('name="token" value="')[1].split('"')[0]
        form = {"token": token, "typed": "picnic", "reason": "as agreed"}
        proposed = await http.post("/elections/picnic/close", data=form, headers=HERE)
        assert proposed.status_code == 303, proposed.text
        control_id = proposed.headers["location"].rpartition("/")[2]
        bearer = {"Authorization": f"Bearer {http.cookies[COOKIE]}"}
        signature = {"key": "0" * 64, "signature": "0" * 128}
        signed = await http.post(f"/v1/proposals/{control_id}/signatures", json=signature, headers=bearer)
        assert signed.status_code == 403
        assert (await ada.election("picnic")).phase == "open"
        await ada.approve(control_id)
        assert (await ada.election("picnic")).phase == "closed"
        listed = (await ada.controls("picnic"))[-1]
    assert (listed["by"], listed["signers"]) == ("Ada Lovelace (by localhost)", [OFFICER_KEY])
