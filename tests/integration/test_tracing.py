"""Traces of ballots' records through the real services, as a real OTLP receiver gets them, and all that must not be in them."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from shared.contract.codec import decode_cast
from shared.contract.elections import Phase
from shared.contract.packs import Pack
from shared.contract.topics import BALLOTS_CAST
from shared.runtime.process.tracing import BEFORE, OF_A_CONTEST, Step, span_id_of, trace_id_of
from shared.runtime.settings import Settings
from tests.support.collector import Collector, collecting
from tests.support.elections import LOG_ID, Life, election
from tests.support.pipeline import Pipeline
from tests.support.topics import read_topic

pytestmark = pytest.mark.timeout(240)
BOUND_S = 40.0
BALLOTS = 24
CONTESTS = ("fruit", "drink")
SERVICES = ("intake", "validation", "counting", "results")


@pytest.fixture
def pipeline(kafka: Any, valkey: Any, tmp_path: Path) -> Iterator[Pipeline]:
    """A namespace and its processes."""
    running = Pipeline(kafka.bootstrap, tmp_path, redis=valkey.url)
    yield running
    running.stop()


async def cast(pipeline: Pipeline, life: Life, **settings: str) -> list[tuple[int, int]]:
    """Run the services, open the election and cast its ballots over HTTP; return shard and number of each of their records."""
    await pipeline.create()
    for service in SERVICES:
        pipeline.start(service, **settings)
    await pipeline.begin(life)
    await pipeline.announce(life, Phase.OPEN)
    for service in SERVICES:
        await asyncio.to_thread(pipeline.wait_ready, service)
    async with httpx.AsyncClient(trust_env=False, timeout=20.0) as http:
        shown = f"{pipeline.url('results')}/v1/elections/picnic/contests"
        for contest in CONTESTS:
            await until(partial(_ok, http, f"{shown}/{contest}/standings/latest"), pipeline)
        for first in range(0, BALLOTS, 4):
            answers = await asyncio.gather(*(_vote(http, pipeline, life, first + n) for n in range(4)))
            assert {of.status_code for of in answers} == {202}, answers[0].text
            assert not {"traceparent", "tracestate"} & {name for of in answers for name in of.headers}
    shards = await read_topic(pipeline.kafka, BALLOTS_CAST.name(pipeline.namespace))
    return [
        (shard, number)
        for shard, values in enumerate(shards)
        for number, value in enumerate(values)
        if isinstance(decode_cast(value), Pack)
    ]


async def _ok(http: httpx.AsyncClient, address: str) -> bool:
    return (await http.get(address)).is_success


async def _vote(http: httpx.AsyncClient, pipeline: Pipeline, life: Life, elector: int) -> httpx.Response:
    form = {
        "ballot_id": f"{elector + 0xABCDEF:032x}",
        "code": life.code(elector),
        "rankings": {"fruit": [["cherry"], ["banana"]], "drink": [["juice"]]},
    }
    theirs = {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01", "tracestate": "who=this-elector"}
    url = f"{pipeline.url('intake')}/v1/elections/picnic/ballots"
    headers = {**theirs, "Content-Type": "application/json"}
    return await http.post(url, content=json.dumps(form).encode(), headers=headers)


async def until(condition: Callable[[], Any], pipeline: Pipeline) -> None:
    """Wait for a condition, which may be a coroutine's, at most BOUND_S."""
    deadline = time.monotonic() + BOUND_S
    while True:
        found = condition()
        if await found if asyncio.iscoroutine(found) else found:
            return
        assert time.monotonic() < deadline, pipeline.logs()
        await asyncio.sleep(0.1)


def whole(record: tuple[int, int]) -> set[tuple[str, str, str, str]]:
    """Name, trace, id and parent of each span that a record has."""
    trace = trace_id_of(LOG_ID, "picnic", *record)
    spans = set()
    for step in Step:
        for contest in CONTESTS if step in OF_A_CONTEST else ("",):
            before = BEFORE.get(step)
            parent = span_id_of(trace, before, contest if before in OF_A_CONTEST else "") if before else ""
            own = span_id_of(trace, step, contest, "1" if step is Step.PUBLISHED else "")
            spans.add((str(step), trace, own, parent))
    return spans


