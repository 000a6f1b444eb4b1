"""The operator on a real Kafka: orders reach every shard, the monitor hears, and a certificate rests on a recount."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local import ports
from infra.local.kafka import EmbeddedKafka
from services.cli.clients.keys import KeyRing
from services.cli.clients.operator import Officer, OperatorClient, OperatorError, Patience
from shared.contract.codec import decode_cast
from shared.contract.elections import Official
from shared.contract.events import SignedRecord
from shared.contract.ids import shard_of
from shared.contract.lifecycle import Command
from shared.contract.packs import Pack
from shared.contract.rolls import Roll
from shared.contract.signing import new_private_key, public_key
from shared.contract.standings import Status
from shared.contract.topics import BALLOTS_CAST, MONITOR_SHARDS
from shared.runtime.kafka.sink import send_all, start_producer
from shared.runtime.process.telemetry import ShardReport
from tests.support.elections import OFFICER, OFFICER_KEY, ROOT, Life, election
from tests.support.pipeline import Pipeline
from tests.support.topics import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]
TOKEN = "a-token-only-for-tests"
BOUND_S = 40.0
STILL_S = 1.5
REPORTED_S = 1.5
"""What is cast stands in the next report, a second later."""


@pytest.fixture
def deployment(kafka: EmbeddedKafka, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """Topics of this test's own, and room for processes."""
    monkeypatch.setenv("LIVECOUNT_OPERATOR_TOKEN", TOKEN)
    monkeypatch.setenv("LIVECOUNT_MONITOR_PORT", str(ports.free_ports(1)[0]))
    pipeline = Pipeline(kafka.bootstrap, tmp_path)
    asyncio.run(pipeline.create())
    try:
        yield pipeline
    finally:
        pipeline.stop()


@pytest.fixture
def api(deployment: Pipeline) -> Iterator[httpx.Client]:
    """A running operator's API, with its token, and the validation that judges its controls."""
    for service in ("validation", "operator"):
        deployment.start(service)
    for service in ("validation", "operator"):
        deployment.wait_ready(service)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=url_of(deployment), headers=bearer, timeout=60.0, trust_env=False) as client:
        yield client


def url_of(deployment: Pipeline) -> str:
    """Return where the operator listens."""
    return f"http://127.0.0.1:{deployment.port('operator')}"


@asynccontextmanager
async def officer(deployment: Pipeline, *keys: bytes) -> AsyncIterator[OperatorClient]:
    """A client with these keys; without any, with the root's and the officer's."""
    async with httpx.AsyncClient(trust_env=False) as http:
        about = Officer(KeyRing.of(*(keys or (ROOT, OFFICER))), "ada", "as agreed")
        yield OperatorClient(http, url_of(deployment), TOKEN, about, Patience(tries=20))


def wait_for(condition: Callable[[], Any], why: Callable[[], str]) -> Any:
    """Return the condition's first true value, or fail with the reason after BOUND_S."""
    deadline = time.monotonic() + BOUND_S
    while not (value := condition()):
        assert time.monotonic() < deadline, why()
        time.sleep(0.1)
    return value


async def log_of(deployment: Pipeline) -> list[list[str]]:
    """Return the kinds of the cast records, shard by shard."""
    shards = await read_topic(deployment.kafka, BALLOTS_CAST.name(deployment.namespace))
    return [[_kind(value) for value in shard] for shard in shards]


def _kind(value: bytes) -> str:
    record = decode_cast(value)
    if isinstance(record, SignedRecord) and (content := record.content()) is not None:
        return content.type.partition("/")[0]
    return "pack" if isinstance(record, Pack) else "unreadable"


BEGUN = ["log-founded", "election-configured", "roll-committed", "election-opened"]


@pytest.mark.asyncio
async def test_an_order_stands_in_every_shard_before_it_is_answered(
    deployment: Pipeline, api: httpx.Client
) -> None:
    """Each is answered once every shard has judged it, and stands in the public list with who signed it."""
    life = Life(election(), 2)
    async with officer(deployment) as ada:
        await ada.configure(life.definition)
        await ada.open("picnic", life.whole_roll())
        await ada.order("picnic", Command.VOID, elector=3)
        await ada.order("picnic", Command.PAUSE)
        assert (await ada.election("picnic")).phase == "paused"
        await ada.order("picnic", Command.CLOSE)
        early = api.post("/v1/elections/picnic/certify", json={"by": "ada"})
        listed = await ada.controls("picnic")

    assert (early.status_code, early.headers["retry-after"]) == (409, "2")  # a moment later it may be final
    assert await log_of(deployment) == [[*BEGUN, "elector-voided", "election-paused", "election-closed"]] * 2
    assert [control["type"] for control in listed] == [
        "election-configured/2",
        "election-opened/2",
        "elector-voided/2",
        "election-paused/2",
        "election-closed/2",
    ]
    assert all("elector" not in control for control in listed)
    assert listed[2]["verdicts"] == {"0": "not-here", "1": "applied"}
    assert {control["by"] for control in listed} == {"ada"}


