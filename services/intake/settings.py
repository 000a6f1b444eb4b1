"""Intake's settings."""

from pathlib import Path

from pydantic import Field

from shared.runtime.settings import Settings


class IntakeSettings(Settings):
    """Adds the secret of the voting codes and the limits of what is admitted."""

    port: int = Field(8101, ge=1, le=65535)
    workers: int = Field(
        1, ge=1, le=64, description="Processes that share the port; /metrics covers one of them"
    )
    secret_file: Path = Field(Path(".livecount/secret"), description="Master secret of the voting codes")
    max_body_bytes: int = Field(16_384, ge=256, description="A larger ballot is refused")
    max_pending_ballots: int = Field(
        5_000, ge=1, description="Ballots being sent to the log at once; more are refused for now"
    )
    max_requests: int = Field(
        128,
        ge=1,
        description="Requests that one process answers at once; more single ballots are refused for now",
    )
    max_per_second_per_client: int = Field(
        0, ge=0, description="Single ballots from one address; 0: no limit"
    )
    bulk_lines: int = Field(500, ge=1, le=10_000, description="Lines of a stream that are recorded together")
