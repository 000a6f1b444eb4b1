"""Settings every service has. Each is an environment variable: `LIVECOUNT_` and the field's name."""

from ipaddress import ip_network
from pathlib import Path
from typing import Any, Self

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.runtime.kafka.connection import Brokers, Identity


class Settings(BaseSettings):
    """Where the servers are and who this process is."""

    model_config = SettingsConfigDict(env_prefix="LIVECOUNT_", frozen=True)

    kafka: str = Field("127.0.0.1:9092", description="Kafka bootstrap servers, host:port[,host:port]")
    kafka_authority: Path | None = Field(
        None,
        description="Certificate of the authority that signed the brokers'; with it Kafka is reached over mutual TLS",
    )
    kafka_certificate: Path | None = Field(
        None, description="This process's certificate; its common name is the principal that Kafka knows"
    )
    kafka_key: Path | None = Field(None, description="Private key of that certificate")
    redis: str = Field(
        "redis://127.0.0.1:6379/0", description="Redis or Valkey URL; rediss:// where it is reached over TLS"
    )
    redis_authority: Path | None = Field(
        None, description="Certificate of the authority that signed Redis's; unset: those the system trusts"
    )
    redis_password: Path | None = Field(None, description="File that holds Redis's password")
    namespace: str = Field(
        "local", pattern=r"^[a-z0-9-]{1,40}$", description="Stands before every topic's name"
    )
    log_id: str = Field(
        "", pattern=r"^([0-9a-f]{32})?$", description="Id of the log, as its founding records name it"
    )
    root_key: str = Field(
        "",
        pattern=r"^([0-9a-f]{64})?$",
        description="Public key that founded the log, and configures elections",
    )
    shards: int = Field(4, ge=1, le=1024, description="Partitions of the ballot log; frozen once it exists")
    contest_partitions: int = Field(1, ge=1, le=256, description="Partitions of the counts")
    replication: int = Field(1, ge=1, le=7, description="Copies of each partition")
    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8100, ge=1, le=65535, description="Port to listen on")
    trusted_proxies: str = Field(
        "",
        description="Addresses and networks of proxies, with commas between, whose X-Forwarded-For is believed",
    )
    max_connections: int = Field(
        4096, ge=1, description="Connections of one process at once; at most its open files allow"
    )
    max_connections_per_address: int = Field(
        256, ge=1, description="Of those, from one address (IPv6: 64 bits) that is no trusted proxy's"
    )
    http_certificate: Path | None = Field(
        None,
        description="Certificate, with its chain, to serve HTTP over TLS; for use without a proxy in front",
    )
    http_key: Path | None = Field(None, description="Private key of that certificate")
    data_dir: Path = Field(Path(".livecount"), description="Folder for snapshots and secrets")
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="What is less severe is not logged"
    )
    traces_url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="Where traces of ballots' records are sent (OTLP over HTTP: https://HOST:4318/v1/traces), by intake, validation,"
        " counting and results; empty: nothing is traced. Needs livecount[tracing]",
    )
    traces_every: int = Field(
        1_000, ge=1, description="One record of each shard in so many is traced, the same ones everywhere"
    )
    instance: str = Field("1", pattern=r"^[a-z0-9-]{1,40}$", description="Which process of this service")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, listed: str) -> str:
        """Refuse what is no address: uvicorn would take it for a name, and "*" for everybody."""
        for one in filter(None, map(str.strip, listed.split(","))):
            ip_network(one)
        return listed

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        """Refuse half of an identity: a process must not fall back to plain text because a file was forgotten."""
        for names in (
            ("kafka_authority", "kafka_certificate", "kafka_key"),
            ("http_certificate", "http_key"),
        ):
            missing = [name for name in names if getattr(self, name) is None]
            if missing and len(missing) < len(names):
                raise ValueError(
                    f"LIVECOUNT_{missing[0].upper()} is not set, but others of {', '.join(names)} are"
                )
        if self.redis_authority is not None and not self.redis.startswith("rediss://"):
            raise ValueError(
                "LIVECOUNT_REDIS must begin with rediss:// where LIVECOUNT_REDIS_AUTHORITY is set"
            )
        if self.traces_url and not self.log_id:
            raise ValueError("LIVECOUNT_LOG_ID is not set, but LIVECOUNT_TRACES_URL is")
        return self

    @property
    def brokers(self) -> Brokers:
        """Where Kafka is, and who this process is to it."""
        if self.kafka_authority is None or self.kafka_certificate is None or self.kafka_key is None:
            return Brokers(self.kafka)
        return Brokers(self.kafka, Identity(self.kafka_authority, self.kafka_certificate, self.kafka_key))

    @property
    def http_tls(self) -> tuple[Path, Path] | None:
        """The files of the certificate and the key to serve HTTP with, None to serve it in plain."""
        if self.http_certificate is None or self.http_key is None:
            return None
        return self.http_certificate, self.http_key

    def redis_options(self) -> dict[str, Any]:
        """Return what a Redis client needs beside the URL. Raises OSError if the password's file cannot be read."""
        options: dict[str, Any] = {}
        if self.redis_authority is not None:
            options["ssl_ca_certs"] = str(self.redis_authority)
        if self.redis_password is not None:
            options["password"] = self.redis_password.read_text().strip()
        return options

    def require_log(self) -> None:
        """Raise ValueError unless the log and its root key are named."""
        for name, value in (("LIVECOUNT_LOG_ID", self.log_id), ("LIVECOUNT_ROOT_KEY", self.root_key)):
            if not value:
                raise ValueError(
                    f"{name} is not set; `livecount up` makes a log of its own; for others see `livecount topics --help`"
                )
