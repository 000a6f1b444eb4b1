"""Where a rehearsal takes place: a stack of its own, in a namespace of its own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from infra.local.deployment import DEFAULT_PORTS, DEFAULT_SHARDS, SERVICES, plan
from infra.local.ports import LOOPBACK, free_ports
from infra.local.service import Service
from infra.local.stack import Stack
from services.cli.clients.keys import KeyRing, with_officer
from services.cli.clients.operator import Officer, OperatorClient, Patience
from shared.contract.elections import Election

NAMESPACE = "rehearsal"
TIMEOUT_S = 30.0
VICTIMS = SERVICES
"""Who is killed where a rehearsal is asked for chaos: each service once."""


@dataclass(frozen=True)
class Deployment:
    """A deployment that is up: its services and where they are, and its Kafka."""

    client: httpx.AsyncClient
    at: Mapping[str, str]
    token: str
    keys: Path
    kafka: str
    services: Mapping[str, Service]
    namespace: str = NAMESPACE
    shards: int = DEFAULT_SHARDS

    def operator(self, *, by: str, patience: Patience) -> OperatorClient:
        """Return a client of its operator."""
        return OperatorClient(
            self.client, self.at["operator"], self.token, Officer(KeyRing.read(self.keys), by, by), patience
        )

    def with_officer(self, election: Election) -> Election:
        """Return a definition whose only official is the deployment's officer."""
        return with_officer(election, self.keys, "officer")

    async def kill(self, service: str) -> None:
        """End a service as kill -9 does; its stack starts it again."""
        await asyncio.to_thread(self.services[service].kill)


@asynccontextmanager
async def deployed(
    folder: Path, kafka: str | None = None, redis: str | None = None, namespace: str = NAMESPACE
) -> AsyncIterator[Deployment]:
    """Yield a deployment in `folder`, on free ports; what its processes log is in `stack.log` there.

    Raises ChildFailedError, JarError, TopicError, OSError.
    """
    ports = dict(zip(DEFAULT_PORTS, free_ports(len(DEFAULT_PORTS)), strict=True))
    what = plan(folder, namespace, ports, kafka=kafka, redis=redis)
    with (folder / "stack.log").open("w") as log:
        async with (
            Stack(what, Console(file=log, width=200)) as stack,
            httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client,
        ):
            yield Deployment(
                client,
                {name: f"http://{LOOPBACK}:{port}" for name, port in ports.items()},
                (folder / "operator-token").read_text().strip(),
                folder / "keys",
                stack.addresses.kafka,
                stack.services,
                namespace,
            )
