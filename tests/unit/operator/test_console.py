"""The console: nothing without signing in, every order as API route and command alike, and a tile that is never falsely green."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx
import pytest
import typer.main
from starlette.applications import Starlette
from starlette.routing import Route

from services.cli import app
from services.operator.access import SESSION_S, Sessions
from services.operator.api.app import openapi_document
from services.operator.app import new_order
from services.operator.book import ControlBook
from services.operator.console.entrance import COOKIE
from services.operator.console.pages import Console
from services.operator.console.view import WHAT, orders
from services.operator.controls import ControlLog
from services.operator.counted import all_counted
from services.operator.monitor import MonitorFigures, ShardFigures
from services.operator.openid import Provider
from services.operator.refusals import NotReady
from services.operator.service import OperatorService
from shared.contract.elections import Phase
from shared.contract.events import ElectionAnnounced
from shared.contract.lifecycle import Command, commands_in
from shared.contract.receipts import receipt_link, receipt_text
from shared.contract.recounts import Arrival, CountedIn, Trace
from shared.contract.standings import Standing
from tests.support import elections
from tests.support.elections import LOG_ID, ROOT_KEY, election
from tests.support.standings import standing

TOKEN = "a-token-only-for-tests"
HERE = {"Origin": "http://operator"}


def announced(phase: Phase = Phase.OPEN, title: str = "Picnic") -> ElectionAnnounced:
    """An election in a phase."""
    return elections.announced(election().model_copy(update={"title": title}), phase, ("fruit", "apple"))


class TriedConsole:
    """A console whose clock is moved by hand, and a client of it; nothing of it reaches a log."""

    def __init__(
        self, *elections: ElectionAnnounced, origin: str = "", provider: Provider | None = None
    ) -> None:
        self.now_s = 0.0
        unused: Any = None
        book = ControlBook()
        log = ControlLog(unused, unused, unused, "test", book)
        for of in elections:
            log.elections.newest[of.definition.id] = of
        service = OperatorService(log, book, {}, unused, LOG_ID, ROOT_KEY, 2)
        self.service = service
        self.sessions = Sessions(service, TOKEN, lambda: self.now_s)
        figures = MonitorFigures(shards=[shard(0)])
        console = Console(
            service, lambda: figures, self.sessions, new_order, origin=origin, provider=provider
        )
        self.routes: list[Route] = console.routes()
        transport = httpx.ASGITransport(Starlette(routes=self.routes))
        self.http = httpx.AsyncClient(transport=transport, base_url=origin or "http://operator")

    async def sign_in(self, token: str = TOKEN, headers: Mapping[str, str] = HERE) -> httpx.Response:
        """Send the form."""
        return await self.http.post("/sign-in", data={"token": token}, headers=headers)


@pytest.mark.asyncio
async def test_without_a_session_nothing_is_shown() -> None:
    """Each page leads to the form; a wrong token, another origin, a made-up cookie and an old session open nothing."""
    console = TriedConsole(announced())
    pages = [
        "/",
        "/new",
        "/elections/picnic",
        "/monitor",
        "/runbook",
        "/elections/picnic/close",
        "/elections/picnic/trace",
        "/proposals/" + "0" * 32,
    ]
    assert {of.path for of in console.routes} == {
        *pages[:1],
        "/new",
        "/elections/{election}",
        "/elections/{election}/{command}",
        "/elections/{election}/trace",
        "/elections/{election}/scheduled/{control_id}",
        "/proposals/{control_id}",
        "/observers/{election}/{word}",
        "/monitor",
        "/runbook",
        "/sign-in",
        "/sign-in/provider",
        "/sign-in/provider/back",
        "/sign-out",
        "/console.css",
    }

    async def closed() -> bool:
        answers = [await console.http.get(page) for page in pages]
        return all(of.status_code == 303 and of.headers["location"] == "/sign-in" for of in answers)

    assert await closed()
    assert (await console.sign_in("another")).status_code == 401
    assert (await console.sign_in(headers={"Origin": "http://elsewhere"})).status_code == 403
    assert (await console.sign_in(headers={})).status_code == 403
    assert (
        await console.http.post("/sign-in", content=b"token=" + b"x" * 5000, headers=HERE)
    ).status_code == 401
    console.http.cookies.set(COOKIE, "made-up")
    assert await closed()
    console.http.cookies.clear()

    entered = await console.sign_in()
    cookie = entered.headers["set-cookie"].lower()
    assert entered.status_code == 303
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert (await console.http.get("/")).status_code == 200
    await console.http.post("/sign-out", headers={"Origin": "http://elsewhere"})
    assert not await closed()
    console.now_s = SESSION_S + 1
    assert await closed()
    await console.sign_in()
    held = console.http.cookies[COOKIE]
    await console.http.post("/sign-out", headers=HERE)
    console.http.cookies.set(COOKIE, held)
    assert await closed()


@pytest.mark.asyncio
async def test_pages_show_an_election_and_run_nothing_of_what_it_is_called() -> None:
    """Names are text; no script may run and nothing may be fetched from elsewhere."""
    console = TriedConsole(announced(title="<script>alert(1)</script>"))
    await console.sign_in()
    for path in ("/", "/elections/picnic"):
        page = await console.http.get(path)
        assert page.status_code == 200
        assert "&lt;script&gt;alert(1)" in page.text
        assert "<script" not in page.text
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
    assert "livecount close picnic" in page.text
    assert "livecount open picnic" not in page.text
    assert "fruit/apple" in page.text
    assert "cannot open an election that is open" in page.text
    assert (await console.http.get("/elections/none")).status_code in {404, 503}
    assert "validation (one)" in (await console.http.get("/monitor")).text


def test_every_order_is_one_line_one_route_and_one_command() -> None:
    """Console, API and command line have the same orders, by the same names."""
    commands = set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]
    begin = "/v1/elections/{election}/"
    posts = {
        path.removeprefix(begin)
        for path, of in openapi_document()["paths"].items()
        if "post" in of and path.startswith(begin)
    }
    names = {str(command) for command in WHAT}
    assert names == set(Command) == posts - {"roll"} == names & commands
    for line in orders(announced()):
        assert line.command.split()[:3] == ["livecount", line.name, "picnic"]


def test_looking_for_a_ballot_is_one_page_one_route_and_one_command() -> None:
    """By the same name, as the orders are."""
    assert "/elections/{election}/trace" in {of.path for of in TriedConsole().routes}
    assert "get" in openapi_document()["paths"]["/v1/elections/{election}/trace/{ballot_id}"]
    assert "trace" in typer.main.get_command(app).commands  # type: ignore[attr-defined]


BALLOT = "5f" * 16


@pytest.mark.asyncio
async def test_a_ballot_s_path_is_shown_by_id_or_receipt_and_to_no_observer() -> None:
    """Recorded, judged, counted; what is no receipt is said, and is not looked for."""
    console = TriedConsole(announced())
    asked = []

    async def traced(name: str, ballot_id: str) -> Trace:
        asked.append((name, ballot_id))
        arrivals = (
            Arrival(shard=1, record=1234, place=5, verdict="accepted"),
            Arrival(shard=1, record=1300, place=0, verdict="same-ballot"),
        )
        counted = (CountedIn(contest="fruit", sequence=4321),)
        return Trace(
            ballot_id=ballot_id,
            arrivals=arrivals if ballot_id == BALLOT else (),
            counts=ballot_id == BALLOT,
            counted_in=counted if ballot_id == BALLOT else (),
        )

    console.service.tracer = traced
    path = "/elections/picnic/trace"
    await console.sign_in()
    assert path in (await console.http.get("/elections/picnic")).text
    assert (await console.http.get(path)).status_code == 200
    assert asked == []
    link = receipt_link("https://x.example/receipt", LOG_ID, "picnic", BALLOT, 1, "b" * 64)
    for kept in (BALLOT, link, receipt_text(LOG_ID, "picnic", BALLOT, 1, "b" * 64)):
        page = (await console.http.get(path, params={"ballot": kept})).text
        assert asked.pop() == ("picnic", BALLOT)
        for said in ("shard 1, record 1,234, place 5", "accepted", "same-ballot", "in standing 4,321"):
            assert said in page
        assert "It counts" in page
    assert "Not in the log" in (await console.http.get(path, params={"ballot": "0" * 32})).text
    asked.clear()
    for wrong in ("<b>", "{", '{"a":' * 90, "5f"):
        refused = await console.http.get(path, params={"ballot": wrong})
        assert (refused.status_code, asked) == (422, [])
        assert "<b>" not in refused.text
    assert (await console.http.get("/elections/none/trace")).status_code in {404, 503}
    await console.http.post("/sign-out", headers=HERE)
    await console.http.get(f"/observers/picnic/{console.sessions.observers_word('picnic')}")
    assert (await console.http.get(path, params={"ballot": BALLOT})).status_code == 403
    assert path not in (await console.http.get("/elections/picnic")).text
    assert asked == []


@pytest.mark.asyncio
async def test_one_ballot_is_looked_for_at_a_time() -> None:
    """Each search reads the whole log, so a second one is to come back; the next one after it is answered."""
    console = TriedConsole(announced())
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slowly(_: str, ballot_id: str) -> Trace:
        begun.set()
        await go_on.wait()
        return Trace(ballot_id=ballot_id, arrivals=(), counts=False)

    console.service.tracer = slowly
    async with asyncio.timeout(10):
        first = asyncio.create_task(console.service.trace("picnic", BALLOT))
        await begun.wait()
        with pytest.raises(NotReady, match="another ballot"):
            await console.service.trace("picnic", BALLOT)
        go_on.set()
        assert await first == await console.service.trace("picnic", BALLOT)


@pytest.mark.parametrize("phase", Phase)
def test_what_is_possible_is_what_the_table_of_its_life_says(phase: Phase) -> None:
    """Everything else says why not."""
    assert [of.name for of in orders(announced(phase)) if not of.against] == [
        c for c in WHAT if c in commands_in(phase)
    ]


def shard(number: int, **changed: Any) -> ShardFigures:
    """A shard of validation that has judged three records."""
    fine = {
        "service": "validation",
        "shard": number,
        "instance": "one",
        "state": "running",
        "detail": "",
        "position": 3,
        "behind": 0,
        "per_second": 0.0,
        "so_far": 0,
        "heard_s_ago": 0.5,
        "covered": {"picnic": [3], "other": [9]},
    }
    return ShardFigures.model_validate({**fine, **changed})


def covering(*watermark: int, **changed: Any) -> Standing:
    """The contest's standing at a watermark."""
    return standing(3, Phase.OPEN).model_copy(update={"watermark": watermark, **changed})


