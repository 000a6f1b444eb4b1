"""A deployment of a test's own: a namespace on the shared Kafka, and real service processes."""

import asyncio
import json
import os
import signal
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from infra.local import ports
from infra.local.certificates import identity
from infra.local.process import Child
from infra.local.topics import create_topics
from shared.contract.codec import decode_as, encode
from shared.contract.elections import Phase
from shared.contract.standings import Standing
from shared.contract.topics import (
    BALLOTS_CAST,
    COUNTS_PUBLISHED,
    ELECTIONS_ANNOUNCED,
    ROLLS_COMMITTED,
    Topic,
    topic_specs,
)
from shared.runtime.kafka.connection import Brokers
from shared.runtime.kafka.founding import found_log
from shared.runtime.kafka.reader import WAIT_MS, open_reader
from shared.runtime.kafka.sink import Item, send_all, start_producer
from tests.support.elections import LOG_ID, ROOT, ROOT_KEY, Life

READY_BOUND_S = 40.0
STOP_BOUND_S = 15.0


class Pipeline:
    """Validation and counting, as processes, on topics that nobody else uses."""

    def __init__(
        self,
        kafka: str | Brokers,
        folder: Path,
        *,
        shards: int = 2,
        redis: str = "",
        certificates: Path | None = None,
    ) -> None:
        self.kafka = kafka
        self.certificates = certificates
        """Where `make_certificates` made those of every service; None: everything is in plain."""
        self._redis = redis
        self.namespace = f"test-{os.getpid()}-{time.monotonic_ns()}"
        self.shards = shards
        self.folder = folder
        self._children: dict[str, Child] = {}
        self._ports: dict[str, int] = {}

    async def create(self, *, founded: bool = True) -> None:
        """Create the topics, and found the log unless its first records are to be copied from another."""
        specs = topic_specs(self.namespace, shards=self.shards, contest_partitions=1, replication=1)
        await create_topics(self.kafka, specs)
        if founded:
            await found_log(self.kafka, self.namespace, LOG_ID, self.shards, ROOT)

    def start(self, service: str, instance: str = "1", **settings: str) -> Child:
        """Start a service's process, or start it again."""
        name = f"{service}-{instance}"
        port = self._ports.setdefault(name, ports.free_ports(1)[0])
        folder = self.folder / name
        environment = {
            "LIVECOUNT_KAFKA": str(self.kafka),
            "LIVECOUNT_REDIS": self._redis or "redis://127.0.0.1:1/0",
            "LIVECOUNT_NAMESPACE": self.namespace,
            "LIVECOUNT_SHARDS": str(self.shards),
            "LIVECOUNT_PORT": str(port),
            "LIVECOUNT_DATA_DIR": str(folder),
            "LIVECOUNT_LOG_ID": LOG_ID,
            "LIVECOUNT_ROOT_KEY": ROOT_KEY,
            "LIVECOUNT_INSTANCE": instance,
            "PYTHONUNBUFFERED": "1",
            **self._identity(service),
            **{f"LIVECOUNT_{name.upper()}": value for name, value in settings.items()},
        }
        argv = [sys.executable, "-m", f"services.{service}"]
        child = self._children[name] = Child(name, argv, self.folder / f"{name}.log", environment)
        child.spawn()
        return child

    def _identity(self, service: str) -> dict[str, str]:
        if self.certificates is None:
            return {}
        files = identity(self.certificates, service)
        return {
            "LIVECOUNT_KAFKA_AUTHORITY": str(files.authority),
            "LIVECOUNT_KAFKA_CERTIFICATE": str(files.certificate),
            "LIVECOUNT_KAFKA_KEY": str(files.key),
            "LIVECOUNT_HTTP_CERTIFICATE": str(files.certificate),
            "LIVECOUNT_HTTP_KEY": str(files.key),
        }

    def wait_ready(self, service: str, instance: str = "1", bound_s: float = READY_BOUND_S) -> None:
        """Wait until a process says that it has caught up."""
        name = f"{service}-{instance}"
        self._children[name].wait_ready(lambda: self.ready(service, instance) is not None, bound_s)

    def ready(self, service: str, instance: str = "1") -> dict[str, object] | None:
        """Return what a ready process says of itself, None if it is not ready."""
        tls = None
        if self.certificates is not None:
            tls = ssl.create_default_context(cafile=self.certificates / "ca.crt")
        try:
            url = f"{self.url(service, instance)}/ready"
            with urllib.request.urlopen(url, timeout=2, context=tls) as answer:
                return dict(json.load(answer))
        except (urllib.error.URLError, OSError):
            return None

    def url(self, service: str, instance: str = "1") -> str:
        """Return where a process is reached."""
        scheme = "http" if self.certificates is None else "https"
        return f"{scheme}://127.0.0.1:{self._ports[f'{service}-{instance}']}"

    def port(self, service: str, instance: str = "1") -> int:
        """Return the port a process listens on."""
        return self._ports[f"{service}-{instance}"]

    def signal(self, service: str, signum: signal.Signals, instance: str = "1") -> None:
        """Send a process a signal."""
        self._children[f"{service}-{instance}"].send(signum)

    def kill(self, service: str, instance: str = "1") -> None:
        """End a process as a crash would."""
        self._children[f"{service}-{instance}"].send(signal.SIGKILL)
        self._children[f"{service}-{instance}"].kill()

    def stop(self) -> None:
        """Stop every process in order."""
        for child in self._children.values():
            child.send(signal.SIGTERM)
        for child in self._children.values():
            child.stop(STOP_BOUND_S)

    def log(self, service: str, instance: str = "1") -> str:
        """Return the end of a process's log."""
        return self._children[f"{service}-{instance}"].tail()

    def logs(self) -> str:
        """Return the end of every process's log, for a failure's message."""
        return "\n\n".join(f"== {name}\n{child.tail()}" for name, child in self._children.items())

    async def cast(self, records: Iterable[tuple[int, bytes]]) -> None:
        """Write records into shards of the ballot log, as intake and operator do."""
        producer = await start_producer(self.kafka)
        try:
            items = [(shard, None, value) for shard, value in records]
            await send_all(producer, BALLOTS_CAST.name(self.namespace), items)
        finally:
            await producer.stop()

    async def control(self, record: bytes) -> None:
        """Write a control into every shard."""
        await self.cast((shard, record) for shard in range(self.shards))

    async def begin(self, life: Life) -> int:
        """Configure an election, commit its roll and open it; return how many records the log holds."""
        begun = life.begin()
        await self.cast((shard, record) for shard, records in enumerate(begun) for record in records[1:])
        return sum(map(len, begun))

    async def announce(self, life: Life, phase: Phase) -> None:
        """Announce an election, as the operator does."""
        await self.publish(
            ELECTIONS_ANNOUNCED,
            [(0, life.definition.id.encode(), encode(life.announced(self.shards, phase)))],
        )

    async def commit_roll(self, life: Life) -> None:
        """Publish an election's roll, as validation does."""
        known = [life.known(shard) for shard in range(self.shards)]
        await self.publish(ROLLS_COMMITTED, [(of.shard, of.key.encode(), encode(of)) for of in known])

    async def publish(self, topic: Topic, items: Sequence[Item]) -> None:
        """Write records into a topic, as the service does whose topic it is."""
        producer = await start_producer(self.kafka)
        try:
            await send_all(producer, topic.name(self.namespace), items)
        finally:
            await producer.stop()

    async def standings(
        self,
        until: int,
        contest: str,
        bound_s: float = 60.0,
        note: Callable[[Standing], None] = lambda _: None,
    ) -> list[Standing]:
        """Return a contest's standings in the order published, up to the first that covers `until` records.

        `note` is given each as it arrives.
        """
        found: list[Standing] = []
        reader = await open_reader(self.kafka, COUNTS_PUBLISHED.name(self.namespace))
        try:
            async with reader, asyncio.timeout(bound_s):
                while True:
                    for record in await reader.read(WAIT_MS):
                        standing = decode_as(Standing, record.value)
                        if standing.contest.id == contest:
                            found.append(standing)
                            note(standing)
                            if standing.sequence >= until:
                                return found
        except TimeoutError:
            reached = found[-1].sequence if found else "none"
            raise AssertionError(
                f"no standing of {until} records, the last is {reached}\n{self.logs()}"
            ) from None

    async def says(self, service: str, words: str, bound_s: float = 20.0) -> bool:
        """Return whether a process that is not ready comes to give `words` as a reason, within the bound."""
        port = self._ports[f"{service}-1"]
        deadline = time.monotonic() + bound_s
        while time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=2).close()
            except urllib.error.HTTPError as answer:
                if words in answer.read().decode():
                    return True
            await asyncio.sleep(0.1)
        return False


@asynccontextmanager
async def one_shard(brokers: str, folder: Path) -> AsyncIterator[Pipeline]:
    """Run a log of one shard with validation, counting and intake, each ready; end them all."""
    services = ("validation", "counting", "intake")
    running = Pipeline(brokers, folder, shards=1)
    await running.create()
    for service in services:
        running.start(service)
    for service in services:
        running.wait_ready(service)
    yield running
    running.stop()
