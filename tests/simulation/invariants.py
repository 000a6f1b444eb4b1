"""How an invariant is checked, and the names that every check needs.

The invariants of the stream; each has a mutant (mutants.py) that the simulation must kill:

I1  a verdict is a pure function of its shard's records up to it
I2  every control stands in every shard, and nothing is announced that does not
I3  one run of a shard is one idempotent producer, whose batches arrive in order
I4  positions and snapshots move only past acknowledged output
I5  any send that fails ends the run
I6  state and watermark are saved in one atomic write
I7  readers apply what comes next (`==`): what is lower is skipped; at a gap they stop, seek back and report it
I8  one-vote state is elector -> (offset, ballot id), and is inside the snapshot
I9  results accept a standing only if no component of its watermark goes back
"""

from shared.contract.topics import (
    BALLOTS_CAST,
    BALLOTS_JUDGED,
    CONTROLS_JUDGED,
    COUNTS_HISTORY,
    COUNTS_PUBLISHED,
    ELECTIONS_ANNOUNCED,
    ROLLS_COMMITTED,
    TALLIES_CHANGED,
)

NAMESPACE = "sim"
CAST, JUDGED, CONTROLS, ROLLS, TALLIES, PUBLISHED, HISTORY, ANNOUNCED = (
    topic.name(NAMESPACE)
    for topic in (
        BALLOTS_CAST,
        BALLOTS_JUDGED,
        CONTROLS_JUDGED,
        ROLLS_COMMITTED,
        TALLIES_CHANGED,
        COUNTS_PUBLISHED,
        COUNTS_HISTORY,
        ELECTIONS_ANNOUNCED,
    )
)


class Violation(BaseException):
    """An invariant does not hold. No code under test may catch it."""


def hold(condition: bool, invariant: str, found: object) -> None:  # noqa: FBT001  what is held comes first
    """Raise Violation unless the condition holds. `found` is put into words only then."""
    if not condition:
        raise Violation(f"{invariant}: {found}")
