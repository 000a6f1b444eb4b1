"""Results' settings."""

from pathlib import Path

from pydantic import Field

from shared.runtime.settings import Settings

KEY_BYTES = 32


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
    max_requests_per_minute: int = Field(
        6_000,
        ge=0,
        description="Requests to /v1 from one address, answered 429 beyond that; 0: no limit. Name your proxies in"
        " LIVECOUNT_TRUSTED_PROXIES, or all their clients are one address",
    )
    webhook_url: str | None = Field(
        None, pattern=r"^https?://", description="Where new standings are announced, as signed webhooks"
    )
    webhook_secret: str | None = Field(
        None,
        pattern=r"^whsec_[A-Za-z0-9+/]{32,}={0,2}$",
        description="Key of their signatures (Standard Webhooks); whoever takes them has it too",
    )
    public_url: str = Field(
        "",
        pattern=r"^(https?://[^/\s]+)?$",
        description="Where the public finds results, for pictures and embeds; if unset, the host that was asked for",
    )
    picture_font: Path | None = Field(
        None,
        description="TrueType font of pictures of results; if unset, DejaVu Sans where it is installed, else one with Latin letters only",
    )
    publishing_key_file: Path | None = Field(
        None,
        description="Private key that signs standings for readers, one for all gateways; if unset, data_dir/keys/publishing.key,"
        " and nothing is signed where there is no such file",
    )

    def read_publishing_key(self) -> bytes | None:
        """Return the private key, None if nothing is to be signed. Raises ValueError that names the file if it holds none."""
        path = self.publishing_key_file or self.data_dir / "keys" / "publishing.key"
        if self.publishing_key_file is None and not path.exists():
            return None
        try:
            private = bytes.fromhex(path.read_text().strip())
        except (OSError, ValueError) as fault:
            raise ValueError(f"{path}: expected a private key of 64 hexadecimal digits ({fault})") from fault
        if len(private) != KEY_BYTES:
            raise ValueError(f"{path}: expected a private key of 64 hexadecimal digits")
        return private
