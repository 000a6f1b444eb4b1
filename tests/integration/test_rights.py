"""Kafka, Redis and HTTP over TLS, each service with its own certificate: all of it works, and nobody may do more than it must.

The brokers are Apache Kafka's own, with mutual TLS on every listener and the standard authorizer.
"""

import asyncio
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError
from aiokafka.protocol.admin import CreateAclsRequest
from redis import Redis
from redis.exceptions import AuthenticationError, RedisError

from infra.local import ports
from infra.local.certificates import identity, make_certificates
from infra.local.deployment import DEFAULT_PORTS, SERVICES, plan
from infra.local.kafka import API_VERSIONS, EmbeddedKafka
from infra.local.stack import Stack
from infra.local.topics import TopicError, create_topics, grant
from infra.local.valkey import EmbeddedValkey
from services.cli.clients.ballots import BallotClient
from services.cli.clients.keys import KeyRing
from services.cli.clients.operator import Officer, OperatorClient, Patience
from shared.contract.codec import decode_cast
from shared.contract.events import SignedRecord
from shared.contract.lifecycle import Command
from shared.contract.rights import FOUNDER, PRINCIPALS, Right, rights
from shared.contract.topics import (
    BALLOTS_CAST,
    BALLOTS_JUDGED,
    COUNTS_PUBLISHED,
    TOPICS,
    TopicSpec,
    topic_specs,
)
from shared.runtime.kafka.connection import Brokers, Identity, client_options
from shared.runtime.kafka.reader import open_reader, read_record
from shared.runtime.kafka.sink import open_sink
from shared.runtime.log import LogAway, Outgoing, SendFailed
from tests.chaos.proxy import Proxy
from tests.support.elections import OFFICER, ROOT, Life, election
from tests.support.pipeline import Pipeline
from tests.unit.cli.front import livecount

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(240)]

TOKEN = "a-token-only-for-tests"
PASSWORD = "a password only for tests"
BOUND_S = 30.0
BALLOTS = 12
TLS_ALERT = b"\x15"
NOW = datetime.fromtimestamp(time.time(), UTC)
STRANGER = "stranger"
"""Somebody with a certificate of the authority's, whom nobody granted anything."""


TRIAL = "trial"
"""A namespace in which rights are tried: what is written there disturbs no service."""
TRIED = [topic.name(TRIAL) for topic in TOPICS]


@dataclass
class Secured:
    """Servers that let nobody in without a certificate, and a deployment on them."""

    kafka: EmbeddedKafka
    redis: str
    certificates: Path
    pipeline: Pipeline
    taken_away: list[str]

    def brokers(self, principal: str) -> Brokers:
        """Return Kafka as a principal reaches it."""
        return Brokers(self.kafka.bootstrap, identity(self.certificates, principal))

    @property
    def trusted(self) -> ssl.SSLContext:
        """What trusts the deployment's authority and shows no certificate."""
        return ssl.create_default_context(cafile=self.certificates / "ca.crt")


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A Kafka and a Valkey that ask who is there; topics, rights and the log made by the founder."""
    folder = tmp_path_factory.mktemp("secured")
    certificates = folder / "certificates"
    make_certificates(certificates, NOW)
    make_certificates(certificates, NOW, holders=[STRANGER])
    password = certificates / "valkey.password"
    password.write_text(PASSWORD)
    with (
        EmbeddedKafka(folder / "kafka", certificates=certificates) as kafka,
        EmbeddedValkey(folder / "valkey", password=password) as valkey,
        _tls_before(valkey, certificates) as redis,
    ):
        founder = Brokers(kafka.bootstrap, identity(certificates, FOUNDER))
        pipeline = Pipeline(founder, folder, redis=redis, certificates=certificates)
        try:
            yield Secured(kafka, redis, certificates, pipeline, asyncio.run(_prepare(pipeline, founder)))
        finally:
            pipeline.stop()


@contextmanager
def _tls_before(valkey: EmbeddedValkey, certificates: Path) -> Iterator[str]:
    """Give a URL that is reached over TLS alone: the embedded Valkey knows none, so it is ended before it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / "valkey.crt", certificates / "valkey.key")
    with asyncio.Runner() as runner:
        proxy, ended = Proxy(valkey.port, context), asyncio.Event()
        listening = threading.Event()

        async def serve() -> None:
            async with proxy:
                listening.set()
                await ended.wait()

        thread = threading.Thread(target=runner.run, args=(serve(),))
        thread.start()
        try:
            assert listening.wait(BOUND_S)
            yield f"rediss://{ports.LOOPBACK}:{proxy.port}/0"
        finally:
            runner.get_loop().call_soon_threadsafe(ended.set)
            thread.join()


