"""Validation's settings."""

from pathlib import Path

from pydantic import Field

from shared.runtime.settings import Settings


class ValidationSettings(Settings):
    """Adds the secret that voting codes are checked with."""

    port: int = Field(8103, ge=1, le=65535)
    secret_file: Path = Field(Path(".livecount/secret"), description="Master secret of the voting codes")
