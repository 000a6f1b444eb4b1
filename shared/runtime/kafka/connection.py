"""How a client reaches Kafka: in plain on a machine of one's own, else over TLS with a certificate of its own.

Both sides show a certificate (mutual TLS). The name in the client's certificate is its principal, and the brokers grant each
principal what `shared.contract.rights` says.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Identity:
    """Files in PEM: the authority that signed the brokers' certificates, and this client's certificate and key."""

    authority: Path
    certificate: Path
    key: Path

    def context(self) -> ssl.SSLContext:
        """Return what a connection needs. Raises OSError (ssl.SSLError is one) if a file is missing or wrong."""
        context = ssl.create_default_context(cafile=self.authority)
        context.load_cert_chain(self.certificate, self.key)
        return context


@dataclass(frozen=True)
class Brokers:
    """The brokers' addresses, "host:port[,host:port]", and who this client is to them."""

    bootstrap: str
    identity: Identity | None = None

    def __str__(self) -> str:
        return self.bootstrap


def client_options(kafka: str | Brokers) -> dict[str, Any]:
    """Return the arguments of every client of aiokafka that say where Kafka is and who asks.

    Addresses alone mean a Kafka without TLS. Raises OSError as `Identity.context`.
    """
    if isinstance(kafka, str) or kafka.identity is None:
        return {"bootstrap_servers": str(kafka)}
    return {
        "bootstrap_servers": kafka.bootstrap,
        "security_protocol": "SSL",
        "ssl_context": kafka.identity.context(),
    }
