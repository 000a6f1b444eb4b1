"""What runs on one machine, as plain data: every service with its command, environment and readiness."""

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final

from infra.local.certificates import identity
from infra.local.folder import require_form
from infra.local.ports import LOOPBACK
from infra.local.service import ServiceSpec
from infra.local.stack import Addresses, Plan
from infra.local.topics import create_topics, grant
from shared.contract.rights import AUDITOR, FOUNDER, rights
from shared.contract.signing import new_private_key, public_key
from shared.contract.topics import topic_specs
from shared.runtime.kafka.connection import Brokers
from shared.runtime.kafka.founding import found_log

SERVICES: Final = ("intake", "validation", "counting", "results", "operator", "proofs")
DEFAULT_PORTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "results": 8100,
        "intake": 8101,
        "operator": 8102,
        "validation": 8103,
        "counting": 8104,
        "monitor": 8105,
        "proofs": 8106,
    }
)
PUBLISHED: Final = ("results", "intake", "operator", "proofs")
DEFAULT_SHARDS: Final = 4
ONE_EACH: Final[Mapping[str, int]] = MappingProxyType({})
SECRET_BYTES: Final = 32
LOG_ID_BYTES: Final = 16
ROOT_KEY: Final = "root.key"
OFFICER_KEY: Final = "officer.key"
CHECKPOINT_KEY: Final = "checkpoint.key"
PUBLISHING_KEY: Final = "publishing.key"
LAUNCH_BYTES: Final = 8


@dataclass(frozen=True)
class LogKeys:
    """Which log a deployment on this machine has, and the keys that its owner keeps: private, 32 bytes each."""

    log_id: str
    root: bytes
    officer: bytes
    checkpoint: bytes

    def settings(self) -> dict[str, str]:
        """Return what every service has to know."""
        return {"LIVECOUNT_LOG_ID": self.log_id, "LIVECOUNT_ROOT_KEY": public_key(self.root)}


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
        **make_keys(data_dir).settings(),
        "LIVECOUNT_MONITOR_PORT": str(ports["monitor"]),
        "LIVECOUNT_LAUNCH": launch,
        "LIVECOUNT_EDGES": ",".join(f"http://{LOOPBACK}:{ports[name]}" for name in ("intake", "results")),
        "LIVECOUNT_RECEIPTS_URL": f"http://{LOOPBACK}:{ports['proofs']}/receipt",
        "LIVECOUNT_PUBLISHING_KEY_FILE": str((data_dir / "keys" / PUBLISHING_KEY).absolute()),
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
    certificates: Path | None = None,
) -> Plan:
    """Return what a whole deployment on this machine is made of; its keys are made where they are missing.

    With `certificates`, a folder as `make_certificates` makes it, Kafka is reached over TLS: topics and rights are made by
    the founder, each service has its own certificate, and whoever verifies the log the auditor's.

    Raises OtherFormError if the folder's data are of another Livecount.
    """
    require_form(data_dir)
    keys = make_keys(data_dir)
    specs = topic_specs(namespace, shards=DEFAULT_SHARDS, contest_partitions=1, replication=1)

    async def prepare(bootstrap: str) -> None:
        founder = None if certificates is None else identity(certificates, FOUNDER)
        brokers = Brokers(bootstrap, founder)
        await create_topics(brokers, specs)
        if founder is not None:
            await grant(brokers, namespace, rights(namespace))
        await found_log(brokers, namespace, keys.log_id, DEFAULT_SHARDS, keys.root)

    urls = {f"LIVECOUNT_{name.upper()}_URL": f"http://{LOOPBACK}:{ports[name]}" for name in PUBLISHED}
    return Plan(
        data=data_dir,
        services=lambda addresses: [
            replace(spec, env={**spec.env, **identity_settings(certificates, spec.name)})
            for spec in deployment(addresses, data_dir, namespace, ports)
        ],
        topics=prepare,
        kafka=kafka,
        redis=redis,
        ports=tuple(ports.values()),
        settings={
            "LIVECOUNT_NAMESPACE": namespace,
            "LIVECOUNT_SHARDS": str(DEFAULT_SHARDS),
            **keys.settings(),
            "LIVECOUNT_CHECKPOINT_KEY": public_key(keys.checkpoint),
            "LIVECOUNT_KEYS": str(data_dir.absolute() / "keys"),
            "LIVECOUNT_OPERATOR_TOKEN_FILE": str(data_dir.absolute() / "operator-token"),
            **urls,
            **identity_settings(certificates, AUDITOR),
        },
    )


def identity_settings(certificates: Path | None, holder: str) -> dict[str, str]:
    """Return the settings by which a holder reaches Kafka with its own certificate; none without certificates."""
    if certificates is None:
        return {}
    files = identity(certificates.absolute(), holder)
    return {
        "LIVECOUNT_KAFKA_AUTHORITY": str(files.authority),
        "LIVECOUNT_KAFKA_CERTIFICATE": str(files.certificate),
        "LIVECOUNT_KAFKA_KEY": str(files.key),
    }


def make_keys(data_dir: Path) -> LogKeys:
    """Make what is missing of the log's id, the keys (root, officer, checkpoint, publishing) and the operator's token.

    Everything is for its owner's eyes only. The publishing key and the token are read from their files alone.
    """
    keys = data_dir / "keys"
    keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    data_dir.chmod(0o700)
    _make(keys / PUBLISHING_KEY, new_private_key().hex())
    _make(data_dir / "operator-token", secrets.token_urlsafe(SECRET_BYTES))
    return LogKeys(
        log_id=_make(keys / "log-id", secrets.token_hex(LOG_ID_BYTES)),
        root=bytes.fromhex(_make(keys / ROOT_KEY, new_private_key().hex())),
        officer=bytes.fromhex(_make(keys / OFFICER_KEY, new_private_key().hex())),
        checkpoint=bytes.fromhex(_make(keys / CHECKPOINT_KEY, new_private_key().hex())),
    )


def _make(path: Path, content: str) -> str:
    """Write a file unless it is there; return what it holds."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(content + "\n")
    return content