FINE = [shard(0), shard(1)]


@pytest.mark.parametrize(
    ("answer", "shards", "found"),
    [
        ("Yes", FINE, covering(3, 3)),
        ("Yes", [*FINE, shard(0, service="counting")], covering(4, 3)),
        ("No", FINE, covering(3, 2)),
        ("No", [shard(0), shard(1, behind=1)], covering(3, 3)),
        ("Not known", [shard(0), shard(1, heard_s_ago=5.1)], covering(3, 3)),
        ("Not known", [shard(0), shard(1, heard_s_ago=1.0, end_age_s=4.1)], covering(3, 3)),
        ("Not known", [shard(0), shard(1, ahead_s=2.1)], covering(3, 3)),
        ("Not known", [shard(0, heard_s_ago=60.0), shard(1, heard_s_ago=60.0)], covering(3, 3)),
        ("No", [shard(0, heard_s_ago=60.0), shard(1, behind=1)], covering(3, 3)),
        ("No", [shard(0), shard(1, state="stopped", detail="gap")], covering(3, 3)),
        ("No", [*FINE, shard(0, service="counting", state="stopped")], covering(3, 3)),
        ("No", [*FINE, shard(0, service="counting", behind=1)], covering(3, 3)),
        ("Not known", [*FINE, shard(0, service="counting", heard_s_ago=60.0)], covering(3, 3)),
        ("No", FINE, covering(3, 3, stopped="its count raised")),
        ("No", [shard(0)], covering(2, 3)),
        ("Not known", [shard(0)], covering(3, 3)),
        ("Not known", [], covering(3, 3)),
        ("Not known", FINE, None),
        ("No", [shard(0), shard(1, state="catching-up", detail="Kafka is away")], covering(3, 3)),
    ],
)
def test_the_tile_says_yes_only_with_a_proof(
    answer: str, shards: list[ShardFigures], found: Standing | None
) -> None:
    """A stopped, late, silent or unknown part makes it no or not known, with the reason; a monitor that hears nothing knows nothing."""
    standings = {} if found is None else {"fruit": found, "drink": covering(9, 9)}
    tile = all_counted(announced(), standings, MonitorFigures(shards=shards))
    assert tile.answer == answer, tile
    assert bool(tile.reasons) == (answer != "Yes")
    assert tile.as_of_s == (0.5 if answer == "Yes" else 0.0)