@pytest.mark.kafka
@pytest.mark.parametrize("every", [1, 3])
@pytest.mark.asyncio
async def test_a_record_is_followed_from_its_requests_to_the_page(pipeline: Pipeline, every: int) -> None:
    """One trace for each chosen record, without a header in Kafka; and none that says anything of who voted, or how."""
    life = Life(election(electors=BALLOTS), 2)
    with collecting() as collector:
        records = await cast(pipeline, life, traces_url=collector.url, traces_every=str(every))
        chosen = [of for of in records if of[1] % every == 0]
        assert 0 < len(chosen) <= len(records)
        expected = set().union(*map(whole, chosen))

        def there() -> set[tuple[str, str, str, str]]:
            return {(of.name, of.trace, of.id, of.parent) for of in collector.spans}

        await until(lambda: expected <= there(), pipeline)
        await asyncio.sleep(1.5)  # whatever else is sent, is sent by then
        for service in SERVICES:
            await asyncio.to_thread(pipeline.kill, service)
    ballots = {trace_id_of(LOG_ID, "picnic", *of) for of in records}
    assert {
        of for of in there() if of[1] in ballots
    } == expected  # the others are of controls: counted, published
    assert {of.name for of in collector.spans if of.trace not in ballots} <= set(OF_A_CONTEST)
    _say_no_more_than_places(collector)
    _hold_nothing_of(life, collector)


def _say_no_more_than_places(collector: Collector) -> None:
    names = {"livecount.election", "livecount.shard", "livecount.record"}
    for span in collector.spans:
        assert set(span.about) - {"livecount.contest"} == names
        assert span.about["livecount.election"] == "picnic"
        assert ("livecount.contest" in span.about) == (span.name in OF_A_CONTEST)
        assert set(span.process) == {"service.name", "service.namespace", "service.instance.id"}
        assert span.start_ns % 1_000_000 == span.end_ns % 1_000_000 == 0  # no finer than Kafka's own times
        assert 0 <= span.end_ns - span.start_ns < 60 * 10**9
        assert abs(span.end_ns - time.time_ns()) < 300 * 10**9


def _hold_nothing_of(life: Life, collector: Collector) -> None:
    """Not as text, not as bytes, not as the client sent it."""
    raw = b"".join(collector.bodies).lower() + json.dumps(collector.headers).lower().encode()
    assert b"picnic" in raw
    for elector in range(BALLOTS):
        ballot_id, code = elector + 0xABCDEF, life.code(elector)
        for secret in (
            f"{ballot_id:032x}".encode(),
            ballot_id.to_bytes(16, "big"),
            code.lower().encode(),
            code.replace("-", "").lower().encode(),
            life.secret_of(elector),
        ):
            assert secret not in raw
    for word in (b"cherry", b"banana", b"juice", b"adults", b"children", b"traceparent", b"this-elector"):
        assert word not in raw
    assert b"ab" * 16 not in raw
    assert b"\xab" * 16 not in raw


@pytest.mark.kafka
@pytest.mark.asyncio
async def test_a_collector_that_is_away_holds_nothing_up(pipeline: Pipeline) -> None:
    """Ballots are recorded, judged, counted and shown; the services end in time."""
    life = Life(election(electors=BALLOTS), 2)
    await cast(pipeline, life, traces_url="http://127.0.0.1:1/v1/traces", traces_every="1")
    async with httpx.AsyncClient(trust_env=False) as http:

        async def all_shown() -> bool:
            at = f"{pipeline.url('results')}/v1/elections/picnic/contests/fruit/standings/latest"
            return bool((await http.get(at)).json()["balance"]["accepted"] == BALLOTS)

        await until(all_shown, pipeline)


WITHOUT = """
import sys
from pathlib import Path
from services.intake.settings import IntakeSettings
from services.validation.settings import ValidationSettings
from services.counting.settings import CountingSettings
from services.results.settings import ResultsSettings
from services.results.hub import Hub
from services.intake.app import create_app as intake
from services.validation.app import create_app as validation
from services.counting.app import create_app as counting
from services.results.app import create_app as results
log = {"log_id": "ab" * 16, "root_key": "cd" * 32, "data_dir": Path(sys.argv[1])}
intake(IntakeSettings(**log)), validation(ValidationSettings(**log)), counting(CountingSettings(**log))
results(ResultsSettings(**log), Hub())
ours = ("opentelemetry.exporter", "opentelemetry.proto", "opentelemetry.sdk.trace", "google.protobuf")
print(*[name for name in sys.modules if name.startswith(ours)])
"""


def test_nothing_is_imported_unless_it_is_on(tmp_path: Path) -> None:
    """All four services, made as they are run. Of OpenTelemetry Redis's client takes up the meters, wherever they are installed."""
    argv = [sys.executable, "-c", WITHOUT, str(tmp_path)]
    made = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert (made.returncode, made.stdout.strip()) == (0, ""), made.stderr


def test_half_of_the_setting_is_refused_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a log there is nothing to derive ids from; without the libraries, a sentence that says where they come from."""
    with pytest.raises(ValidationError, match="LIVECOUNT_LOG_ID is not set"):
        Settings(traces_url="http://127.0.0.1:4318/v1/traces")
    from shared.runtime.process.tracing import TracingMissing, open_tracing

    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(TracingMissing, match=r"livecount\[tracing\]"):
        open_tracing("intake", Settings(traces_url="http://127.0.0.1:4318/v1/traces", log_id=LOG_ID))
    assert open_tracing("intake", Settings(log_id=LOG_ID)) is None
