"""Two elections with equal turnout and other votes, on real services: nothing that anybody can read distinguishes them.

Compared are the bytes and headers of every public page, export and feed, the metrics and readiness of every service, and
every line that a service logs. Then every topic after `ballots.cast` and every file is searched for an elector whose ballot
was taken out.
"""

import asyncio
import json
import re
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

import pytest

from infra.local import ports
from infra.local.kafka import EmbeddedKafka
from infra.local.valkey import EmbeddedValkey
from shared.contract.elections import Candidate, Contest, Phase
from shared.contract.events import ElectorVoided
from shared.contract.standings import Standing
from shared.contract.topics import BALLOTS_CAST, TOPICS
from shared.runtime.process.telemetry import REPORT_EVERY_S
from tests.support.elections import Life, election
from tests.support.pipeline import Pipeline
from tests.support.topics import read_topic

pytestmark = [pytest.mark.kafka, pytest.mark.asyncio, pytest.mark.timeout(240)]

SERVICES: Final = ("validation", "counting", "intake", "results", "operator")
READY_BOUND_S: Final = 90.0
ELECTORS: Final = 12
OUT: Final = 7
"""The elector whose ballot is taken out."""
REASON: Final = "A. Smith has died"
APPLE: Final = {"fruit": [["apple"], [], ["damson"]], "drink": [["water"]]}
BANANA: Final = {"fruit": [["banana"]], "drink": [["juice"], ["water"]]}
PUBLIC: Final = (
    "/",
    "/elections/picnic",
    "/elections/picnic/contests/fruit",
    "/elections/picnic/contests/drink",
    "/v1/elections",
    "/v1/elections/picnic",
    "/v1/elections/picnic/seats",
    "/v1/elections/picnic/seats.csv",
    "/v1/elections/picnic/contests/fruit/standing",
    "/v1/elections/picnic/contests/drink/standing",
    "/v1/elections/picnic/contests/fruit/standings/latest",
    "/v1/elections/picnic/contests/fruit/rounds.csv",
    "/v1/elections/picnic/contests/fruit/rounds-wide.csv",
    "/v1/elections/picnic/contests/fruit/rctab.json",
    "/v1/elections/picnic/contests/fruit/rcvis.json",
)
MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ][\d:.]+(Z|\+00:00)?|\d+ \w+ \d{4}, [\d:]+ UTC|\w{3}, \d\d \w{3} \d{4} [\d:]+ GMT"
)
CLOCKS: Final = ("date", "last-modified", "livecount-as-of", "ratelimit")
"""Headers that say a time, or how often the reader may ask by now."""


def of_parties(contest: Contest) -> tuple[Candidate, ...]:
    """Return a contest's candidates, each of a party of its own."""
    return tuple(of.model_copy(update={"party": f"{of.name} Party"}) for of in contest.candidates)


