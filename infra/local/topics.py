"""Brings a Kafka cluster to hold the topics that a deployment needs, before any service starts.

It only adds topics. One that exists with other partitions is an error, for partitions are frozen: an elector belongs to
one for good. Rights are made to be those of the table: what is missing is granted, and what is there beside it is taken away.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

from shared.contract.rights import Right
from shared.contract.topics import MONITOR_APP, TopicSpec, monitor_changelog
from shared.runtime.kafka.connection import Brokers, client_options

LEADERS_BOUND_S: Final = 30.0
_POLL_S: Final = 0.05
# Kafka's protocol: ResourceType, PatternType, AclOperation, AclPermissionType.
_RESOURCES: Final = {2: "topic", 3: "group"}
_OPERATIONS: Final = {3: "Read", 4: "Write", 8: "Describe"}
_ANY, _LITERAL, _PREFIXED, _ALLOW = 1, 3, 4, 3
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


async def grant(kafka: str | Brokers, namespace: str, rights: Iterable[Right]) -> list[str]:
    """Make a namespace's rights be these; return what was taken away, in words. Raises TopicError.

    Whatever else reaches into the namespace goes: other rights, rights by prefix or on everything, and refusals.
    """
    wanted = {_acl(right) for right in rights}
    async with _administering(kafka) as admin:
        found = {acl for acl in await _acls(admin) if acl.reaches(namespace)}
        for acl in sorted(wanted - found):
            (answer,) = (await _ask(admin, CreateAclsRequest(*acl))).creation_responses
            _require_done(str(acl), answer)
        for acl in sorted(found - wanted):
            for answer in (await _ask(admin, DeleteAclsRequest(*acl))).filter_responses:
                _require_done(str(acl), answer)
    return [str(acl) for acl in sorted(found - wanted)]


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


async def _acls(admin: AIOKafkaAdminClient) -> list["_Acl"]:
    answer = await _ask(admin, DescribeAclsRequest(_ANY, None, _ANY, None, None, _ANY, _ANY))
    if answer.error_code:
        raise TopicError(f"rights could not be read: {answer.error_message} (error {answer.error_code})")
    return [
        _Acl(kind, name, pattern, principal, host, operation, permission)
        for kind, name, pattern, acls in answer.resources
        for principal, host, operation, permission in acls
    ]


async def _ask(admin: AIOKafkaAdminClient, request: Any) -> Any:
    return await admin._send_request(request)  # noqa: SLF001  aiokafka knows these requests, and has no method for them


class _Acl(NamedTuple):
    """One entry of the brokers' list, by the numbers of Kafka's protocol."""

    resource: int
    name: str
    pattern: int
    principal: str
    host: str
    operation: int
    permission: int

    def __str__(self) -> str:
        may = "may" if self.permission == _ALLOW else "may not"
        what, which = (
            _OPERATIONS.get(self.operation, f"operation {self.operation}"),
            _RESOURCES[self.resource],
        )
        beginning = " whose name begins with" if self.pattern == _PREFIXED else ""
        return f"{self.principal.removeprefix(_USER)} {may} {what.lower()} {which}{beginning} {self.name}"

    def reaches(self, namespace: str) -> bool:
        """Return whether it concerns a topic or group of the namespace."""
        if self.resource not in _RESOURCES:
            return False
        own = (f"{namespace}.", f"{namespace}-{MONITOR_APP}")
        if self.pattern == _PREFIXED:
            return any(of.startswith(self.name) for of in own) or self.name.startswith(own[0])
        return self.name in ("*", own[1], monitor_changelog(namespace)) or self.name.startswith(own[0])


def _acl(right: Right) -> _Acl:
    """Return a right as an entry: for exactly this name, from every host, allowed."""
    kinds = {name: number for number, name in _RESOURCES.items()}
    operations = {name: number for number, name in _OPERATIONS.items()}
    who = f"{_USER}{right.principal}"
    return _Acl(kinds[right.resource], right.name, _LITERAL, who, "*", operations[right.operation], _ALLOW)


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
