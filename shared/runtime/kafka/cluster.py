"""How a Kafka cluster is: its brokers, the copies of its topics, and the consumer groups, as far as one may ask."""

import asyncio
from collections.abc import Iterable
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from shared.runtime.kafka.connection import Brokers, client_options

_NO_ERROR = 0


class Cluster(NamedTuple):
    """What was seen. `away` says why there was no answer; nothing: there was one."""

    away: str = ""
    brokers: int = 0
    under_replicated: int = 0
    """Partitions with fewer copies in sync than they have."""
    groups: dict[str, str] | None = None
    """State of each group by its name; None: this principal may not ask."""


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
                under_replicated=sum(len(of["isr"]) < len(of["replicas"]) for of in partitions),
                groups=await _groups(admin, group_prefix),
            )
    except (KafkaError, OSError, TimeoutError) as fault:
        return Cluster(away=repr(fault))
    finally:
        await admin.close()


async def _groups(admin: AIOKafkaAdminClient, prefix: str) -> dict[str, str] | None:
    try:
        known = await admin.list_consumer_groups()
        mine = [name for name, *_ in known if name.startswith(prefix)]
        answers = await admin.describe_consumer_groups(mine) if mine else []
    except KafkaError:
        return None
    groups = [group for answer in answers for group in answer.groups]
    return {name: state for error, name, state, *_ in groups if error == _NO_ERROR}
