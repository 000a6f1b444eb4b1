"""How a Kafka cluster is: brokers and their disks, the copies of its topics, and consumer groups, as far as one may ask."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import (
    DescribeGroupsRequest_v0,
    DescribeGroupsRequest_v1,
    DescribeGroupsRequest_v2,
)
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

from shared.runtime.kafka.connection import Brokers, client_options

STABLE: Final = "Stable"
"""The state of a group whose members have their shards."""
FREE_STEP_BYTES: Final = 64 << 20
"""Free room is said in such steps: finer ones would give away how long each ballot is."""
NOT_ALLOWED: Final = (29, 30, 31)
"""Kafka's protocol: the principal may not ask this of a topic, a group, the cluster."""


class Group(NamedTuple):
    """A consumer group: the broker's word for its state, and the shards of each member; no members: it is empty."""

    name: str
    state: str
    members: tuple[tuple[int, ...], ...]


class LogDir(NamedTuple):
    """A disk of a broker, in bytes; `fault`: why it is offline. -1: a broker before Kafka 3.3 does not say."""

    broker: int
    folder: str
    free_bytes: int
    total_bytes: int
    fault: str = ""


class Cluster(NamedTuple):
    """What was seen. `away` says why there was no answer; nothing: there was one."""

    away: str = ""
    brokers: int = 0
    partitions: int = 0
    least_in_sync: int = 0
    """Copies in sync of the partition that has the fewest."""
    under_replicated: int = 0
    """Partitions with fewer copies in sync than they have."""
    groups: tuple[Group, ...] = ()
    """The consumer groups that this principal may see."""
    disks: tuple[LogDir, ...] = ()
    """None if this principal may not ask: that takes a right to describe the cluster."""


async def look_at_cluster(
    kafka: str | Brokers, topics: Iterable[str], group_prefix: str, bound_s: float
) -> Cluster:
    """Return how the cluster is; never raises for what Kafka answers or does not answer."""
    admin = AIOKafkaAdminClient(**client_options(kafka))
    try:
        async with asyncio.timeout(bound_s):
            await admin.start()
            cluster = await admin.describe_cluster()
            described = await admin.describe_topics(list(topics))
            partitions = [partition for topic in described for partition in topic["partitions"]]
            return Cluster(
                brokers=len(cluster["brokers"]),
                partitions=len(partitions),
                least_in_sync=min((len(of["isr"]) for of in partitions), default=0),
                under_replicated=sum(len(of["isr"]) < len(of["replicas"]) for of in partitions),
                groups=await _groups(admin, group_prefix),
                disks=await _disks(admin, [of["node_id"] for of in cluster["brokers"]]),
            )
    except (KafkaError, OSError, TimeoutError) as fault:
        return Cluster(away=repr(fault))
    finally:
        await admin.close()


class _DescribeGroups(
    Request[DescribeGroupsRequest_v0 | DescribeGroupsRequest_v1 | DescribeGroupsRequest_v2]  # type: ignore[misc]  # aiokafka is untyped
):
    """As aiokafka has it, without version 3, whose answer aiokafka 0.14 reads by the fields of version 2."""

    API_KEY = 15

    def __init__(self, groups: Sequence[str]) -> None:
        self._groups = list(groups)

    def build(self, request_struct_class: Any) -> Any:
        """Return the request of a version."""
        return request_struct_class(self._groups)


class _DescribeLogDirsResponse(Response):  # type: ignore[misc]
    API_KEY = 35
    API_VERSION = 4
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        (
            "results",
            CompactArray(
                ("error_code", Int16),
                ("log_dir", CompactString("utf-8")),
                (
                    "topics",
                    CompactArray(
                        ("name", CompactString("utf-8")),
                        (
                            "partitions",
                            CompactArray(
                                ("partition", Int32),
                                ("size", Int64),
                                ("offset_lag", Int64),
                                ("is_future", Boolean),
                                ("tags", TaggedFields),
                            ),
                        ),
                        ("tags", TaggedFields),
                    ),
                ),
                ("total_bytes", Int64),
                ("usable_bytes", Int64),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _DescribeLogDirsRequest(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 35
    API_VERSION = 4
    RESPONSE_TYPE = _DescribeLogDirsResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("topic", CompactString("utf-8")),
                ("partitions", CompactArray(Int32)),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _DescribeLogDirs(Request[_DescribeLogDirsRequest]):  # type: ignore[misc]
    """Of no topic: the disks alone. aiokafka has no such request; version 4 (KIP-827) is the first with their room."""

    API_KEY = 35

    def build(self, request_struct_class: Any) -> Any:
        """Return the request."""
        return request_struct_class([], {})


async def _groups(admin: AIOKafkaAdminClient, prefix: str) -> tuple[Group, ...]:
    try:
        names = sorted(name for name, *_ in await admin.list_consumer_groups() if name.startswith(prefix))
        return tuple([await _group(admin, name) for name in names])
    except KafkaError:
        return ()


async def _group(admin: AIOKafkaAdminClient, name: str) -> Group:
    coordinator = await admin.find_coordinator(name)
    answer = await _ask(admin, _DescribeGroups([name]), coordinator)
    code, _, state, _, _, members = answer.groups[0]
    if code:
        return Group(name, "not allowed to ask" if code in NOT_ALLOWED else f"error {code}", ())
    return Group(name, state, tuple(_shards(assignment) for *_, assignment in members))


def _shards(assignment: bytes) -> tuple[int, ...]:
    """Return the shards of a member: of every topic that it has, in order. In a rebalance it has none yet."""
    if not assignment:
        return ()
    found = ConsumerProtocolMemberAssignment.decode(assignment).assignment
    return tuple(sorted({shard for _, shards in found for shard in shards}))


async def _disks(admin: AIOKafkaAdminClient, brokers: Iterable[int]) -> tuple[LogDir, ...]:
    found = []
    for broker in sorted(brokers):
        try:
            answer = await _ask(admin, _DescribeLogDirs(), broker)
        except (KafkaError, NotImplementedError):  # it is away, or older than the request
            continue
        for code, folder, _, total, free, *_ in [] if answer.error_code else answer.results:
            fault = f"offline (Kafka's error {code})" if code else ""
            found.append(LogDir(broker, folder, free - max(free, 0) % FREE_STEP_BYTES, total, fault))
    return tuple(found)


async def _ask(admin: AIOKafkaAdminClient, request: Any, broker: int) -> Any:
    return await admin._send_request(request, broker)  # noqa: SLF001  aiokafka has no public way to send these
