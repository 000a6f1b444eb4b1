"""Brings a Kafka cluster to hold the topics that a deployment needs, before any service starts.

It only adds topics. One that exists with other partitions is an error, for partitions are frozen: an elector belongs to
one for good. Rights are made to be those of the table: what is missing is granted, and what is there beside it is taken away.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

from shared.contract.rights import Right
from shared.contract.topics import TopicSpec
from shared.runtime.kafka.connection import Brokers, client_options

LEADERS_BOUND_S: Final = 30.0
_POLL_S: Final = 0.05
# Kafka's protocol: ResourceType, PatternType, AclOperation, AclPermissionType.
_RESOURCES: Final = {2: "topic", 3: "group"}
_OPERATIONS: Final = {3: "Read", 4: "Write"}
_ANY, _LITERAL, _ALLOW = 1, 3, 3
_USER: Final = "User:"
_DONE: Final = frozenset({0, 36})  # Kafka's protocol: no error; the topic already exists


class TopicError(RuntimeError):
    """A topic could not be created, or exists in another shape."""


async def create_topics(kafka: str | Brokers, specs: Iterable[TopicSpec]) -> None:
    """Create the topics that are missing, and wait until every partition has a leader. Raises TopicError."""
    wanted = {spec.name: spec for spec in specs}
    async with _administering(kafka) as admin:
        await _create(admin, wanted.values())
        try:
            async with asyncio.timeout(LEADERS_BOUND_S):
                while not await _all_led(admin, wanted):  # noqa: ASYNC110 - only the broker knows, and it must be asked
                    await asyncio.sleep(_POLL_S)
        except TimeoutError as error:
            raise TopicError(f"not every topic had its leaders within {LEADERS_BOUND_S:g} s") from error


async def grant(kafka: str | Brokers, namespace: str, rights: Iterable[Right]) -> list[Right]:
    """Make a namespace's rights be these; return those that were taken away. Raises TopicError.

    Rights in other namespaces stay as they are.
    """
    wanted = set(rights)
    async with _administering(kafka) as admin:
        found = {right for right in await _granted(admin) if _is_in(right.name, namespace)}
        for right in sorted(wanted - found):
            request = CreateAclsRequest(*_acl(right))
            (answer,) = (await _ask(admin, request)).creation_responses
            _require_done(str(right), answer)
        for right in sorted(found - wanted):
            for answer in (await _ask(admin, DeleteAclsRequest(*_acl(right)))).filter_responses:
                _require_done(str(right), answer)
    return sorted(found - wanted)


@asynccontextmanager
async def _administering(kafka: str | Brokers) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**client_options(kafka))
    try:
        try:
            await admin.start()
        except KafkaError as fault:
            raise TopicError(f"Kafka at {kafka} does not answer: {fault}") from fault
        yield admin
    finally:
        await admin.close()


async def _granted(admin: AIOKafkaAdminClient) -> list[Right]:
    answer = await _ask(admin, DescribeAclsRequest(_ANY, None, _ANY, None, None, _ANY, _ANY))
    if answer.error_code:
        raise TopicError(f"rights could not be read: {answer.error_message} (error {answer.error_code})")
    return [
        Right(principal.removeprefix(_USER), _OPERATIONS[operation], _RESOURCES[kind], name)
        for kind, name, _, acls in answer.resources
        for principal, _, operation, _ in acls
        if kind in _RESOURCES and operation in _OPERATIONS
    ]


async def _ask(admin: AIOKafkaAdminClient, request: Any) -> Any:
    return await admin._send_request(request)  # noqa: SLF001  aiokafka knows these requests, and has no method for them


def _acl(right: Right) -> tuple[int, str, int, str, str, int, int]:
    """Return a right as Kafka's protocol has it: resource, its name, literal, who, from everywhere, what, allowed."""
    kinds = {name: number for number, name in _RESOURCES.items()}
    operations = {name: number for number, name in _OPERATIONS.items()}
    who = f"{_USER}{right.principal}"
    return kinds[right.resource], right.name, _LITERAL, who, "*", operations[right.operation], _ALLOW


def _is_in(name: str, namespace: str) -> bool:
    return name.startswith((f"{namespace}.", f"{namespace}-"))


def _require_done(what: str, answer: tuple[Any, ...]) -> None:
    code, message, *_ = answer
    if code:
        raise TopicError(f"{what}: {message} (error {code})")


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
