"""Counting's settings."""

from pydantic import Field

from shared.runtime.settings import Settings


class CountingSettings(Settings):
    """Adds how often counts are published."""

    port: int = Field(8104, ge=1, le=65535)
    tally_tick_ms: int = Field(
        10, ge=10, le=60_000, description="A shard publishes its changed counts this often"
    )
    rounds_tick_ms: int = Field(
        25, ge=10, le=60_000, description="A contest's rounds are published this often"
    )
