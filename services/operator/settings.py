"""The operator's settings."""

from pydantic import Field

from shared.runtime.settings import Settings

MIN_TOKEN_CHARS = 16


class OperatorSettings(Settings):
    """Adds who may ask for orders, and the monitor's own port."""

    port: int = Field(8102, ge=1, le=65535)
    redis: str = Field(
        "", description="Redis or Valkey URL, to watch whether it is well; unset: it is not watched"
    )
    monitor_port: int = Field(
        8105, ge=1, le=65535, description="Where the monitor's figures are, for who has the token"
    )
    operator_token: str | None = Field(
        None,
        min_length=MIN_TOKEN_CHARS,
        description="Bearer token; if unset, that of data_dir/operator-token",
    )
    edges: str = Field(
        "",
        pattern=r"^(https?://[^\s,]+(,https?://[^\s,]+)*)?$",
        description="URLs of intake and results, with commas between: what their metrics say is shown in the monitor."
        " Behind each must be one process, or one group that shares a port",
    )
    alert_url: str | None = Field(
        None, pattern=r"^https?://", description="Where alerts are posted, as signed webhooks"
    )
    alert_secret: str | None = Field(
        None,
        pattern=r"^whsec_[A-Za-z0-9+/]{32,}={0,2}$",
        description="Key of their signatures (Standard Webhooks); whoever takes them has it too",
    )
    recount_bound_s: float = Field(600.0, gt=0, description="A recount that takes longer is given up")


def read_token(settings: OperatorSettings) -> str:
    """Return the bearer token. Raises ValueError naming the file if there is none."""
    if settings.operator_token is not None:
        return settings.operator_token
    path = settings.data_dir / "operator-token"
    token = path.read_text().strip() if path.is_file() else ""
    if len(token) < MIN_TOKEN_CHARS:
        raise ValueError(
            f"{path}: no token of {MIN_TOKEN_CHARS} characters or more; `livecount up` makes one"
        )
    return token
