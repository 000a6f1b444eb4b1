"""What needs attention is found, names what to do and a paragraph that is there; what is well is not named."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from standardwebhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn import Config, Server

from infra.local.ports import free_ports
from services.operator.alerts import WHAT_TO_DO, Watched, find_alerts
from services.operator.monitor import (
    Alert,
    DiskFigures,
    EdgeFigures,
    GroupFigures,
    ServerFigures,
    ShardFigures,
)
from services.operator.watch import HOLD_S, Post
from shared.contract.elections import Phase
from tests.support import standings
from tests.support.readers import ROOT

SECRET = "whsec_" + "c2VjcmV0" * 6
WELL = {
    "service": "counting",
    "shard": 1,
    "instance": "1",
    "state": "running",
    "detail": "",
    "position": 90,
    "behind": 0,
    "per_second": 4.0,
    "so_far": 3,
    "heard_s_ago": 0.4,
}
SERVERS = ServerFigures(brokers=3, free_bytes=10**12)
STANDING = standings.standing(4, Phase.OPEN)


def shard(**changed: Any) -> ShardFigures:
    """A shard that is well, but for what is changed."""
    return ShardFigures.model_validate({**WELL, **changed})


def watched(**changed: Any) -> Watched:
    """An election that is well, but for what is changed."""
    return Watched("picnic", [STANDING], False, False, {"accepted": 900, "already-voted": 3})._replace(
        **changed
    )


def in_group(state: str, *members: tuple[int, ...]) -> ServerFigures:
    """Servers with a consumer group in this state."""
    return SERVERS.model_copy(
        update={"groups": (GroupFigures(name="x.validation", state=state, members=members),)}
    )


def on_disk(**changed: Any) -> ServerFigures:
    """Servers with a broker's disk."""
    disk = {"broker": 1, "folder": "/data", "free_bytes": 10**12, "total_bytes": 10**13, **changed}
    return SERVERS.model_copy(update={"disks": (DiskFigures.model_validate(disk),)})


TROUBLES: list[tuple[str, dict[str, Any]]] = [
    ("shard-stopped/counting/1", {"shards": [shard(state="stopped", detail="record 'x/9'")]}),
    ("shard-silent/counting/1", {"shards": [shard(heard_s_ago=12.0)]}),
    ("gap/counting/1", {"shards": [shard(detail="verdict in shard 1: expected 3, found 5; 2 are missing")]}),
    ("lag/counting/1", {"shards": [shard(behind=10_000, lag_s=31.0)]}),
    ("snapshot/counting/1", {"shards": [shard(unsaved_s=601.0)]}),
    ("edge-away/http://intake", {"edges": [EdgeFigures(url="http://intake", away="refused")]}),
    ("codes-tried/http://intake", {"edges": [EdgeFigures(url="http://intake", wrong_codes=50)]}),
    (
        "edge-bound/http://intake",
        {"edges": [EdgeFigures(url="http://intake", refused={"429": 30, "422": 900}, bounds={"idle": 30})]},
    ),
    ("clock/counting/1", {"shards": [shard(ahead_s=9.0)]}),
    ("kafka-away/kafka", {"servers": SERVERS.model_copy(update={"kafka": "refused"})}),
    ("under-replicated/kafka", {"servers": SERVERS.model_copy(update={"under_replicated": 4})}),
    ("group-empty/x.validation", {"servers": in_group("Empty")}),
    ("rebalancing/x.validation", {"servers": in_group("PreparingRebalance", (0, 1))}),
    ("broker-disk/1/data", {"servers": on_disk(free_bytes=10**9)}),
    ("broker-disk/1/data", {"servers": on_disk(free_bytes=-1, fault="offline (Kafka's error 56)")}),
    ("redis-away/redis", {"servers": SERVERS.model_copy(update={"redis": "refused"})}),
    ("disk/disk", {"servers": SERVERS.model_copy(update={"free_bytes": 10**9})}),
    (
        "contest-stopped/picnic/fruit",
        {"elections": [watched(standings=[STANDING.model_copy(update={"stopped": "no seats"})])]},
    ),
    (
        "balance/picnic/fruit",
        {
            "elections": [
                watched(
                    standings=[
                        STANDING.model_copy(
                            update={"balance": STANDING.balance.model_copy(update={"cast": 1})}
                        )
                    ]
                )
            ]
        },
    ),
    ("superseded/picnic", {"elections": [watched(was_certified=True)]}),
    ("code-guessing/picnic", {"elections": [watched(last_minute={"accepted": 9_000, "bad-code": 10})]}),
    ("rejections/picnic", {"elections": [watched(last_minute={"accepted": 80, "closed": 20})]}),
]