@pytest.mark.asyncio
async def test_what_is_not_possible_is_refused_and_nothing_is_written(
    deployment: Pipeline, api: httpx.Client
) -> None:
    """409 with the reason; 404 and 422 for what does not exist; another's key signs nothing."""
    life, by = Life(election(), 2), {"by": "eve"}
    async with officer(deployment) as ada:
        assert api.post("/v1/elections/picnic/pause", json=by).status_code == 404
        await ada.configure(life.definition)
        assert await ada.configure(life.definition) is None
        before = await log_of(deployment)
        refused = api.post("/v1/elections/picnic/close", json=by)
        unopened = api.post(
            "/v1/elections/picnic/open", json={**by, "roll": [{"electors": 20, "digest": "0" * 64}] * 2}
        )

    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert "cannot close an election that is configured" in refused.json()["detail"]
    assert api.post("/v1/elections/picnic/open", json={**by, "nonsense": 1}).status_code == 422
    assert api.post("/v1/elections/picnic/certify", json=by).status_code == 409
    async with officer(deployment, b"the key of somebody else, of 32.") as eve:
        with pytest.raises(OperatorError, match="expected the key of ada"):
            await eve.approve(unopened.json()["control_id"])
    forged = {"key": unopened.json()["keys"] and next(iter(unopened.json()["keys"])), "signature": "0" * 128}
    answer = api.post(f"/v1/proposals/{unopened.json()['control_id']}/signatures", json=forged)
    assert answer.status_code == 409, answer.text
    assert await log_of(deployment) == before


@pytest.mark.asyncio
async def test_an_opening_for_another_roll_than_was_uploaded_has_no_effect(
    deployment: Pipeline, api: httpx.Client
) -> None:
    """The shards compare what they read with what the officers signed; the right roll opens it afterwards."""
    life = Life(election(), 2)
    whole = life.whole_roll()
    other = Roll(head=whole.head, commitments=whole.commitments[::-1].copy())
    async with officer(deployment) as ada:
        await ada.configure(life.definition)
        await ada.upload(other, 2)
        parts = [part.model_dump(mode="json") for part in whole.parts(2)]
        with pytest.raises(OperatorError, match="roll"):
            await ada.order("picnic", Command.OPEN, roll=parts)
        assert (await ada.election("picnic")).phase == "configured"
        await ada.open("picnic", whole)
        assert (await ada.election("picnic")).phase == "open"


def test_without_the_token_nothing_is_said_or_done(api: httpx.Client) -> None:
    """Only probes are open."""
    for bearer in ({"Authorization": "Bearer another"}, {"Authorization": ""}):
        assert api.get("/v1/elections", headers=bearer).status_code == 401
        assert api.post("/v1/elections", headers=bearer, json={}).status_code == 401
        assert api.get("/v1/monitor", headers=bearer).status_code == 401
    assert api.get("/live", headers={"Authorization": ""}).status_code == 200


