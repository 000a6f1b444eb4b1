"""What a stranger tries at the console and the API as one port serves them: requests that are made to look like others."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import httpx
import pytest
import pytest_asyncio

from services.operator.access import MAX_SESSIONS, Role, Session
from services.operator.api.app import create_api
from services.operator.app import create_site, new_order
from services.operator.console.entrance import COOKIE, OBSERVER_COOKIE, OVER_TLS
from services.operator.console.pages import Console
from services.operator.monitor import MonitorFigures
from services.operator.orders import Order
from services.operator.proposals import Proposal
from services.operator.refusals import OrderRefused, UnknownEntry
from shared.contract.events import ElectionClosed
from shared.contract.signing import sign
from shared.runtime.process.health import Health
from tests.support.elections import AT, LOG_ID, OFFICER, OFFICER_KEY
from tests.unit.operator.test_access import BOB, BOB_KEY, enter, two_elections
from tests.unit.operator.test_console import TOKEN, TriedConsole

pytestmark = pytest.mark.asyncio
HOST = "operator.example"
ORIGIN = f"https://{HOST}"
CLOSE = "/elections/picnic/close"
NO_SUCH_ROUTE = (401, 405)
"""What is no page is the API's, which asks for a token before it says that there is no such route."""


@dataclass
class Attacked:
    """The whole site, and a browser at it in which Ada, an official of the picnic, is signed in."""

    tried: TriedConsole
    http: httpx.AsyncClient
    ada: Session
    is_named: bool
    """Whether the console knows its own address."""

    @property
    def form(self) -> dict[str, str]:
        """A form of hers that is right in every field."""
        return {"token": self.ada.form_token, "typed": "picnic", "reason": "as agreed"}

    async def status(self, headers: Mapping[str, str], path: str = CLOSE, **body: object) -> int:
        """Return what a form of hers is answered with other headers."""
        sent = body or {"data": self.form}
        return (await self.http.post(path, headers=headers, **sent)).status_code  # type: ignore[arg-type]


@pytest_asyncio.fixture(params=["", ORIGIN], ids=["any host", "console_url"])
async def attacked(request: pytest.FixtureRequest) -> AsyncIterator[Attacked]:
    """Over TLS, with and without the setting that names the console's own address."""
    tried = two_elections()
    figures = MonitorFigures(shards=[])
    console = Console(tried.service, lambda: figures, tried.sessions, new_order, origin=request.param)
    api = create_api(tried.service, lambda: figures, Health(), tried.sessions, new_order)
    transport = httpx.ASGITransport(create_site(console, api))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as http:
        code = enter(tried.sessions, OFFICER)[1]
        await http.post("/sign-in", data={"code": code}, headers={"Origin": ORIGIN})
        ada = tried.sessions.find(http.cookies[OVER_TLS + COOKIE])
        assert ada is not None
        yield Attacked(tried, http, ada, bool(request.param))


async def test_a_form_is_taken_from_this_origin_as_a_form_alone(attacked: Attacked) -> None:
    """Another origin, none, "null", a likeness of it; and bodies of the types that a page may send without being asked."""
    here = {"Origin": ORIGIN}
    assert (
        await attacked.status(here) == 503
    )  # all is right but for the log, which this operator has not read
    for origin in (
        "null",
        "",
        "https://evil.example",
        f"https://{HOST}.evil.example",
        f"https://evil.example/{HOST}",
        f"https://{HOST}:8443",
        f"https://{HOST}@evil.example",
    ):
        assert await attacked.status({"Origin": origin}) == 403, origin
    body = "&".join(f"{name}={value}" for name, value in attacked.form.items()).replace(" ", "+").encode()
    assert (
        await attacked.status({**here, "Content-Type": "application/x-www-form-urlencoded"}, content=body)
        == 503
    )
    for kind in (
        "text/plain",
        "application/json",
        "application/octet-stream",
        "text/plain;application/x-www-form-urlencoded",
        "",
    ):
        assert await attacked.status({**here, "Content-Type": kind}, content=body) == 403, kind
    assert await attacked.status(here, files={name: (None, of) for name, of in attacked.form.items()}) == 403
    assert (
        await attacked.status(here, f"{CLOSE}?token={attacked.ada.form_token}&typed=picnic", content=b"")
        == 403
    )


