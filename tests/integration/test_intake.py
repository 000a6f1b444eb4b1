"""Intake as a process on real Kafka: nothing is promised that is not in the log, nothing refused is."""

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.local.kafka import EmbeddedKafka
from shared.contract.codec import decode_cast
from shared.contract.codes import VotingCode
from shared.contract.elections import Phase
from shared.contract.packs import Ballot, Pack
from shared.contract.topics import BALLOTS_CAST
from tests.support.elections import Life, election
from tests.support.pipeline import Pipeline
from tests.support.topics import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio]

LIFE = Life(election(), 2)


@pytest.fixture
def pipeline(kafka: Any, tmp_path: Path) -> Iterator[Pipeline]:
    """A namespace and its processes."""
    running = Pipeline(kafka.bootstrap, tmp_path)
    yield running
    running.stop()


async def opened(pipeline: Pipeline, phase: Phase = Phase.OPEN, **settings: str) -> str:
    """Start intake with the picnic announced; return where ballots go."""
    await pipeline.create()
    await pipeline.announce(LIFE, phase)
    await pipeline.commit_roll(LIFE)
    pipeline.start("intake", **settings)
    pipeline.wait_ready("intake")
    return f"http://127.0.0.1:{pipeline.port('intake')}/v1/elections/picnic/ballots"


def form(elector: int, **fields: object) -> bytes:
    """Return an elector's ballot form."""
    good = {
        "ballot_id": f"{elector:032x}",
        "code": LIFE.code(elector),
        "rankings": {"fruit": [["apple"], [], ["damson", "banana"]], "drink": [["juice"]]},
    }
    return json.dumps({**good, **fields}).encode()


