"""Intake's settings."""

from pydantic import Field

from shared.runtime.settings import Settings


class IntakeSettings(Settings):
    """Adds the limits of what is admitted."""

    port: int = Field(8101, ge=1, le=65535)
    workers: int = Field(
        1, ge=1, le=64, description="Processes that share the port; /metrics covers one of them"
    )
    max_body_bytes: int = Field(16_384, ge=256, description="A larger ballot is refused")
    max_pending_ballots: int = Field(
        10_000, ge=1, description="Ballots on their way to the log; more are put off"
    )
    max_requests: int = Field(
        128,
        ge=1,
        description="Requests being answered at once by one process; more single ballots are put off",
    )
    max_per_second_per_client: int = Field(0, ge=0, description="Ballots from one address; 0: no limit")
    max_casts_per_minute: int = Field(
        10, ge=0, description="Ballots with one voting code that are written to the log; 0: no limit"
    )
    max_wrong_codes_per_minute: int = Field(
        20, ge=0, description="Wrong voting codes from one address that are looked at; 0: no limit"
    )
    remembered_ballots: int = Field(
        1_048_576,
        ge=0,
        description="Ballots of which it is known that they are recorded: 25 bytes each; sent again they cost no place in the log",
    )
    receipts_url: str = Field(
        "",
        pattern=r"^(https?://\S+)?$",
        description="Address at which electors reach the proofs' /receipt; empty: receipts are given without a link",
    )
    bulk_lines: int = Field(
        1_000, ge=1, le=10_000, description="Lines of a stream that are recorded together"
    )