async def test_the_console_s_cookie_is_none_of_the_api_s_keys(attacked: Attacked) -> None:
    """So no page of another site can make a browser order by way of the API, whatever it sends; and none may read it."""
    for path in ("/v1/elections", "/v1/elections/picnic/close", "/v1/proposals", "/v1/monitor"):
        for kind in ("application/json", "text/plain"):
            answer = await attacked.http.post(path, content=b'{"by":"ada"}', headers={"Content-Type": kind})
            assert answer.status_code == 401
    asked = await attacked.http.request(
        "OPTIONS",
        "/v1/sessions",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    )
    given = await attacked.http.post("/v1/challenges", json={}, headers={"Origin": "https://evil.example"})
    for answer in (asked, given):
        assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_another_host_in_the_request_changes_nothing_that_is_answered(attacked: Attacked) -> None:
    """No address, no cookie and no page has it; nor does it make a form of another origin this one's own, with the setting."""
    for host in (
        "evil.example",
        f"evil.example/elections/fair?{HOST}",
        f"{HOST}@evil.example",
        "evil.example#",
    ):
        for path in (
            "/",
            "/sign-in",
            "/monitor",
            "/monitor/",
            "/elections",
            "/elections/picnic/",
            "/v1/monitor/",
            "//evil.example/..",
        ):
            answer = await attacked.http.get(path, headers={"Host": host})
            assert "evil" not in str(answer.headers) + answer.text, (host, path)
            assert answer.headers.get("location", "/").startswith("/")
            assert not answer.headers.get("location", "/").startswith("//")
    fooled = await attacked.status({"Host": "evil.example", "Origin": "https://evil.example"})
    assert fooled == (403 if attacked.is_named else 503)  # no browser sends this cookie to that host


async def test_an_observer_who_names_another_path_in_host_or_path_sees_one_election(
    attacked: Attacked,
) -> None:
    """Rights are asked about the path that is answered."""
    attacked.http.cookies.clear()
    await attacked.http.get(f"/observers/picnic/{attacked.tried.sessions.observers_word('picnic')}")
    assert (await attacked.http.get("/elections/picnic")).status_code == 200
    for path in (
        "/monitor",
        "/elections/fair",
        "/elections/picnic/../fair",
        "/elections/picnic%2F..%2Ffair",
        "/elections/picnic%3F/../fair",
        "/elections/fair%3F/elections/picnic",
        "/elections/fair%23/elections/picnic",
        "/elections/fair;/elections/picnic",
        "//elections/picnic/close",
        "/elections/picnic/close",
        "/elections/picnic/trace",
        "/new",
    ):
        for host in (HOST, "x/elections/picnic?", "x/elections/picnic#"):
            answer = await attacked.http.get(path, headers={"Host": host})
            assert answer.status_code in (401, 403, 404), (path, host)
            assert "Bob" not in answer.text


async def test_no_header_field_or_parameter_stands_for_a_method(attacked: Attacked) -> None:
    """A link reads, whatever it says; and no method but those of a route is answered."""
    overrides = dict.fromkeys(("X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"), "POST")
    for path in (
        CLOSE,
        f"{CLOSE}?_method=POST&token={attacked.ada.form_token}&typed=picnic",
        "/new?_method=POST",
    ):
        answer = await attacked.http.get(path, headers=overrides)
        assert (answer.status_code, not attacked.tried.service.proposals) == (200, True)
    assert (await attacked.http.get("/sign-out", headers=overrides)).status_code in NO_SUCH_ROUTE
    assert (await attacked.http.get("/")).status_code == 200
    for method in ("PUT", "PATCH", "DELETE", "TRACE", "OPTIONS", "POSTX"):
        for path in (CLOSE, "/sign-in", "/sign-out", "/", "/elections/picnic"):
            answer = await attacked.http.request(method, path, headers={"Origin": ORIGIN}, content=b"")
            assert answer.status_code in NO_SUCH_ROUTE, (method, path)


async def test_a_session_is_new_at_each_sign_in_and_the_one_before_it_ends(attacked: Attacked) -> None:
    """What a stranger has put into the browser is never taken up; over TLS no other host of the domain can put it there."""
    held = attacked.http.cookies[OVER_TLS + COOKIE]
    await attacked.http.post("/sign-in", data={"token": TOKEN}, headers={"Origin": ORIGIN})
    now = attacked.http.cookies[OVER_TLS + COOKIE]
    assert now != held
    assert attacked.tried.sessions.find(held) is None
    for fixed in ("chosen-by-a-stranger", "", held):
        attacked.http.cookies.clear()
        attacked.http.cookies.set(OVER_TLS + COOKIE, fixed, domain=HOST, path="/")
        await attacked.http.post("/sign-in", data={"token": TOKEN}, headers={"Origin": ORIGIN})
        assert attacked.http.cookies[OVER_TLS + COOKIE] != fixed
        assert attacked.tried.sessions.find(fixed) is None
    attacked.http.cookies.clear()
    attacked.http.cookies.set(COOKIE, now, domain=HOST, path="/")  # a name that another host may set
    assert (await attacked.http.get("/")).headers["location"] == "/sign-in"