def test_the_monitor_shows_what_a_shard_reports(deployment: Pipeline, api: httpx.Client) -> None:
    """Position and backlog as last said, and the records handled within a window."""

    def report(position: int) -> ShardReport:
        return ShardReport(
            service="counting.tally",
            instance="1",
            shard=1,
            position=position,
            end=500,
            end_age_s=0.0,
            total=position,
            state="running",
        )

    async def send(position: int) -> None:
        producer = await start_producer(deployment.kafka)
        value = report(position).model_dump_json().encode()
        await send_all(producer, MONITOR_SHARDS.name(deployment.namespace), [(0, b"counting.tally/1", value)])
        await producer.stop()

    def shown() -> dict[str, Any] | None:
        shards = api.get("/v1/monitor").json()["shards"]
        return next((s for s in shards if s["service"] == "counting.tally" and s["position"] == 400), None)

    asyncio.run(send(100))
    asyncio.run(send(400))

    figures = wait_for(shown, deployment.logs)
    assert (figures["shard"], figures["behind"], figures["state"]) == (1, 100, "running")
    moved = wait_for(lambda: (f := shown()) and (f["per_second"] or f["so_far"]), deployment.logs)
    assert moved in (300, 30.0)

    def looked_at() -> bool:
        servers = api.get("/v1/monitor").json()["servers"]
        return bool(servers) and f"{deployment.namespace}-operator" in {
            of["name"] for of in servers["groups"]
        }

    wait_for(looked_at, lambda: "servers and groups were not looked at")
    figures = api.get("/v1/monitor").json()
    found = figures["servers"]
    assert (found["kafka"], found["brokers"], found["under_replicated"]) == ("", 1, 0)
    assert found["free_bytes"] > 0
    assert found["redis"], "this deployment has none"
    assert "redis-away/redis" in {alert["id"] for alert in figures["alerts"]}


def _document(api: httpx.Client) -> str | None:
    """The certificate as a page, once every standing that it names is here."""
    found = api.get("/v1/elections/picnic/certificate.html")
    return found.text if found.is_success else None


@pytest.mark.asyncio
async def test_a_recount_that_agrees_certifies_and_a_later_change_takes_the_certificate_away(
    deployment: Pipeline, api: httpx.Client
) -> None:
    """From the definition to the certificate, with a duplicate, a void, withdrawals and a late ballot on the way."""
    deployment.start("counting")
    life = Life(election(), 2)
    ballots = [(shard_of(n, 2), life.ballot(n, "0>1" if n % 3 else "2>0", "1")) for n in range(20)]
    async with officer(deployment) as ada:
        await ada.configure(life.definition)
        await ada.open("picnic", life.whole_roll())
        await deployment.cast([*ballots, ballots[4]])
        await ada.order("picnic", Command.VOID, elector=5)
        with pytest.raises(OperatorError, match="quince"):
            await ada.order("picnic", Command.WITHDRAW, contest="fruit", candidate="quince")
        for candidate in ("apple", "damson"):
            await ada.order("picnic", Command.WITHDRAW, contest="fruit", candidate=candidate)
        with pytest.raises(OperatorError):
            await ada.order("picnic", Command.WITHDRAW, contest="fruit", candidate="apple")
        await ada.order("picnic", Command.REINSTATE, contest="fruit", candidate="apple")
        with pytest.raises(OperatorError, match="cannot certify an election that is open"):
            await ada.certify("picnic")
        await ada.order("picnic", Command.CLOSE)
        await deployment.cast([(1, life.ballot(21))])
        certified = await ada.certify("picnic", until_final_s=BOUND_S)
        assert certified.recount is not None

        balance = certified.recount.balance
        fruit = certified.recount.contests["fruit"].results
        assert fruit.elected == ("apple",)
        assert "damson" not in fruit.rounds[0]
        assert (balance.cast, balance.accepted, balance.voided) == (21 + balance.late, 19, 1)
        covered = (
            sum(certified.recount.watermark) + 2 + (1 - balance.late)
        )  # the late ballot may come after the recount
        assert (await deployment.standings(covered, "fruit"))[-1].status is Status.CERTIFIED
        page = wait_for(lambda: _document(api), lambda: "no document of the certificate")
        assert certified.recount.contests["fruit"].result_hash in page
        assert certified.control_id in page

        await ada.order("picnic", Command.VOID, elector=6)
        assert (await deployment.standings(covered + 2, "fruit"))[-1].status is Status.COMPLETE
        again = await ada.certify("picnic", until_final_s=BOUND_S)
        assert again.recount is not None
        assert again.recount.balance.accepted == 18
    assert [shard[-1] for shard in await log_of(deployment)] == ["election-certified"] * 2


