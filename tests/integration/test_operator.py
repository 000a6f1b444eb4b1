"""The operator on a real Kafka: orders reach every shard, the monitor hears, and a certificate rests on a recount."""

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.local import ports
from infra.local.kafka import EmbeddedKafka
from shared.contract.codec import HotBallot, decode_cast
from shared.contract.ids import shard_of
from shared.contract.topics import BALLOTS_CAST, MONITOR_SHARDS
from shared.runtime.kafka.reader import read_topic
from shared.runtime.kafka.sink import send_all, start_producer
from shared.runtime.process.telemetry import ShardReport
from tests.support.elections import Life, election
from tests.support.pipeline import Pipeline

pytestmark = pytest.mark.kafka
TOKEN = "a-token-only-for-tests"
BY = {"by": "ada", "reason": "as agreed"}
BOUND_S = 40.0


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
def operator(deployment: Pipeline) -> Iterator[httpx.Client]:
    """A running operator's API, with its token."""
    deployment.start("operator")
    deployment.wait_ready("operator")
    url = f"http://127.0.0.1:{deployment._ports['operator-1']}"
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=url, headers=bearer, timeout=60.0, trust_env=False) as client:
        yield client


def wait_for(condition: Callable[[], Any], why: Callable[[], str]) -> Any:
    """Return the condition's first true value, or fail with the reason after BOUND_S."""
    deadline = time.monotonic() + BOUND_S
    while not (value := condition()):
        assert time.monotonic() < deadline, why()
        time.sleep(0.1)
    return value


def configure(operator: httpx.Client, name: str = "picnic") -> httpx.Response:
    """Freeze a picnic's definition."""
    return operator.post("/v1/elections", json=election(name).model_dump(mode="json"))


def order(operator: httpx.Client, command: str, **more: object) -> httpx.Response:
    """Give an order about the picnic."""
    return operator.post(f"/v1/elections/picnic/{command}", json={**BY, **more})


async def log_of(deployment: Pipeline) -> list[list[str]]:
    """Return the kinds of the cast records, shard by shard."""
    shards = await read_topic(deployment.kafka, BALLOTS_CAST.name(deployment.namespace))
    return [[_kind(value) for value in shard] for shard in shards]


def _kind(value: bytes) -> str:
    record = decode_cast(value)
    return "ballot" if isinstance(record, HotBallot) else str(getattr(record, "type", "unreadable"))


def test_orders_stand_in_every_shard_and_a_void_only_in_its_electors(
    deployment: Pipeline, operator: httpx.Client
) -> None:
    """Each order is answered once its controls are in the log, and the next one sees it."""
    assert configure(operator).status_code == 201
    assert order(operator, "open").json()["phase"] == "open"
    assert order(operator, "void", elector=3).status_code == 200
    assert order(operator, "pause").json()["phase"] == "paused"
    assert order(operator, "close").json()["phase"] == "closed"

    shards = asyncio.run(log_of(deployment))

    configured, opened = "election-configured/1", "election-opened/1"
    paused, closed = "election-paused/1", "election-closed/1"
    assert shards[shard_of(2, 2)] == [configured, opened, paused, closed]
    assert shards[shard_of(3, 2)] == [configured, opened, "elector-voided/1", paused, closed]


def test_what_is_not_possible_is_refused_and_nothing_is_written(
    deployment: Pipeline, operator: httpx.Client
) -> None:
    """409 with the reason; 404 and 422 for what does not exist; the same definition again is no error."""
    assert order(operator, "open").status_code == 404
    configure(operator)
    assert configure(operator).status_code == 201
    before = asyncio.run(log_of(deployment))

    refused = order(operator, "close")

    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    assert "cannot close an election that is configured" in refused.json()["detail"]
    assert order(operator, "void", elector=40).status_code == 422
    assert order(operator, "open", nonsense=1).json()["field"] == "nonsense"
    assert order(operator, "certify").status_code == 409
    assert asyncio.run(log_of(deployment)) == before