async def test_a_cookie_is_of_this_host_over_tls_and_no_script_s(attacked: Attacked) -> None:
    """Each that is set: the session's, the observer's, and when they end."""
    word = attacked.tried.sessions.observers_word("picnic")
    for answer in (
        await attacked.http.post("/sign-in", data={"token": TOKEN}, headers={"Origin": ORIGIN}),
        await attacked.http.get(f"/observers/picnic/{word}"),
    ):
        cookie = answer.headers["set-cookie"]
        name, _, flags = cookie.partition("=")
        assert name in (OVER_TLS + COOKIE, OVER_TLS + OBSERVER_COOKIE)
        flags = flags.lower()
        assert all(of in flags for of in ("; secure", "; httponly", "; samesite=strict", "; path=/"))
        assert "domain" not in flags


async def test_an_observers_link_takes_no_official_s_place(attacked: Attacked) -> None:
    """Any page may lead there: neither in this browser, nor by filling the places."""
    sessions = attacked.tried.sessions
    word = sessions.observers_word("picnic")
    await attacked.http.get(f"/observers/picnic/{word}")
    assert await attacked.status({"Origin": ORIGIN}) == 503
    viewers = [sessions.observe("picnic", word) for _ in range(MAX_SESSIONS + 5)]
    assert sessions.find(attacked.ada.secret) == attacked.ada
    live = [of for of in viewers if of is not None and sessions.find(of.secret)]
    assert (len(live), live[-1]) == (MAX_SESSIONS, viewers[-1])
    assert {of.role for of in live} == {Role.VIEWER}


async def test_no_cache_keeps_an_answer(attacked: Attacked) -> None:
    """Pages, refusals, redirects, and all of the API: sessions and proposals most of all."""
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    for path in (
        "/",
        "/sign-in",
        "/monitor",
        CLOSE,
        "/elections/none",
        "/proposals/" + "0" * 32,
        "/observers/picnic/x",
    ):
        assert (await attacked.http.get(path)).headers["cache-control"] == "no-store", path
    for method, path, headers in (
        ("GET", "/v1/proposals", bearer),
        ("GET", "/v1/proposals", {}),
        ("GET", "/v1/nowhere", bearer),
        ("POST", "/v1/challenges", {}),
        ("POST", "/v1/sessions", {}),
        ("GET", "/nowhere", {}),
    ):
        answer = await attacked.http.request(method, path, headers=headers, content=b"{}")
        assert answer.headers.get_list("cache-control") == ["no-store"], path
        assert answer.headers["x-content-type-options"] == "nosniff"
    attacked.http.cookies.clear()
    assert (await attacked.http.get("/")).headers["cache-control"] == "no-store"


async def test_sign_in_leads_to_the_console_whatever_it_is_asked(attacked: Attacked) -> None:
    """No field and no parameter says where to; a link in a proposal leads to the official's own machine alone."""
    asked = dict.fromkeys(("next", "url", "return_to", "redirect_uri", "code"), "https://evil.example")
    shown = await attacked.http.get("/sign-in", params=asked, headers={"Referer": "https://evil.example"})
    assert 'action="/sign-in"' in shown.text
    assert 'action="https' not in shown.text
    form = {"token": TOKEN, **{name: of for name, of in asked.items() if name != "code"}}
    entered = await attacked.http.post("/sign-in", params=asked, data=form, headers={"Origin": ORIGIN})
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    out = await attacked.http.post("/sign-out", params=asked, headers={"Origin": ORIGIN})
    assert out.headers["location"] == "/sign-in"


async def test_a_signature_counts_once_for_its_own_order_and_key(attacked: Attacked) -> None:
    """Given again, for another order, under another key, or once the order is gone: it is not the second of two."""
    service = attacked.tried.service

    def proposed(control_id: str) -> Proposal:
        order = Order(by="ada", reason="", at=AT, control_id=control_id)
        control = order.control(ElectionClosed, LOG_ID, "picnic", "f" * 32)
        return service.proposals.add(control, {OFFICER_KEY: "ada", BOB_KEY: "bob"}, 2)

    first, second = proposed("1" * 32), proposed("2" * 32)
    own = sign(OFFICER, first.record.payload.encode())
    for _ in range(3):
        assert await service.sign("1" * 32, OFFICER_KEY, own) is first
        assert first.signed == ["ada"]
    for control_id, key, signature in (
        ("2" * 32, OFFICER_KEY, own),
        ("1" * 32, BOB_KEY, own),
        ("1" * 32, BOB_KEY, sign(OFFICER, first.record.payload.encode())),
        ("1" * 32, BOB_KEY, sign(BOB, second.record.payload.encode())),
    ):
        with pytest.raises(OrderRefused, match="does not hold"):
            await service.sign(control_id, key, signature)
    assert (first.signed, second.signed) == (["ada"], [])
    service.proposals.drop("1" * 32)
    with pytest.raises(UnknownEntry):
        await service.sign("1" * 32, OFFICER_KEY, own)