async def _prepare(pipeline: Pipeline, founder: Brokers) -> list[str]:
    """Make two namespaces; in the one of the trials a right too many is granted first, as somebody might by hand."""
    await pipeline.create()
    await grant(founder, pipeline.namespace, rights(pipeline.namespace))
    await create_topics(founder, topic_specs(TRIAL, shards=1, contest_partitions=1, replication=1))
    sink = await open_sink(founder)
    await sink.send([Outgoing(name, 0, b"key", b"founder's") for name in TRIED])
    await sink.stop()
    await grant(founder, TRIAL, [BEYOND])
    await grant(founder, f"{TRIAL}-2", [ELSEWHERE])
    admin = AIOKafkaAdminClient(**client_options(founder))
    await admin.start()
    for acl in BY_HAND:
        await admin._send_request(CreateAclsRequest(*acl))  # aiokafka has no method for it
    await admin.close()
    return await grant(founder, TRIAL, rights(TRIAL))


ELSEWHERE = Right("results", "Write", "topic", COUNTS_PUBLISHED.name(f"{TRIAL}-2"))
BY_HAND = (
    (2, "*", 3, "User:stranger", "*", 3, 3),  # may read every topic
    (2, "tri", 4, "User:stranger", "*", 4, 3),  # may write what begins so
    (3, f"{TRIAL}.validation", 3, "User:validation", "*", 3, 2),  # may not join its own group
)
BEYOND = Right("results", "Write", "topic", COUNTS_PUBLISHED.name(TRIAL))


def test_what_is_not_in_the_table_is_taken_away(secured: Secured) -> None:
    """The rights on the brokers become the table's; granting them again changes nothing."""
    assert secured.taken_away == [
        "stranger may read topic *",
        "stranger may write topic whose name begins with tri",
        str(BEYOND),
        f"validation may not read group {TRIAL}.validation",
    ]
    assert asyncio.run(grant(secured.brokers(FOUNDER), TRIAL, rights(TRIAL))) == []
    assert asyncio.run(grant(secured.brokers(FOUNDER), f"{TRIAL}-2", [])) == [str(ELSEWHERE)]


