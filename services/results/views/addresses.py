"""The addresses of pages. Pure."""


def path_of(election: str, contest: str) -> str:
    """Return the address of a contest's page."""
    return f"/elections/{election}/contests/{contest}"


def query_of(as_of: int | None, round_: int | None) -> str:
    """Return the query of a round of a past standing; None: the newest standing, the last round."""
    asked = {"as_of": as_of, "round": round_}
    parts = [f"{name}={value}" for name, value in asked.items() if value is not None]
    return f"?{'&'.join(parts)}" if parts else ""
