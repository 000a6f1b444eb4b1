"""Settings every service has. Each is an environment variable: `LIVECOUNT_` and the field's name."""

from ipaddress import ip_network
from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the servers are and who this process is."""

    model_config = SettingsConfigDict(env_prefix="LIVECOUNT_", frozen=True)

    kafka: str = Field("127.0.0.1:9092", description="Kafka bootstrap servers, host:port[,host:port]")
    redis: str = Field("redis://127.0.0.1:6379/0", description="Redis or Valkey URL")
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
    data_dir: Path = Field(Path(".livecount"), description="Folder for snapshots and secrets")
    log_level: str = Field(
        "info", pattern="^(debug|info|warning|error)$", description="What is less severe is not logged"
    )
    instance: str = Field("1", pattern=r"^[a-z0-9-]{1,40}$", description="Which process of this service")

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, listed: str) -> str:
        """Refuse what is no address: uvicorn would take it for a name, and "*" for everybody."""
        for one in filter(None, map(str.strip, listed.split(","))):
            ip_network(one)
        return listed

    def require_log(self) -> None:
        """Raise ValueError unless the log and its root key are named."""
        for name, value in (("LIVECOUNT_LOG_ID", self.log_id), ("LIVECOUNT_ROOT_KEY", self.root_key)):
            if not value:
                raise ValueError(
                    f"{name} is not set; `livecount up` makes a log of its own; for others see `livecount topics --help`"
                )
