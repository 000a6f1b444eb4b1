"""Kafka and Valkey out of Python packages: real, locked, restartable, side by side, and never left behind."""

import asyncio
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from redis.asyncio import Redis

from infra.local import jars, ports
from infra.local.kafka import API_VERSIONS, EmbeddedKafka
from infra.local.process import Child, ChildFailedError, wait_until
from infra.local.supervision import Kept
from infra.local.topics import TopicError, create_topics
from infra.local.valkey import EmbeddedValkey
from shared.contract.topics import TopicSpec

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(120)]

RECORDS = [f"record {n}".encode() for n in range(1_000)]
FETCH_BOUND_MS = 10_000
ORPHAN_BOUND_S = 5.0
HEAL_BOUND_S = 5.0
# A parent that starts a broker, prints its port, and waits to be killed.
PARENT = """
import sys, time
from pathlib import Path
from infra.local.kafka import EmbeddedKafka
kafka = EmbeddedKafka(Path(sys.argv[1]))
kafka.start()
print(kafka.brokers[0].port, flush=True)
time.sleep(60)
"""
# Somebody who looks for a port, and has not begun to listen on it.
SEEKER = "from infra.local.ports import free_ports; print(*free_ports(1), flush=True); input()"
# A supervisor of a part that ignores SIGTERM and would be waited for longer than any test.
PATIENT = """
import asyncio, sys
from pathlib import Path
from infra.local.process import Child
from infra.local.stack import cancel_on_signals
from infra.local.supervision import Kept

class Deaf:
    children = [Child("deaf", ["sh", "-c", "trap '' TERM; echo deaf; exec sleep 60"], Path(sys.argv[1]))]
    def start(self):
        self.children[0].spawn()
        self.children[0].wait_ready(lambda: self.children[0].tail() == "deaf", bound_s=5)
    def stop(self):
        self.children[0].stop(bound_s=60)

async def up():
    cancel_on_signals()
    kept = Kept("deaf", Deaf(), str)
    await kept.start()
    print("up", flush=True)
    try:
        await asyncio.Event().wait()
    finally:
        print("stopping", flush=True)
        await kept.stop()

asyncio.run(up())
"""


class Unfetched:
    """A part that starts, cannot be fetched when it is started again, and then can."""

    def __init__(self, log: Path) -> None:
        self.children = [Child("unfetched", ["sleep", "60"], log)]
        self.starts = 0

    def start(self) -> None:
        """Start it, but for the second time."""
        self.starts += 1
        if self.starts == 2:
            raise jars.JarError("cannot fetch it")
        self.children[0].spawn()

    def stop(self) -> None:
        """Stop it."""
        self.children[0].stop(bound_s=5)


def topic(partitions: int = 2) -> TopicSpec:
    """Return a topic that no other test uses."""
    return TopicSpec(f"embedded-{time.monotonic_ns()}", partitions, 1, {"retention.ms": "-1"})


async def produce(bootstrap: str, name: str) -> None:
    """Write RECORDS to partition 0, idempotently, each acknowledged."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")
    async with producer:
        for sent in [await producer.send(name, record, partition=0) for record in RECORDS]:
            await sent


async def consume(bootstrap: str, name: str) -> list[bytes]:
    """Return the values in partition 0, as many as RECORDS, or fewer if no more come within the bound."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, auto_offset_reset="earliest", enable_auto_commit=False
    )
    found: list[bytes] = []
    async with consumer:
        consumer.assign([TopicPartition(name, 0)])
        while len(found) < len(RECORDS):
            batches = await consumer.getmany(timeout_ms=FETCH_BOUND_MS)
            if not batches:
                break
            found += [record.value for batch in batches.values() for record in batch]
    return found


def lets_go(log: Path) -> bool:
    """Return whether no process holds the log any more."""
    heir = Child("heir", ["true"], log)
    try:
        heir.spawn()
    except ChildFailedError:
        return False
    heir.stop(bound_s=5)
    return True


@pytest.mark.asyncio
async def test_records_are_read_back_as_they_were_written(kafka: EmbeddedKafka) -> None:
    """The broker serves an idempotent producer that waits for all acknowledgements, and a consumer."""
    spec = topic()
    await create_topics(kafka.bootstrap, [spec])
    await produce(kafka.bootstrap, spec.name)

    assert await consume(kafka.bootstrap, spec.name) == RECORDS