def test_a_standing_that_does_not_balance_is_no_yes() -> None:
    """Whatever it covers."""
    lost = covering(3, 3)
    lost = lost.model_copy(
        update={"balance": lost.balance.model_copy(update={"cast": lost.balance.cast + 1})}
    )
    tile = all_counted(announced(), {"fruit": lost, "drink": covering(3, 3)}, MonitorFigures(shards=FINE))
    assert (tile.answer, tile.reasons) == ("No", ["fruit: its standing does not balance"])


def counter(service: str = "counting.rounds", **changed: Any) -> ShardFigures:
    """A counter's shard that has counted all of the election, and is busy with another."""
    covered = {"picnic/fruit": [3, 3], "picnic/drink": [3, 3], "other/who": [1, 1]}
    return shard(0, service=service, **{"covered": covered, **changed})


LATE = shard(1, position=90, covered={"picnic": [5], "other": [90]})


@pytest.mark.parametrize(
    ("answer", "phase", "shards", "found"),
    [
        # several elections: the shard is far beyond the last record that is about this one
        ("Yes", Phase.OPEN, [shard(0, position=90), shard(1, position=70)], covering(3, 3)),
        ("No", Phase.OPEN, [shard(0, position=90), LATE], covering(3, 3)),
        ("No", Phase.OPEN, [shard(0, position=90), LATE], covering(90, 4)),
        # counters that are behind with another election, or hold only other elections
        ("Yes", Phase.OPEN, [*FINE, counter(behind=40), counter("counting.tally", behind=9)], covering(3, 3)),
        ("Yes", Phase.OPEN, [*FINE, counter(state="catching-up", detail="other/who: gap")], covering(3, 3)),
        ("Yes", Phase.OPEN, [*FINE, counter(state="stopped", covered={"other/who": [1]})], covering(3, 3)),
        ("No", Phase.OPEN, [*FINE, counter(state="stopped", covered={})], covering(3, 3)),
        # a dead or paused counter: at first nothing but the standing shows it, then its silence does
        ("No", Phase.OPEN, [shard(0), LATE, counter(heard_s_ago=1.0)], covering(3, 3)),
        ("Not known", Phase.OPEN, [*FINE, counter(heard_s_ago=6.0)], covering(3, 3)),
        ("Not known", Phase.OPEN, [*FINE, counter("counting.tally", heard_s_ago=6.0)], covering(3, 3)),
        # what validation has still to judge matters until the close
        ("No", Phase.OPEN, [shard(0), shard(1, behind=7)], covering(3, 3)),
        ("Yes", Phase.CLOSED, [shard(0), shard(1, behind=7)], covering(3, 3)),
        ("Not known", Phase.CLOSED, [shard(0), shard(1, heard_s_ago=6.0)], covering(3, 3)),
        ("No", Phase.CLOSED, FINE, covering(3, 3, phases=(Phase.CLOSED, Phase.OPEN))),
        ("No", Phase.CLOSED, [shard(0), LATE], covering(3, 3)),
        # a shard that has not come to the election's definition yet
        ("Not known", Phase.OPEN, [shard(0), shard(1, covered={"other": [9]})], covering(3, 3)),
        # a standing of fewer shards than report covers nothing of the rest
        ("No", Phase.OPEN, FINE, covering(3, 0)),
    ],
)
def test_the_tile_is_about_this_election_alone(
    answer: str, phase: Phase, shards: list[ShardFigures], found: Standing
) -> None:
    """Other elections of the log make it neither yes nor no."""
    if phase is Phase.CLOSED and found.phases[0] is not Phase.CLOSED:
        found = found.model_copy(update={"phases": (Phase.CLOSED, Phase.CLOSED)})
    standings = {"fruit": found, "drink": covering(90, 90, phases=(phase, phase))}
    tile = all_counted(announced(phase), standings, MonitorFigures(shards=shards))
    assert tile.answer == answer, tile