def test_one_command_makes_topics_and_rights(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what it granted, and what it took away; a service's certificate does not do."""
    for holder in (FOUNDER, "operator"):
        files = identity(secured.certificates, holder)
        for name, value in (
            *(("kafka", secured.kafka.bootstrap), ("namespace", "by-command"), ("shards", "1")),
            *(("kafka_authority", files.authority), ("kafka_certificate", files.certificate)),
            ("kafka_key", files.key),
        ):
            monkeypatch.setenv(f"LIVECOUNT_{name.upper()}", str(value))
        if holder == FOUNDER:
            made = livecount("topics", "--acls")
    refused = livecount("topics", "--acls")

    granted = [line.removeprefix("granted: ") for line in made.stdout.splitlines() if "granted" in line]
    assert made.exit_code == 0, made.stderr
    assert granted == livecount("rights", "--namespace", "by-command").stdout.splitlines()
    assert "intake may write topic by-command.livecount.ballots.cast.v2" in granted
    assert "taken away" not in made.stdout
    assert refused.exit_code == 2
    assert "(error 29)" in refused.stderr or "(error 31)" in refused.stderr, refused.stderr


@pytest.mark.parametrize("principal", [*PRINCIPALS, STRANGER])
def test_each_service_writes_and_reads_its_own_topics_and_no_other(secured: Secured, principal: str) -> None:
    """Every pair of service and topic is tried, in both ways: what is not in the table is refused."""
    granted = {(of.operation, of.name) for of in rights(TRIAL) if of.principal == principal}

    assert asyncio.run(_tried(secured.brokers(principal))) == {pair for pair in granted if pair[1] in TRIED}


async def _tried(brokers: Brokers) -> set[tuple[str, str]]:
    """Return what was not refused."""
    pairs = [(how, name) for how in ("Read", "Write") for name in TRIED]
    may = await asyncio.gather(*(_MAY[how](brokers, name) for how, name in pairs))
    return {pair for pair, allowed in zip(pairs, may, strict=True) if allowed}


async def _may_write(brokers: Brokers, topic: str) -> bool:
    """Return whether a record is taken. Who may write nothing at all is given no producer, either."""
    try:
        sink = await open_sink(brokers)
    except LogAway as refused:
        if "ClusterAuthorizationFailedError" not in str(refused):
            raise
        return False
    try:
        await sink.send([Outgoing(topic, 0, b"key", b"value")])
    except SendFailed as refused:
        if "TopicAuthorizationFailedError" not in str(refused):
            raise
        return False
    else:
        return True
    finally:
        await sink.stop()


async def _may_read(brokers: Brokers, topic: str) -> bool:
    """Return whether the record that everybody would like to read is given out."""
    try:
        return await read_record(brokers, topic, 0, 0) == b"founder's"
    except LogAway as refused:
        if not re.search("TopicAuthorizationFailedError|no topic", str(refused)):
            raise
        return False


_MAY = {"Read": _may_read, "Write": _may_write}


def test_a_service_joins_no_group_of_another(secured: Secured) -> None:
    """Whoever could join validation's group could take its shards away from it."""

    async def join(principal: str) -> None:
        consumer = AIOKafkaConsumer(
            BALLOTS_CAST.name(TRIAL),
            **client_options(secured.brokers(principal)),
            group_id=f"{TRIAL}.validation",
        )
        try:
            async with asyncio.timeout(BOUND_S):
                await consumer.start()
        finally:
            await consumer.stop()

    asyncio.run(join("validation"))
    with pytest.raises(GroupAuthorizationFailedError):
        asyncio.run(join("operator"))


def test_no_service_makes_topics_or_rights(secured: Secured) -> None:
    """Only the founder does, whose certificate no service has."""
    spec = TopicSpec(f"{TRIAL}.of-its-own", 1, 1, {})
    own = Right("operator", "Write", "topic", BALLOTS_JUDGED.name(TRIAL))

    with pytest.raises(TopicError, match=r"\(error (29|31)\)"):
        asyncio.run(create_topics(secured.brokers("operator"), [spec]))
    with pytest.raises(TopicError, match=r"\(error (29|31)\)"):
        asyncio.run(grant(secured.brokers("operator"), TRIAL, [*rights(TRIAL), own]))


def test_without_a_certificate_nothing_is_answered(secured: Secured, tmp_path: Path) -> None:
    """In plain, over TLS without a certificate, or with one of another authority: Kafka says nothing at all."""
    make_certificates(tmp_path, NOW)
    forged = Identity(
        secured.certificates / "ca.crt", tmp_path / f"{FOUNDER}.crt", tmp_path / f"{FOUNDER}.key"
    ).context()
    port, own = secured.kafka.brokers[0].port, secured.brokers(STRANGER).identity
    assert own is not None

    assert ports.answers(port, API_VERSIONS, tls=own.context())
    with socket.create_connection((ports.LOOPBACK, port), BOUND_S) as plain:
        plain.sendall(API_VERSIONS)
        assert plain.recv(64)[:1] in (b"", TLS_ALERT)
    assert not ports.answers(port, API_VERSIONS, tls=secured.trusted)
    assert not ports.answers(port, API_VERSIONS, tls=forged)
    with pytest.raises(LogAway):
        asyncio.run(open_reader(secured.kafka.bootstrap, BALLOTS_CAST.name(TRIAL)))


def test_a_broker_of_another_authority_is_not_spoken_to(secured: Secured, tmp_path: Path) -> None:
    """Who stands in for Kafka without its certificate gets no ballot."""
    make_certificates(tmp_path, NOW)
    mistrusting = Brokers(secured.kafka.bootstrap, identity(tmp_path, "intake"))

    with pytest.raises(LogAway):
        asyncio.run(open_sink(mistrusting))


def test_redis_asks_for_tls_and_the_password(secured: Secured) -> None:
    """In plain nobody is heard; without the password nobody is served."""
    authority = str(secured.certificates / "ca.crt")
    with Redis.from_url(secured.redis, ssl_ca_certs=authority, password=PASSWORD) as client:
        assert client.ping()
    nameless = Redis.from_url(secured.redis, ssl_ca_certs=authority)
    with nameless as client, pytest.raises(AuthenticationError):
        client.ping()
    plain = Redis.from_url(secured.redis.replace("rediss", "redis"), password=PASSWORD, socket_timeout=1)
    with plain as client, pytest.raises(RedisError):
        client.ping()


def test_a_whole_election_is_held_with_every_service_under_its_own_name(
    secured: Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Configured, opened, cast, counted, shown, recounted and certified: over TLS all the way."""
    pipeline = secured.pipeline
    own = {
        "redis_authority": str(secured.certificates / "ca.crt"),
        "redis_password": str(secured.certificates / "valkey.password"),
    }
    monitor = {"operator_token": TOKEN, "monitor_port": str(ports.free_ports(1)[0])}
    for service, settings in (
        *(("validation", {}), ("counting", {}), ("intake", {})),
        *(("results", own), ("operator", monitor)),
    ):
        pipeline.start(service, **settings)
    for service in ("validation", "counting", "intake", "results", "operator"):
        pipeline.wait_ready(service)

    standing = asyncio.run(_hold(secured))

    assert standing["status"] == "certified", pipeline.logs()
    assert standing["balance"]["accepted"] == BALLOTS
    assert standing["elected"] == ["apple"]
    monkeypatch.setenv("LIVECOUNT_OPERATOR_TOKEN", TOKEN)
    monkeypatch.setenv("LIVECOUNT_OPERATOR_URL", pipeline.url("operator"))
    assert "certificate verify failed" in livecount("status").stderr
    monkeypatch.setenv("SSL_CERT_FILE", str(secured.certificates / "ca.crt"))
    assert "picnic" in livecount("status").stdout
    for service in ("intake", "results", "operator"):
        with pytest.raises(httpx.TransportError):
            httpx.get(pipeline.url(service).replace("https", "http") + "/ready", trust_env=False)


async def _hold(secured: Secured) -> dict[str, Any]:
    """Hold an election of BALLOTS ballots; return its final standing as results shows it."""
    pipeline, life = secured.pipeline, Life(election(), secured.pipeline.shards)
    name = life.definition.id
    async with httpx.AsyncClient(verify=secured.trusted, trust_env=False, timeout=BOUND_S) as http:
        officer = Officer(KeyRing.of(OFFICER, ROOT), "ada", "as agreed")
        operator = OperatorClient(http, pipeline.url("operator"), TOKEN, officer, Patience(tries=40))
        await operator.configure(life.definition)
        await operator.open(name, life.whole_roll())
        ballots = BallotClient(http, f"{pipeline.url('intake')}/v1/elections/{name}/ballots")
        await ballots.cast(
            [_body(life, n) for n in range(BALLOTS)], lambda _, a: a.status == "recorded", bulk=True
        )
        await operator.order(name, Command.CLOSE)
        await operator.certify(name, until_final_s=BOUND_S)
        where = f"{pipeline.url('results')}/v1/elections/{name}/contests/fruit/standing"
        for _ in range(int(BOUND_S * 10)):
            answer = await http.get(where)
            if answer.status_code == 200 and answer.json()["status"] == "certified":
                break
            await asyncio.sleep(0.1)
        monitored = {of["service"] for of in (await operator.monitor())["shards"]}
    assert {"validation", "counting.tally"} <= monitored
    found: dict[str, Any] = answer.json()
    return found


def _body(life: Life, elector: int) -> bytes:
    rankings = {"fruit": [["apple"], ["banana"]], "drink": [["water"]]}
    ballot = {"ballot_id": f"{elector:032x}", "code": life.code(elector), "rankings": rankings}
    return json.dumps(ballot).encode()


def test_all_of_livecount_on_one_machine_uses_a_kafka_that_asks_who_is_there(
    secured: Secured, tmp_path: Path
) -> None:
    """As `livecount up --kafka … --certificates …` does: topics, rights and log are made, every service has its own name."""
    chosen = dict(zip(DEFAULT_PORTS, ports.free_ports(len(DEFAULT_PORTS)), strict=True))
    what = plan(
        tmp_path / "data",
        "machine",
        chosen,
        kafka=secured.kafka.bootstrap,
        redis="redis://127.0.0.1:1/0",
        certificates=secured.certificates,
    )
    topic = BALLOTS_CAST.name("machine")

    async def run() -> None:
        async with Stack(what) as stack:
            assert set(stack.services) == set(SERVICES)
            assert what.settings["LIVECOUNT_KAFKA_CERTIFICATE"] == str(secured.certificates / "audit.crt")
            assert isinstance(
                decode_cast(await read_record(secured.brokers("audit"), topic, 0, 0)), SignedRecord
            )
            assert not await _may_read(secured.brokers("intake"), topic)

    asyncio.run(run())