def find(**changed: Any) -> list[Alert]:
    """The alerts of a deployment that is well, but for what is changed."""
    well = {
        "shards": [shard()],
        "servers": SERVERS,
        "elections": [watched(was_certified=True, is_certified=True)],
    }
    return find_alerts(**{**well, **changed})


def test_what_is_well_raises_nothing() -> None:
    """Just below each bound, too; and before the servers were looked at."""
    assert find() == []
    assert find(servers=None) == []
    for well in (in_group("Stable", (0,)), in_group("not allowed to ask"), on_disk(), on_disk(free_bytes=-1)):
        assert find(servers=well) == []
    few = watched(last_minute={"accepted": 10, "closed": 19})
    assert (
        find(
            shards=[shard(lag_s=29.0, behind=5, heard_s_ago=9.0, ahead_s=1.0, unsaved_s=599.0)],
            elections=[few],
        )
        == []
    )
    edge = EdgeFigures(url="http://intake", wrong_codes=49, refused={"429": 59, "422": 9_000})
    assert find(edges=[edge]) == []


@pytest.mark.parametrize(("name", "changed"), TROUBLES, ids=[name for name, _ in TROUBLES])
def test_each_trouble_is_one_alert(name: str, changed: dict[str, Any]) -> None:
    """With a sentence, what to do, and a paragraph of the runbook that is there and names what has tried it."""
    (alert,) = find(**changed)
    assert alert.id == name
    assert alert.what_to_do
    file, _, anchor = alert.runbook.partition("#")
    sections = re.split(r"^##+ (.*)$", (ROOT / file).read_text(), flags=re.MULTILINE)[1:]
    by_anchor = {
        re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-"): text
        for heading, text in zip(sections[::2], sections[1::2], strict=True)
    }
    (*_, shown) = by_anchor[anchor].partition("Shown by ")
    tried = re.findall(r"`(tests/[^` ]+|make [a-z]+|lint-imports)", shown)
    assert tried, "a procedure that nothing has tried"
    assert all((ROOT / of).exists() for of in tried if of.startswith("tests/"))


def test_every_kind_is_tried_above() -> None:
    """And the critical ones come first."""
    assert {name.partition("/")[0] for name, _ in TROUBLES} == set(WHAT_TO_DO)
    severities = [of.severity for of in find(shards=[shard(lag_s=99.0), shard(shard=2, state="stopped")])]
    assert severities == ["critical", "warning"]


class Receiver:
    """Takes webhooks; the first one it refuses."""

    def __init__(self) -> None:
        self.taken: list[tuple[dict[str, str], bytes]] = []
        self.tries = 0

    async def take(self, request: Request) -> Response:
        """Answer 500, then 204."""
        self.tries += 1
        if self.tries > 1:
            self.taken.append((dict(request.headers), await request.body()))
        return Response(status_code=204 if self.tries > 1 else 500)


@pytest_asyncio.fixture
async def receiver() -> AsyncIterator[tuple[Receiver, str]]:
    """A receiver, and its URL."""
    found, (port,) = Receiver(), free_ports(1)
    site = Starlette(routes=[Route("/alerts", found.take, methods=["POST"])])
    server = Server(Config(site, port=port, log_level="critical", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield found, f"http://127.0.0.1:{port}/alerts"
    server.should_exit = True
    await serving


@pytest.mark.asyncio
async def test_an_alert_is_posted_once_when_it_stands_and_once_when_it_is_gone(
    receiver: tuple[Receiver, str],
) -> None:
    """Signed; again if it was not taken; what is over within HOLD_S is not posted."""
    taker, url = receiver
    post, alerts = Post(url, SECRET), find(shards=[shard(state="stopped")])
    await post.start()
    try:
        post.take(alerts, 0.0)
        post.take([], 1.0)
        post.take(alerts, 2.0)
        post.take(alerts, 2.0 + HOLD_S)
        post.take(alerts, 3.0 + HOLD_S)
        post.take([], 4.0 + HOLD_S)
        async with asyncio.timeout(20):
            while len(taker.taken) < 2:
                await asyncio.sleep(0.02)
    finally:
        await post.stop()
    assert taker.tries == 3
    said = [Webhook(SECRET).verify(body, headers) for headers, body in taker.taken]
    assert [of["type"] for of in said] == ["alert.raised", "alert.resolved"]
    assert {of["data"]["id"] for of in said} == {"shard-stopped/counting/1"}
    headers, body = taker.taken[0]
    changed = json.dumps({**json.loads(body), "type": "alert.resolved"})
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(changed, headers)