def test_without_the_token_nothing_is_told_or_done(operator: httpx.Client) -> None:
    """Only probes are open."""
    for bearer in ({"Authorization": "Bearer another"}, {"Authorization": ""}):
        assert operator.get("/v1/elections", headers=bearer).status_code == 401
        assert operator.post("/v1/elections", headers=bearer, json={}).status_code == 401
        assert operator.get("/v1/monitor", headers=bearer).status_code == 401
    assert operator.get("/live", headers={"Authorization": ""}).status_code == 200


def test_the_roll_has_a_code_for_every_elector(operator: httpx.Client) -> None:
    """As CSV, whole or one section of it."""
    configure(operator)

    whole = operator.post("/v1/elections/picnic/codes").text.splitlines()
    children = operator.post("/v1/elections/picnic/codes?section=children").text.splitlines()

    assert whole[0] == "elector,section,code"
    assert len(whole) == 41
    assert children[1:] == whole[31:]
    assert operator.post("/v1/elections/picnic/codes?section=dogs").status_code == 422


def test_the_monitor_shows_what_a_shard_reports(deployment: Pipeline, operator: httpx.Client) -> None:
    """Position and backlog as last said, and the records handled within a window."""

    def report(position: int) -> ShardReport:
        return ShardReport(
            service="counting.tally",
            instance="1",
            shard=1,
            position=position,
            end=500,
            total=position,
            state="running",
        )

    async def send(position: int) -> None:
        producer = await start_producer(deployment.kafka)
        value = report(position).model_dump_json().encode()
        await send_all(producer, MONITOR_SHARDS.name(deployment.namespace), [(0, b"counting.tally/1", value)])
        await producer.stop()

    def shown() -> dict[str, Any] | None:
        shards = operator.get("/v1/monitor").json()["shards"]
        return next((s for s in shards if s["service"] == "counting.tally" and s["position"] == 400), None)

    asyncio.run(send(100))
    asyncio.run(send(400))

    figures = wait_for(shown, deployment.logs)
    assert (figures["shard"], figures["behind"], figures["state"]) == (1, 100, "running")
    moved = wait_for(lambda: (f := shown()) and (f["per_second"] or f["so_far"]), deployment.logs)
    assert moved in (300, 30.0)


def test_a_recount_that_agrees_certifies(deployment: Pipeline, operator: httpx.Client) -> None:
    """From the definition to the certificate, with a duplicate, a void, withdrawals and a late ballot on the way."""
    deployment.start("validation")
    deployment.start("counting")
    life = Life(election())
    configure(operator)
    order(operator, "open")
    ballots = [(elector, life.ballot(elector, "0>1" if elector % 3 else "2>0", "1")) for elector in range(20)]
    cast = [*ballots, ballots[4]]
    asyncio.run(deployment.cast((shard_of(elector, 2), ballot) for elector, ballot in cast))
    order(operator, "void", elector=5)
    assert order(operator, "withdraw", contest="fruit", candidate="quince").status_code == 422
    for candidate in ("apple", "damson"):
        assert order(operator, "withdraw", contest="fruit", candidate=candidate).status_code == 200
    assert order(operator, "withdraw", contest="fruit", candidate="apple").status_code == 409
    back = order(operator, "reinstate", contest="fruit", candidate="apple")
    assert back.json()["withdrawn"] == [["fruit", "damson"]]
    assert order(operator, "certify").status_code == 409
    order(operator, "close")
    asyncio.run(deployment.cast([(1, life.ballot(21))]))

    certified = wait_for(
        lambda: (answer := order(operator, "certify")).status_code == 200 and answer,
        lambda: f"{order(operator, 'certify').text}\n{deployment.logs()}",
    ).json()

    balance = certified["balance"]
    assert certified["contests"]["fruit"]["results"]["elected"] == ["apple"]
    assert "damson" not in certified["contests"]["fruit"]["results"]["rounds"][0]
    assert (balance["cast"], balance["accepted"], balance["voided"]) == (21 + balance["late"], 19, 1)
    assert operator.get("/v1/elections/picnic").json()["phase"] == "certified"
    assert [shard[-1] for shard in asyncio.run(log_of(deployment))] == ["election-certified/2"] * 2
    assert order(operator, "void", elector=6).status_code == 409