@pytest.mark.asyncio
async def test_after_the_close_a_void_takes_two_officials_is_listed_and_shows_with_its_certificate(
    deployment: Pipeline, api: httpx.Client
) -> None:
    """One official alone is refused; between the void and its certificate nothing shows whose vote it was."""
    deployment.start("counting")
    second = new_private_key()
    officials = (*election().officials, Official(name="bob", key=public_key(second)))
    terms = {"officials": officials, "live_tallies": False, "smallest_group": 10}
    life = Life(election().model_copy(update=terms), 2)
    ballots = [(shard_of(n, 2), life.ballot(n, "0>1" if n % 3 else "2>0", "1")) for n in range(20)]
    async with officer(deployment) as ada, officer(deployment, second) as bob:
        await ada.configure(life.definition)
        await ada.open("picnic", life.whole_roll())
        await deployment.cast(ballots)
        await ada.order("picnic", Command.VOID, elector=5)
        await ada.order("picnic", Command.CLOSE)
        result = await ada.certify("picnic", until_final_s=BOUND_S)
        assert result.recount is not None
        covered = sum(result.recount.watermark) + 2
        assert (await deployment.standings(covered, "fruit"))[-1].status is Status.CERTIFIED

        void = await ada.order("picnic", Command.VOID, elector=6)
        assert (void.pending, void.needed, void.signed) == (True, 2, ["ada"])
        done = await bob.approve(void.control_id)
        assert done.effect == "applied"
        between = (await deployment.standings(covered + 2, "fruit"))[-1]
        assert (between.withheld, between.rounds, between.status) == (True, (), Status.COMPLETE)

        again = await ada.certify("picnic", until_final_s=BOUND_S)
        assert again.recount is not None
        certified = (await deployment.standings(sum(again.recount.watermark) + 2, "fruit"))[-1]
        assert (certified.status, certified.balance.accepted) == (Status.CERTIFIED, 18)
        listed = await ada.controls("picnic")
    (found,) = [of for of in listed if of["control_id"] == void.control_id]
    assert set(found["signers"]) == {OFFICER_KEY, public_key(second)}
    assert found["reason"] == "as agreed"


@pytest.mark.asyncio
async def test_with_one_official_nobody_is_voided_after_the_close(
    deployment: Pipeline, api: httpx.Client
) -> None:
    """It is said how many it takes, and nothing is written."""
    life = Life(election().model_copy(update={"live_tallies": False, "smallest_group": 10}), 2)
    async with officer(deployment) as ada:
        await ada.configure(life.definition)
        await ada.open("picnic", life.whole_roll())
        await ada.order("picnic", Command.CLOSE)
        with pytest.raises(OperatorError, match="after the close it takes 2 officials"):
            await ada.order("picnic", Command.VOID, elector=5)
    assert [shard[-1] for shard in await log_of(deployment)] == ["election-closed"] * 2


@pytest.mark.asyncio
@pytest.mark.alone
async def test_it_is_never_said_that_all_is_counted_while_something_is_not(
    deployment: Pipeline, api: httpx.Client
) -> None:
    """A counter paused, validation paused, a counter killed: what was cast meanwhile is not counted, and nothing says it is."""
    deployment.start("counting")
    deployment.wait_ready("counting")
    life = Life(election().model_copy(update={"live_tallies": False}), 2)

    def answer() -> dict[str, Any]:
        return dict(api.get("/v1/elections/picnic/counted").json())

    def is_counted(accepted: int) -> Callable[[], bool]:
        def found() -> bool:
            said = answer()
            turnout = api.get("/v1/monitor").json()["verdicts"]
            counted: int = turnout[0]["total"].get("accepted", 0)
            return said["answer"] == "Yes" and counted == accepted

        return found

    async with officer(deployment) as ada:
        await ada.configure(life.definition)
        await ada.open("picnic", life.whole_roll())
    for number, (service, is_killed) in enumerate(
        (("counting", False), ("validation", False), ("counting", True))
    ):
        if is_killed:
            deployment.kill(service)
        else:
            deployment.signal(service, signal.SIGSTOP)
        electors = range(3 * number, 3 * number + 3)
        await deployment.cast([(shard_of(n, 2), life.ballot(n, "0>1", "1")) for n in electors])
        cast_s = time.monotonic()
        not_s = BOUND_S
        while time.monotonic() < cast_s + min(not_s + STILL_S, BOUND_S):
            now_s, said = time.monotonic(), answer()
            is_about_it = now_s - said["as_of_s"] - REPORTED_S > cast_s
            assert not (said["answer"] == "Yes" and (is_about_it or not_s < BOUND_S)), (service, said)
            if said["answer"] != "Yes":
                not_s = min(not_s, now_s - cast_s)
            await asyncio.sleep(0.2)
        assert not_s < BOUND_S, (service, "it was never said that something is not counted")
        if is_killed:
            deployment.start(service)
        else:
            deployment.signal(service, signal.SIGCONT)
        wait_for(is_counted(3 * number + 3), deployment.logs)
