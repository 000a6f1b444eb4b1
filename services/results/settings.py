"""Results' settings."""

from pydantic import Field

from shared.runtime.settings import Settings


class ResultsSettings(Settings):
    """Adds the limits of the feed."""

    port: int = Field(8100, ge=1, le=65535)
    max_connections: int = Field(
        25_000, ge=1, description="Connections of one process at once; at most its open files allow"
    )
    max_clients: int = Field(20_000, ge=1, description="Live connections at once; more are put off")
    max_clients_per_address: int = Field(
        100,
        ge=1,
        description="Of those, from one address; more are put off, and their pages ask every few seconds",
    )
    send_timeout_s: float = Field(
        10.0, gt=0, description="A client that takes no bytes for so long is dropped"
    )
