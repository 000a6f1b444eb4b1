"""How an invariant is held, and the names that all who hold one need."""

from shared.contract.topics import (
    BALLOTS_CAST,
    BALLOTS_JUDGED,
    COUNTS_PUBLISHED,
    ELECTIONS_ANNOUNCED,
    TALLIES_CHANGED,
)

NAMESPACE = "sim"
CAST, JUDGED, TOLD, PUBLISHED, ANNOUNCED = (
    topic.name(NAMESPACE)
    for topic in (BALLOTS_CAST, BALLOTS_JUDGED, TALLIES_CHANGED, COUNTS_PUBLISHED, ELECTIONS_ANNOUNCED)
)


class Violation(BaseException):
    """An invariant does not hold. No code under test may catch it."""


def hold(condition: bool, invariant: str, told: object) -> None:  # noqa: FBT001  what is held comes first
    """Raise Violation unless the condition holds. `told` is put into words only then."""
    if not condition:
        raise Violation(f"{invariant}: {told}")