class Run:
    """A deployment of its own, in which everybody casts the same ballot."""

    def __init__(self, kafka: str, redis: str, folder: Path, rankings: dict[str, Any]) -> None:
        folder.mkdir()
        plain = election(electors=ELECTORS)
        contests = tuple(of.model_copy(update={"candidates": of_parties(of)}) for of in plain.contests)
        definition = plain.model_copy(
            update={"live_tallies": False, "smallest_group": 3, "contests": contests}
        )
        self.life = Life(definition, 2)
        self.pipeline = Pipeline(kafka, folder, redis=redis)
        self.rankings = rankings
        self.begun: dict[str, int] = {}
        """How long each service's log was when voting began: before that it speaks of Kafka."""
        self.positions: dict[str, float] = {}
        """The metrics then: how many records an opening becomes in derived topics depends on the moment."""

    async def vote(self) -> None:
        """Start everything, and cast all ballots but one elector's twice; one elector is voided."""
        pipeline = self.pipeline
        monitor = str(ports.free_ports(1)[0])
        for service in SERVICES:
            pipeline.start(
                service,
                operator_token="a token only for tests",
                monitor_port=monitor,
                public_url="https://results.example",
            )
        records = await pipeline.begin(self.life)
        await pipeline.announce(self.life, Phase.OPEN)
        for service in SERVICES:
            pipeline.wait_ready(service, bound_s=READY_BOUND_S)
        await self.shown(records)
        await asyncio.sleep(3 * REPORT_EVERY_S)  # gauges are set at each report
        self.begun = {service: len(self.log(service)) for service in SERVICES}
        self.positions = self.gauges()
        for number, elector in enumerate([*range(ELECTORS), 0], start=1):
            await self._cast(elector, ballot=number)  # the last one is a second vote
            await self.shown(records + number)  # so that each is a record of its own in every topic
        await pipeline.control(self.life.ordered(ElectorVoided, elector=OUT, reason=REASON))
        await self.shown(records + ELECTORS + 1 + pipeline.shards)
        await asyncio.sleep(3 * REPORT_EVERY_S)

    def gauges(self) -> dict[str, float]:
        """Return the value of each metric of each service."""
        found: dict[str, float] = {}
        for service in SERVICES:
            for line in self.get("/metrics", service)[1].splitlines():
                name, _, value = line.rpartition(" ")
                on_disk = name.startswith(
                    "livecount_broker_free_bytes"
                )  # the room of both elections together
                if name.startswith("livecount") and "_created" not in name and not on_disk:
                    found[f"{service} {name}"] = float(value)
        return found

    async def _cast(self, elector: int, ballot: int) -> None:
        form = {"ballot_id": f"{ballot:032x}", "code": self.life.code(elector), "rankings": self.rankings}
        url = f"http://127.0.0.1:{self.pipeline.port('intake')}/v1/elections/picnic/ballots"
        request = urllib.request.Request(url, json.dumps(form).encode(), {"Content-Type": "application/json"})
        for _ in range(50):
            try:
                with await asyncio.to_thread(urllib.request.urlopen, request, timeout=20):
                    return
            except urllib.error.HTTPError as answer:
                with answer:
                    if answer.code not in (404, 503):
                        raise
                await asyncio.sleep(0.2)
        raise AssertionError(f"ballot of {elector} not taken\n{self.pipeline.logs()}")

    async def shown(self, sequence: int) -> Standing:
        """Return the standing of fruit once its page covers so many records in both contests."""
        async with asyncio.timeout(60):
            while True:
                found = [
                    self.get(f"/v1/elections/picnic/contests/{contest}/standing")[1]
                    for contest in ("fruit", "drink")
                ]
                standings = [Standing.model_validate_json(body) for body in found if body]
                if [of.sequence for of in standings] == [sequence] * 2:
                    return standings[0]
                await asyncio.sleep(0.2)

    def log(self, service: str) -> str:
        """Return what a service has logged."""
        return (self.pipeline.folder / f"{service}-1.log").read_text()

    def get(self, path: str, service: str = "results") -> tuple[dict[str, str], str]:
        """Return headers and body, empty if there is nothing."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.pipeline.port(service)}{path}", timeout=10
            ) as got:
                return dict(got.headers), got.read().decode()
        except urllib.error.HTTPError as answer:
            with answer:
                return {}, ""

    def public(self) -> dict[str, object]:
        """Return everything that can be read, without the moment and the deployment it is read from."""
        out: dict[str, object] = {}
        for path in PUBLIC:
            headers, body = self.get(path)
            kept = {name: value for name, value in headers.items() if name.lower() not in CLOCKS}
            out[path] = (kept, self.neutral(body))
        out["feed"] = self.first_event()
        out["metrics"] = {
            self.neutral(name): value - self.positions.get(name, 0.0) for name, value in self.gauges().items()
        }
        for service in SERVICES:
            ready = json.loads(self.neutral(self.get("/ready", service)[1]))
            out[f"{service}'s readiness"] = {**ready, "launch": ""}
            out[f"{service}'s log"] = sorted(
                {self.neutral(line) for line in self.log(service)[self.begun[service] :].splitlines()}
            )
        return out

    def first_event(self) -> str:
        """Return the standing that the feed begins with."""
        url = f"http://127.0.0.1:{self.pipeline.port('results')}/v1/elections/picnic/contests/fruit/stream"
        with urllib.request.urlopen(url, timeout=10) as stream:
            return "".join(stream.readline().decode() for _ in range(4))

    def neutral(self, text: str) -> str:
        """Return a text without moments, ports and the namespace."""
        text = MOMENT.sub("MOMENT", text.replace(self.pipeline.namespace, "NAMESPACE"))
        return re.sub(r":\d{4,5}\b|pid=\d+|\[\d+\]", "", text.replace(str(self.pipeline.folder), "FOLDER"))


@pytest.fixture(scope="module")
def runs(
    kafka: EmbeddedKafka, valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Run]]:
    """Two elections in which everybody has voted: for apples, and for bananas."""
    folder = tmp_path_factory.mktemp("embargo")
    found = [
        Run(kafka.bootstrap, valkey.url, folder / name, rankings)
        for name, rankings in (("apples", APPLE), ("bananas", BANANA))
    ]
    try:
        for run in found:
            asyncio.run(run.pipeline.create())
        with ThreadPoolExecutor() as side_by_side:
            list(side_by_side.map(lambda run: asyncio.run(run.vote()), found))
        yield found
    finally:
        for run in found:
            run.pipeline.stop()


async def test_nothing_that_can_be_read_before_the_close_shows_how_anybody_voted(runs: list[Run]) -> None:
    """Pages, exports, feed, headers, metrics, readiness and logs are equal; the results, then, are not."""
    ours, theirs = (run.public() for run in runs)
    for name, found in ours.items():
        assert found == theirs[name], name
    assert "livecount_intake_recorded_total" in str(ours["metrics"])

    results = []
    for run in runs:
        before = await run.shown(_sequence(run))
        await run.pipeline.control(run.life.closed())
        results.append(await run.shown(before.sequence + run.pipeline.shards))
    assert [of.elected for of in results] == [("apple",), ("banana",)]


async def test_no_topic_and_no_file_names_the_elector_whose_ballot_was_taken_out(runs: list[Run]) -> None:
    """Nor holds it the ballot's id, the code or the reason beside a ranking. Only validation keeps who voted how, for itself."""
    run = runs[0]
    life, pipeline = run.life, run.pipeline
    ballot = f"{OUT + 1:032x}"
    named = [life.code(OUT).encode(), life.secret_of(OUT), ballot.encode(), bytes.fromhex(ballot)]
    named += [f'"elector":{OUT}'.encode()]
    assert _holds(await _topic(pipeline, BALLOTS_CAST.name(pipeline.namespace)), named)
    for topic in TOPICS:
        if topic is not BALLOTS_CAST:
            records = await _topic(pipeline, topic.name(pipeline.namespace))
            assert not _holds(records, named), topic.noun
            beside = [value for value in records if b"0>>3" in value and REASON.encode() in value]
            assert not beside, topic.noun
    kept = [path for path in pipeline.folder.rglob("*") if path.is_file()]
    secret = [path for path in kept if _holds([path.read_bytes()], named)]
    assert all("validation" in path.parts[len(pipeline.folder.parts)] for path in secret), secret
    assert secret
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o077 == 0 for path in secret), secret


def _sequence(run: Run) -> int:
    return Standing.model_validate_json(run.get("/v1/elections/picnic/contests/fruit/standing")[1]).sequence


async def _topic(pipeline: Pipeline, name: str) -> list[bytes]:
    return [value for shard in await read_topic(pipeline.kafka, name) for value in shard]


def _holds(records: list[bytes], named: list[bytes]) -> bool:
    return any(needle in value for value in records for needle in named)
