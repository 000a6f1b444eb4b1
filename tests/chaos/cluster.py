"""The deployment that is broken: three brokers, Valkey, and every service, each a process that a supervisor keeps alive.

Every record has three replicas, two of them in sync before it is acknowledged; validation and counting run twice. Clients reach
intake, everybody reaches broker 3, and services reach Valkey through proxies.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final, cast

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from rich.console import Console

from infra.local.deployment import OFFICER_KEY, ROOT_KEY, LogKeys, deployment, make_keys
from infra.local.kafka import EmbeddedKafka
from infra.local.logs import Speaker
from infra.local.ports import LOOPBACK, free_ports
from infra.local.process import HERE, Child, Host
from infra.local.service import Service, ServiceSpec, is_ready
from infra.local.stack import Plan, Stack
from infra.local.supervision import Kept, Part
from infra.local.topics import create_topics
from infra.local.valkey import EmbeddedValkey
from shared.contract.topics import BALLOTS_CAST, Topic, topic_specs
from shared.runtime.kafka.founding import found_log
from tests.chaos.books import SHARDS
from tests.chaos.disk import Disk, can_mount
from tests.chaos.net import Net
from tests.chaos.plan import BROKERS, DISKS, HOSTS, SERVICES
from tests.chaos.proxy import Proxy
from tests.support.elections import LOG_ID, OFFICER, ROOT

NAMESPACE: Final = "chaos"
REPLICATION: Final = 3
HEAP: Final = "512m"
INSTANCES: Final = {"validation": 2, "counting": 2}
ISR_BOUND_S: Final = 5.0


@dataclass
class Cluster:
    """Everything that runs, by the names of plan.py."""

    folder: Path
    kafka: EmbeddedKafka
    valkey: EmbeddedValkey
    services: Mapping[str, Service]
    ways: Mapping[str, Proxy]
    disks: Mapping[str, Disk]
    net: Net | None

    @property
    def token(self) -> str:
        """The operator's bearer token."""
        return (self.folder / "operator-token").read_text().strip()

    def url(self, service: str) -> str:
        """Return where a client finds a service: intake through its proxy."""
        if service == "intake" and self.ways:
            return f"http://{LOOPBACK}:{self.ways['way to intake'].port}"
        return self.services[service].spec.ready_url.removesuffix("/ready")

    def topic(self, topic: Topic = BALLOTS_CAST) -> str:
        """Return a topic's name here."""
        return topic.name(NAMESPACE)

    def child(self, victim: str) -> Child:
        """Return the process of a victim."""
        if victim in BROKERS:
            return self.kafka.brokers[BROKERS.index(victim)].child
        return self.valkey.child if victim == "valkey" else self.services[victim].child

    async def is_ready(self, victim: str) -> bool:
        """Return whether a service has caught up, every replica is in sync, or Valkey holds every contest."""
        if victim in (*BROKERS, "way to kafka-3"):
            return await self.replicas_in_sync() == REPLICATION
        if victim == "way to intake":
            victim = "intake"
        if victim in SERVICES:
            return await asyncio.to_thread(is_ready, self.services[victim].spec.ready_url)
        return victim not in ("valkey", "way to valkey") or await self._cache_is_whole()

    async def _cache_is_whole(self) -> bool:
        try:
            async with Redis.from_url(self.valkey.url, socket_timeout=1) as redis:
                return len(await cast("Awaitable[set[bytes]]", redis.smembers(f"{NAMESPACE}:standings"))) > 1
        except (RedisError, OSError):
            return False

    async def replicas_in_sync(self) -> int | None:
        """Return how many replicas the partition that has fewest has in sync, None while no broker says."""
        try:
            async with asyncio.timeout(ISR_BOUND_S):
                return min(len(partition["isr"]) for partition in await self._partitions())
        except (KafkaError, OSError, TimeoutError):
            return None

    async def _partitions(self) -> list[dict[str, list[int]]]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.kafka.bootstrap, request_timeout_ms=2_000)
        try:
            await admin.start()
            topics = await admin.describe_topics()
        finally:
            await admin.close()
        return [partition for topic in topics for partition in topic["partitions"]]

    def tails(self) -> str:
        """Return the end of every log, for a failure's message."""
        return "\n".join(f"== {name}\n{service.child.tail()}" for name, service in self.services.items())