def test_live_figures_trail_and_are_no_missing_ballots() -> None:
    """While live figures wait for their step, what is counted decides; after the close, what is shown."""
    live, kept = (
        announced().model_copy(update={"definition": election().model_copy(update={"live_tallies": is_live})})
        for is_live in (True, False)
    )
    shards = [shard(0), shard(1), counter()]
    standings = {"fruit": covering(1, 2), "drink": covering(3, 3)}
    assert all_counted(live, standings, MonitorFigures(shards=shards)).answer == "Yes"
    behind = [shard(0), LATE, counter()]
    assert all_counted(live, standings, MonitorFigures(shards=behind)).answer == "No"
    closed = live.model_copy(update={"phase": Phase.CLOSED})
    assert all_counted(closed, standings, MonitorFigures(shards=shards)).answer == "No"
    assert all_counted(kept, standings, MonitorFigures(shards=shards)).answer == "No"


def test_a_contest_that_stopped_concerns_its_own_election() -> None:
    """The other contests' standings are no help to it."""
    standings = {"fruit": covering(3, 3, stopped="ValueError: no"), "drink": covering(3, 3)}
    tile = all_counted(announced(), standings, MonitorFigures(shards=FINE))
    assert (tile.answer, tile.reasons) == ("No", ["fruit: its count has stopped: ValueError: no"])
