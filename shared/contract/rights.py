"""Who may do what on Kafka, made from the table of topics. Pure.

A principal is a service, by the name that stands in its certificate. What is not listed is refused. Kafka lets whoever may
read or write a topic also see that it exists, so that needs no right of its own.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from shared.contract.topics import MONITOR_APP, TOPICS, monitor_changelog

FOUNDER: Final = "topics"
"""Creates topics, grants rights and founds the log: the brokers' one superuser beside themselves, and away afterwards."""
BROKER: Final = "kafka"
"""The brokers to one another."""
AUDITOR: Final = "audit"
"""Whoever verifies or exports a log."""
SERVICES: Final = ("intake", "validation", "counting", "results", "operator", "proofs")
PRINCIPALS: Final = (*SERVICES, AUDITOR)
_GROUPS: Final = (
    ("validation", "{namespace}.validation"),
    ("counting", "{namespace}.counting.tally"),
    ("counting", "{namespace}.counting.rounds"),
    ("operator", f"{{namespace}}-{MONITOR_APP}"),
)


@dataclass(frozen=True, order=True)
class Right:
    """One permission: `operation` is Read, Write or Describe, `resource` topic or group, `name` the whole name of it."""

    principal: str
    operation: str
    resource: str
    name: str

    def __str__(self) -> str:
        return f"{self.principal} may {self.operation.lower()} {self.resource} {self.name}"


def rights(namespace: str) -> list[Right]:
    """Return every right in a deployment, in order."""
    changelog = monitor_changelog(namespace)
    found = {Right("operator", operation, "topic", changelog) for operation in ("Read", "Write")}
    for topic in TOPICS:
        name = topic.name(namespace)
        found |= {Right(principal(reader), "Read", "topic", name) for reader in topic.readers}
        found |= {Right(principal(writer), "Write", "topic", name) for writer in topic.writers}
    groups = [(of, group.format(namespace=namespace)) for of, group in _GROUPS]
    found |= {Right(of, "Read", "group", group) for of, group in groups}
    # to show who follows which shards; whoever may read a group may see it
    found |= {Right("operator", "Describe", "group", group) for of, group in groups if of != "operator"}
    return sorted(found)


def principal(stage: str) -> str:
    """Return the service that a stage such as "counting.tally" belongs to. Raises ValueError if there is none."""
    service = stage.partition(".")[0]
    if service not in PRINCIPALS:
        raise ValueError(f"{stage} is no part of any of {', '.join(PRINCIPALS)}")
    return service


def kafka_users(granted: Iterable[Right], cluster: str = "livecount") -> list[dict[str, Any]]:
    """Return the rights as Strimzi's operator for Kubernetes takes them: one KafkaUser a principal, and the founder.

    The operator makes each user's certificate, and puts it into a secret of the user's name.
    """
    grouped = groupby(sorted(granted), key=lambda right: right.principal)
    acls = {of: [_strimzi(right) for right in found] for of, found in grouped}
    return [
        {
            "apiVersion": "kafka.strimzi.io/v1",
            "kind": "KafkaUser",
            "metadata": {"name": of, "labels": {"strimzi.io/cluster": cluster}},
            "spec": {"authentication": {"type": "tls"}}
            | ({"authorization": {"type": "simple", "acls": acls[of]}} if of in acls else {}),
        }
        for of in (FOUNDER, *acls)
    ]


def _strimzi(right: Right) -> dict[str, Any]:
    resource = {"type": right.resource, "name": right.name, "patternType": "literal"}
    return {"resource": resource, "operations": [right.operation]}
