"""Validation's settings."""

from pydantic import Field

from shared.runtime.settings import Settings


class ValidationSettings(Settings):
    """Those of every service: a verdict needs no secret."""

    port: int = Field(8103, ge=1, le=65535)