@pytest.mark.asyncio
async def test_topics_are_created_once_and_keep_their_partitions(kafka: EmbeddedKafka) -> None:
    """Asking again changes nothing; asking for other partitions, or the impossible, is an error that names the topic."""
    spec = topic(partitions=2)
    await create_topics(kafka.bootstrap, [spec])
    await create_topics(kafka.bootstrap, [spec, topic()])

    with pytest.raises(TopicError, match=f"{spec.name} exists with 2 partitions where 3 are declared"):
        await create_topics(kafka.bootstrap, [TopicSpec(spec.name, 3, 1, {})])
    with pytest.raises(TopicError, match=r"too-wide could not be created: .*replication"):
        await create_topics(kafka.bootstrap, [TopicSpec("too-wide", 1, 3, {})])


@pytest.mark.asyncio
@pytest.mark.parametrize("end", [EmbeddedKafka.stop, EmbeddedKafka.kill], ids=["stopped", "killed"])
async def test_a_broker_finds_its_data_again(tmp_path: Path, end: Callable[[EmbeddedKafka], None]) -> None:
    """However it ended, and though its ports are others now: what was acknowledged is there."""
    spec = topic()
    first = EmbeddedKafka(tmp_path)
    first.start()
    await create_topics(first.bootstrap, [spec])
    await produce(first.bootstrap, spec.name)
    end(first)

    with EmbeddedKafka(tmp_path) as second:
        assert first.bootstrap != second.bootstrap
        assert await consume(second.bootstrap, spec.name) == RECORDS


@pytest.mark.asyncio
async def test_two_brokers_side_by_side_know_nothing_of_each_other(
    kafka: EmbeddedKafka, tmp_path: Path
) -> None:
    """One name in two clusters is two topics."""
    spec = topic()
    with EmbeddedKafka(tmp_path) as other:
        for cluster, partitions in ((kafka, 2), (other, 5)):
            await create_topics(cluster.bootstrap, [TopicSpec(spec.name, partitions, 1, {})])
            await create_topics(cluster.bootstrap, [TopicSpec(spec.name, partitions, 1, {})])
        assert kafka.cluster_id != other.cluster_id


@pytest.mark.asyncio
async def test_three_brokers_serve_while_one_is_dead(tmp_path: Path) -> None:
    """Two of three replicas are enough to acknowledge, and the dead one comes back."""
    spec = TopicSpec("three", 1, 3, {})
    cluster = EmbeddedKafka(tmp_path, brokers=3)
    cluster.start()
    try:
        await create_topics(cluster.bootstrap, [spec])
        cluster.brokers[0].child.kill()
        await produce(cluster.bootstrap, spec.name)
        cluster.start()
        assert await consume(cluster.bootstrap, spec.name) == RECORDS
    finally:
        cluster.kill()


def test_a_folder_in_use_is_left_alone(kafka: EmbeddedKafka) -> None:
    """A second broker on it would start as controller and spoil the first one's metadata: it is never started."""
    intruder = EmbeddedKafka(kafka.data)
    with pytest.raises(
        ChildFailedError, match=r"kafka-1 cannot start: a process that runs holds .*broker\.log"
    ):
        intruder.start()

    assert not intruder.children[0].running
    assert ports.answers(kafka.brokers[0].port, API_VERSIONS)


def test_a_broker_that_cannot_start_fails_with_the_end_of_its_log(tmp_path: Path) -> None:
    """The message holds the broker's own words."""
    broker = EmbeddedKafka(tmp_path)
    broker.start()
    broker.stop()
    (tmp_path / "node-1" / "log" / "meta.properties").write_text("version=1\nnode.id=7\n")

    with pytest.raises(
        ChildFailedError, match=r"(?s)kafka-1 ended with exit code 1.*cluster\.id was not found"
    ):
        broker.start()


def test_a_port_in_use_is_named(kafka: EmbeddedKafka, tmp_path: Path) -> None:
    """Another program's answers must not pass for those of ours."""
    with pytest.raises(OSError, match=f"port {kafka.brokers[0].port} of 127.0.0.1 is taken"):
        EmbeddedKafka(tmp_path, port=kafka.brokers[0].port).start()