@asynccontextmanager
async def running(
    folder: Path, console: Console, disk_mib: int, *, net: bool = False
) -> AsyncIterator[Cluster]:
    """Give a cluster that is ready; `console` takes what the processes say. All of it ends with the context.

    With `net` every process is on a host of its own, and none behind a proxy.
    """
    keys = _make_keys(folder)
    speaker = Speaker(console)
    async with AsyncExitStack() as stack:
        names = [*SERVICES, "monitor"]
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        disks = {name: stack.enter_context(_disk(folder, name, disk_mib)) for name in DISKS if can_mount()}
        network = _make_net() if net else None
        hosts = dict.fromkeys(HOSTS, HERE) if network is None else network.hosts
        kafka, valkey = _servers(folder, hosts)
        ways = {}
        if network is None:
            targets = {
                "way to intake": ports["intake"],
                "way to kafka-3": kafka.brokers[2].port,
                "way to valkey": valkey.port,
            }
            ways = {name: await stack.enter_async_context(Proxy(port)) for name, port in targets.items()}
            kafka.brokers[2].advertised_port = ways["way to kafka-3"].port
        for name, part in (("kafka", kafka), ("valkey", valkey)):
            await stack.enter_async_context(_kept(name, part, speaker))
        plan = Plan(
            data=folder,
            services=lambda addresses: [
                _placed(spec, hosts[spec.name])
                for spec in deployment(
                    addresses, folder, NAMESPACE, ports, shards=SHARDS, instances=INSTANCES
                )
            ],
            topics=partial(_create_topics, keys),
            kafka=kafka.bootstrap,
            redis=f"redis://{LOOPBACK}:{ways['way to valkey'].port}/0" if ways else valkey.url,
        )
        up = await stack.enter_async_context(Stack(plan, console))
        yield Cluster(folder, kafka, valkey, up.services, ways, disks, network)


def _placed(spec: ServiceSpec, host: Host) -> ServiceSpec:
    """Return a service as it runs on a host. All electors come from one address, so it may mistype as often as it likes."""
    return replace(
        spec,
        argv=(*host.prefix, *spec.argv),
        env={**spec.env, "LIVECOUNT_HOST": host.address, "LIVECOUNT_MAX_WRONG_CODES_PER_MINUTE": "0"},
        ready_url=spec.ready_url.replace(LOOPBACK, host.address),
    )


def _make_net() -> Net:
    net = Net(HOSTS)
    net.make()
    return net


def _servers(folder: Path, hosts: Mapping[str, Host]) -> tuple[EmbeddedKafka, EmbeddedValkey]:
    kafka = EmbeddedKafka(
        folder / "kafka", brokers=REPLICATION, heap=HEAP, hosts=[hosts[name] for name in BROKERS]
    )
    return kafka, EmbeddedValkey(folder / "valkey", host=hosts["valkey"])


@asynccontextmanager
async def _kept(name: str, part: Part, speaker: Speaker) -> AsyncIterator[None]:
    kept = Kept(name, part, partial(speaker.say, name))
    try:
        await kept.start()
        keeping = asyncio.create_task(kept.keep())
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
    finally:
        await kept.stop()


def _disk(folder: Path, service: str, mib: int) -> Disk:
    return Disk(folder / "snapshots" / NAMESPACE / service, mib)


def _make_keys(folder: Path) -> LogKeys:
    """Make what a deployment needs, with the keys of the tests: so that records can be written past intake and operator."""
    keys = folder / "keys"
    keys.mkdir(mode=0o700)
    for name, content in (("log-id", LOG_ID), (ROOT_KEY, ROOT.hex()), (OFFICER_KEY, OFFICER.hex())):
        (keys / name).write_text(content)
    return make_keys(folder)


async def _create_topics(keys: LogKeys, bootstrap: str) -> None:
    specs = topic_specs(NAMESPACE, shards=SHARDS, contest_partitions=1, replication=REPLICATION)
    await create_topics(bootstrap, specs)
    await found_log(bootstrap, NAMESPACE, keys.log_id, SHARDS, keys.root)
