"""How a Kafka cluster is: its brokers, the copies of its topics, and the consumer groups, as far as one may ask."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.runtime.kafka.connection import Brokers, client_options


class Cluster(NamedTuple):
    """What was seen. `away` says why there was no answer; nothing: there was one."""

    away: str = ""
    brokers: int = 0
    partitions: int = 0
    least_in_sync: int = 0
    """Copies in sync of the partition that has the fewest."""
    under_replicated: int = 0
    """Partitions with fewer copies in sync than they have."""
    groups: tuple[str, ...] = ()
    """The consumer groups that this principal may see. (aiokafka 0.14 cannot read what brokers say of a group's state.)"""


async def look_at_cluster(
    kafka: Brokers, topics: Iterable[str], group_prefix: str, bound_s: float
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
            )
    except (KafkaError, OSError, TimeoutError) as fault:
        return Cluster(away=repr(fault))
    finally:
        await admin.close()


async def _groups(admin: AIOKafkaAdminClient, prefix: str) -> tuple[str, ...]:
    try:
        return tuple(
            sorted(name for name, *_ in await admin.list_consumer_groups() if name.startswith(prefix))
        )
    except KafkaError:
        return ()