def test_a_port_that_one_process_was_given_is_given_to_no_other() -> None:
    """From the moment on that it is found, though nothing listens on it yet, until that process ends."""
    with subprocess.Popen(
        [sys.executable, "-c", SEEKER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as seeker:
        assert seeker.stdout is not None
        port = int(seeker.stdout.readline())
        ports.require_free(port)
        assert not ports.claim(port)
        seeker.communicate("\n")
    assert ports.claim(port)


@pytest.mark.usefixtures("kafka")
def test_a_tampered_jar_is_refused(tmp_path: Path) -> None:
    """One changed byte: the jar is named, with the checksum expected and the one found."""
    lock = [jar for jar in jars.read_lock() if jar.artifact == "slf4j-simple"]
    copy = Path(shutil.copy(jars.cache_folder() / lock[0].filename, tmp_path))
    assert jars.class_path(lock, tmp_path) == str(copy)
    content = bytearray(copy.read_bytes())
    content[100] ^= 1
    copy.write_bytes(content)

    with pytest.raises(
        jars.JarError, match=rf"org\.slf4j:slf4j-simple.*expected SHA-256 {lock[0].sha256}, found"
    ):
        jars.class_path(lock, tmp_path)


def test_a_malformed_lock_names_its_line(tmp_path: Path) -> None:
    """The place, what was expected, and what was found."""
    lock = tmp_path / "jars.lock"
    lock.write_text("# made by hand\norg.slf4j:slf4j-simple 1.7.36\n")

    with pytest.raises(jars.JarError, match=r"jars\.lock:2: expected 'group:artifact:version sha256', found"):
        jars.read_lock(lock)


def test_a_broker_dies_with_its_parent(tmp_path: Path) -> None:
    """Kill -9 of the parent, which can tidy up nothing, takes the broker along."""
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    port = int(parent.stdout.readline())
    assert ports.answers(port, API_VERSIONS)
    parent.kill()
    parent.communicate()

    assert wait_until(lambda: not ports.answers(port, API_VERSIONS), ORPHAN_BOUND_S)


def test_what_a_child_writes_is_for_its_owner_only(tmp_path: Path) -> None:
    """Its files and folders, and its log, whatever this process's own mask is."""
    made = tmp_path / "logs" / "made"
    child = Child(
        "writer",
        ["sh", "-c", f"mkdir {made} && echo one > {made}/two && exec sleep 60"],
        tmp_path / "logs" / "log",
    )
    child.spawn()
    try:
        child.wait_ready((made / "two").exists, 5.0)
        found = {
            path.name: path.stat().st_mode & 0o077
            for path in (child.log.parent, child.log, made, made / "two")
        }
    finally:
        child.kill()
    assert found == {"logs": 0, "log": 0, "made": 0, "two": 0}


def test_a_child_that_will_not_stop_is_killed(tmp_path: Path) -> None:
    """A process that ignores SIGTERM is gone once the bound has passed."""
    child = Child("deaf", ["sh", "-c", "trap '' TERM; echo deaf; exec sleep 60"], tmp_path / "deaf.log")
    child.spawn()
    child.wait_ready(lambda: child.tail() == "deaf", bound_s=5)
    child.stop(bound_s=0.1)

    assert child.ending == "signal SIGKILL"


def test_a_child_that_is_never_ready_is_ended_within_the_bound(tmp_path: Path) -> None:
    """The failure names the bound and holds what this run wrote, not what an earlier one did."""
    (tmp_path / "mute.log").write_text("an earlier run\n")
    child = Child("mute", ["sh", "-c", "echo alive; exec sleep 60"], tmp_path / "mute.log")
    child.spawn()
    with pytest.raises(ChildFailedError, match=r"mute was not ready within 0\.5 s.*:\nalive$"):
        child.wait_ready(lambda: False, bound_s=0.5)

    assert not child.running


@pytest.mark.asyncio
async def test_a_part_that_cannot_be_fetched_is_tried_again(tmp_path: Path) -> None:
    """A jar that is missing or spoilt when a part is started again is reported, and is no reason to give up."""
    part = Unfetched(tmp_path / "part.log")
    said: list[str] = []
    kept = Kept("part", part, said.append)
    await kept.start()
    keeping = asyncio.create_task(kept.keep())
    part.children[0].kill()
    healed = await asyncio.to_thread(
        wait_until, lambda: part.starts == 3 and part.children[0].running, HEAL_BOUND_S
    )
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)
    await kept.stop()

    assert healed
    assert "cannot fetch it" in said


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_everything_at_once(tmp_path: Path, signum: signal.Signals) -> None:
    """Who cannot wait for an orderly end need not: the supervisor and its child are gone."""
    log = tmp_path / "deaf.log"
    command = [sys.executable, "-c", PATIENT, str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout is not None
        try:
            for line in ("up", "stopping"):
                assert parent.stdout.readline() == f"{line}\n"
                parent.send_signal(signum)
            assert wait_until(lambda: parent.poll() is not None, ORPHAN_BOUND_S)
        finally:
            parent.kill()

    assert parent.returncode == -signum
    assert wait_until(lambda: lets_go(log), ORPHAN_BOUND_S)


@pytest.mark.asyncio
async def test_valkey_serves_and_forgets(valkey: EmbeddedValkey, tmp_path: Path) -> None:
    """It is a cache: what it held is gone after a restart, at the same address."""
    with EmbeddedValkey(tmp_path) as own:
        assert own.url != valkey.url
        async with Redis.from_url(own.url) as client:
            await client.set("standing", "1")
            assert await client.get("standing") == b"1"
        own.stop()
        own.start()
        async with Redis.from_url(own.url) as client:
            assert await client.get("standing") is None
