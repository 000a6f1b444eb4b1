"""The operator's settings."""

from pathlib import Path
from typing import Final, Self

from pydantic import Field, model_validator

from shared.runtime.settings import Settings

MIN_TOKEN_CHARS = 16
OVER_TLS: Final = r"(https://[^/\s?#@]+|http://(127\.0\.0\.1|localhost)(:\d{1,5})?)"
"""The beginning of an address that nobody on the way can change: TLS, or this very machine."""
SLUG: Final = r"[a-z0-9]+(-[a-z0-9]+)*"
GRANT: Final = rf"[^=,]+=(officer(/{SLUG})?|auditor|viewer/{SLUG})"
PROVIDER: Final = ("oidc_issuer", "oidc_client_id", "oidc_roles", "console_url")
"""Without one of these there is no sign-in by a provider."""


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
    console_url: str = Field(
        "",
        pattern=rf"^({OVER_TLS})?$",
        description="Address at which browsers reach the console; its forms are taken from there alone. If unset, from the host"
        " that was asked for",
    )
    oidc_issuer: str = Field(
        "",
        pattern=rf"^({OVER_TLS}(/[^\s?#]*)?)?$",
        description="OpenID provider by which people may sign in to look, exactly as it calls itself; empty: by keys and token alone",
    )
    oidc_client_id: str = Field("", description="What the provider calls this console")
    oidc_client_secret: Path | None = Field(
        None, description="File that holds the secret that the provider gave to it; unset: it gave none"
    )
    oidc_claim: str = Field(
        "groups",
        min_length=1,
        description="Claim of the id token that says what somebody is; with dots, one inside others",
    )
    oidc_roles: str = Field(
        "",
        pattern=rf"^({GRANT}(,{GRANT})*)?$",
        description="What its values give, with commas between: VALUE=officer, VALUE=officer/ELECTION, VALUE=auditor or"
        " VALUE=viewer/ELECTION. The first that somebody has counts; whoever has none has no access",
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

    @model_validator(mode="after")
    def _knows_its_provider(self) -> Self:
        """Refuse half of a provider: whoever forgot a setting would find out at the first sign-in."""
        is_begun = self.oidc_client_secret or any(getattr(self, name) for name in PROVIDER[:3])
        missing = [f"LIVECOUNT_{name.upper()}" for name in PROVIDER if not getattr(self, name)]
        if is_begun and missing:
            raise ValueError(f"{', '.join(missing)}: not set, but others of the sign-in by a provider are")
        return self


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


def read_client_secret(settings: OperatorSettings) -> str:
    """Return what the provider gave this console, "" if nothing. Raises ValueError naming the file if it has none."""
    path = settings.oidc_client_secret
    if path is None:
        return ""
    secret = path.read_text().strip() if path.is_file() else ""
    if not secret:
        raise ValueError(f"{path}: no secret; LIVECOUNT_OIDC_CLIENT_SECRET is to name the file that holds it")
    return secret
