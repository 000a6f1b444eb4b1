"""The auditor's settings."""

from pathlib import Path

from pydantic import Field

from shared.runtime.settings import Settings


class AuditSettings(Settings):
    """Adds the secret that voting codes are checked with."""

    secret_file: Path = Field(Path(".livecount/secret"), description="Master secret of the voting codes")
