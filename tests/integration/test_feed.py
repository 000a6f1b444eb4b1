"""The feed as a newsroom uses it: real gateway, Kafka and Redis; signatures and reports are read by other people's libraries."""

import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from nacl.signing import VerifyKey
from rcvformats.schemas.universaltabulator import SchemaV0

from services.results.exports import rcvis_json
from shared.contract.codec import encode
from shared.contract.elections import Phase
from shared.contract.signing import new_private_key
from shared.contract.standings import Standing
from shared.contract.topics import COUNTS_HISTORY, COUNTS_PUBLISHED
from tests.support.elections import Life, election
from tests.support.pipeline import Pipeline
from tests.support.standings import college, standing, surplus

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio(loop_scope="module")]

CONTEST = "/v1/elections/picnic/contests/fruit"
BEFORE = standing(2, Phase.OPEN)
"""Of two hours ago: it is in the history alone."""
FIRST, SECOND, NEWEST = standing(3, Phase.OPEN), standing(4, Phase.OPEN), standing(5, Phase.CLOSED)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def gateways(
    kafka: Any, valkey: Any, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Two gateways that sign, with the same key; counting has published three standings and then, begun anew, the first again."""
    tmp_path = tmp_path_factory.mktemp("feed")
    pipeline = Pipeline(kafka.bootstrap, tmp_path, redis=valkey.url)
    await pipeline.create()
    await pipeline.announce(Life(election(), 2), Phase.OPEN)
    published = [(0, of.key.encode(), encode(of)) for of in (FIRST, SECOND, NEWEST, FIRST)]
    await pipeline.publish(COUNTS_PUBLISHED, published)
    kept = [(0, f"{of.key}/{of.sequence}".encode(), encode(of)) for of in (BEFORE, FIRST, NEWEST, BEFORE)]
    await pipeline.publish(COUNTS_HISTORY, kept)
    key = tmp_path / "publishing.key"
    key.write_text(new_private_key().hex())
    for instance in ("1", "2"):
        pipeline.start("results", instance, publishing_key_file=str(key))
    for instance in ("1", "2"):
        pipeline.wait_ready("results", instance)
    async with (
        httpx.AsyncClient(base_url=pipeline.url("results")) as one,
        httpx.AsyncClient(base_url=pipeline.url("results", "2")) as other,
    ):
        yield one, other
    pipeline.stop()


@pytest.fixture(scope="module")
def feed(gateways: tuple[httpx.AsyncClient, httpx.AsyncClient]) -> httpx.AsyncClient:
    """One of them."""
    return gateways[0]


async def test_any_gateway_answers_as_any_other(
    gateways: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    """Same bytes, tags and signatures; a cursor and an event's id of one go on at the other: they share Kafka and Redis alone."""
    one, other = gateways
    addresses = ("standings/latest", f"standings/{BEFORE.sequence}", "history", "rounds.csv", "rcvis.json")
    for address in addresses:
        here, there = await one.get(f"{CONTEST}/{address}"), await other.get(f"{CONTEST}/{address}")
        assert here.content == there.content
        for header in ("etag", "livecount-signature", "livecount-sequence", "cache-control"):
            assert here.headers.get(header) == there.headers.get(header)
    tag = (await one.get(f"{CONTEST}/standings/latest")).headers["etag"]
    again = await other.get(f"{CONTEST}/standings/latest", headers={"If-None-Match": tag})
    assert again.status_code == 304
    cursor = (await one.get("/v1/elections/picnic/changes")).json()["cursor"]
    resumed = await other.get("/v1/elections/picnic/changes", params={"cursor": cursor})
    assert resumed.json() == {"changes": [], "cursor": cursor}
    for seen, sends in ((FIRST, True), (NEWEST, False)):
        assert (await sent_at_once(other, str(seen.sequence))) is sends


async def sent_at_once(http: httpx.AsyncClient, seen: str) -> bool:
    """Whether a client that has seen a standing is sent one when it comes."""
    async with http.stream("GET", f"{CONTEST}/stream", headers={"Last-Event-ID": seen}, timeout=2) as stream:
        try:
            return f"id: {NEWEST.sequence}\n" in await anext(stream.aiter_text())
        except httpx.ReadTimeout:
            return False


async def test_a_newsroom_s_walk_through_the_feed(feed: httpx.AsyncClient) -> None:
    """Latest, every past sequence under its own address, what changed since, signatures, and what scripts of other sites need."""
    latest = await feed.get(f"{CONTEST}/standings/latest")
    assert latest.content == encode(NEWEST), "not the one that counting published again"
    assert "max-age=1," in latest.headers["cache-control"]

    for past in (BEFORE, FIRST, SECOND, NEWEST):
        found = await feed.get(f"{CONTEST}/standings/{past.sequence}")
        assert found.content == encode(past)
        assert found.headers["cache-control"] == "public, max-age=31536000, immutable"
        await check_signature(feed, found)
        again = await feed.get(str(found.url), headers={"If-None-Match": found.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
    assert (await feed.get(f"{CONTEST}/standings/{SECOND.sequence - 1}")).status_code == 404

    await check_changes(feed)
    preflight = await feed.options(f"{CONTEST}/standings/latest", headers={"Origin": "https://news.example"})
    assert preflight.headers["access-control-allow-origin"] == "*"
    assert "If-None-Match" in preflight.headers["access-control-allow-headers"]
    report = (await feed.get(f"{CONTEST}/rcvis.json")).json()
    assert report == rcvis_json(NEWEST)
    assert (await feed.get(f"{CONTEST}/rounds-wide.csv")).text.startswith("candidate_id,name,round 1")


async def test_what_is_kept_for_ever_is_listed(feed: httpx.AsyncClient) -> None:
    """Oldest first, with time, turnout and votes, and the address of the whole; asked for behind a sequence, the rest alone."""
    listed = (await feed.get(f"{CONTEST}/history")).json()
    assert [each["sequence"] for each in listed["kept"]] == [of.sequence for of in (BEFORE, FIRST, NEWEST)]
    last = listed["kept"][-1]
    assert (last["ballots"], last["status"]) == (NEWEST.balance.accepted, NEWEST.status)
    assert (last["first_round"], last["last_round"]) == (NEWEST.rounds[0].votes, NEWEST.rounds[-1].votes)
    assert (await feed.get(last["standing"])).content == encode(NEWEST)
    behind = (await feed.get(f"{CONTEST}/history", params={"after": str(FIRST.sequence)})).json()["kept"]
    assert [each["sequence"] for each in behind] == [NEWEST.sequence]
    assert (await feed.get(f"{CONTEST}/history", params={"after": "²"})).status_code == 400
    assert (await feed.get("/v1/elections/picnic/contests/none/history")).status_code == 404


async def test_a_page_as_it_was(feed: httpx.AsyncClient) -> None:
    """Past pages say that they are past, have the past figures, and are linked from the newest, the oldest first."""
    page = "/elections/picnic/contests/fruit"
    newest = (await feed.get(page)).text
    listed = newest.partition('<nav class="earlier"')[2]
    links = [listed.index(f'href="{page}?as_of={of.sequence}"') for of in (FIRST, SECOND, NEWEST)]
    assert links == sorted(links)
    assert "The race over time" in newest
    assert "This is a past standing" not in newest
    past = (await feed.get(page, params={"as_of": str(FIRST.sequence)})).text
    assert "This is a past standing" in past
    assert f"{FIRST.balance.cast} cast =" in past
    assert (await feed.get(page, params={"as_of": "7"})).status_code == 404
    assert (await feed.get(page, params={"as_of": "²"})).text == newest


async def check_signature(feed: httpx.AsyncClient, found: httpx.Response) -> None:
    """Check a signature with libsodium, and with the command; a changed byte fails."""
    (published,) = (await feed.get("/.well-known/livecount.json")).json()["publishing"]
    signature = bytes.fromhex(found.headers["livecount-signature"])
    VerifyKey(bytes.fromhex(published["key"])).verify(found.content, signature)
    if found.content != encode(FIRST):
        return
    command = [sys.executable, "-m", "services.cli", "signature", str(found.url)]
    said = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert published["key"] in said
    other = subprocess.run([*command, "--key", "0" * 64], capture_output=True, text=True, timeout=60)
    assert (other.returncode, other.stdout) == (1, "")


async def check_changes(feed: httpx.AsyncClient) -> None:
    """The newest of each contest once; then nothing, until there is something new; nonsense is refused in words."""
    changed = (await feed.get("/v1/elections/picnic/changes")).json()
    (only,) = changed["changes"]
    assert only["sequence"] == NEWEST.sequence
    assert (await feed.get(only["standing"])).content == encode(NEWEST)
    after = await feed.get("/v1/elections/picnic/changes", params={"cursor": changed["cursor"]})
    assert after.json() == {"changes": [], "cursor": changed["cursor"]}
    for nonsense in ("%", "W10x", "eyJhIjogMX0", "x" * 10_000):
        refused = await feed.get("/v1/elections/picnic/changes", params={"cursor": nonsense})
        assert refused.status_code == 400
        assert refused.json()["field"] == "cursor"


@pytest.mark.parametrize(
    ("of", "run"),
    [
        (standing(0, Phase.CONFIGURED), 1),
        (NEWEST, 1),
        (surplus(), 1),
        (surplus(method="stv-wigm"), 1),
        (surplus(method="meek"), 1),
        (college(), 1),
        (standing(2, Phase.CLOSED, method="sequential-irv", seats=2), 1),
        (standing(2, Phase.CLOSED, method="sequential-irv", seats=2), 2),
        (standing(2, Phase.CLOSED, method="bottoms-up", seats=2), 1),
        (standing(2, Phase.CLOSED, method="plurality"), 1),
    ],
)
async def test_rcvis_accepts_the_report(of: Standing, run: int) -> None:
    """By the library with which RCVis itself checks what is uploaded; one with a candidate twice it refuses."""
    report = rcvis_json(of, run)
    schema = SchemaV0()
    assert schema.validate(io.StringIO(json.dumps(report))), schema.last_error()
    out = [
        result for round_ in report["results"] for result in round_["tallyResults"] if "eliminated" in result
    ]
    if out:
        report["results"][-1]["tally"][out[0]["eliminated"]] = "1"
        assert not SchemaV0().validate(io.StringIO(json.dumps(report)))
