"""Brings a Kafka cluster to hold the topics that a deployment needs, before any service starts.

It only adds. A topic that exists with other partitions is an error, for partitions are frozen: an elector belongs to
one for good.
"""

import asyncio
from collections.abc import Iterable
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError

from shared.contract.topics import TopicSpec

LEADERS_BOUND_S: Final = 30.0
_POLL_S: Final = 0.05
_DONE: Final = frozenset({0, 36})  # Kafka's protocol: no error; the topic already exists


class TopicError(RuntimeError):
    """A topic could not be created, or exists in another shape."""


async def create_topics(bootstrap: str, specs: Iterable[TopicSpec]) -> None:
    """Create the topics that are missing, and wait until every partition has a leader. Raises TopicError."""
    wanted = {spec.name: spec for spec in specs}
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
    except KafkaConnectionError as fault:
        raise TopicError(f"Kafka at {bootstrap} does not answer: {fault}") from fault
    try:
        await _create(admin, wanted.values())
        async with asyncio.timeout(LEADERS_BOUND_S):
            while not await _all_led(admin, wanted):  # noqa: ASYNC110 - only the broker knows, and it must be asked
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise TopicError(f"not every topic had its leaders within {LEADERS_BOUND_S:g} s") from error
    finally:
        await admin.close()


async def _create(admin: AIOKafkaAdminClient, specs: Iterable[TopicSpec]) -> None:
    new = [NewTopic(s.name, s.partitions, s.replication, topic_configs=s.config) for s in specs]
    response = await admin.create_topics(new)
    for name, code, *message in response.topic_errors:
        if code not in _DONE:
            raise TopicError(f"{name} could not be created: {' '.join(map(str, message))} (error {code})")


async def _all_led(admin: AIOKafkaAdminClient, wanted: dict[str, TopicSpec]) -> bool:
    found = {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics(list(wanted))}
    for name, spec in wanted.items():
        _check_partitions(spec, len(found[name]))
    return all(partition["leader"] >= 0 for partitions in found.values() for partition in partitions)


def _check_partitions(spec: TopicSpec, found: int) -> None:
    if found not in {0, spec.partitions}:
        raise TopicError(f"{spec.name} exists with {found} partitions where {spec.partitions} are declared")
