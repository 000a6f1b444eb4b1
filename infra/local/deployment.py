"""What runs on one machine, as plain data: every service with its command, environment and readiness."""

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from infra.local.ports import LOOPBACK
from infra.local.service import ServiceSpec
from infra.local.stack import Addresses, Plan
from infra.local.topics import create_topics
from shared.contract.topics import topic_specs

SERVICES: Final = ("intake", "validation", "counting", "results", "operator")
DEFAULT_PORTS: Final[Mapping[str, int]] = MappingProxyType(
    {"results": 8100, "intake": 8101, "operator": 8102, "validation": 8103, "counting": 8104, "monitor": 8105}
)
PUBLISHED: Final = ("results", "intake", "operator")
DEFAULT_SHARDS: Final = 4
ONE_EACH: Final[Mapping[str, int]] = MappingProxyType({})
SECRET_BYTES: Final = 32
LAUNCH_BYTES: Final = 8


def deployment(
    addresses: Addresses,
    data_dir: Path,
    namespace: str,
    ports: Mapping[str, int] = DEFAULT_PORTS,
    *,
    shards: int = DEFAULT_SHARDS,
    instances: Mapping[str, int] = ONE_EACH,
) -> list[ServiceSpec]:
    """Return the services in the order they start; `ports` holds one for each process, and one for the monitor.

    `instances` says of which service there is more than one process; each further one has a data folder of its own.
    """
    launch = secrets.token_hex(LAUNCH_BYTES)
    common = {
        "LIVECOUNT_KAFKA": addresses.kafka,
        "LIVECOUNT_REDIS": addresses.redis,
        "LIVECOUNT_NAMESPACE": namespace,
        "LIVECOUNT_SHARDS": str(shards),
        "LIVECOUNT_SECRET_FILE": str(data_dir.absolute() / "secret"),
        "LIVECOUNT_MONITOR_PORT": str(ports["monitor"]),
        "LIVECOUNT_LAUNCH": launch,
    }
    named = [
        (service, number, service if number == 1 else f"{service}-{number}")
        for service in SERVICES
        for number in range(1, instances.get(service, 1) + 1)
    ]
    return [
        ServiceSpec(
            name=name,
            argv=(sys.executable, "-m", f"services.{service}"),
            env={
                **common,
                "LIVECOUNT_PORT": str(ports[name]),
                "LIVECOUNT_INSTANCE": str(number),
                "LIVECOUNT_DATA_DIR": str((data_dir if number == 1 else data_dir / name).absolute()),
            },
            ready_url=f"http://{LOOPBACK}:{ports[name]}/ready",
            says=launch,
        )
        for service, number, name in named
    ]


def plan(
    data_dir: Path,
    namespace: str,
    ports: Mapping[str, int] = DEFAULT_PORTS,
    *,
    kafka: str | None = None,
    redis: str | None = None,
) -> Plan:
    """Return what a whole deployment on this machine is made of; its secrets are made where they are missing."""
    make_secrets(data_dir)
    specs = topic_specs(namespace, shards=DEFAULT_SHARDS, contest_partitions=1, replication=1)
    urls = {f"LIVECOUNT_{name.upper()}_URL": f"http://{LOOPBACK}:{ports[name]}" for name in PUBLISHED}
    return Plan(
        data=data_dir,
        services=lambda addresses: deployment(addresses, data_dir, namespace, ports),
        topics=lambda bootstrap: create_topics(bootstrap, specs),
        kafka=kafka,
        redis=redis,
        ports=tuple(ports.values()),
        settings={
            "LIVECOUNT_NAMESPACE": namespace,
            "LIVECOUNT_SHARDS": str(DEFAULT_SHARDS),
            "LIVECOUNT_SECRET_FILE": str(data_dir.absolute() / "secret"),
            "LIVECOUNT_OPERATOR_TOKEN_FILE": str(data_dir.absolute() / "operator-token"),
            **urls,
        },
    )


def make_secrets(data_dir: Path) -> None:
    """Make the codes' secret and the operator's token, for their owner's eyes only, where they are missing."""
    data_dir.mkdir(parents=True, exist_ok=True)
    for name, content in (
        ("secret", secrets.token_bytes(SECRET_BYTES)),
        ("operator-token", secrets.token_urlsafe(SECRET_BYTES).encode()),
    ):
        try:
            descriptor = os.open(data_dir / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            continue
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
