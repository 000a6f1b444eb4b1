"""What runs on one machine, as plain data: every service with its command, environment and readiness."""

import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from infra.local.ports import LOOPBACK
from infra.local.service import ServiceSpec
from infra.local.stack import Addresses

SERVICES: Final = ("intake", "validation", "counting", "results", "operator")
DEFAULT_PORTS: Final[Mapping[str, int]] = MappingProxyType(
    {"results": 8100, "intake": 8101, "operator": 8102, "validation": 8103, "counting": 8104, "monitor": 8105}
)
DEFAULT_SHARDS: Final = 4


def deployment(
    addresses: Addresses,
    data_dir: Path,
    namespace: str,
    ports: Mapping[str, int] = DEFAULT_PORTS,
    *,
    shards: int = DEFAULT_SHARDS,
) -> list[ServiceSpec]:
    """Return the services in the order they start; `ports` holds one for each, and one for the monitor."""
    common = {
        "LIVECOUNT_KAFKA": addresses.kafka,
        "LIVECOUNT_REDIS": addresses.redis,
        "LIVECOUNT_NAMESPACE": namespace,
        "LIVECOUNT_SHARDS": str(shards),
        "LIVECOUNT_DATA_DIR": str(data_dir.absolute()),
        "LIVECOUNT_SECRET_FILE": str(data_dir.absolute() / "secret"),
        "LIVECOUNT_MONITOR_PORT": str(ports["monitor"]),
    }
    return [
        ServiceSpec(
            name=service,
            argv=(sys.executable, "-m", f"services.{service}"),
            env={**common, "LIVECOUNT_PORT": str(ports[service])},
            ready_url=f"http://{LOOPBACK}:{ports[service]}/ready",
        )
        for service in SERVICES
    ]