def post(url: str, body: bytes, media: str = "application/json") -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body of the answer."""
    request = urllib.request.Request(url, body, {"Content-Type": media})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, dict(answer.headers), answer.read()


async def recorded(pipeline: Pipeline) -> list[Ballot]:
    """Return every ballot in the log."""
    shards = await read_topic(pipeline.kafka, BALLOTS_CAST.name(pipeline.namespace))
    packs = [decode_cast(value) for shard in shards for value in shard]
    return [ballot for pack in packs if isinstance(pack, Pack) for ballot in pack.each()]


async def test_a_ballot_is_in_the_log_when_it_is_acknowledged(pipeline: Pipeline) -> None:
    """202, a receipt, and the marks as they were made; the same ballot again has the same answer."""
    url = await opened(pipeline)
    status, _, body = post(url, form(5))
    (ballot,) = await recorded(pipeline)

    assert status == 202
    assert json.loads(body)["status"] == "recorded"
    assert (ballot.elector, ballot.rankings) == (5, ("0>>1=3", "1"))
    assert post(url, form(5))[2] == body


async def test_what_is_refused_has_written_nothing(pipeline: Pipeline) -> None:
    """Each refusal is a problem document that names the field; the log stays empty."""
    url = await opened(pipeline)
    refused = {
        422: form(5, rankings={"fruit": [["durian"]]}),
        403: form(5, code=str(VotingCode(5, 0, b"x" * 10))),
        400: b'{"ballot_id": NaN}',
        413: form(5, rankings={"fruit": [["a" * 20_000]]}),
    }
    for expected, body in refused.items():
        status, headers, answer = post(url, body)
        assert (status, headers["content-type"]) == (expected, "application/problem+json"), answer
    assert post(url, form(5), "text/plain")[0] == 415
    assert post(url.replace("picnic", "nowhere"), form(5))[0] == 404
    assert json.loads(post(url, refused[422])[2])["field"] == "rankings.fruit[0][0]"
    assert await recorded(pipeline) == []


async def test_an_election_that_is_not_open_refuses(pipeline: Pipeline) -> None:
    """409, until it is announced open."""
    url = await opened(pipeline, Phase.PAUSED)

    assert post(url, form(5))[0] == 409
    assert await recorded(pipeline) == []


async def test_a_stream_is_answered_line_by_line(pipeline: Pipeline) -> None:
    """A bad line among many harms no other; each has its number, and those acknowledged are in the log."""
    url = await opened(pipeline)
    lines = [form(n) for n in range(20)]
    lines[7] = b"rubbish"
    status, _, body = post(f"{url}/bulk", b"\n".join(lines) + b"\n", "application/x-ndjson")
    answers = [json.loads(line) for line in body.splitlines()]

    assert status == 200
    assert [answer["line"] for answer in answers] == list(range(1, 21))
    assert [n for n, answer in enumerate(answers) if answer["status"] != "recorded"] == [7]
    assert answers[7]["problem"]["title"] == "Not JSON"
    assert {ballot.elector for ballot in await recorded(pipeline)} == set(range(20)) - {7}


async def test_more_than_fits_is_put_off_before_it_is_promised(pipeline: Pipeline) -> None:
    """503 for each line of a batch that is too much at once; nothing of it is in the log."""
    url = await opened(pipeline, max_pending_ballots="5")
    body = b"".join(form(n) + b"\n" for n in range(20))
    answers = [json.loads(line) for line in post(f"{url}/bulk", body, "application/x-ndjson")[2].splitlines()]

    assert [answer["problem"]["status"] for answer in answers] == [503] * 20
    assert await recorded(pipeline) == []


def cast_until_recorded(url: str, electors: range) -> list[dict[str, str]]:
    """Cast ballots over one connection, each until it is recorded; return the headers of those turned away."""
    at = urlsplit(url)
    connection = http.client.HTTPConnection(str(at.hostname), at.port, timeout=20)
    turned_away = []
    for elector in electors:
        status = 503
        while status == 503:
            connection.request("POST", at.path, form(elector), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            status, headers, body = answer.status, dict(answer.headers), answer.read()
            if status == 503:
                assert json.loads(body)["title"] == "Too much at once"
                turned_away.append(headers)
        assert status == 202, body
    connection.close()
    return turned_away


async def test_more_requests_than_one_process_takes_on_are_turned_away(pipeline: Pipeline) -> None:
    """503 with Retry-After and nothing written; the same connection goes on, health is shown; then each is taken."""
    url = await opened(pipeline, max_requests="1")
    parts = [range(first, 40, 8) for first in range(8)]
    with ThreadPoolExecutor(8) as electors:
        casting = [electors.submit(cast_until_recorded, url, part) for part in parts]
        assert pipeline.ready("intake") is not None
        turned_away = [headers for part in casting for headers in part.result(60)]

    assert turned_away
    assert {headers["retry-after"] for headers in turned_away} == {"1"}
    assert sorted(ballot.elector for ballot in await recorded(pipeline)) == list(range(40))


async def test_workers_share_the_port(pipeline: Pipeline) -> None:
    """Ballots over many connections reach the log whichever worker has them."""
    url = await opened(pipeline, workers="2")
    with ThreadPoolExecutor(8) as electors:
        answers = list(electors.map(lambda elector: post(url, form(elector)), range(40)))

    assert {status for status, _, _ in answers} == {202}
    assert sorted(ballot.elector for ballot in await recorded(pipeline)) == list(range(40))


async def test_an_address_that_sends_too_fast_is_put_off(pipeline: Pipeline) -> None:
    """429 with Retry-After."""
    url = await opened(pipeline, max_per_second_per_client="1")
    answers = [post(url, form(n)) for n in range(6)]

    assert 429 in {status for status, _, _ in answers}
    assert all(headers["retry-after"] == "1" for status, headers, _ in answers if status == 429)
    assert len(await recorded(pipeline)) == sum(status == 202 for status, _, _ in answers)


async def test_without_kafka_nothing_is_promised(tmp_path: Path) -> None:
    """503 with Retry-After; when Kafka is back the same ballot is taken, and it stands in the log."""
    with EmbeddedKafka(tmp_path / "own-kafka") as own:
        pipeline = Pipeline(own.bootstrap, tmp_path)
        try:
            url = await opened(pipeline)
            assert post(url, form(1))[0] == 202
            own.stop()
            status, headers, _ = post(url, form(2))
            assert (status, headers["retry-after"]) == (503, "1")
            own.start()
            for _ in range(20):
                status, _, _ = post(url, form(2))
                if status == 202:
                    break
            assert status == 202
            assert {ballot.elector for ballot in await recorded(pipeline)} == {1, 2}
        finally:
            pipeline.stop()
